"""A beat of a game's frames that waits for nobody: who is late is counted, and the beat goes on from there."""

from __future__ import annotations

import time

LATE_TICKS = 3
"""So far behind, the beat does not catch up but begins anew."""


class Pace:
    """Ticks of so many a second.

    Args:
        fps: None: as fast as one asks.

    Attributes:
        late: ticks that began more than one after their time.
    """

    def __init__(self, fps: float | None) -> None:
        self._tick_s = None if fps is None else 1 / fps
        self._due_s = time.monotonic()
        self.late = 0

    def restart(self) -> None:
        """The next tick is now."""
        self._due_s = time.monotonic()

    def wait(self) -> int:
        """Until the next tick; how many were left out before it, where the beat begins anew."""
        if self._tick_s is None:
            return 0
        left_out = 0
        rest_s = self._due_s - time.monotonic()
        if rest_s > 0:
            time.sleep(rest_s)
        elif -rest_s > self._tick_s:
            self.late += 1
            if -rest_s > LATE_TICKS * self._tick_s:
                left_out = int(-rest_s / self._tick_s)
                self._due_s += left_out * self._tick_s
        self._due_s += self._tick_s
        return left_out
