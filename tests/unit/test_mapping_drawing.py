"""Bars, words and live values, as the wizard shows them."""

from __future__ import annotations

import pytest

from capture_node.inputs.events import Key, MouseButton, MouseMotion, MouseWheel, PadAxis, PadButton
from capture_node.mapping.bars import bar, signed_number
from capture_node.mapping.gestures import GestureReader
from capture_node.mapping.live import current_inputs, current_value
from capture_node.mapping.words import binding_words
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
from playloom.controls import AXIS_IDS, KEYS
from playloom.game_definition import ActionDefinition, ActionKind


@pytest.mark.parametrize(
    ("value", "signed", "threshold", "drawn"),
    [
        (0.0, False, None, "──────────"),
        (0.5, False, None, "█████─────"),
        (2.0, False, None, "██████████"),
        (0.3, False, 0.5, "███──┃────"),
        (0.8, False, 0.5, "█████┃██──"),
        (1.0, False, 1.0, "█████████┃"),
        (0.0, True, None, "─────│────"),
        (-1.0, True, None, "█████│────"),
        (0.4, True, None, "─────│██──"),
    ],
)
def test_a_bar_fills_from_its_end_or_its_middle(
    value: float, signed: bool, threshold: float | None, drawn: str
) -> None:
    assert bar(value, width=10, signed=signed, threshold=threshold).plain == drawn


def test_numbers_keep_their_width() -> None:
    assert [signed_number(value) for value in (0.0, -0.001, 0.314, -1.00003)] == ["+0.00", "+0.00", "+0.31", "−1.00"]


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        (ButtonBinding(control="south"), "gamepad south (A, ✕)"),
        (ButtonBinding(control="dpad_up", direction="up"), "gamepad dpad up: up"),
        (KeyBinding(control="left_shift"), "key left shift"),
        (KeyBinding(control=300), "key number 300"),
        (KeyBinding(control="e", direction="negative"), "key e: less (−)"),
        (MouseButtonBinding(control="x1"), "mouse x1 button"),
        (StickBinding(control="right_stick"), "right stick"),
        (TriggerBinding(control="left_trigger", threshold=0.25), "left trigger, from 0.25"),
        (AxisBinding(control="righty"), "right stick up–down"),
        (AxisBinding(control="leftx", direction="negative"), "left stick left"),
        (AxisBinding(control="left_trigger"), "left trigger"),
        (MouseMotionBinding(control="xy", scale=0.01), "mouse moved, × 0.01"),
        (MouseWheelBinding(control="y", direction="negative"), "wheel down"),
        (MouseWheelBinding(control="y", scale=-1.0), "wheel, × -1"),
        (
            ComboBinding(
                controls=(AxisButton(control="left_trigger"), AxisButton(control="lefty", direction="negative"))
            ),
            "left trigger + left stick up",
        ),
    ],
)
def test_controls_have_a_players_names(binding: Binding, words: str) -> None:
    assert binding_words(binding) == words


def test_live_values_are_those_that_a_dataset_would_hold() -> None:
    reader = GestureReader()
    reader.take(
        [
            PadButton(monotonic_ns=0, pad=0, button=0, pressed=True),
            PadAxis(monotonic_ns=0, pad=0, axis=AXIS_IDS["lefty"], value=-0.5),
            PadAxis(monotonic_ns=0, pad=0, axis=AXIS_IDS["right_trigger"], value=0.75),
            Key(monotonic_ns=0, scancode=KEYS["w"], pressed=True),
            MouseButton(monotonic_ns=0, button=1, pressed=True),
            MouseMotion(monotonic_ns=0, dx=40, dy=-10),
            MouseWheel(monotonic_ns=0, dx=0, dy=2),
        ],
        0,
    )
    inputs = current_inputs(reader, reader.motion_since())

    def value(kind: ActionKind, *bindings: Binding) -> list[float]:
        return current_value(inputs, ActionDefinition(id="a", kind=kind), bindings)

    assert value(ActionKind.VECTOR2, StickBinding(control="left_stick")) == [0.0, -0.5]
    assert value(ActionKind.VECTOR2, MouseMotionBinding(control="xy", scale=0.5)) == [20.0, -5.0]
    assert value(ActionKind.VECTOR2, KeyBinding(control="w", direction="up")) == [0.0, -1.0]
    assert value(ActionKind.DIGITAL, MouseButtonBinding(control="left")) == [1.0]
    assert value(ActionKind.DIGITAL, ButtonBinding(control="east")) == [0.0]
    assert value(ActionKind.TRIGGER, TriggerBinding(control="right_trigger", threshold=0.75)) == [0.75]
    assert value(ActionKind.ANALOG, MouseWheelBinding(control="y")) == [2.0]
    assert reader.motion_since() == (0.0, 0.0, 0.0, 0.0)
