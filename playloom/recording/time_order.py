"""Frames' times put in order where a recorder's clock stumbled."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray


def repair_times(times_ns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Make times non-decreasing: those that step out of order get the time that their neighbours say.

    Args:
        times_ns: int64[n].

    Returns:
        The times, int64[n], and the positions of those that were replaced, int64[k]. The longest part of the times
        that is in order is trusted, so one wrong time far ahead costs itself and not all that follow.
    """
    if np.all(np.diff(times_ns) >= 0):
        return times_ns, np.zeros(0, np.int64)
    trusted = _longest_nondecreasing(times_ns.tolist())
    repaired = times_ns.copy()
    faulty = np.setdiff1d(np.arange(len(times_ns)), trusted)
    start_ns = times_ns[trusted[0]]
    offsets = np.interp(faulty, trusted, (times_ns[trusted] - start_ns).astype(np.float64))
    repaired[faulty] = start_ns + np.round(offsets).astype(np.int64)
    return repaired, faulty


def _longest_nondecreasing(values: list[int]) -> NDArray[np.int64]:
    """Positions of a longest non-decreasing subsequence."""
    tail_values: list[int] = []
    tail_positions: list[int] = []
    previous = [-1] * len(values)
    for position, value in enumerate(values):
        length = bisect_right(tail_values, value)
        previous[position] = tail_positions[length - 1] if length else -1
        tail_values[length : length + 1] = [value]
        tail_positions[length : length + 1] = [position]
    chain = []
    position = tail_positions[-1]
    while position >= 0:
        chain.append(position)
        position = previous[position]
    return np.array(chain[::-1], np.int64)
