from __future__ import annotations

import numpy as np
import pytest

from playloom.recording.time_order import repair_times
from workers.frame_times import average_fps, pair_rows_with_frames


def ns(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_as_many_rows_as_frames_belong_together_in_order_whatever_their_pts_say() -> None:
    pairing = pair_rows_with_frames(ns(0, 5, 3), ns(0, 10, 20))

    assert pairing.rows.tolist() == [0, 1, 2]
    assert pairing.frames.tolist() == [0, 1, 2]
    assert pairing.problem is None


def test_missing_rows_are_found_by_their_pts() -> None:
    pairing = pair_rows_with_frames(ns(0, 200, 300), ns(0, 101, 199, 300))

    assert pairing.rows.tolist() == [0, 1, 2]
    assert pairing.frames.tolist() == [0, 2, 3]
    assert pairing.problem == (
        "has 3 rows for the 4 frames of capture.mp4; the 3 that belong together by their pts are kept"
    )


def test_a_video_that_begins_at_another_time_than_its_pts_is_shifted() -> None:
    pairing = pair_rows_with_frames(ns(1000, 1100, 1300), ns(0, 100, 200, 300))

    assert pairing.frames.tolist() == [0, 1, 3]


def test_a_video_that_its_encoder_has_shifted_still_begins_with_the_first_row() -> None:
    pairing = pair_rows_with_frames(ns(0, 100, 200, 300, 400, 500), ns(200, 300, 400), shift_ns=200)

    assert pairing.rows.tolist() == [0, 1, 2]
    assert pairing.frames.tolist() == [0, 1, 2]


def test_a_video_cut_off_at_its_end_loses_the_last_rows() -> None:
    pairing = pair_rows_with_frames(ns(0, 100, 200, 300), ns(0, 100))

    assert pairing.rows.tolist() == [0, 1]
    assert pairing.frames.tolist() == [0, 1]


def test_without_usable_pts_the_common_beginning_is_kept() -> None:
    pairing = pair_rows_with_frames(ns(0, 0, 0), ns(0, 100))

    assert pairing.rows.tolist() == [0, 1]
    assert pairing.frames.tolist() == [0, 1]
    assert pairing.problem == "has 3 rows for the 2 frames of capture.mp4; the first 2 of both are kept"


@pytest.mark.parametrize(
    ("times", "repaired", "faulty"),
    [
        ([0, 10, 20], [0, 10, 20], []),
        ([0, 10, 10, 20], [0, 10, 10, 20], []),
        ([0, 10, 20, 5, 30], [0, 10, 20, 25, 30], [3]),
        ([0, 900, 20, 30, 40], [0, 10, 20, 30, 40], [1]),
        ([50, 10, 20, 30], [10, 10, 20, 30], [0]),
    ],
)
def test_a_time_out_of_order_gets_the_time_between_its_neighbours(
    times: list[int], repaired: list[int], faulty: list[int]
) -> None:
    result, positions = repair_times(ns(*times))

    assert result.tolist() == repaired
    assert positions.tolist() == faulty


def test_the_average_rate_leaves_out_gaps() -> None:
    second = 1_000_000_000
    times = ns(0, second // 4, second // 2, 60 * second, 60 * second + second // 4)

    assert average_fps(times, second) == 4.0


def test_frames_at_one_instant_show_no_rate() -> None:
    assert average_fps(ns(5, 5, 5), 1_000_000_000) is None
    assert average_fps(ns(5), 1_000_000_000) is None
