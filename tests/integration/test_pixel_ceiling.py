"""The ceiling of what pictures can show, on the real emulators: branched, and gone on with as if nothing was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from playloom.environments.agents.simple import RandomAgent
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.environment import BranchingEnvironment, EnvironmentAction
from playloom.environments.settings import EnvironmentSettings
from training.errors import TrainingError
from training.metrics.ceiling import PixelCeiling, branches_of, candidates, ceiling_of, pixel_ceiling

SMALL = {"vizdoom-my-way-home": (160, 120), "courier": (32, 32)}
FIRST_STEP = {"pong": 200, "boxing": 300}


@contextmanager
def game(name: str, frame_skip: int = 1, seed: int = 1) -> Iterator[BranchingEnvironment]:
    settings = EnvironmentSettings(seed=seed, frame_skip=frame_skip, size=SMALL.get(name))
    environment = make_environment(find_game(name), settings)
    assert isinstance(environment, BranchingEnvironment)
    try:
        yield environment
    finally:
        environment.close()


def random_play(environment: BranchingEnvironment, steps: int) -> list[EnvironmentAction]:
    agent = RandomAgent(environment.spec, np.random.default_rng(1))
    return [environment.action_for(agent.act(np.zeros((1, 1, 3), np.uint8), environment)) for _ in range(steps)]


def ceiling(name: str, *, frame_skip: int = 1, window: int = 2, states: int = 12) -> PixelCeiling:
    first_step = FIRST_STEP.get(name, 10) // frame_skip
    with game(name, frame_skip) as environment:
        play = random_play(environment, first_step + 9 * states + 15)
        return pixel_ceiling(environment, play, window=window, states=states, first_step=first_step)


def value(found: PixelCeiling) -> float:
    assert found.uniform.value is not None
    return found.uniform.value


@pytest.mark.parametrize("name", ["pong", "vizdoom-my-way-home", "courier"])
def test_from_one_moment_equal_actions_give_equal_pictures(name: str) -> None:
    with game(name) as environment:
        environment.reset()
        play = random_play(environment, 30)
        for action in play[:20]:
            environment.step(action)
        saved = environment.save()
        seen: list[bytes] = []
        for _ in range(2):
            environment.restore(saved)
            pictures = [environment.step(action).image for action in play[20:]]
            seen.append(b"".join(picture.tobytes() for picture in pictures if picture is not None))
            environment.restore(saved)
            environment.step(next(reversed(candidates(environment).values())))  # another future in between
        assert seen[0] == seen[1]


def test_pong_tells_its_action_one_frame_later_and_a_longer_window_shows_it() -> None:
    pair, window = ceiling("pong"), ceiling("pong", window=5)
    assert pair.actions == 6
    assert 0.3 < value(pair) < 0.55
    assert value(window) > 0.75


def test_four_frames_of_boxing_show_more_of_an_action_than_one() -> None:
    assert value(ceiling("boxing", states=6)) < 0.3 < value(ceiling("boxing", frame_skip=4, states=6))


def test_doom_shows_all_that_is_done() -> None:
    assert value(ceiling("vizdoom-my-way-home", states=6)) == 1.0


def test_courier_shows_all_that_is_done() -> None:
    assert value(ceiling("courier", states=4)) == 1.0


def test_answers_are_right_if_they_do_what_was_done() -> None:
    with game("pong") as environment:
        play = random_play(environment, 300)
        meanings = environment.spec.action_meanings
        # Nobody tells FIRE from NOOP while the ball is in play: whoever says the one for the other is right.
        merged = [meanings.index(meanings[int(str(action))].replace("FIRE", "") or "NOOP") for action in play]
        branches = branches_of(environment, play, window=5, states=8, first_step=200, answers=merged)
        found = ceiling_of(environment.spec, branches, window=5)
    assert found.accuracy is not None
    assert found.accuracy.value is not None
    assert found.accuracy.value >= 0.8
    assert found.accuracy_over_ceiling is not None


def test_play_that_is_too_short_is_refused() -> None:
    with game("courier") as environment, pytest.raises(TrainingError, match="too short to branch"):
        pixel_ceiling(environment, random_play(environment, 8), window=2, states=2)
