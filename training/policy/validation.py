"""Figures of a policy that is being trained: what it would press on play that it has not seen, beside what was pressed.

Chunks are taken one after another: the first half of each, until the next one takes over. So a figure is about
rows that were said up to half a chunk ahead, while persistence is told the row before each. They are quick figures, and
no measure of play: whoever acts sees other pictures than who was recorded. `playloom evaluate policy` lets it play.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.action_space import ActionSpace
from training.idm.validation import figure_rows
from training.metrics.rows import Rows
from training.trainer.task import FigureRow


@dataclass(frozen=True, kw_only=True)
class SaidChunks:
    """What was said of some clips.

    Attributes:
        said: float32[B, E, A], the first rows of each chunk.
        truth: float32[B, E, A], what was done.
        counts: bool[B, E], rows that lie within the episode.
        episode: int64[B], unlike in each dataset of a mix.
        frame: int64[B, E], of each row.
    """

    said: NDArray[np.float32]
    truth: NDArray[np.float32]
    counts: NDArray[np.bool_]
    episode: NDArray[np.int64]
    frame: NDArray[np.int64]


def executed(chunk: int) -> int:
    """How many rows of a chunk figures are taken on."""
    return max(1, chunk // 2)


def policy_figures(found: Sequence[SaidChunks], space: ActionSpace) -> tuple[FigureRow, ...]:
    """The figures, each beside those of pressing nothing and of repeating what was held."""
    counts = np.concatenate([one.counts.reshape(-1) for one in found])
    if not counts.any():
        return ()
    episode = np.concatenate([np.repeat(one.episode, one.frame.shape[1]) for one in found])[counts]
    frame = np.concatenate([one.frame.reshape(-1) for one in found])[counts]
    said = np.concatenate([one.said.reshape(-1, space.width) for one in found])[counts]
    truth = np.concatenate([one.truth.reshape(-1, space.width) for one in found])[counts]
    _, first = np.unique(np.stack([episode, frame]), axis=1, return_index=True)  # by episode, then frame
    return figure_rows(
        Rows(
            space=space,
            truth=truth[first],
            values=said[first],
            episode=episode[first],
            frame=frame[first],
            group=episode[first],
        )
    )
