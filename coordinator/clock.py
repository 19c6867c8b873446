"""The coordinator's time, which tests can set."""

from __future__ import annotations

import time
from collections.abc import Callable

type Clock = Callable[[], int]
"""Gives nanoseconds since 1970."""

SECOND_NS = 1_000_000_000


def system_clock() -> int:
    """The machine's calendar time, in nanoseconds since 1970."""
    return time.time_ns()
