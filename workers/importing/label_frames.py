"""Which frames of a video have labels, and which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.importing.nitrogen_labels import Chunk

_START_NS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class PlacedFrames:
    """The frames of a video that have labels.

    Attributes:
        frames: int64[n], their numbers in the video, increasing.
        chunks: int64[n], of which chunk each has its labels, counted in the order given.
        rows: int64[n], and in which row.
        times_ns: int64[n], the session's times: the video's own.
        beyond: how many chunks lie beyond the video's end.
    """

    frames: NDArray[np.int64]
    chunks: NDArray[np.int64]
    rows: NDArray[np.int64]
    times_ns: NDArray[np.int64]
    beyond: int


def place_frames(chunks: Sequence[Chunk], shown_ns: NDArray[np.int64]) -> PlacedFrames:
    """Find each frame's labels. Where chunks overlap, the one that began first has the frame.

    Args:
        chunks: any.
        shown_ns: int64[frames], the frames' times in the video, sorted; the video begins with the first.
    """
    times_s = (shown_ns - shown_ns[0]) / 1e9
    owner = np.full(len(shown_ns), -1, np.int64)
    rows = np.zeros(len(shown_ns), np.int64)
    beyond = 0
    for number in sorted(range(len(chunks)), key=lambda number: chunks[number].start_s):
        chunk = chunks[number]
        # A frame is the chunk's from half a millisecond before its start: times are written in decimals.
        inside = slice(*np.searchsorted(times_s, (chunk.start_s - 5e-4, chunk.end_s - 5e-4)))
        if inside.start == inside.stop:
            beyond += 1
            continue
        free = np.flatnonzero(owner[inside] < 0) + inside.start
        owner[free] = number
        rows[free] = chunk.rows_at(times_s[free])
    frames = np.flatnonzero(owner >= 0).astype(np.int64)
    return PlacedFrames(
        frames=frames,
        chunks=owner[frames],
        rows=rows[frames],
        times_ns=_START_NS + shown_ns[frames] - (shown_ns[0] if len(shown_ns) else 0),
        beyond=beyond,
    )
