from __future__ import annotations

import numpy as np

from workers.trim import leading_idle_frames

TIMES = np.array([1_000_000_000, 1_500_000_000, 1_800_000_000, 2_000_000_000], np.int64)


def test_a_frame_is_dropped_only_if_it_is_more_than_the_limit_before_the_first_input() -> None:
    assert leading_idle_frames(TIMES, 2_000_000_000, 600_000_000) == 1
    assert leading_idle_frames(TIMES, 2_000_000_000, 500_000_000) == 1
    assert leading_idle_frames(TIMES, 2_000_000_000, 499_999_999) == 2


def test_zero_keeps_no_frame_before_the_first_input() -> None:
    assert leading_idle_frames(TIMES, 1_900_000_000, 0) == 3


def test_without_an_input_or_a_limit_all_frames_stay() -> None:
    assert leading_idle_frames(TIMES, None, 0) == 0
    assert leading_idle_frames(TIMES, 2_000_000_000, None) == 0
