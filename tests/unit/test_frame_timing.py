"""How regularly frames came."""

from __future__ import annotations

import numpy as np
import pytest

from playloom.quality.frame_timing import Gap, measure_frame_timing


def times_ms(*values: float) -> np.ndarray:
    return np.array([round(value * 1e6) for value in values], np.int64)


def test_an_even_recording_has_its_rate_and_no_jitter() -> None:
    timing = measure_frame_timing(times_ms(1000, 1020, 1040, 1060, 1080))
    assert timing.frames == 5
    assert timing.duration_s == 0.08
    assert timing.fps == pytest.approx(50)
    assert timing.nominal_fps == 50
    assert timing.jitter_p95_ms == 0
    assert timing.gaps == ()


def test_the_nominal_rate_is_the_recorders_where_it_says_one() -> None:
    timing = measure_frame_timing(times_ms(0, 20, 40, 60), nominal_fps=60)
    assert timing.nominal_fps == 60
    assert timing.jitter_p95_ms == pytest.approx(20 - 1000 / 60)


def test_the_nominal_rate_is_the_whole_number_near_the_median() -> None:
    timing = measure_frame_timing(times_ms(0, 33.3, 66.7, 100, 133.3))
    assert timing.nominal_fps == 30


def test_percentiles_are_those_of_the_intervals() -> None:
    timing = measure_frame_timing(times_ms(0, 10, 20, 30, 40, 70))
    assert timing.interval_p50_ms == 10
    assert timing.interval_max_ms == 30
    assert timing.interval_p95_ms == pytest.approx(26)


def test_a_gap_says_where_how_long_and_how_many_frames() -> None:
    timing = measure_frame_timing(times_ms(0, 10, 20, 120, 130, 140))
    assert timing.gaps == (Gap(frame=2, start_ns=20_000_000, duration_ns=100_000_000, missing_frames=9),)
    assert timing.missing_frames == 9
    assert timing.longest_gap == timing.gaps[0]


def test_an_interval_of_two_frames_is_no_gap_by_default() -> None:
    times = times_ms(0, 10, 20, 40, 50)
    assert measure_frame_timing(times).gaps == ()
    assert len(measure_frame_timing(times, gap_frames=1.5).gaps) == 1


def test_a_clock_that_goes_backwards_or_stands_still_is_seen() -> None:
    timing = measure_frame_timing(times_ms(0, 10, 5, 20, 20, 30))
    assert timing.backward_rows == (1,)
    assert timing.repeated_rows == (4,)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_frames_have_no_rate(count: int) -> None:
    timing = measure_frame_timing(times_ms(*range(count)))
    assert (timing.frames, timing.duration_s, timing.fps, timing.nominal_fps) == (count, 0.0, 0.0, 0.0)
    assert timing.longest_gap is None


def test_frames_all_at_one_instant_have_no_rate() -> None:
    timing = measure_frame_timing(times_ms(5, 5, 5))
    assert timing.nominal_fps == 0
    assert timing.repeated_rows == (1, 2)


def test_one_wrong_time_does_not_stretch_the_recording() -> None:
    timing = measure_frame_timing(times_ms(0, 10, 9_000_000, 30, 40))
    assert timing.backward_rows == (2,)
    assert timing.duration_s == 0.04
    assert timing.gaps == ()


def test_a_pause_is_no_gap_and_does_not_count_for_the_rate() -> None:
    times = times_ms(0, 10, 20, 520, 530, 540)
    timing = measure_frame_timing(times, left_out=[(25_000_000, 500_000_000)])
    assert timing.gaps == ()
    assert timing.fps == pytest.approx(100)
    assert timing.jitter_p95_ms == 0
    assert len(measure_frame_timing(times, left_out=[(530_000_000, 535_000_000)]).gaps) == 1
