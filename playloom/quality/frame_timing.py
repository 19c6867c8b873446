"""How regularly a recording's frames came: rate, jitter, gaps, and a clock that went backwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playloom.recording.time_order import repair_times


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A stretch without frames.

    Attributes:
        frame: the last frame before it.
        start_ns: that frame's time.
        duration_ns: time until the next frame.
        missing_frames: how many frames the nominal rate would have put there.
    """

    frame: int
    start_ns: int
    duration_ns: int
    missing_frames: int


@dataclass(frozen=True, kw_only=True)
class FrameTiming:
    """Figures over all frame intervals.

    Attributes:
        frames: how many frames.
        start_ns: the first frame's time.
        duration_s: from the first to the last frame.
        fps: frames a second, outside of what is left out; 0 where there is no duration.
        nominal_fps: what the recorder aimed at, or, where it did not say, the rate of the median interval.
        interval_p50_ms, interval_p95_ms, interval_p99_ms, interval_max_ms: percentiles of the intervals.
        jitter_p95_ms: 95 % of the intervals are no further from the nominal one.
        gaps: in order of time.
        missing_frames: what the gaps would have held.
        backward_rows: rows that are out of the order of time; measured as if between their neighbours.
        repeated_rows: rows whose time is that of the row above.
    """

    frames: int
    start_ns: int
    duration_s: float
    fps: float
    nominal_fps: float
    interval_p50_ms: float
    interval_p95_ms: float
    interval_p99_ms: float
    interval_max_ms: float
    jitter_p95_ms: float
    gaps: tuple[Gap, ...]
    missing_frames: int
    backward_rows: tuple[int, ...]
    repeated_rows: tuple[int, ...]

    @property
    def longest_gap(self) -> Gap | None:
        return max(self.gaps, key=lambda gap: gap.duration_ns, default=None)

    @property
    def interval_ns(self) -> float:
        """The nominal time from frame to frame; 0 where no rate is known."""
        return 1e9 / self.nominal_fps if self.nominal_fps else 0.0


def measure_frame_timing(
    frame_times_ns: NDArray[np.int64],
    *,
    nominal_fps: float | None = None,
    gap_frames: float = 2.5,
    left_out: Sequence[tuple[int, int]] = (),
) -> FrameTiming:
    """Measure when frames came.

    Args:
        frame_times_ns: int64[n] in the order of their rows; n may be 0.
        nominal_fps: what the recorder aimed at, where it says so.
        gap_frames: an interval of so many frames is a gap.
        left_out: (begin, end) of pauses and discarded spans, in nanoseconds: an interval that touches one is no gap
            and counts neither for the rate nor for the jitter.
    """
    count = len(frame_times_ns)
    repeated = np.flatnonzero(np.diff(frame_times_ns) == 0) + 1
    # One wrong time must not make a recording of minutes last for years.
    frame_times_ns, backward = repair_times(frame_times_ns)
    all_steps_ns = np.diff(frame_times_ns)
    counted = np.ones(len(all_steps_ns), np.bool_)
    for begin_ns, end_ns in left_out:
        counted &= (frame_times_ns[1:] <= begin_ns) | (frame_times_ns[:-1] >= end_ns)
    first_of_step = np.flatnonzero(counted)
    steps_ns = all_steps_ns[counted]
    forward_ns = steps_ns[steps_ns > 0]
    start_ns = int(frame_times_ns[0]) if count else 0
    duration_s = (int(frame_times_ns[-1]) - start_ns) / 1e9 if count else 0.0
    counted_s = duration_s - int(all_steps_ns[~counted].sum()) / 1e9
    if not nominal_fps:
        nominal_fps = _plausible_rate(1e9 / float(np.median(forward_ns))) if len(forward_ns) else 0.0
    p50, p95, p99, longest = np.percentile(steps_ns, [50, 95, 99, 100]) / 1e6 if len(steps_ns) else np.zeros(4)
    gaps: tuple[Gap, ...] = ()
    jitter_ns = 0.0
    if nominal_fps and len(steps_ns):
        interval_ns = 1e9 / nominal_fps
        jitter_ns = float(np.percentile(np.abs(steps_ns - interval_ns), 95))
        gaps = tuple(
            Gap(
                frame=int(row),
                start_ns=int(frame_times_ns[row]),
                duration_ns=int(all_steps_ns[row]),
                missing_frames=max(0, round(float(all_steps_ns[row]) / interval_ns) - 1),
            )
            for row in first_of_step[steps_ns > gap_frames * interval_ns]
        )
    return FrameTiming(
        frames=count,
        start_ns=start_ns,
        duration_s=duration_s,
        fps=len(steps_ns) / counted_s if counted_s > 0 else 0.0,
        nominal_fps=nominal_fps,
        interval_p50_ms=float(p50),
        interval_p95_ms=float(p95),
        interval_p99_ms=float(p99),
        interval_max_ms=float(longest),
        jitter_p95_ms=jitter_ns / 1e6,
        gaps=gaps,
        missing_frames=sum(gap.missing_frames for gap in gaps),
        backward_rows=tuple(map(int, backward)),
        repeated_rows=tuple(map(int, repeated)),
    )


def _plausible_rate(fps: float) -> float:
    """The whole number that the recorder most likely aimed at, where one is within 2 %."""
    whole = round(fps)
    return float(whole) if whole and abs(fps - whole) <= 0.02 * whole else fps
