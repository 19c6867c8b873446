"""Which frame of the video was seen when: rows of sync.csv paired with frames, and their times made usable.

``monotonic_ns`` is authoritative for time and the order of rows for the order of frames. So row i belongs to the i-th
frame in presentation order. Only where the counts differ, which says that something was lost, the pts column is asked
which rows have lost their frames; if it does not know either, the common beginning is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_FAULTY_TIMES = 0.1
"""The part of rows that may step back in time before a file counts as unusable."""


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """Rows of sync.csv and the frames that they belong to, both increasing.

    Attributes:
        rows: int64[n], rows of sync.csv.
        frames: int64[n], presentation positions in the video.
        problem: what did not fit together, or None.
    """

    rows: NDArray[np.int64]
    frames: NDArray[np.int64]
    problem: str | None


def pair_rows_with_frames(pts_ns: NDArray[np.int64], presentation_ns: NDArray[np.int64], shift_ns: int = 0) -> Pairing:
    """Pair the rows of sync.csv with the frames of a video.

    Args:
        pts_ns: int64[rows], each row's time in the video as the recorder noted it.
        presentation_ns: int64[frames], increasing, each frame's time as the video has it.
        shift_ns: by how much the encoder is known to have shifted the video's times.
    """
    row_count, frame_count = len(pts_ns), len(presentation_ns)
    common = np.arange(min(row_count, frame_count), dtype=np.int64)
    if row_count == frame_count:
        return Pairing(rows=common, frames=common, problem=None)
    counts = f"has {row_count} rows for the {frame_count} frames of capture.mp4"
    matched = _match_by_pts(pts_ns, presentation_ns, shift_ns)
    if matched is None:
        return Pairing(rows=common, frames=common, problem=f"{counts}; the first {len(common)} of both are kept")
    rows, frames = matched
    return Pairing(
        rows=rows, frames=frames, problem=f"{counts}; the {len(rows)} that belong together by their pts are kept"
    )


def _match_by_pts(
    pts_ns: NDArray[np.int64], presentation_ns: NDArray[np.int64], shift_ns: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Rows and frames whose times agree within a quarter of a frame, if that accounts for all of the shorter side."""
    wanted = min(len(pts_ns), len(presentation_ns))
    if wanted < 2 or np.any(np.diff(pts_ns) <= 0) or np.any(np.diff(presentation_ns) <= 0):
        return None
    tolerance_ns = int(np.median(np.diff(presentation_ns))) // 4
    # On a constant grid every offset that is a multiple of a frame matches: the likelier come first.
    for offset_ns in (shift_ns, 0, presentation_ns[0] - pts_ns[0], presentation_ns[-1] - pts_ns[-1]):
        shifted = pts_ns + offset_ns
        after = np.clip(np.searchsorted(presentation_ns, shifted), 1, len(presentation_ns) - 1)
        nearer_before = shifted - presentation_ns[after - 1] <= presentation_ns[after] - shifted
        nearest = np.where(nearer_before, after - 1, after).astype(np.int64)
        rows = np.flatnonzero(np.abs(presentation_ns[nearest] - shifted) <= tolerance_ns).astype(np.int64)
        frames = nearest[rows]
        if len(rows) == wanted and np.all(np.diff(frames) > 0):
            return rows, frames
    return None


def average_fps(times_ns: NDArray[np.int64], max_gap_ns: int) -> float | None:
    """The average rate of frames at ``times_ns`` (int64[n], non-decreasing) outside of gaps, None where none shows."""
    steps = np.diff(times_ns)
    steps = steps[steps <= max_gap_ns]
    total_ns = int(steps.sum())
    return None if total_ns <= 0 else len(steps) * 1e9 / total_ns
