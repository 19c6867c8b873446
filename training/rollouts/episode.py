"""One episode, played to its end, and what is kept of it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playloom.environments.environment import Environment, Image, action_of
from playloom.environments.presets import Preset
from training.rollouts.hands import Hand

ROUNDED = 6


@dataclass(frozen=True, kw_only=True)
class Episode:
    """An episode that was played.

    Attributes:
        player: who played.
        seed: of the game.
        steps: how many.
        score: the sum of the rewards.
        ended_by: ``terminated`` or ``truncated`` (the game's own words), or ``max_steps``.
        wall_s: from the first picture to the last step: the game, the scaling of pictures and the policy.
        chunk_s: how long each chunk took, in seconds, from the picture to its rows; empty for agents.
        rows: float32[steps, actions], what a policy held; None for agents.
    """

    player: str
    seed: int
    steps: int
    score: float
    ended_by: str
    wall_s: float
    chunk_s: tuple[float, ...] = ()
    rows: NDArray[np.float32] | None = None

    def to_json(self) -> str:
        """Without the rows."""
        return json.dumps(
            {
                "player": self.player,
                "seed": self.seed,
                "steps": self.steps,
                "score": self.score,
                "ended_by": self.ended_by,
                "wall_s": round(self.wall_s, ROUNDED),
                "chunk_s": [round(one, ROUNDED) for one in self.chunk_s],
            }
        )

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Episode:
        """Read what `to_json` wrote."""
        return cls(**{**document, "chunk_s": tuple(document["chunk_s"])})


def play_episode(
    environment: Environment, hand: Hand, preset: Preset, *, player: str, seed: int, max_steps: int
) -> Episode:
    """Play from the first picture to the end, as fast as the machine can."""
    image: Image | None = environment.reset()
    score, steps, ended_by = 0.0, 0, "max_steps"
    begin_s = time.perf_counter()
    while steps < max_steps:
        assert image is not None
        held = hand.hold(image, environment)
        result = environment.step(action_of(environment, held, preset.actions_of(held)))
        score += result.reward
        steps += 1
        image = result.image
        if result.is_last:
            ended_by = "terminated" if result.terminated else "truncated"
            break
    wall_s = time.perf_counter() - begin_s
    return Episode(
        player=player,
        seed=seed,
        steps=steps,
        score=round(score, ROUNDED),
        ended_by=ended_by,
        wall_s=wall_s,
        chunk_s=tuple(hand.chunk_s),
        rows=_stacked(hand.rows),
    )


def _stacked(rows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32] | None:
    return np.stack(rows) if rows else None
