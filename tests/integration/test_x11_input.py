"""Keyboard and mouse of a real X server, typed on by xdotool."""

from __future__ import annotations

import os
import queue
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from capture_node.clock import now_ns
from capture_node.inputs.events import InputEvent, Key, MouseMotion
from capture_node.inputs.x11_input import X11KeyboardMouse
from capture_node.sources.x11_display import X11Display
from playloom.controls import KEYS
from playloom.errors import CaptureError
from tests.support.x_screen import Screen, x_screen
from tests.support.x_typing import FastHand


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with x_screen() as screen:
        yield screen


class Heard:
    """Events as they come."""

    def __init__(self) -> None:
        self._events: queue.Queue[InputEvent] = queue.Queue()

    def take(self, events: object) -> None:
        assert isinstance(events, list)
        for event in events:
            self._events.put(event)

    def next(self, count: int = 1) -> list[InputEvent]:
        return [self._events.get(timeout=20) for _ in range(count)]

    def rest(self) -> list[InputEvent]:
        return [self._events.get() for _ in range(self._events.qsize())]


@contextmanager
def _listening(screen: Screen) -> Iterator[Heard]:
    heard = Heard()
    source = X11KeyboardMouse(screen.display)
    source.start(heard.take)
    try:
        yield heard
    finally:
        source.stop()
        source.stop()


def _without_times(events: list[InputEvent]) -> list[tuple[object, ...]]:
    return [
        (type(event).__name__, *(getattr(event, name) for name in event.__slots__ if name != "monotonic_ns"))
        for event in events
    ]


def test_keys_are_places_and_come_and_go_in_order(screen: Screen) -> None:
    with _listening(screen) as heard:
        screen.type("keydown", "w", "key", "space", "key", "KP_Enter", "keyup", "w", "key", "Up")
        events = heard.next(8)

    names = {value: name for name, value in KEYS.items()}
    assert [(names[event.scancode], event.pressed) for event in events if isinstance(event, Key)] == [
        ("w", True),
        ("space", True),
        ("space", False),
        ("keypad_enter", True),
        ("keypad_enter", False),
        ("w", False),
        ("up", True),
        ("up", False),
    ]


def test_motion_is_relative_also_where_the_pointer_cannot_go_further(screen: Screen) -> None:
    screen.type("mousemove", "0", "0")
    with _listening(screen) as heard:
        screen.type("mousemove_relative", "--", "-30", "-7")
        screen.type("mousemove_relative", "5", "2")
        events = heard.next(2)

    assert _without_times(events) == [("MouseMotion", -30.0, -7.0), ("MouseMotion", 5.0, 2.0)]


def test_a_pointer_that_a_program_puts_somewhere_is_no_motion(screen: Screen) -> None:
    with _listening(screen) as heard:
        screen.type("mousemove", "300", "200")
        screen.type("key", "a")
        events = heard.next(2)

    assert all(isinstance(event, Key) for event in events)


def test_buttons_are_named_and_the_wheel_counts_notches(screen: Screen) -> None:
    hand = FastHand(screen)
    with _listening(screen) as heard:
        for number in (1, 2, 3, 4, 5, 6, 7, 8, 9):
            hand.button(number, True)
            hand.button(number, False)
        hand.flush()
        events = heard.next(14)
    hand.close()

    assert _without_times(events) == [
        ("MouseButton", 1, True),
        ("MouseButton", 1, False),
        ("MouseButton", 2, True),
        ("MouseButton", 2, False),
        ("MouseButton", 3, True),
        ("MouseButton", 3, False),
        ("MouseWheel", 0.0, 1.0),
        ("MouseWheel", 0.0, -1.0),
        ("MouseWheel", -1.0, 0.0),
        ("MouseWheel", 1.0, 0.0),
        ("MouseButton", 4, True),
        ("MouseButton", 4, False),
        ("MouseButton", 5, True),
        ("MouseButton", 5, False),
    ]


def test_a_left_handed_players_buttons_are_what_programs_see(screen: Screen) -> None:
    display = X11Display(screen.display)
    usual = list(display.connection.core.GetPointerMapping().reply().map)
    try:
        display.connection.core.SetPointerMapping(len(usual), [3, 2, 1, *usual[3:]]).reply()
        with _listening(screen) as heard:
            screen.type("click", "1")
            events = heard.next(2)
    finally:
        display.connection.core.SetPointerMapping(len(usual), usual).reply()
        display.close()

    assert _without_times(events) == [("MouseButton", 3, True), ("MouseButton", 3, False)]


