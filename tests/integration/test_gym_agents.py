"""The scripted agents really play: over some seeds they earn clearly more than random play."""

from __future__ import annotations

import pytest

from tests.support.gym_play import score


@pytest.mark.parametrize(
    ("game", "steps", "margin"),
    [
        ("pong", 2500, 3.0),
        ("breakout", 2500, 15.0),
        ("vizdoom-basic", 300, 100.0),
        ("vizdoom-defend-the-center", 700, 8.0),
        ("vizdoom-health-gathering", 900, 300.0),
    ],
)
def test_a_scripted_agent_earns_more_than_a_random_one(game: str, steps: int, margin: float) -> None:
    seeds = (1, 2)
    scripted = sum(score(game, "scripted", seed=seed, steps=steps) for seed in seeds) / len(seeds)
    random = sum(score(game, "random", seed=seed, steps=steps) for seed in seeds) / len(seeds)
    assert scripted > random + margin, (scripted, random)


def test_scripted_pong_wins_points() -> None:
    assert score("pong", "scripted", seed=1, steps=5000) >= 3


def test_a_noop_agent_does_nothing() -> None:
    assert score("breakout", "noop", seed=1, steps=200) == 0
