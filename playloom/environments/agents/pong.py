"""Pong, by the console's memory: where the ball is, and where the paddle."""

from __future__ import annotations

import numpy as np

from playloom.environments.environment import Environment, Image
from playloom.environments.spec import EnvironmentSpec

BALL_X, BALL_Y, PADDLE_Y = 49, 54, 51
"""Bytes of Pong's memory."""

LEVEL = 5.5
"""The ball's byte less the paddle's when their middles are at one height."""
PADDLE_X = 188
TOP, BOTTOM = 44, 207
"""Between these values of its byte the ball bounces."""

SERVE_EVERY_S = 0.5
AIM = (6.0, 8.5)
"""How far from the paddle's middle to take the ball: near the edge it comes back steep and fast, and wins."""
GLIDE = 3.0
"""Steps at its present speed that the paddle goes on for, measured without frame skip."""
TRACK_STEPS = 9
STRAIGHT = 3
"""A ball whose speed changes by more than this from one step to the next has bounced."""
SLACK, LEAVING_SLACK = 2.0, 20.0
"""How near is near enough, while the ball comes and while it leaves."""


class PongAgent:
    """Waits where the ball will come down, and takes it with another part of the paddle every time."""

    def __init__(self, spec: EnvironmentSpec, rng: np.random.Generator) -> None:
        self._rng = rng
        self._steps = 0
        self._serve_steps = max(2, round(SERVE_EVERY_S * spec.steps_per_second))
        self._aim = 0.0
        self._track: list[tuple[int, int]] = []
        self._paddle_y = 0
        self._approaching = False

    def act(self, image: Image, environment: Environment) -> frozenset[str]:
        del image
        ram = environment.ram()
        assert ram is not None
        ball, paddle_y = (ram[BALL_X], ram[BALL_Y]), ram[PADDLE_Y]
        velocity = self._velocity(ball)
        paddle_velocity = paddle_y - self._paddle_y
        self._paddle_y = paddle_y
        self._steps += 1
        if ball[1] == 0:  # no ball in play
            return frozenset({"fire"}) if self._steps % self._serve_steps < 2 else frozenset()
        approaching = velocity[0] > 0
        if approaching and not self._approaching:
            self._aim = float(self._rng.choice([-1.0, 1.0]) * self._rng.uniform(AIM[0], AIM[1]))
        self._approaching = approaching
        target = _landing(ball, velocity) if approaching else 0.5 * (ball[1] + 0.5 * (TOP + BOTTOM))
        # The paddle glides on after the knob is let go.
        off = target - LEVEL + self._aim - (paddle_y + GLIDE * paddle_velocity)
        slack = SLACK if approaching else LEAVING_SLACK
        if off < -slack:
            return frozenset({"up"})
        return frozenset({"down"}) if off > slack else frozenset()

    def _velocity(self, ball: tuple[int, int]) -> tuple[float, float]:
        """Of the ball, a step, over the straight piece of its way that it is on: single steps are rounded."""
        track = self._track
        if len(track) >= 2:
            before = (track[-1][0] - track[-2][0], track[-1][1] - track[-2][1])
            now = (ball[0] - track[-1][0], ball[1] - track[-1][1])
            if before[0] * now[0] < 0 or before[1] * now[1] < 0 or abs(now[0] - before[0]) > STRAIGHT:
                del track[:-1]
        track.append(ball)
        del track[:-TRACK_STEPS]
        count = max(1, len(track) - 1)
        return (ball[0] - track[0][0]) / count, (ball[1] - track[0][1]) / count


def _landing(ball: tuple[int, int], velocity: tuple[float, float]) -> float:
    """The height at which the ball will reach the paddle."""
    height = ball[1] + velocity[1] * (PADDLE_X - ball[0]) / velocity[0] - TOP
    span = BOTTOM - TOP
    height %= 2 * span
    return TOP + (height if height <= span else 2 * span - height)
