"""Black and frozen stretches, from sampled pictures."""

from __future__ import annotations

import numpy as np
import pytest

from playloom.quality.picture import PictureSamples, black_spans, choose_frames, frozen_spans

TIMES = np.arange(100, dtype=np.int64) * 100_000_000  # ten frames a second


def samples(brightness: list[float], still: list[bool] | None = None) -> PictureSamples:
    """A picture every tenth frame, that is, every second."""
    return PictureSamples(
        frames=np.arange(len(brightness), dtype=np.int64) * 10,
        brightness=np.array(brightness, np.float32),
        still=np.array(still or [False] * len(brightness)),
    )


def test_a_black_stretch_goes_from_the_first_black_picture_to_the_first_bright_one() -> None:
    spans = black_spans(samples([200, 5, 3, 4, 180, 5]), TIMES, black_luma=20, min_duration_s=2)
    assert [(span.first_frame, span.last_frame, span.duration_s) for span in spans] == [(10, 40, 3.0)]


def test_a_stretch_that_is_too_short_is_left_out() -> None:
    assert black_spans(samples([200, 5, 180]), TIMES, black_luma=20, min_duration_s=2) == []


def test_a_still_picture_is_frozen_only_while_inputs_change() -> None:
    still = samples([90] * 6, [False, True, True, True, False, False])
    busy = np.array([0.5, 1.5, 2.5], np.float64) * 1e9
    spans = frozen_spans(still, TIMES, busy.astype(np.int64), min_duration_s=3, min_inputs=3)
    assert [(span.first_frame, span.last_frame) for span in spans] == [(0, 30)]
    assert frozen_spans(still, TIMES, busy[:2].astype(np.int64), min_duration_s=3, min_inputs=3) == []


def test_a_recording_that_ends_still_is_frozen_to_its_last_picture() -> None:
    still = samples([90] * 4, [False, False, True, True])
    spans = frozen_spans(still, TIMES, np.array([2_000_000_000]), min_duration_s=1, min_inputs=1)
    assert [(span.first_frame, span.last_frame) for span in spans] == [(10, 30)]


def test_no_pictures_have_no_stretches() -> None:
    assert black_spans(samples([]), TIMES, black_luma=20, min_duration_s=0) == []
    assert frozen_spans(samples([]), TIMES, TIMES, min_duration_s=0, min_inputs=0) == []


def test_keyframes_are_looked_at_where_they_are_close_enough() -> None:
    keyframes = np.array([0, 30, 60, 90])
    assert choose_frames(keyframes, 100, 30).tolist() == [0, 30, 60, 90]
    assert choose_frames(keyframes, 100, 60).tolist() == [0, 60, 90]


def test_frames_of_even_distance_are_looked_at_where_keyframes_are_far_apart() -> None:
    assert choose_frames(np.array([0]), 100, 20).tolist() == [0, 20, 40, 60, 80, 99]


@pytest.mark.parametrize(("frames", "at_most"), [(10_000, 401), (1_000_000, 401)])
def test_a_long_recording_costs_no_more_than_a_few_hundred_pictures(frames: int, at_most: int) -> None:
    assert len(choose_frames(np.arange(0, frames, 30), frames, 30)) <= at_most


def test_an_empty_video_has_nothing_to_look_at() -> None:
    assert choose_frames(np.zeros(0, np.int64), 0, 30).tolist() == []
