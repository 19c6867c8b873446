"""Tasks of benchmarks, in a module that every process of a cluster can import."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_for_store(seconds: float, tell: Callable[[object], None]) -> None:
    """What a job does that reads from a slow store: nothing, for a while."""
    tell((0.5, "waiting"))
    time.sleep(seconds)
