"""Fine waiting: unless a program asks for more, Windows wakes a waiting thread to within 16 ms only."""

from __future__ import annotations

import sys

from capture_node.windows.libraries import library

_PERIOD_MS = 1


class FineTimer:
    """Asks Windows to wake this program's threads to the millisecond, from `start` to `stop`; nothing elsewhere."""

    def __init__(self) -> None:
        self._running = False

    def start(self) -> None:
        """TimeBeginPeriod."""
        if sys.platform == "win32" and not self._running:
            library("winmm").timeBeginPeriod(_PERIOD_MS)
            self._running = True

    def stop(self) -> None:
        """TimeEndPeriod."""
        if sys.platform == "win32" and self._running:
            library("winmm").timeEndPeriod(_PERIOD_MS)
            self._running = False
