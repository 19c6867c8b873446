"""Which frames of a video become rows of labels: one for one at the model's rate, else laid onto a grid of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

MAX_RATE_DEVIATION = 0.02
"""How far a video's rate may be from the model's for its frames to be taken one for one, as in `playloom convert`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RowPlan:
    """The rows of one video.

    Attributes:
        frames: int64[n], places in the order of showing, not decreasing.
        times_ns: int64[n].
        stretches: (first row, row after the last) of rows that follow one another without a gap.
        resampled: whether frames are repeated or skipped.
        rate: frames a second of the video.
    """

    frames: NDArray[np.int64]
    times_ns: NDArray[np.int64]
    stretches: Sequence[tuple[int, int]]
    resampled: bool
    rate: float

    def __len__(self) -> int:
        return len(self.frames)


def plan_rows(
    times_ns: NDArray[np.int64], fps: int, max_gap_ns: int, usable: NDArray[np.bool_] | None = None
) -> RowPlan:
    """Plan the rows of a video.

    Args:
        times_ns: int64[frames], when each frame is shown, increasing.
        fps: of the labels.
        max_gap_ns: a longer time between two frames ends a stretch.
        usable: bool[frames]: frames that may be labelled; None: all.
    """
    places = np.arange(len(times_ns)) if usable is None else np.flatnonzero(usable)
    steps_ns = np.diff(times_ns[places])
    apart = (np.diff(places) != 1) | (steps_ns > max_gap_ns)
    near = steps_ns[~apart]
    rate = 1e9 * len(near) / max(1, int(near.sum())) if len(near) else float(fps)
    resampled = abs(rate / fps - 1) > MAX_RATE_DEVIATION
    edges = [0, *(np.flatnonzero(apart) + 1).tolist(), len(places)]
    frames, moments, stretches = [], [], []
    row = 0
    for start, stop in pairwise(edges):
        own = places[start:stop]
        if not len(own):
            continue
        own_ns = times_ns[own]
        if resampled:
            count = int(own_ns[-1] - own_ns[0]) * fps // 1_000_000_000 + 1
            grid_ns = own_ns[0] + (np.arange(count, dtype=np.int64) * 1_000_000_000 + fps // 2) // fps
            grid_ns = grid_ns[grid_ns <= own_ns[-1]]
            own = own[np.searchsorted(own_ns, grid_ns, side="right") - 1]
            own_ns = grid_ns
        frames.append(own)
        moments.append(own_ns)
        stretches.append((row, row + len(own)))
        row += len(own)
    return RowPlan(
        frames=np.concatenate(frames).astype(np.int64) if frames else np.zeros(0, np.int64),
        times_ns=np.concatenate(moments).astype(np.int64) if moments else np.zeros(0, np.int64),
        stretches=tuple(stretches),
        resampled=resampled,
        rate=rate,
    )
