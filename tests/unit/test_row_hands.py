"""Rows of the action vector on keys and pads."""

from __future__ import annotations

import numpy as np
import pytest

from playloom.controls import AXIS_IDS, BUTTON_IDS, KEYS
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.environment import Environment
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import load_preset
from playloom.environments.row_hands import RowHands, row_names
from playloom.environments.settings import EnvironmentSettings
from playloom.errors import PlayloomError
from tests.support.toy_policies import COURIER_NAMES


def courier(mode: int = 0) -> Environment:
    return make_environment(find_game("courier"), EnvironmentSettings(seed=4, mode=mode))


def row(**values: float) -> np.ndarray:
    return np.array([values.get(name.replace(".", "_"), 0.0) for name in COURIER_NAMES], np.float32)


def test_courier_has_sticks_triggers_and_buttons_in_the_order_of_its_datasets() -> None:
    assert row_names(courier()) == tuple(COURIER_NAMES)


def test_a_row_is_a_pads_state_with_sticks_as_far_as_they_are_said_to_be() -> None:
    environment = courier()
    hands = RowHands(environment, load_preset(environment.spec), InputDevice.GAMEPAD, COURIER_NAMES)
    held = hands.hold(row(move_x=-0.25, look_y=3.0, beam=0.5, shield=-1.0, jump=1.0, dash=0.49))
    assert held.buttons == {BUTTON_IDS["south"]}
    assert held.axes[AXIS_IDS["leftx"]] == -0.25
    assert held.axes[AXIS_IDS["righty"]] == 1.0
    assert held.axes[AXIS_IDS["right_trigger"]] == 0.5
    assert held.axes[AXIS_IDS["left_trigger"]] == 0.0
    assert not held.keys


def test_where_a_game_has_swapped_its_buttons_a_row_still_says_what_is_done() -> None:
    environment = courier(mode=1)
    hands = RowHands(environment, load_preset(environment.spec), InputDevice.GAMEPAD, COURIER_NAMES)
    held = hands.hold(row(jump=1.0))
    assert held.buttons != {BUTTON_IDS["south"]}
    assert environment.game.buttons.read(held).held == {"jump"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("device", "keys", "buttons"),
    [(InputDevice.KEYBOARD, {"up", "space"}, set()), (InputDevice.GAMEPAD, set(), {"dpad_up", "south"})],
)
def test_an_atari_row_is_the_keys_or_buttons_that_an_agent_would_press(
    device: InputDevice, keys: set[str], buttons: set[str]
) -> None:
    environment = make_environment(find_game("pong"), EnvironmentSettings(seed=1))
    preset = load_preset(environment.spec)
    try:
        names = row_names(environment)
        hands = RowHands(environment, preset, device, names)
        held = hands.hold(np.array([0.5 if name in ("up", "fire") else 0.4 for name in names], np.float32))
        assert held.keys == {KEYS[name] for name in keys}
        assert held.buttons == {BUTTON_IDS[name] for name in buttons}
        assert preset.actions_of(held) == {"up", "fire"}
    finally:
        environment.close()


def test_rows_of_another_game_are_refused_by_the_names_of_their_actions() -> None:
    environment = courier()
    with pytest.raises(PlayloomError, match=r"Playloom/Courier-v0 has no action fire, left\. It has move\.x, move\.y"):
        RowHands(environment, load_preset(environment.spec), InputDevice.GAMEPAD, ("move.x", "fire", "left"))