def test_a_key_that_is_held_does_not_repeat(screen: Screen) -> None:
    with _listening(screen) as heard:
        screen.type("keydown", "Left", "sleep", "0.9", "keyup", "Left")
        events = heard.next(2)
        assert heard.rest() == []

    assert _without_times(events) == [("Key", KEYS["left"], True), ("Key", KEYS["left"], False)]
    held_ns = events[1].monotonic_ns - events[0].monotonic_ns
    assert held_ns > 800_000_000


def test_what_is_held_at_the_beginning_is_pressed_then(screen: Screen) -> None:
    screen.type("keydown", "w", "mousedown", "3")
    try:
        before_ns = now_ns()
        with _listening(screen) as heard:
            at_the_beginning = heard.next(2)
            screen.type("keyup", "w", "mouseup", "3")
            at_the_end = heard.next(2)
    finally:
        screen.type("keyup", "w", "mouseup", "3")

    assert _without_times(at_the_beginning) == [("Key", KEYS["w"], True), ("MouseButton", 3, True)]
    assert all(event.monotonic_ns > before_ns for event in at_the_beginning)
    assert _without_times(at_the_end) == [("Key", KEYS["w"], False), ("MouseButton", 3, False)]


def test_an_event_bears_the_time_at_which_it_happened(screen: Screen) -> None:
    hand = FastHand(screen)
    with _listening(screen) as heard:
        for _ in range(20):
            before_ns = now_ns()
            hand.key(38, True)
            hand.flush()
            hand.wait()
            after_ns = now_ns()
            (event,) = heard.next()
            hand.key(38, False)
            hand.flush()
            heard.next()
            # The server counts whole milliseconds.
            assert before_ns - 1_000_000 <= event.monotonic_ns <= after_ns + 1_000_000
            time.sleep(0.003)
    hand.close()


def test_an_event_that_is_read_late_keeps_its_time(screen: Screen) -> None:
    """The sink is stuck in the meantime, as when a disk is slow."""
    hand = FastHand(screen)
    times: list[tuple[int, int]] = []

    def slow_sink(events: object) -> None:
        assert isinstance(events, list)
        times.extend((event.monotonic_ns, now_ns()) for event in events)
        time.sleep(0.3)

    source = X11KeyboardMouse(screen.display)
    source.start(slow_sink)
    hand.key(38, True)
    hand.flush()
    time.sleep(0.1)
    released_ns = now_ns()
    hand.key(38, False)
    hand.flush()
    time.sleep(0.5)
    source.stop()
    hand.close()

    assert len(times) == 2
    happened_ns, read_ns = times[1]
    assert abs(happened_ns - released_ns) < 50_000_000
    assert read_ns - released_ns > 150_000_000


def test_nothing_of_a_fast_mouse_is_lost(screen: Screen) -> None:
    hand = FastHand(screen)
    moved = 0
    with _listening(screen) as heard:
        for number in range(3000):
            hand.move(3 if number % 2 else -2, 1)
            if number % 10 == 0:
                hand.flush()
        hand.flush()
        motions = heard.next(3000)
        moved = sum(event.dx for event in motions if isinstance(event, MouseMotion))
        assert heard.rest() == []
    hand.close()

    assert moved == 1500 * 3 - 1500 * 2
    times = [event.monotonic_ns for event in motions]
    assert times == sorted(times)


def test_a_game_that_grabs_keyboard_and_pointer_does_not_hide_them(screen: Screen) -> None:
    from xcffib.xproto import EventMask, GrabMode

    game = X11Display(screen.display)
    core, root = game.connection.core, game.screen.root
    with _listening(screen) as heard:
        asynchronous = GrabMode.Async
        core.GrabKeyboard(False, root, 0, asynchronous, asynchronous).reply()
        core.GrabPointer(False, root, EventMask.PointerMotion, asynchronous, asynchronous, 0, 0, 0).reply()
        screen.type("key", "a")
        screen.type("mousemove_relative", "4", "4")
        events = heard.next(3)
    game.close()

    assert [type(event) for event in events] == [Key, Key, MouseMotion]


def test_a_server_without_xinput_is_said_to_have_none(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(X11Display, "has_extension", lambda _self, name: name != "XInputExtension")

    with pytest.raises(CaptureError, match=r"has no XInput 2\.1.*--input pads"):
        X11KeyboardMouse(screen.display).start(lambda _events: None)


def test_a_desktop_that_ends_ends_the_listening_quietly() -> None:
    with x_screen() as screen:
        source = X11KeyboardMouse(screen.display)
        source.start(lambda _events: None)
        os.kill(screen.server.pid, signal.SIGKILL)
        screen.server.wait(20)
        source.stop()


def test_listening_costs_no_events_after_its_end(screen: Screen) -> None:
    with _listening(screen) as heard:
        pass
    screen.type("key", "a")

    assert heard.rest() == []
