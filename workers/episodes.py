"""Cutting a session's frames into episodes: at gaps, and where a video file would grow too long."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

MIN_EPISODE_FRAMES = 2
"""Shorter pieces are dropped: one frame has no transition to learn from, and no spread to take statistics of."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """The frames of one episode.

    Attributes:
        frames: int64[n], presentation positions in the source video, non-decreasing; a resampled piece repeats or
            skips some.
        times_ns: int64[n], the time of each row, non-decreasing: what its action is aligned to.
        rows: int64[n], the frames' rows in sync.csv.
    """

    frames: NDArray[np.int64]
    times_ns: NDArray[np.int64]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, part: slice) -> Piece:
        return Piece(frames=self.frames[part], times_ns=self.times_ns[part], rows=self.rows[part])


def split_at_gaps(piece: Piece, max_gap_ns: int) -> list[Piece]:
    """Split where more than ``max_gap_ns`` lies between two frames."""
    return _split(piece, np.diff(piece.times_ns) > max_gap_ns)


def split_at_lost_frames(piece: Piece) -> list[Piece]:
    """Split where frames of the video are missing in between, because only a contiguous run can be copied."""
    return _split(piece, np.diff(piece.frames) != 1)


def _split(piece: Piece, after: NDArray[np.bool_]) -> list[Piece]:
    edges = [0, *(np.flatnonzero(after) + 1).tolist(), len(piece)]
    return [piece[start:stop] for start, stop in pairwise(edges)]


def resample(piece: Piece, fps: int) -> Piece:
    """Lay a piece onto a grid of ``fps`` that starts with its first frame.

    Each row shows the latest frame at or before its time. The last row is the last that is not after the last frame.
    """
    start_ns, end_ns = int(piece.times_ns[0]), int(piece.times_ns[-1])
    count = (end_ns - start_ns) * fps // 1_000_000_000 + 1
    times_ns = start_ns + (np.arange(count, dtype=np.int64) * 1_000_000_000 + fps // 2) // fps
    times_ns = times_ns[times_ns <= end_ns]
    source = np.searchsorted(piece.times_ns, times_ns, side="right") - 1
    return Piece(frames=piece.frames[source], times_ns=times_ns, rows=piece.rows[source])


def cut_to_length(piece: Piece, max_frames: int) -> list[Piece]:
    """Cut into the fewest parts of at most ``max_frames`` rows, of nearly equal length."""
    parts = -(-len(piece) // max_frames)
    edges = [len(piece) * part // parts for part in range(parts + 1)]
    return [piece[start:stop] for start, stop in pairwise(edges)]


def cut_at_keyframes(piece: Piece, max_frames: int, keyframes: NDArray[np.int64]) -> list[Piece] | None:
    """Cut a contiguous piece at keyframes, so that each part can be copied into a file of at most ``max_frames``.

    A part is copied from the last keyframe at or before its first frame, so what lies between counts as well.

    Args:
        piece: a contiguous run of frames.
        max_frames: the most frames of a file.
        keyframes: int64[k], presentation positions of the video's keyframes, increasing, the first 0.

    Returns:
        The parts, or None where two keyframes are too far apart.
    """
    first, last = int(piece.frames[0]), int(piece.frames[-1])
    parts = []
    while True:
        copied_from = int(keyframes[np.searchsorted(keyframes, first, side="right") - 1])
        if last - copied_from < max_frames:
            parts.append(piece[first - int(piece.frames[0]) :])
            return parts
        left = -(-(last + 1 - copied_from) // max_frames)
        ideal = copied_from + -(-(last + 1 - copied_from) // left)
        cut = int(keyframes[np.searchsorted(keyframes, min(ideal, copied_from + max_frames), side="right") - 1])
        if cut <= first:
            later = keyframes[np.searchsorted(keyframes, first, side="right") :]
            if not len(later) or int(later[0]) - copied_from > max_frames:
                return None
            cut = int(later[0])
        parts.append(piece[first - int(piece.frames[0]) : cut - int(piece.frames[0])])
        first = cut
