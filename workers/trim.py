"""Dropping the idle frames before a player starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def leading_idle_frames(times_ns: NDArray[np.int64], first_input_ns: int | None, max_pre_action_ns: int | None) -> int:
    """How many leading frames are more than ``max_pre_action_ns`` before the first recorded input.

    A frame exactly that long before it is kept. Without an input, or without a limit, all are kept.

    Args:
        times_ns: int64[n], non-decreasing.
        first_input_ns: when the first input was recorded, None where there is none.
        max_pre_action_ns: the limit in nanoseconds, None for no trimming.
    """
    if first_input_ns is None or max_pre_action_ns is None:
        return 0
    return int(np.searchsorted(times_ns, first_input_ns - max_pre_action_ns, side="left"))
