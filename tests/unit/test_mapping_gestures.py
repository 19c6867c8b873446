"""What a player does on pad, keyboard and mouse, as gestures."""

from __future__ import annotations

from capture_node.inputs.events import (
    InputEvent,
    Key,
    MouseButton,
    MouseMotion,
    MouseWheel,
    PadAdded,
    PadAxis,
    PadButton,
    PadRemoved,
)
from capture_node.mapping.gestures import Gesture, GestureReader
from playloom.bindings import AxisButton, ButtonBinding, KeyBinding, MouseButtonBinding
from playloom.controls import AXIS_IDS, BUTTON_IDS, KEYS

SECOND = 1_000_000_000


def button(name: str, pressed: bool, at_ns: int = 0) -> PadButton:
    return PadButton(monotonic_ns=at_ns, pad=0, button=BUTTON_IDS[name], pressed=pressed)


def axis(name: str, value: float, at_ns: int = 0) -> PadAxis:
    return PadAxis(monotonic_ns=at_ns, pad=0, axis=AXIS_IDS[name], value=value)


def key(name: str, pressed: bool, at_ns: int = 0) -> Key:
    return Key(monotonic_ns=at_ns, scancode=KEYS[name], pressed=pressed)


def motion(dx: float, dy: float, at_ns: int) -> MouseMotion:
    return MouseMotion(monotonic_ns=at_ns, dx=dx, dy=dy)


def gestures(*events: InputEvent, until_ns: int = 0) -> list[Gesture]:
    return GestureReader().take(events, until_ns)


def controls(*events: InputEvent) -> list[tuple[object, ...]]:
    return [gesture.controls for gesture in gestures(*events)]


def test_a_press_is_a_gesture_once_it_is_let_go() -> None:
    assert controls(button("south", True)) == []
    assert controls(button("south", True), button("south", False)) == [(ButtonBinding(control="south"),)]


def test_keys_and_mouse_buttons_are_controls_like_any_other() -> None:
    click = [MouseButton(monotonic_ns=0, button=3, pressed=pressed) for pressed in (True, False)]
    assert controls(key("space", True), key("space", False), *click) == [
        (KeyBinding(control="space"),),
        (MouseButtonBinding(control="right"),),
    ]


def test_a_key_without_a_name_is_known_by_its_scancode() -> None:
    presses = [Key(monotonic_ns=0, scancode=300, pressed=pressed) for pressed in (True, False)]
    assert controls(*presses) == [(KeyBinding(control=300),)]


def test_the_most_that_was_held_together_counts_in_the_order_of_pressing() -> None:
    pressed = [button("left_shoulder", True), button("south", True)]
    let_go = [button("left_shoulder", False), button("south", False)]
    both = (ButtonBinding(control="left_shoulder"), ButtonBinding(control="south"))
    assert controls(*pressed, *let_go) == [both]
    assert controls(*pressed, *reversed(let_go)) == [both]


def test_presses_one_after_another_are_no_combination() -> None:
    rolled = [button("south", True), button("east", True), button("south", False), button("west", True)]
    let_go = [button("east", False), button("west", False)]
    assert controls(*rolled, *let_go) == [(ButtonBinding(control="south"), ButtonBinding(control="east"))]


def test_a_stick_counts_from_half_way_and_until_it_is_at_rest() -> None:
    assert controls(axis("leftx", 0.49), axis("leftx", 0.0)) == []
    pushed = [axis("leftx", -0.6), axis("leftx", -0.4), axis("leftx", -0.6), axis("leftx", 0.0)]
    assert controls(*pushed) == [(AxisButton(control="leftx", direction="negative"),)]


def test_a_stick_that_is_stirred_is_one_push_in_its_first_direction() -> None:
    around = [("leftx", 0.7), ("lefty", 0.7), ("leftx", 0.0), ("lefty", 1.0), ("leftx", -0.8), ("lefty", 0.0)]
    rest = [("leftx", 0.0)]
    assert controls(*(axis(name, value) for name, value in around + rest)) == [
        (AxisButton(control="leftx", direction="positive"),)
    ]


def test_two_triggers_are_two_controls() -> None:
    pulled = [axis("left_trigger", 0.9), axis("right_trigger", 0.9)]
    let_go = [axis("left_trigger", 0.0), axis("right_trigger", 0.0)]
    assert controls(*pulled, *let_go) == [(AxisButton(control="left_trigger"), AxisButton(control="right_trigger"))]


def test_what_was_pressed_before_anyone_listened_makes_no_gesture() -> None:
    assert controls(key("return", False)) == []


def test_a_pad_that_is_pulled_out_holds_nothing_and_makes_no_gesture() -> None:
    reader = GestureReader()
    reader.take([PadAdded(monotonic_ns=0, pad=0, name="Pad", guid="03"), button("south", True), axis("lefty", 1)], 0)
    assert reader.pads == {0: "Pad"}
    assert reader.take([PadRemoved(monotonic_ns=0, pad=0)], 0) == []
    assert (reader.held, reader.pads, reader.axes["lefty"]) == ([], {}, 0.0)


def test_what_is_held_when_a_gesture_is_forgotten_has_to_be_let_go_first() -> None:
    reader = GestureReader()
    reader.take([button("south", True)], 0)
    reader.forget()
    assert reader.take([button("east", True), button("east", False), button("south", False)], 0) == []
    assert reader.take([button("east", True), button("east", False)], 0) == [
        Gesture(controls=(ButtonBinding(control="east"),))
    ]


def test_the_mouses_motion_ends_with_a_pause_and_counts_both_ways() -> None:
    reader = GestureReader()
    assert reader.take([motion(80, 3, SECOND), motion(-90, -2, SECOND), motion(60, 0, SECOND)], SECOND) == []
    assert reader.take([], SECOND + 200_000_000) == []
    assert reader.take([], SECOND + 300_000_000) == [Gesture(motion=(230.0, 5.0))]


def test_a_mouse_that_was_only_touched_is_no_gesture() -> None:
    assert gestures(motion(30, 30, SECOND), until_ns=2 * SECOND) == []


def test_a_mouse_that_moves_while_something_is_held_is_no_gesture() -> None:
    click = [MouseButton(monotonic_ns=SECOND, button=1, pressed=pressed) for pressed in (True, False)]
    found = gestures(click[0], motion(400, 0, SECOND), click[1], until_ns=3 * SECOND)
    assert found == [Gesture(controls=(MouseButtonBinding(control="left"),))]


def test_the_wheel_ends_with_a_pause() -> None:
    notches = [MouseWheel(monotonic_ns=SECOND + place, dx=0, dy=-1) for place in range(3)]
    assert gestures(*notches, until_ns=2 * SECOND) == [Gesture(wheel=(0.0, -3.0))]


def test_a_pause_between_two_motions_ends_the_first() -> None:
    assert gestures(motion(300, 0, SECOND), motion(0, 300, 2 * SECOND), until_ns=3 * SECOND) == [
        Gesture(motion=(300.0, 0.0)),
        Gesture(motion=(0.0, 300.0)),
    ]


def test_nothing_of_the_keyboard_is_held_once_nobody_tells_of_it() -> None:
    reader = GestureReader()
    reader.take([button("south", True), key("w", True)], 0)
    reader.let_go_of_keyboard_and_mouse()
    assert reader.held == [ButtonBinding(control="south")]
    assert reader.take([button("south", False)], 0) == []
