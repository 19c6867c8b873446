"""A limit of bytes a second that all senders of this machine share."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

BURST_S = 0.25
"""So much may go at once after a rest: little enough that a game does not feel it."""


class Bandwidth:
    """Lets senders go on at the rate that is set. Any thread may call.

    Args:
        bytes_per_s: all senders together; None: no limit.
        clock_s, sleep: of the machine.
    """

    def __init__(
        self,
        bytes_per_s: int | None,
        *,
        clock_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bytes_per_s, self._clock_s, self._sleep = bytes_per_s, clock_s, sleep
        self._turn = threading.Lock()
        self._free_s = -math.inf  # when the line has carried all that was taken

    @property
    def piece_bytes(self) -> int | None:
        """What should be taken at once, so that no sender waits long; None: as much as there is."""
        return None if self._bytes_per_s is None else max(1024, int(self._bytes_per_s * BURST_S / 4))

    def take(self, size_bytes: int) -> None:
        """Wait until so much more may be sent."""
        if self._bytes_per_s is None:
            return
        with self._turn:
            now_s = self._clock_s()
            self._free_s = max(self._free_s, now_s - BURST_S) + size_bytes / self._bytes_per_s
            wait_s = self._free_s - now_s
        if wait_s > 0:
            self._sleep(wait_s)
