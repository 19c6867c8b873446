"""Agents without skill: what every other player should be better than."""

from __future__ import annotations

import numpy as np

from playloom.environments.environment import Environment, Image
from playloom.environments.spec import EnvironmentSpec

MEAN_SPAN_S = 0.25
"""How long a random action is held on average; people rarely hold anything for a single frame."""


class NoopAgent:
    """Touches nothing."""

    def act(self, image: Image, environment: Environment) -> frozenset[str]:
        del image, environment
        return frozenset()


class RandomAgent:
    """Holds a few random actions, each set for a random span."""

    def __init__(self, spec: EnvironmentSpec, rng: np.random.Generator) -> None:
        # Not the buttons that would pause the game or leave it for a menu.
        self._actions = [name for name in spec.action_names if name not in ("start", "select", "mode")]
        self._mean_span_steps = max(1.0, MEAN_SPAN_S * spec.steps_per_second)
        self._rng = rng
        self._held: frozenset[str] = frozenset()
        self._steps_left = 0

    def act(self, image: Image, environment: Environment) -> frozenset[str]:
        del image, environment
        if self._steps_left == 0:
            self._steps_left = int(self._rng.geometric(1.0 / self._mean_span_steps))
            count = min(int(self._rng.integers(0, 3)), len(self._actions))
            chosen = self._rng.choice(len(self._actions), size=count, replace=False)
            self._held = frozenset(self._actions[index] for index in chosen)
        self._steps_left -= 1
        return self._held
