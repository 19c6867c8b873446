"""The fixed grid of 1/fps: when the next frame is due, and what becomes of ticks that nobody came for."""

from __future__ import annotations

_SECOND_NS = 1_000_000_000

CATCH_UP_S = 0.1
"""Ticks missed by no more than this are served late, one after another; older ones are dropped."""


class TickGrid:
    """Tick k is due at k/fps after the start, without drift, and all of them may be moved. Use it from one thread.

    Args:
        fps: ticks a second.
        start_ns: when the first one is due.

    Attributes:
        tick_ns: from one tick to the next.
        shift_ns: how much later all ticks are due.
    """

    def __init__(self, fps: int, start_ns: int) -> None:
        self.tick_ns = _SECOND_NS // fps
        self.shift_ns = 0
        self._fps = fps
        self._start_ns = start_ns
        self._number = 0
        self._catch_up_ticks = max(1, round(CATCH_UP_S * fps))

    @property
    def due_ns(self) -> int:
        """When the next tick is due."""
        return self._start_ns + self.shift_ns + self._number * _SECOND_NS // self._fps

    def drop_missed(self, now_ns: int) -> int:
        """Give up ticks that are too old to be caught up with; how many."""
        behind = (now_ns - self._start_ns - self.shift_ns) * self._fps // _SECOND_NS - self._number
        if behind <= self._catch_up_ticks:
            return 0
        self._number += behind
        return behind

    def is_late(self, now_ns: int) -> bool:
        """Whether the next tick is more than a tick overdue."""
        return now_ns - self.due_ns > self.tick_ns

    def advance(self) -> None:
        """The tick was served, or could not be."""
        self._number += 1
