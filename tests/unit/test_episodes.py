from __future__ import annotations

import numpy as np
import pytest

from workers.episodes import Piece, cut_at_keyframes, cut_to_length, resample, split_at_gaps, split_at_lost_frames

SECOND = 1_000_000_000


def piece(times: list[float], frames: list[int] | None = None) -> Piece:
    places = np.array(frames if frames is not None else range(len(times)), np.int64)
    return Piece(frames=places, times_ns=np.array([round(time * SECOND) for time in times], np.int64), rows=places)


def run(first: int, count: int) -> Piece:
    return piece([float(frame) for frame in range(first, first + count)], list(range(first, first + count)))


def test_an_episode_is_split_where_the_recording_has_a_gap_longer_than_allowed() -> None:
    parts = split_at_gaps(piece([0.0, 0.5, 1.5, 2.6, 2.7]), SECOND)

    assert [part.frames.tolist() for part in parts] == [[0, 1, 2], [3, 4]]


def test_lost_frames_split_what_is_to_be_copied() -> None:
    parts = split_at_lost_frames(piece([0, 1, 2, 3], frames=[4, 5, 8, 9]))

    assert [part.frames.tolist() for part in parts] == [[4, 5], [8, 9]]


def test_resampling_takes_the_latest_frame_at_or_before_each_place_of_the_grid() -> None:
    resampled = resample(piece([0.0, 0.1, 0.35, 0.5, 1.0], frames=[10, 11, 12, 13, 14]), 4)

    assert resampled.times_ns.tolist() == [0, 250_000_000, 500_000_000, 750_000_000, 1_000_000_000]
    assert resampled.frames.tolist() == [10, 11, 13, 13, 14]


def test_resampling_to_a_rate_that_does_not_divide_a_second_keeps_to_nanoseconds() -> None:
    resampled = resample(piece([0.0, 1.0]), 3)

    assert resampled.times_ns.tolist() == [0, 333_333_333, 666_666_667, 1_000_000_000]


def test_an_hour_is_cut_into_equal_parts() -> None:
    parts = cut_to_length(run(0, 3600), 1000)

    assert [len(part) for part in parts] == [900, 900, 900, 900]
    assert np.array_equal(np.concatenate([part.frames for part in parts]), np.arange(3600))


def test_copied_parts_begin_at_keyframes() -> None:
    keyframes = np.arange(0, 100, 7)

    parts = cut_at_keyframes(run(0, 100), 40, keyframes)

    assert parts is not None
    assert all(part.frames[0] % 7 == 0 for part in parts)
    assert all(len(part) <= 40 for part in parts)
    assert np.array_equal(np.concatenate([part.frames for part in parts]), np.arange(100))


def test_the_frames_before_a_trimmed_start_count_for_the_length_of_the_file() -> None:
    parts = cut_at_keyframes(run(9, 11), 12, np.array([0, 10]))

    assert parts is not None
    assert [part.frames.tolist() for part in parts] == [[9], list(range(10, 20))]


def test_keyframes_too_far_apart_cannot_be_cut() -> None:
    assert cut_at_keyframes(run(0, 100), 40, np.array([0, 60])) is None


@pytest.mark.parametrize("count", [1, 39, 40, 41, 79, 80, 81, 500])
@pytest.mark.parametrize("interval", [1, 3, 39, 40])
@pytest.mark.parametrize("first", [0, 1, 38])
def test_any_run_with_keyframes_close_enough_can_be_cut(count: int, interval: int, first: int) -> None:
    keyframes = np.arange(0, 1000, interval)

    parts = cut_at_keyframes(run(first, count), 40, keyframes)

    assert parts is not None
    assert np.array_equal(np.concatenate([part.frames for part in parts]), np.arange(first, first + count))
    for part in parts:
        copied_from = keyframes[keyframes <= part.frames[0]].max()
        assert part.frames[-1] - copied_from < 40
