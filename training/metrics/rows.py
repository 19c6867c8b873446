"""What a model says beside what was held, frame by frame: what every figure is computed on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from training.action_space import ActionSpace, Head, HeadKind

HELD = 0.5
"""A digital action is held from this value on."""

BUTTON_KINDS = (HeadKind.DIGITAL, HeadKind.CATEGORICAL)
AXIS_KINDS = (HeadKind.STICK, HeadKind.ANALOG, HeadKind.TRIGGER, HeadKind.MOUSE)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """N rows in the order of episodes and, within each, of frames.

    Attributes:
        space: what the A values of a row mean.
        truth: float32[N, A], what was held, as the dataset has it.
        values: float32[N, A], what is said, in the same units.
        probabilities: float32[N, A], of digital and categorical places: that it is held. None where what speaks has
            none (a baseline).
        confidence: float32[N, H], of each head, that what it says is right; None likewise.
        episode: int64[N], the episode's number.
        frame: int64[N], the frame's number in its episode.
        group: int64[N], what belongs together when intervals are drawn: the number of a session or an episode.
    """

    space: ActionSpace
    truth: NDArray[np.float32]
    values: NDArray[np.float32]
    probabilities: NDArray[np.float32] | None = None
    confidence: NDArray[np.float32] | None = None
    episode: NDArray[np.int64]
    frame: NDArray[np.int64]
    group: NDArray[np.int64]

    def __post_init__(self) -> None:
        shape = (len(self.episode), self.space.width)
        assert self.truth.shape == self.values.shape == shape, (self.truth.shape, self.values.shape, shape)
        assert len(self.frame) == len(self.group) == len(self.episode)

    def __len__(self) -> int:
        return len(self.episode)

    @cached_property
    def runs(self) -> NDArray[np.int64]:
        """int64[N]: rows of one number follow each other frame by frame in one episode. No event and no lag crosses
        from one to the next."""
        return run_numbers(self.episode, self.frame)

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """int64[N]: `group` as numbers from 0 on without gaps."""
        return np.unique(self.group, return_inverse=True)[1].astype(np.int64)

    @property
    def group_count(self) -> int:
        return int(self.groups.max()) + 1 if len(self) else 0

    @cached_property
    def truth_held(self) -> NDArray[np.bool_]:
        """bool[N, A]; of axes it means nothing."""
        return self.truth >= HELD

    @cached_property
    def said_held(self) -> NDArray[np.bool_]:
        """bool[N, A]; of axes it means nothing."""
        return self.values >= HELD

    @property
    def button_places(self) -> tuple[int, ...]:
        """Where the digital and categorical values stand."""
        return self.space.places_of(*BUTTON_KINDS)

    @property
    def axis_heads(self) -> tuple[Head, ...]:
        return self.space.of_kind(*AXIS_KINDS)

    def saying(self, values: NDArray[np.float32], probabilities: NDArray[np.float32] | None = None) -> Rows:
        """The same rows with somebody else speaking."""
        return replace(self, values=values, probabilities=probabilities, confidence=None)

    def only(self, chosen: NDArray[np.bool_]) -> Rows:
        """Some of the rows; where some are left out, runs end."""
        return replace(
            self,
            truth=self.truth[chosen],
            values=self.values[chosen],
            probabilities=None if self.probabilities is None else self.probabilities[chosen],
            confidence=None if self.confidence is None else self.confidence[chosen],
            episode=self.episode[chosen],
            frame=self.frame[chosen],
            group=self.group[chosen],
        )


def run_numbers(episode: NDArray[np.int64], frame: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the stretches in which each row is the frame after the row before it, of the same episode."""
    if not len(episode):
        return np.zeros(0, np.int64)
    begins = np.ones(len(episode), np.bool_)
    begins[1:] = (episode[1:] != episode[:-1]) | (frame[1:] != frame[:-1] + 1)
    return np.cumsum(begins) - 1


def earlier(values: NDArray[np.float32], runs: NDArray[np.int64], rows: int) -> NDArray[np.float32]:
    """``values`` as they stood ``rows`` rows before, zeros before the begin of a run.

    Args:
        values: [N, A].
        runs: int64[N].
        rows: at least 0.
    """
    moved = np.zeros_like(values)
    if rows == 0:
        return values.copy()
    same = runs[rows:] == runs[:-rows]
    moved[rows:][same] = values[:-rows][same]
    return moved
