from __future__ import annotations

import numpy as np
import pytest

from workers.importing.screen_times import frame_rate, frame_times

MS = 1_000_000
SEEN = 1_751_000_000_000_000_000


def times(shown_ms: list[int], told: dict[int, int]) -> list[int] | None:
    """Each frame's time in ms after SEEN; ``told`` says when moments of the video, in ms, were seen."""
    found = frame_times(
        np.array(shown_ms, np.int64) * MS,
        np.array(list(told), np.int64) * MS,
        np.array(list(told.values()), np.int64) * MS + SEEN,
    )
    return None if found is None else ((found.times_ns - SEEN) // MS).tolist()


def test_told_frames_have_the_messages_times_and_others_their_place_between_them() -> None:
    assert times([0, 16, 33, 50, 66], {0: 100, 33: 140, 66: 180}) == [100, 119, 140, 160, 180]


def test_before_the_first_and_behind_the_last_message_time_runs_at_the_videos_pace() -> None:
    assert times([0, 100, 200, 300], {100: 1000, 200: 1110}) == [900, 1000, 1110, 1210]


def test_moments_may_be_rounded_to_milliseconds() -> None:
    assert times([500, 517, 533], {499: 0, 518: 17, 533: 33}) == [0, 17, 33]


def test_moments_may_be_counted_from_the_first_frame() -> None:
    assert times([5000, 5020, 5040], {0: 0, 20: 20, 40: 40}) == [0, 20, 40]


def test_another_videos_moments_are_not_made_to_fit() -> None:
    assert times([0, 20, 40], {900: 0, 920: 20, 940: 40}) is None


def test_frames_seen_at_one_time_stay_in_their_order() -> None:
    found = frame_times(np.array([0, 20, 40]) * MS, np.array([0, 20, 40]) * MS, np.array([7, 7, 7]) + SEEN)
    assert found is not None
    assert (found.times_ns - SEEN).tolist() == [7, 8, 9]


def test_a_long_beginning_without_messages_is_told() -> None:
    shown = np.arange(100) * 50 * MS
    found = frame_times(shown, shown[60:], shown[60:] + SEEN)
    assert found is not None
    assert found.untold == ((SEEN, SEEN + 60 * 50 * MS),)
    assert found.unmatched == 0


@pytest.mark.parametrize(
    ("shown_ms", "rate"),
    [([0, 17, 33, 50, 67, 83, 100], 60), ([0, 50, 100, 5000, 5050], 20), ([0], 1), ([0, 0, 0], 1)],
)
def test_the_rate_is_that_of_most_frames_whatever_gaps_there_are(shown_ms: list[int], rate: int) -> None:
    assert frame_rate(np.array(shown_ms, np.int64) * MS) == rate
