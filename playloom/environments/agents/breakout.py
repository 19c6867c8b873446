"""Breakout, by the console's memory."""

from __future__ import annotations

import numpy as np

from playloom.environments.environment import Environment, Image
from playloom.environments.spec import EnvironmentSpec

BALL_X, BALL_Y, PADDLE_X = 99, 101, 72
"""Bytes of Breakout's memory."""


class BreakoutAgent:
    """Serves, and keeps the paddle under the ball."""

    def __init__(self, spec: EnvironmentSpec, rng: np.random.Generator) -> None:
        self._rng = rng
        self._aim = 0.0
        self._last_y = 0

    def act(self, image: Image, environment: Environment) -> frozenset[str]:
        del image
        ram = environment.ram()
        assert ram is not None
        ball_x, ball_y, paddle_x = ram[BALL_X], ram[BALL_Y], ram[PADDLE_X]
        if ball_y == 0:  # no ball in play
            return frozenset({"fire"})
        if ball_y < self._last_y:
            self._aim = float(self._rng.uniform(-5.0, 5.0))
        self._last_y = ball_y
        off = ball_x + self._aim - (paddle_x + 8)
        if off < -3.0:
            return frozenset({"left"})
        return frozenset({"right"}) if off > 3.0 else frozenset()
