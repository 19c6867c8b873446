from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playloom.bindings import (
    AxisBinding,
    AxisButton,
    Binding,
    ButtonBinding,
    ComboBinding,
    KeyBinding,
    MouseButtonBinding,
    MouseMotionBinding,
    StickBinding,
    TriggerBinding,
)
from playloom.controls import AXIS_IDS, BUTTON_IDS, KEYS
from playloom.environments.held import HeldControls
from playloom.game_definition import ActionClass, ActionDefinition, ActionKind, GameDefinition
from playloom.mapping_profile import MappingProfile
from playloom.play.pressing import Pressing, both
from tests.support.play_facts import courier_pressing

KINDS = {
    "move": ActionKind.VECTOR2,
    "walk": ActionKind.VECTOR2,
    "look": ActionKind.VECTOR2,
    "zoom": ActionKind.ANALOG,
    "brake": ActionKind.TRIGGER,
    "jump": ActionKind.DIGITAL,
    "duck": ActionKind.DIGITAL,
    "shoot": ActionKind.DIGITAL,
    "super": ActionKind.DIGITAL,
}
BINDINGS: dict[str, tuple[Binding, ...]] = {
    "move": (StickBinding(control="left_stick"),),
    "walk": tuple(
        KeyBinding(control=key, direction=way)
        for key, way in {"a": "left", "d": "right", "w": "up", "s": "down"}.items()
    ),
    "look": (MouseMotionBinding(control="xy", scale=0.01),),
    "zoom": (AxisBinding(control="rightx", direction="negative"),),
    "brake": (TriggerBinding(control="left_trigger", threshold=0.1),),
    "jump": (ButtonBinding(control="south"), KeyBinding(control="space")),
    "duck": (KeyBinding(control="left_ctrl"),),
    "shoot": (MouseButtonBinding(control="left"),),
    "super": (ComboBinding(controls=(ButtonBinding(control="north"), AxisButton(control="right_trigger"))),),
}


def pressing() -> Pressing:
    actions = tuple(ActionDefinition(id=name, label=name, kind=kind) for name, kind in KINDS.items())
    game = GameDefinition(game_id="g", display_name="G", classes=(ActionClass(id="c", label="C", actions=actions),))
    return Pressing(game, MappingProfile(game_id="g", class_ids=("c",), profile_name="p", bindings=BINDINGS))


def vector(**values: float | tuple[float, float]) -> np.ndarray:
    found = pressing()
    row = np.zeros(found.layout.width, np.float32)
    for action, value in values.items():
        slot = found.slot(action)
        row[slot.start : slot.start + slot.size] = value
    return row


def test_each_action_is_pressed_by_its_first_binding() -> None:
    held = pressing().press(
        vector(move=(0.5, -1), walk=(-1, 1), look=(0.2, -0.1), zoom=0.25, brake=0.5, jump=1, duck=1, shoot=1, super=1)
    )
    assert held.axes == (0.5, -1.0, -0.25, 0.0, 0.5, 1.0)
    assert held.buttons == {BUTTON_IDS["south"], BUTTON_IDS["north"]}
    assert held.keys == {KEYS["a"], KEYS["s"], KEYS["left_ctrl"]}
    assert held.mouse_buttons == {1}
    assert held.mouse_motion == pytest.approx((20, -10), rel=1e-5)


def test_only_the_actions_that_are_asked_for_are_pressed() -> None:
    assert pressing().press(vector(jump=1, duck=1), frozenset({"duck"})) == HeldControls(keys=frozenset({224}))


def test_a_trigger_below_its_threshold_and_half_a_button_press_nothing() -> None:
    assert pressing().press(vector(brake=0.05, jump=0.49)) == HeldControls()


@given(
    st.tuples(*[st.floats(-1, 1, width=32)] * 2),
    st.sampled_from([-1.0, 0.0, 1.0]),
    st.sampled_from([-1.0, 0.0, 1.0]),
    st.floats(0, 1, width=32),
    st.floats(0.125, 1, width=32),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_what_is_pressed_reads_as_what_was_asked(
    move: tuple[float, float], x: float, y: float, zoom: float, brake: float, buttons: list[bool]
) -> None:
    names = ("jump", "duck", "shoot", "super")
    asked = vector(move=move, walk=(x, y), zoom=zoom, brake=brake, **dict(zip(names, map(float, buttons), strict=True)))
    found = pressing()
    np.testing.assert_array_equal(found.read(found.press(asked)), asked)


def test_an_agents_actions_are_taken_out_of_what_the_player_holds() -> None:
    held = HeldControls(
        buttons=frozenset({BUTTON_IDS["south"], BUTTON_IDS["east"]}),
        axes=(0.5, 0.5, 0.0, 0.0, 0.0, 0.0),
        keys=frozenset({KEYS["left_ctrl"], KEYS["p"]}),
    )
    left = pressing().without(held, frozenset({"jump", "move"}))
    assert left == HeldControls(buttons=frozenset({BUTTON_IDS["east"]}), keys=held.keys)


def test_a_control_that_also_serves_another_action_stays_the_players() -> None:
    pad = courier_pressing()
    swapped = Pressing(
        GameDefinition(
            game_id="g",
            display_name="G",
            classes=(
                ActionClass(
                    id="c",
                    label="C",
                    actions=tuple(
                        ActionDefinition(id=name, label=name, kind=ActionKind.DIGITAL) for name in ("roll", "talk")
                    ),
                ),
            ),
        ),
        MappingProfile(
            game_id="g",
            class_ids=("c",),
            profile_name="p",
            bindings={"roll": (ButtonBinding(control="east"),), "talk": (ButtonBinding(control="east"),)},
        ),
    )
    east = HeldControls(buttons=frozenset({BUTTON_IDS["east"]}))
    assert swapped.without(east, frozenset({"roll"})) == east
    assert pad.without(east, frozenset({"menu_back"})) == HeldControls()


def test_two_hands_hold_together_what_each_holds() -> None:
    one = HeldControls(keys=frozenset({4}), axes=(0.5, 0.0, 0.0, 0.0, 0.0, 0.0))
    other = HeldControls(buttons=frozenset({1}), axes=(-0.75, 0.25, 0.0, 0.0, 0.0, 0.0))
    assert both(one, other) == HeldControls(
        keys=frozenset({4}), buttons=frozenset({1}), axes=(-0.75, 0.25, 0.0, 0.0, 0.0, 0.0)
    )


def test_a_courier_pad_holds_what_its_vector_says() -> None:
    row = np.zeros(14, np.float32)
    row[[0, 1, 4, 6]] = 0.25, -0.5, 0.75, 1.0
    held = courier_pressing().press(row)
    assert held.buttons == {BUTTON_IDS["south"]}
    assert [held.axes[AXIS_IDS[name]] for name in ("leftx", "lefty", "left_trigger")] == [0.25, -0.5, 0.75]
