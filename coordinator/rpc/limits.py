"""How often and how much at once one caller may ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from coordinator.errors import LimitError
from coordinator.players.scopes import Caller, Scope
from coordinator.settings import CallLimits

MAX_BUCKETS = 20_000
"""Callers remembered at once; those that have asked for nothing lately are forgotten."""


@dataclass(kw_only=True)
class _Bucket:
    """What a caller may still ask for. Attributes: left: calls; filled_s: when that was so."""

    left: float
    filled_s: float


class Rate:
    """So many calls a second, and a burst, for each of many callers (a token bucket for each)."""

    def __init__(self, per_s: float, burst: int, clock_s: Callable[[], float]) -> None:
        self._per_s, self._burst, self._clock_s = per_s, burst, clock_s
        self._buckets: dict[str, _Bucket] = {}

    def take(self, caller: str) -> None:
        """Count one call.

        Raises:
            LimitError: it is one too many.
        """
        now_s = self._clock_s()
        bucket = self._buckets.get(caller)
        if bucket is None:
            if len(self._buckets) >= MAX_BUCKETS:
                self._forget(now_s)
            bucket = self._buckets[caller] = _Bucket(left=self._burst, filled_s=now_s)
        bucket.left = min(self._burst, bucket.left + (now_s - bucket.filled_s) * self._per_s)
        bucket.filled_s = now_s
        if bucket.left < 1:
            raise LimitError(f"these are more than {self._per_s:g} calls a second", remedy="Wait a little")
        bucket.left -= 1

    def _forget(self, now_s: float) -> None:
        """Forget those whose bucket is full again: for them nothing changes. If all are busy, everyone begins anew."""
        full_s = now_s - self._burst / self._per_s
        self._buckets = {caller: bucket for caller, bucket in self._buckets.items() if bucket.filled_s > full_s}
        if len(self._buckets) >= MAX_BUCKETS:
            self._buckets.clear()


class Limits:
    """The limits of one server."""

    def __init__(self, limits: CallLimits, clock_s: Callable[[], float]) -> None:
        self._limits = limits
        self._people = Rate(limits.calls_per_s, limits.burst, clock_s)
        self._workers = Rate(limits.worker_calls_per_s, limits.worker_burst, clock_s)
        self._strangers = Rate(limits.stranger_calls_per_s, limits.stranger_burst, clock_s)
        self._running: Counter[str] = Counter()

    def count_stranger(self, address: str) -> None:
        """Count a call that shows no token. Raises: LimitError: it is one too many."""
        self._strangers.take(address)

    @contextmanager
    def counted(self, caller: Caller) -> Iterator[None]:
        """Count a call, and count it as running within the block.

        Raises:
            LimitError: it is one too many.
        """
        (self._workers if Scope.WORKER in caller.scopes else self._people).take(caller.token_id)
        if self._running[caller.token_id] >= self._limits.running_calls:
            raise LimitError(
                f"{self._limits.running_calls} calls of this token are being answered already",
                remedy="Wait until some have ended",
            )
        self._running[caller.token_id] += 1
        try:
            yield
        finally:
            self._running[caller.token_id] -= 1
            if not self._running[caller.token_id]:
                del self._running[caller.token_id]
