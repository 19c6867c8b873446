"""How evenly frames come, in memory that does not grow with the recording."""

from __future__ import annotations

import numpy as np

_BIN_NS = 100_000
_BINS = 5_000  # up to half a second; what is longer counts as that


class FrameIntervals:
    """A histogram of the times from frame to frame, a tenth of a millisecond fine."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, np.int64)

    def add(self, interval_ns: int) -> None:
        self._counts[min(interval_ns // _BIN_NS, _BINS - 1)] += 1

    def percentile_ms(self, percent: float) -> float | None:
        """The interval that so many percent do not exceed; None without any."""
        total = int(self._counts.sum())
        if not total:
            return None
        place = int(np.searchsorted(np.cumsum(self._counts), total * percent / 100))
        return (place + 1) * _BIN_NS / 1e6
