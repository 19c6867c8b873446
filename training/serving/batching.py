"""Players who ask within some milliseconds are answered together: a model needs hardly longer for four than for one.

Nobody waits for players who are not there: as soon as everyone who plays has asked, the model is asked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playloom.play.wire import Observed
from training.errors import PolicyError
from training.policy.acting import Chunk

MAX_BATCH = 8
MAX_WAIT_S = 0.004
"""A game at 60 frames a second has 17 ms a frame; a quarter of that may be waited for others."""


class Acts(Protocol):
    """What of a policy is asked; `training.policy.acting.ActingPolicy` is one."""

    def act(
        self,
        pictures: NDArray[np.uint8],
        *,
        held: NDArray[np.float32],
        tasks: Sequence[str],
        seeds: Sequence[int],
    ) -> Chunk: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What the policy says to one player.

    Attributes:
        values: float32[rows, width].
        confidence: float32[rows, heads].
        compute_ms: what the policy took.
        batch: how many it answered at once.
    """

    values: NDArray[np.float32]
    confidence: NDArray[np.float32]
    compute_ms: float
    batch: int


@dataclass(eq=False)
class _Request:
    observed: Observed
    since_s: float = field(default_factory=time.monotonic)
    answer: Future[Answer] = field(default_factory=Future)


class Batcher:
    """Asks a policy on a thread of its own, for several players at once. Any thread may ask; a context manager.

    Args:
        policy: that is asked.
        max_batch: so many players at once, at most.
        max_wait_s: so long a player waits for others to ask, at most.
    """

    def __init__(self, policy: Acts, *, max_batch: int = MAX_BATCH, max_wait_s: float = MAX_WAIT_S) -> None:
        self._policy, self._max_batch, self._max_wait_s = policy, max_batch, max_wait_s
        self._changed = threading.Condition()
        self._waiting: list[_Request] = []
        self._players = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="policy", daemon=True)

    def __enter__(self) -> Batcher:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    @property
    def players(self) -> int:
        """Who has joined and not left."""
        return self._players

    def join(self) -> None:
        """One more plays."""
        with self._changed:
            self._players += 1

    def leave(self) -> None:
        """One plays no more."""
        with self._changed:
            self._players -= 1
            self._changed.notify_all()

    def ask(self, observed: Observed) -> Answer:
        """Wait for the policy's answer.

        Raises:
            PolicyError: the policy cannot answer this, or the server ends.
        """
        request = _Request(observed)
        with self._changed:
            if self._closed:
                raise PolicyError("the policy server ends")
            self._waiting.append(request)
            self._changed.notify_all()
        return request.answer.result()

    def _run(self) -> None:
        while batch := self._next():
            self._answer(batch)
        for request in self._waiting:
            request.answer.set_exception(PolicyError("the policy server ends"))

    def _next(self) -> list[_Request]:
        """Who is answered now, the first who asked first; nobody when it is closed."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            if self._closed:
                return []
            until_s = self._waiting[0].since_s + self._max_wait_s
            while len(self._waiting) < min(self._max_batch, self._players) and not self._closed:
                rest_s = until_s - time.monotonic()
                if rest_s <= 0:
                    break
                self._changed.wait(rest_s)
            batch, self._waiting = self._waiting[: self._max_batch], self._waiting[self._max_batch :]
            return batch

    def _answer(self, batch: list[_Request]) -> None:
        began_s = time.monotonic()
        try:
            chunk = self._policy.act(
                np.stack([one.observed.pictures for one in batch]),
                held=np.stack([one.observed.held for one in batch]),
                tasks=[one.observed.task for one in batch],
                seeds=[one.observed.seed for one in batch],
            )
        except PolicyError as error:
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
                return
            for one in batch:  # what one player sees must not cost the others their answers
                self._answer([one])
            return
        except BaseException as error:  # noqa: BLE001 -- raised again where the answer is waited for
            for one in batch:
                one.answer.set_exception(error)
            return
        compute_ms = (time.monotonic() - began_s) * 1000
        for place, one in enumerate(batch):
            one.answer.set_result(
                Answer(
                    values=chunk.values[place],
                    confidence=chunk.confidence[place],
                    compute_ms=compute_ms,
                    batch=len(batch),
                )
            )
