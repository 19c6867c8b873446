"""A small causal model on past actions alone: how far the habits of hands go without a look at the picture.

A linear model on the last `HISTORY_FRAMES` rows, which for buttons is a logistic regression each (so that "held for
four frames now" can mean "about to be let go"), for axes a ridge regression. Both are convex and fitted in numpy by
Newton's steps, to the same numbers every time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.action_space import ActionSpace, HeadKind
from training.metrics.rows import HELD, Rows, earlier

HISTORY_FRAMES = 8
MOST_ROWS = 20_000
"""More rows make a model of so few numbers no better."""

RIDGE = 1.0
NEWTON_STEPS = 12
SURE = 12.0
"""A logit further from 0 than this adds nothing to a step but trouble."""


@dataclass(frozen=True, kw_only=True)
class ActionsOnlyModel:
    """A model of what is held after what was held.

    Attributes:
        space: what the values mean.
        lead_frames: how many frames before the one that is told the history ends.
        scale: float64[A], what values are divided by.
        weights: float64[1 + HISTORY_FRAMES * A, A].
    """

    space: ActionSpace
    lead_frames: int
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def fit(cls, rows: Rows, *, lead_frames: int, seed: int = 0) -> ActionsOnlyModel:
        """Learn from the truth of ``rows``, which should be the training part; what is said in them is not looked at.

        Args:
            rows: as many as there are; `MOST_ROWS` of them are drawn.
            lead_frames: at least 1.
            seed: of the draw.
        """
        assert lead_frames >= 1
        scale = np.maximum(rows.truth.astype(np.float64).std(0), 1e-3) if len(rows) else np.ones(rows.space.width)
        history = _history(rows, lead_frames, scale)
        chosen = np.arange(len(rows))
        if len(rows) > MOST_ROWS:
            chosen = np.sort(np.random.default_rng(seed).choice(len(rows), MOST_ROWS, replace=False))
        inputs = history[chosen]
        weights = np.zeros((inputs.shape[1], rows.space.width))
        buttons = set(rows.button_places)
        for place in range(rows.space.width):
            target = rows.truth[chosen, place].astype(np.float64)
            weights[:, place] = _logistic(inputs, target >= HELD) if place in buttons else _ridge(inputs, target)
        return cls(space=rows.space, lead_frames=lead_frames, scale=scale, weights=weights)

    def say(self, rows: Rows) -> Rows:
        """What it makes of the true history of each row."""
        said = _history(rows, self.lead_frames, self.scale) @ self.weights
        values = said.astype(np.float32)
        chances = np.zeros_like(values)
        for head in self.space.heads:
            places = list(head.places)
            if head.kind in (HeadKind.DIGITAL, HeadKind.CATEGORICAL):
                chances[:, places] = 1 / (1 + np.exp(-np.clip(said[:, places], -SURE, SURE)))
                held = chances[:, places] >= HELD
                if head.kind is HeadKind.CATEGORICAL:  # one at a time: the likeliest
                    held &= chances[:, places] == chances[:, places].max(1, keepdims=True)
                values[:, places] = held
        return rows.saying(values, chances)


def _history(rows: Rows, lead_frames: int, scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[N, 1 + HISTORY_FRAMES * A]: a one, then what was held, the latest first."""
    truth = (rows.truth / scale).astype(np.float32)
    parts = [earlier(truth, rows.runs, lead_frames + frame) for frame in range(HISTORY_FRAMES)]
    return np.concatenate([np.ones((len(rows), 1)), *parts], axis=1).astype(np.float64)


def _ridge(inputs: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1])
    return np.linalg.solve(bend, inputs.T @ target).astype(np.float64)


def _logistic(inputs: NDArray[np.float64], held: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Newton's steps on the penalized likelihood; the penalty lets it converge where one side never occurs."""
    weights = np.zeros(inputs.shape[1])
    for _ in range(NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -SURE, SURE)))
        slope = inputs.T @ (held - chance) - RIDGE * weights
        bend = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + RIDGE * np.eye(len(weights))
        step = np.linalg.solve(bend, slope)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return weights
