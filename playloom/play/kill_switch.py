"""The switch that always wins, and the guard that stands before every sink.

The guard is the last thing before the game: whatever a policy, a server or the loop that plays asks for goes through
it, and while the switch is off nothing of the agent's passes. Throwing the switch lets go of the agent's part at once,
on the thread that throws it, and not when the loop comes round; if the loop stops coming round at all, the guard lets
go by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from threading import Event, RLock, Thread
from typing import Protocol, Self

from playloom.environments.held import HeldControls
from playloom.errors import PlayloomError

PATIENCE_S = 0.25
"""The loop asks for something at least so often, or everything is let go: several frames of any game."""

_PATIENCE_FRAMES = 4

NOTHING = HeldControls()
NOBODY: AbstractSet[str] = frozenset()

type Noted = Callable[[HeldControls, AbstractSet[str]], object]
"""Is told what is held, and the actions on which the agent decides."""


def patience_at(fps: float) -> float:
    """For how many seconds a loop of so many frames a second may stay away."""
    return max(PATIENCE_S, _PATIENCE_FRAMES / fps)


class ControlSink(Protocol):
    """Holds controls of the game: a virtual pad, keys, an environment's input."""

    def hold(self, held: HeldControls) -> None:
        """From now on these are held, and no others. It returns quickly; any thread may call, one at a time.

        Raises:
            PlayloomError: it cannot; the pad is gone, the screen was closed.
        """
        ...

    def close(self) -> None:
        """Let go of everything and be gone. A second call does nothing."""
        ...


class KillSwitch:
    """Off from the first reason to the last one that is taken back. Any thread may throw it, and a signal's handler."""

    def __init__(self) -> None:
        # Single operations on a dict are whole: a lock would stop a signal's handler in the middle of `rearm`.
        self._reasons: dict[str, bool] = {}
        self._told: list[Callable[[], None]] = []

    @property
    def is_off(self) -> bool:
        """Whether nothing of the agent's may pass."""
        return bool(self._reasons)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Who threw it and has not armed it again, the first one first."""
        return tuple(self._reasons)

    @property
    def reason(self) -> str | None:
        """Who threw it first; None while it is armed."""
        return next(iter(self.reasons), None)

    def tell(self, told: Callable[[], None]) -> None:
        """Call this whenever the switch is thrown, on the thread that throws it, before `kill` returns."""
        self._told.append(told)

    def tell_no_more(self, told: Callable[[], None]) -> None:
        """Do not call this any more."""
        self._told.remove(told)

    def kill(self, reason: str) -> None:
        """Throw it. What the agent holds is let go when this returns."""
        self._reasons[reason] = True
        for told in tuple(self._told):
            told()

    def rearm(self, reason: str | None = None) -> bool:
        """Let the agent play again, unless somebody else has thrown the switch as well.

        Args:
            reason: only this one is taken back; None: all.

        Returns:
            Whether it was thrown, and is armed now.
        """
        found = self.reasons if reason is None else (reason,)
        taken = [one for one in found if self._reasons.pop(one, False)]
        return bool(taken) and not self._reasons


class SwitchNews:
    """Tells a player who plays on when the switch is thrown and armed."""

    def __init__(self, switch: KillSwitch, tell: Callable[[str], object]) -> None:
        self._switch, self._tell = switch, tell
        self._reason: str | None = None

    def look(self) -> str | None:
        """Say what is new; the reason why the agent is off, or None."""
        before, self._reason = self._reason, self._switch.reason
        if before != self._reason:
            self._tell(f"The agent is off: {self._reason}" if self._reason else "The agent may play again")
        return self._reason


class GuardedSink:
    """A sink that the kill switch stands before; a context manager.

    Args:
        sink: the game's.
        switch: that wins.
        patience_s: so long after the last `hold` everything is let go.
        noted: is told what is held, and on which actions the agent decides, when that has changed. A signal's handler
            never tells it, as it may come in the middle of it: what a switch has let go of is told with the next
            `hold`, or within a quarter of the patience.

    Attributes:
        stalls: how often everything was let go because nobody asked any more.
    """

    def __init__(
        self, sink: ControlSink, switch: KillSwitch, *, patience_s: float = PATIENCE_S, noted: Noted | None = None
    ) -> None:
        self._sink, self._switch, self._patience_s, self._noted = sink, switch, patience_s, noted
        # A signal's handler may throw the switch in the middle of a `hold` of the same thread.
        self._lock = RLock()
        self._player = NOTHING
        self._held, self._acting = NOTHING, NOBODY
        self._told = (NOTHING, NOBODY)
        self._is_sure = True
        self._asked_s = time.monotonic()
        self._closed = Event()
        self.stalls = 0
        switch.tell(self._killed)
        self._watch = Thread(target=self._watch_over, name="guard", daemon=True)
        self._watch.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def held(self) -> HeldControls:
        """What is held in the game now."""
        return self._held

    def hold(self, wished: HeldControls, player: HeldControls = NOTHING, acting: AbstractSet[str] = NOBODY) -> bool:
        """Hold what the agent and the player wish, or, while the switch is off, what the player alone holds.

        Args:
            wished: by both.
            player: what the player would hold without the agent.
            acting: the actions on which the agent decides.

        Returns:
            Whether the agent's wish passed.

        Raises:
            PlayloomError: the sink cannot.
        """
        with self._lock:
            if self._closed.is_set():
                return False
            self._player = player
            self._asked_s = time.monotonic()
            if not self._switch.is_off:
                self._put(wished, acting)
            # Asked again after the controls are held: it may have been thrown in the meantime.
            is_off = self._switch.is_off
            if is_off:
                self._put(player)
            self._tell()
            return not is_off

    def let_go(self) -> None:
        """Hold nothing. If the sink cannot, the next `hold` says so."""
        with self._lock:
            self._player = NOTHING
            self._try(NOTHING)
            self._tell()

    def close(self) -> None:
        """Let go of everything and close the sink. A second call does nothing."""
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
            self._switch.tell_no_more(self._killed)
            try:
                self._put(NOTHING)
            finally:
                self._sink.close()
                self._tell()
        self._watch.join()

    def _put(self, held: HeldControls, acting: AbstractSet[str] = NOBODY) -> None:
        self._is_sure = False  # should the sink fail, something may be held all the same
        self._sink.hold(held)
        self._held, self._acting, self._is_sure = held, acting, True

    def _try(self, held: HeldControls) -> None:
        with suppress(PlayloomError):  # the loop hears of it when it asks again
            self._put(held)

    def _tell(self) -> None:
        now = (self._held, self._acting)
        if self._noted is not None and now != self._told:
            self._told = now
            self._noted(*now)

    def _killed(self) -> None:
        with self._lock:
            if not self._closed.is_set():
                self._try(self._player)

    def _watch_over(self) -> None:
        while not self._closed.wait(self._patience_s / 4):
            with self._lock:
                if self._closed.is_set():
                    return
                stalled = time.monotonic() - self._asked_s > self._patience_s
                if stalled and (self._held != NOTHING or not self._is_sure):
                    self.stalls += 1
                    self._player = NOTHING
                    self._try(NOTHING)
                self._tell()
