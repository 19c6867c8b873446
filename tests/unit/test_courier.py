"""Courier: the game whose truth is known. The seed makes all of it, and what a pad says is what happens."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playloom.environments.courier.agents import CourierAgent, Skill
from playloom.environments.courier.controls import DIGITAL, ButtonMap, CourierInput
from playloom.environments.courier.game import LOADING_FRAMES, CourierGame, CourierStep, Mode
from playloom.environments.courier.world import GROUND, offset


def play(game: CourierGame, *inputs: CourierInput) -> list[CourierStep]:
    return [game.step(game.buttons.press(one)) for one in inputs]


def press(what: str) -> CourierInput:
    return CourierInput(held=frozenset({what}))


REST = CourierInput()


def test_the_same_seed_and_hands_give_the_same_pictures_to_the_last_bit() -> None:
    digests = set()
    for _ in range(2):
        game, agent = CourierGame(11), CourierAgent(12, Skill.CASUAL)
        digest = hashlib.sha256()
        for _ in range(150):
            digest.update(game.step(game.buttons.press(agent.act(game))).picture.tobytes())
        digests.add(digest.hexdigest())
    assert len(digests) == 1
    assert CourierGame(11).picture().tobytes() != CourierGame(12).picture().tobytes()


def test_the_left_stick_moves_as_far_as_it_leans() -> None:
    game = CourierGame(1)
    before = game.state.place.copy()
    play(game, *[CourierInput(move=(0.5, 0.0))] * 4)
    half = offset(before, game.state.place)
    game = CourierGame(1)
    play(game, *[CourierInput(move=(1.0, 0.0))] * 4)
    assert half == pytest.approx(offset(before, game.state.place) / 2)


@pytest.mark.parametrize("wanted", [CourierInput(look=(0.8, 0.0)), CourierInput(beam=0.7), CourierInput(shield=0.7)])
def test_stick_and_triggers_are_seen(wanted: CourierInput) -> None:
    still = play(CourierGame(1), REST, REST)[-1].picture.astype(int)
    moved = play(CourierGame(1), wanted, wanted)[-1].picture.astype(int)
    assert np.abs(still - moved).sum() > 1000


def test_a_jump_works_on_the_ground_only_and_once_a_press() -> None:
    game = CourierGame(1)
    steps = play(game, press("jump"), press("jump"), REST, press("jump"))
    assert ["jump" in step.worked for step in steps] == [True, False, False, False]
    play(game, *[REST] * 30)
    assert game.state.height == 0
    assert "jump" in play(game, press("jump"))[0].worked


@pytest.mark.parametrize("size", [64, 96, 128])
@pytest.mark.parametrize("what", ["jump", "dash", "interact", "item"])
def test_a_button_is_seen_to_be_held_and_to_be_let_go(what: str, size: int) -> None:
    """Also where it has no effect: who infers what was held needs to see the release."""
    pictures = {}
    for frames in (2, 3):
        game = CourierGame(1, size=size)
        last = play(game, *[press(what)] * frames, *[REST] * (3 - frames))[-1]
        assert last.seen == ({what} if frames == 3 else set())
        pictures[frames] = last.picture.astype(int)
    assert (np.abs(pictures[3] - pictures[2]).max(axis=2) > 40).sum() >= 4


@pytest.mark.parametrize("what", ["menu", "menu_up", "menu_down", "menu_back", "jump"])
def test_the_menu_shows_what_is_held(what: str) -> None:
    game = CourierGame(1, size=64)
    play(game, press("menu"), REST)
    game.state.held = frozenset({what})  # as if it had been held since before the menu
    held = play(game, press(what))[-1]
    let_go = play(game, REST)[-1]
    assert (held.seen, let_go.seen) == ({what}, set())
    assert (np.abs(held.picture.astype(int) - let_go.picture).max(axis=2) > 40).sum() >= 4


def test_in_the_menu_sticks_do_nothing_and_the_mark_moves() -> None:
    game = CourierGame(1)
    opened, *_ = play(game, press("menu"), REST)
    assert opened.mode is Mode.MENU
    place = game.state.place.copy()
    play(game, CourierInput(move=(1.0, 0.0), held=frozenset({"menu_down"})), REST, press("menu_down"))
    assert game.state.menu_entry == 2
    assert np.array_equal(game.state.place, place)
    assert play(game, REST, press("menu_back"))[-1].mode is Mode.PLAY


def test_two_parcels_end_an_area_with_a_loading_screen_in_which_nothing_works() -> None:
    game = CourierGame(1)
    rewards = []
    for _ in range(2):
        for _ in range(2):
            game.state.place = game.area.stops[game.state.goal].copy()
            rewards += [step.reward for step in play(game, press("interact"), REST)]
    assert [reward for reward in rewards if reward] == [0.1, 1.0, 0.1, 1.0]
    assert game.state.mode is Mode.LOADING
    frames = 0
    while game.state.mode is Mode.LOADING:
        (step,) = play(game, CourierInput(move=(1.0, 0.0), held=frozenset({"jump"})))
        assert not step.worked
        assert step.mode is Mode.PLAY or not step.seen
        frames += 1
    assert LOADING_FRAMES[0] - 1 <= frames <= LOADING_FRAMES[1]
    assert game.state.area == 1


@given(
    st.integers(0, 1000),
    st.builds(
        CourierInput,
        move=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
        look=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
        shield=st.floats(0, 1),
        beam=st.floats(0, 1),
        held=st.frozensets(st.sampled_from(DIGITAL)),
    ),
)
def test_a_hidden_map_is_read_as_it_was_pressed(seed: int, wanted: CourierInput) -> None:
    buttons = ButtonMap.hidden(seed)
    assert buttons.read(buttons.press(wanted)) == wanted
    assert len(set(buttons.buttons.values())) == len(buttons.buttons)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 100))
def test_the_courier_stays_on_the_ground_whoever_plays(seed: int) -> None:
    game, agent = CourierGame(seed, size=32), CourierAgent(seed, Skill.RANDOM)
    for _ in range(100):
        step = game.step(game.buttons.press(agent.act(game)))
        assert step.picture.shape == (32, 32, 3)
        assert ((game.state.place >= 0) & (game.state.place < GROUND)).all()


def test_skill_shows_in_the_parcels() -> None:
    delivered = {}
    for skill in Skill:
        delivered[skill] = 0
        for seed in range(3):
            game, agent = CourierGame(seed, size=16), CourierAgent(seed, skill)
            for _ in range(900):
                game.step(game.buttons.press(agent.act(game)))
            delivered[skill] += game.state.delivered
    assert delivered[Skill.EXPERT] > delivered[Skill.CASUAL] > delivered[Skill.RANDOM]
