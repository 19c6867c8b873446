"""The one clock of pictures and inputs, fine enough to tell a frame from the next on every system.

On Linux it is CLOCK_MONOTONIC, which X servers and SDL count by too. On Windows it is the performance counter, by which
the desktop's pictures and SDL's events are timed: `time.monotonic` there moves in steps of 16 ms before Python 3.13.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

now_ns: Callable[[], int] = time.perf_counter_ns if sys.platform == "win32" else time.monotonic_ns
"""Nanoseconds on that clock; only differences mean something."""
