from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from playloom.controls import BUTTON_IDS, KEYS
from playloom.environments.held import HeldControls
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import load_preset
from playloom.environments.spec import EnvironmentSpec, Platform
from playloom.errors import DefinitionError, PlayloomError

BREAKOUT = EnvironmentSpec(
    environment_id="ALE/Breakout-v5",
    platform=Platform.ATARI,
    game_id="atari-breakout",
    seed=0,
    frame_skip=1,
    native_fps=60.0,
    width=160,
    height=210,
    action_names=("left", "right", "fire"),
    action_meanings=("NOOP", "FIRE", "RIGHT", "LEFT"),
)
BASIC = replace(
    BREAKOUT,
    environment_id="VizdoomBasic-v1",
    platform=Platform.VIZDOOM,
    game_id="vizdoom-basic",
    action_names=("strafe_left", "strafe_right", "attack"),
)
AIRSTRIKER = replace(
    BREAKOUT,
    environment_id="Airstriker-Genesis-v0",
    platform=Platform.RETRO,
    game_id="retro-airstriker",
    action_names=("b", "a", "mode", "start", "up", "down", "left", "right", "c", "y", "x", "z"),
)


def held(*keys: str) -> HeldControls:
    return HeldControls(keys=frozenset(KEYS[key] for key in keys))


def test_held_keys_combine() -> None:
    preset = load_preset(BREAKOUT)
    assert preset.actions_of(held("right", "space")) == {"right", "fire"}
    assert preset.actions_of(held("d", "left_ctrl", "f5")) == {"right", "fire"}
    assert preset.actions_of(HeldControls()) == frozenset()


def test_a_stick_counts_from_half_way_on() -> None:
    preset = load_preset(BREAKOUT)
    assert preset.actions_of(HeldControls(axes=(-0.5, 0, 0, 0, 0, 0))) == {"left"}
    assert preset.actions_of(HeldControls(axes=(-0.49, 0, 0, 0, 0, 0))) == frozenset()
    assert preset.actions_of(HeldControls(axes=(0, 0, 0, 0, 0, 1.0))) == {"fire"}


def test_a_game_may_use_the_arrow_keys_for_what_its_platform_does_not() -> None:
    assert load_preset(BASIC).actions_of(held("left", "space")) == {"strafe_left", "attack"}


def test_a_console_has_its_own_places_for_the_buttons() -> None:
    assert load_preset(AIRSTRIKER).actions_of(held("z")) == {"a"}
    assert load_preset(replace(AIRSTRIKER, environment_id="SuperMarioWorld-Snes-v0")).actions_of(held("z")) == {"b"}


@pytest.mark.parametrize("spec", [BREAKOUT, BASIC, AIRSTRIKER], ids=lambda spec: spec.game_id)
@pytest.mark.parametrize("device", list(InputDevice))
def test_what_an_agent_presses_does_what_it_decided(spec: EnvironmentSpec, device: InputDevice) -> None:
    preset = load_preset(spec)
    for action in spec.action_names:
        assert preset.actions_of(preset.press([action], device)) == {action}
    assert preset.actions_of(preset.press(spec.action_names, device)) == set(spec.action_names)


def test_an_agent_at_a_device_touches_only_that() -> None:
    preset = load_preset(BREAKOUT)
    assert preset.press(["left", "fire"], InputDevice.KEYBOARD) == held("left", "space")
    assert preset.press(["left", "fire"], InputDevice.GAMEPAD) == HeldControls(
        buttons=frozenset({BUTTON_IDS["dpad_left"], BUTTON_IDS["south"]})
    )


def test_a_users_file_changes_only_the_actions_that_it_names(tmp_path: Path) -> None:
    mine = tmp_path / "presets.yaml"
    mine.write_text(
        "atari:\n  fire: {keys: [f]}\natari-breakout:\n  left: {keys: [j]}\natari-pong:\n  up: {keys: [k]}\n"
    )
    preset = load_preset(BREAKOUT, [mine])
    assert preset.actions_of(held("f")) == {"fire"}
    assert preset.actions_of(held("space")) == frozenset()
    assert preset.actions_of(held("j")) == {"left"}
    assert preset.actions_of(held("right")) == {"right"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("atari:\n  fire: {keys: [spacee]}\n", "line 2, atari.fire.keys.0: there is no 'spacee' among the keys"),
        ("atari:\n  fire: {axes: [leftx]}\n", "there is no 'leftx' among the axes"),
        ("atari:\n  fire: {key: [space]}\n", "line 2, atari.fire: 'key' is not known. Use keys, buttons and axes"),
        ("atari:\n  fire: {keys: space}\n", "line 2, atari.fire.keys: is not a list of names"),
        ("atari:\n  fire: 3\n", "line 2, atari.fire: is not a table of names"),
        ("amiga:\n  fire: {}\n", "'amiga' is neither a platform nor a game"),
        ("atari-breakout:\n  jump: {keys: [j]}\n", "line 2, atari-breakout.jump: atari-breakout has no action 'jump'"),
    ],
)
def test_a_users_file_that_is_not_valid_says_where(tmp_path: Path, content: str, problem: str) -> None:
    mine = tmp_path / "presets.yaml"
    mine.write_text(content)
    with pytest.raises(DefinitionError) as error:
        load_preset(BREAKOUT, [mine])
    assert problem in str(error.value)
    assert str(mine) in str(error.value)


def test_a_game_without_any_control_says_what_to_write() -> None:
    with pytest.raises(PlayloomError, match="no preset says what keys play") as error:
        load_preset(replace(BREAKOUT, action_names=("levitate",)))
    assert "levitate" in str(error.value)
