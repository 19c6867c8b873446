"""The rules by which held controls become action values, one by one, with literal numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from playloom.actions.encode import Inputs, encode_actions
from playloom.actions.layout import layout_of
from playloom.bindings import (
    AxisBinding,
    AxisButton,
    Binding,
    ButtonBinding,
    ComboBinding,
    KeyBinding,
    MouseButtonBinding,
    MouseMotionBinding,
    MouseWheelBinding,
    StickBinding,
    TriggerBinding,
)
from playloom.game_definition import ActionClass, ActionDefinition, ActionKind, GameDefinition

LEFTX, LEFTY, RIGHTX, RIGHTY, LEFT_TRIGGER, RIGHT_TRIGGER = range(6)


def moment(
    axes: dict[int, float] | None = None,
    buttons: tuple[int, ...] = (),
    keys: tuple[int, ...] = (),
    mouse_buttons: tuple[int, ...] = (),
    motion: tuple[float, float, float, float] = (0, 0, 0, 0),
) -> Inputs:
    """One moment: SDL ids of what is held, axis values by id, and what the mouse and the wheel moved."""
    words = np.zeros((8, 1), np.uint64)
    for key in keys:
        words[key // 64, 0] |= np.uint64(1 << key % 64)
    values = np.zeros((6, 1), np.float32)
    for axis, value in (axes or {}).items():
        values[axis, 0] = value
    return Inputs(
        axes=values,
        buttons=np.array([sum(1 << button for button in buttons)], np.uint32),
        keys=words,
        mouse_buttons=np.array([sum(1 << button for button in mouse_buttons)], np.uint32),
        motion=np.array(motion, np.float32).reshape(4, 1),
    )


def value(kind: str, bindings: list[Binding], inputs: Inputs) -> Any:
    action = ActionDefinition(id="a", kind=ActionKind(kind))
    game = GameDefinition(game_id="g", display_name="G", classes=(ActionClass(id="c", actions=(action,)),))
    encoded = encode_actions(inputs, layout_of(game, ["c"]), {"a": tuple(bindings)})[:, 0]
    return tuple(encoded.tolist()) if kind == "vector2" else float(encoded[0])


def combo(*parts: Any) -> ComboBinding:
    return ComboBinding(controls=parts)


SOUTH, EAST = ButtonBinding(control="south"), ButtonBinding(control="east")


@pytest.mark.parametrize(
    ("bindings", "inputs", "expected"),
    [
        ([SOUTH], moment(buttons=(0,)), 1),
        ([SOUTH], moment(buttons=(1,)), 0),  # ids start at 0
        ([SOUTH, EAST], moment(buttons=(1,)), 1),
        ([ButtonBinding(control="touchpad")], moment(buttons=(20,)), 1),
        ([SOUTH], moment(buttons=(21, 25, 31)), 0),  # unknown ids are nobody's
        ([TriggerBinding(control="left_trigger", threshold=0.65)], moment({LEFT_TRIGGER: 0.65}), 1),
        ([TriggerBinding(control="left_trigger", threshold=0.65)], moment({LEFT_TRIGGER: 0.64}), 0),
        ([AxisBinding(control="leftx", direction="positive")], moment({LEFTX: 0.001}), 1),
        ([AxisBinding(control="leftx", direction="positive")], moment({LEFTX: -0.5}), 0),
        ([AxisBinding(control="leftx", direction="negative")], moment({LEFTX: -0.001}), 1),
        ([AxisBinding(control="leftx", direction="negative")], moment({LEFTX: 0.0}), 0),
        ([AxisBinding(control="leftx")], moment({LEFTX: -0.001}), 1),
        ([AxisBinding(control="leftx")], moment({LEFTX: 0.0}), 0),
        ([combo(SOUTH, EAST)], moment(buttons=(0, 1, 2)), 1),
        ([combo(SOUTH, EAST)], moment(buttons=(0,)), 0),
        ([combo(AxisButton(control="leftx"))], moment({LEFTX: 0.5}), 1),
        ([combo(AxisButton(control="leftx"))], moment({LEFTX: 0.49}), 0),
        ([combo(AxisButton(control="leftx"))], moment({LEFTX: -1.0}), 0),  # no direction means positive
        ([combo(AxisButton(control="leftx", direction="negative"))], moment({LEFTX: -0.5}), 1),
        ([combo(AxisButton(control="leftx", direction="negative"))], moment({LEFTX: -0.49}), 0),
        ([combo(AxisButton(control="right_trigger"), SOUTH)], moment({RIGHT_TRIGGER: 0.5}, buttons=(0,)), 1),
        ([combo(AxisButton(control="right_trigger"), SOUTH)], moment({RIGHT_TRIGGER: 0.4}, buttons=(0,)), 0),
        ([combo(KeyBinding(control="left_shift"), MouseButtonBinding(control="left"))], moment(keys=(225,)), 0),
        (
            [combo(KeyBinding(control="left_shift"), MouseButtonBinding(control="left"))],
            moment(keys=(225,), mouse_buttons=(1,)),
            1,
        ),
        ([KeyBinding(control="space")], moment(keys=(44,)), 1),
        ([KeyBinding(control="space")], moment(keys=(45,)), 0),
        ([KeyBinding(control=511)], moment(keys=(511,)), 1),
        ([MouseButtonBinding(control="x2")], moment(mouse_buttons=(5,)), 1),
        ([MouseButtonBinding(control="left")], moment(mouse_buttons=(3,)), 0),
        ([MouseMotionBinding(control="x", direction="negative")], moment(motion=(-3, 0, 0, 0)), 1),
        ([MouseMotionBinding(control="x", direction="negative")], moment(motion=(3, 0, 0, 0)), 0),
        ([MouseMotionBinding(control="x", direction="negative", scale=-1)], moment(motion=(3, 0, 0, 0)), 1),
        ([MouseWheelBinding(control="y", direction="positive")], moment(motion=(0, 0, 0, 2)), 1),
        ([MouseWheelBinding(control="y", direction="negative")], moment(motion=(0, 0, 0, 2)), 0),
        ([MouseWheelBinding(control="y")], moment(motion=(0, 9, 0, 0)), 0),
        ([StickBinding(control="left_stick")], moment({LEFTX: 1}), 0),  # cannot feed it
        ([], moment(buttons=(0,)), 0),
    ],
)
def test_digital(bindings: list[Binding], inputs: Inputs, expected: float) -> None:
    assert value("digital", bindings, inputs) == expected


@pytest.mark.parametrize(
    ("bindings", "inputs", "expected"),
    [
        ([AxisBinding(control="leftx")], moment({LEFTX: -0.25}), -0.25),
        ([AxisBinding(control="leftx", direction="positive")], moment({LEFTX: 0.25}), 0.25),
        ([AxisBinding(control="leftx", direction="positive")], moment({LEFTX: -0.25}), 0),
        ([AxisBinding(control="leftx", direction="negative")], moment({LEFTX: -0.25}), 0.25),
        ([AxisBinding(control="leftx", direction="negative")], moment({LEFTX: 0.25}), 0),
        ([AxisBinding(control="leftx"), AxisBinding(control="rightx")], moment({LEFTX: -0.5, RIGHTX: 1}), -0.5),
        ([AxisBinding(control="leftx"), AxisBinding(control="rightx")], moment({RIGHTX: 1}), 1),
        ([AxisBinding(control="left_trigger")], moment({LEFT_TRIGGER: 0.75}), 0.75),
        ([AxisBinding(control="lefty")], moment({LEFTY: -1.5}), -1.5),
        ([MouseMotionBinding(control="y", scale=0.5)], moment(motion=(9, -3, 0, 0)), -1.5),
        ([MouseWheelBinding(control="y", scale=-2)], moment(motion=(0, 0, 0, 1)), -2),
        ([MouseWheelBinding(control="x", direction="negative")], moment(motion=(0, 0, -3, 0)), 3),
        ([KeyBinding(control="a", direction="negative")], moment(keys=(4,)), -1),
        ([ButtonBinding(control="south", direction="positive")], moment(buttons=(0,)), 1),
        ([SOUTH, TriggerBinding(control="left_trigger")], moment({LEFT_TRIGGER: 1}, buttons=(0,)), 0),
    ],
)
def test_analog(bindings: list[Binding], inputs: Inputs, expected: float) -> None:
    assert value("analog", bindings, inputs) == expected


@pytest.mark.parametrize(
    ("bindings", "inputs", "expected"),
    [
        ([TriggerBinding(control="left_trigger", threshold=0.5)], moment({LEFT_TRIGGER: 0.5}), 0.5),
        ([TriggerBinding(control="left_trigger", threshold=0.5)], moment({LEFT_TRIGGER: 0.25}), 0),
        (
            [TriggerBinding(control="left_trigger"), TriggerBinding(control="right_trigger")],
            moment({LEFT_TRIGGER: 0.625, RIGHT_TRIGGER: 0.75}),
            0.75,
        ),
        (
            [
                TriggerBinding(control="left_trigger", threshold=0.5),
                TriggerBinding(control="right_trigger", threshold=1),
            ],
            moment({LEFT_TRIGGER: 0.625, RIGHT_TRIGGER: 0.75}),
            0.625,
        ),
        ([KeyBinding(control="w")], moment(keys=(26,)), 1),
        ([MouseButtonBinding(control="right")], moment(mouse_buttons=(3,)), 1),
        ([SOUTH, AxisBinding(control="leftx")], moment({LEFTX: 1}, buttons=(0,)), 0),
    ],
)
def test_trigger(bindings: list[Binding], inputs: Inputs, expected: float) -> None:
    assert value("trigger", bindings, inputs) == expected


LEFT_STICK, RIGHT_STICK = StickBinding(control="left_stick"), StickBinding(control="right_stick")
WASD: list[Binding] = [
    KeyBinding(control=key, direction=way) for key, way in zip("wasd", ["up", "left", "down", "right"], strict=True)
]


@pytest.mark.parametrize(
    ("bindings", "inputs", "expected"),
    [
        ([LEFT_STICK], moment({LEFTX: 0.25, LEFTY: -0.75}), (0.25, -0.75)),
        ([LEFT_STICK, RIGHT_STICK], moment({RIGHTX: 1, RIGHTY: 1}), (0, 0)),  # the first, also at rest
        ([*WASD, RIGHT_STICK], moment({RIGHTX: 1}, keys=(26,)), (1, 0)),
        ([MouseMotionBinding(control="xy", scale=0.5), *WASD], moment(motion=(3, -1, 0, 0), keys=(26,)), (1.5, -0.5)),
        (WASD, moment(keys=(26, 7)), (1, -1)),
        (WASD, moment(keys=(4, 7)), (0, 0)),
        (WASD, moment(keys=(22,)), (0, 1)),
        ([*WASD, ButtonBinding(control="dpad_up", direction="up")], moment(keys=(26,), buttons=(11,)), (0, -1)),
        ([AxisBinding(control="leftx"), SOUTH], moment({LEFTX: 1}, buttons=(0,)), (0, 0)),
        ([], moment({LEFTX: 1}), (0, 0)),
    ],
)
def test_vector2(bindings: list[Binding], inputs: Inputs, expected: tuple[float, float]) -> None:
    assert value("vector2", bindings, inputs) == expected


def test_values_are_not_clamped() -> None:
    minus_one_and_a_bit = float(np.float32(-32768 / 32767))
    inputs = moment({LEFTX: minus_one_and_a_bit})
    assert value("analog", [AxisBinding(control="leftx")], inputs) == minus_one_and_a_bit
    assert value("vector2", [LEFT_STICK], inputs) == (minus_one_and_a_bit, 0)


def test_a_control_may_serve_several_actions_and_unmapped_actions_stay_zero() -> None:
    actions = tuple(
        ActionDefinition(id=name, kind=kind)
        for name, kind in (
            ("move", ActionKind.VECTOR2),
            ("strafe", ActionKind.ANALOG),
            ("nothing", ActionKind.VECTOR2),
            ("step", ActionKind.DIGITAL),
        )
    )
    game = GameDefinition(game_id="g", display_name="G", classes=(ActionClass(id="c", actions=actions),))
    bindings = {
        "move": (LEFT_STICK,),
        "strafe": (AxisBinding(control="leftx"),),
        "step": (AxisBinding(control="leftx", direction="negative"),),
        "of_another_class": (SOUTH,),
    }
    encoded = encode_actions(moment({LEFTX: -0.5, LEFTY: 0.25}), layout_of(game, ["c"]), bindings)
    assert encoded[:, 0].tolist() == [-0.5, 0.25, -0.5, 0, 0, 1]
