"""Which binding a gesture means for which kind of action."""

from __future__ import annotations

import pytest

from capture_node.mapping.gestures import Gesture
from capture_node.mapping.proposals import Proposal, adjusted, can_turn, propose, same_control, turned
from playloom.bindings import (
    AxisBinding,
    AxisButton,
    Binding,
    ButtonBinding,
    ComboBinding,
    ComboPart,
    KeyBinding,
    MouseButtonBinding,
    MouseMotionBinding,
    MouseWheelBinding,
    StickBinding,
    TriggerBinding,
    feeds,
)
from playloom.game_definition import ActionKind

DIGITAL, ANALOG, TRIGGER, VECTOR2 = ActionKind.DIGITAL, ActionKind.ANALOG, ActionKind.TRIGGER, ActionKind.VECTOR2
SOUTH, W = ButtonBinding(control="south"), KeyBinding(control="w")
LEFT = AxisButton(control="leftx", direction="negative")
PULL = AxisButton(control="right_trigger")


def doing(*controls: ComboPart) -> Gesture:
    return Gesture(controls=controls)


@pytest.mark.parametrize(
    ("gesture", "kind", "push", "binding"),
    [
        (doing(SOUTH), DIGITAL, None, SOUTH),
        (doing(W), DIGITAL, None, W),
        (doing(PULL), DIGITAL, None, TriggerBinding(control="right_trigger", threshold=0.5)),
        (doing(LEFT), DIGITAL, None, ComboBinding(controls=(LEFT,))),
        (doing(PULL, SOUTH), DIGITAL, None, ComboBinding(controls=(PULL, SOUTH))),
        (Gesture(wheel=(0, 2)), DIGITAL, None, MouseWheelBinding(control="y", direction="positive")),
        (Gesture(wheel=(-3, 1)), DIGITAL, None, MouseWheelBinding(control="x", direction="negative")),
        (doing(LEFT), ANALOG, "positive", AxisBinding(control="leftx", direction="any")),
        (doing(PULL), ANALOG, "positive", AxisBinding(control="right_trigger", direction="any")),
        (doing(W), ANALOG, "positive", KeyBinding(control="w", direction="positive")),
        (doing(SOUTH), ANALOG, "negative", ButtonBinding(control="south", direction="negative")),
        (Gesture(wheel=(0, -1)), ANALOG, "positive", MouseWheelBinding(control="y")),
        (Gesture(motion=(10, 300)), ANALOG, "positive", MouseMotionBinding(control="y", scale=0.01)),
        (doing(PULL), TRIGGER, None, TriggerBinding(control="right_trigger", threshold=0.1)),
        (doing(W), TRIGGER, None, W),
        (doing(LEFT), VECTOR2, "up", StickBinding(control="left_stick")),
        (doing(W), VECTOR2, "up", KeyBinding(control="w", direction="up")),
        (
            doing(MouseButtonBinding(control="x1")),
            VECTOR2,
            "left",
            MouseButtonBinding(control="x1", direction="left"),
        ),
        (Gesture(motion=(300, 10)), VECTOR2, "up", MouseMotionBinding(control="xy", scale=0.01)),
    ],
)
def test_a_gesture_means_a_binding_that_feeds_the_action(
    gesture: Gesture, kind: ActionKind, push: str | None, binding: Binding
) -> None:
    assert propose(gesture, kind, push) == Proposal(binding=binding)
    assert feeds(binding, kind)


@pytest.mark.parametrize(
    ("gesture", "kind", "refusal"),
    [
        (doing(SOUTH), TRIGGER, "A gamepad button has no depth"),
        (doing(LEFT), TRIGGER, "A stick is no trigger"),
        (doing(PULL), VECTOR2, "A trigger has one direction only"),
        (doing(SOUTH, W), VECTOR2, "Only actions that are simply on or off"),
        (doing(SOUTH, W), TRIGGER, "Only actions that are simply on or off"),
        (doing(*(KeyBinding(control=name) for name in "asdfg")), DIGITAL, "That is 5 controls at once"),
        (Gesture(wheel=(0, 1)), VECTOR2, "The wheel can do only"),
    ],
)
def test_what_cannot_do_an_action_is_refused_with_the_reason(gesture: Gesture, kind: ActionKind, refusal: str) -> None:
    proposal = propose(gesture, kind)
    assert proposal.binding is None
    assert proposal.refusal is not None
    assert proposal.refusal.startswith(refusal)


@pytest.mark.parametrize("kind", [DIGITAL, TRIGGER])
def test_a_mouse_that_moves_means_nothing_for_what_has_no_direction(kind: ActionKind) -> None:
    assert propose(Gesture(motion=(900, 900)), kind) == Proposal()


@pytest.mark.parametrize(
    ("threshold", "steps", "after"), [(0.5, 1, 0.55), (0.5, -1, 0.45), (0.05, -1, 0.05), (1.0, 3, 1.0), (0.1, -4, 0.05)]
)
def test_a_threshold_moves_in_twentieths_and_stays_possible(threshold: float, steps: int, after: float) -> None:
    assert adjusted(TriggerBinding(control="left_trigger", threshold=threshold), steps) == TriggerBinding(
        control="left_trigger", threshold=after
    )


def test_a_scale_doubles_and_halves() -> None:
    mouse = MouseMotionBinding(control="xy", scale=0.01)
    assert adjusted(mouse, 1) == MouseMotionBinding(control="xy", scale=0.02)
    assert adjusted(mouse, -1) == MouseMotionBinding(control="xy", scale=0.005)
    assert adjusted(SOUTH, 1) == SOUTH


def test_an_axis_turns_through_its_directions() -> None:
    sides = [AxisBinding(control="leftx")]
    for _ in range(3):
        turn = turned(sides[-1], ANALOG)
        assert isinstance(turn, AxisBinding)
        sides.append(turn)
    assert [one.direction for one in sides] == ["any", "positive", "negative", "any"]


def test_mouse_and_wheel_are_turned_round() -> None:
    assert turned(MouseMotionBinding(control="xy", scale=0.01), VECTOR2) == MouseMotionBinding(
        control="xy", scale=-0.01
    )
    wheel = MouseWheelBinding(control="y", direction="positive")
    assert turned(wheel, DIGITAL) == MouseWheelBinding(control="y", direction="negative")
    assert turned(MouseWheelBinding(control="y"), ANALOG) == MouseWheelBinding(control="y", scale=-1.0)
    assert not can_turn(StickBinding(control="left_stick"), VECTOR2)


def test_the_same_control_is_the_same_whatever_its_numbers() -> None:
    assert same_control(TriggerBinding(control="left_trigger"), TriggerBinding(control="left_trigger", threshold=0.1))
    assert same_control(ComboBinding(controls=(SOUTH, W)), ComboBinding(controls=(W, SOUTH)))
    assert same_control(AxisBinding(control="leftx"), AxisBinding(control="leftx", direction="positive"))
    assert not same_control(SOUTH, W)
    assert not same_control(KeyBinding(control="w", direction="up"), KeyBinding(control="w", direction="left"))
    assert not same_control(TriggerBinding(control="left_trigger"), TriggerBinding(control="right_trigger"))
