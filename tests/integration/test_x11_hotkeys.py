"""Hotkeys on a real X server, pressed by xdotool."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import pytest

from capture_node.clock import now_ns
from capture_node.hotkeys.hotkey import DEFAULT_HOTKEYS, HotkeyAction, make_hotkeys, parse_hotkey
from capture_node.hotkeys.x11 import X11Hotkeys
from tests.support.x_screen import Screen, x_screen


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with x_screen((320, 240)) as screen:
        yield screen


class Orders:
    """What was ordered."""

    def __init__(self) -> None:
        self._orders: queue.Queue[HotkeyAction] = queue.Queue()

    def take(self, action: HotkeyAction, at_ns: int) -> None:
        assert 0 <= now_ns() - at_ns < 60_000_000_000
        self._orders.put(action)

    def next(self) -> HotkeyAction:
        return self._orders.get(timeout=20)


def test_the_usual_hotkeys_order_whatever_locks_are_on(screen: Screen) -> None:
    hotkeys, orders = X11Hotkeys(screen.display), Orders()
    assert hotkeys.start(DEFAULT_HOTKEYS, orders.take) == []
    try:
        screen.type("key", "ctrl+shift+F9")
        assert orders.next() is HotkeyAction.TOGGLE
        screen.type("key", "Num_Lock")
        screen.type("key", "ctrl+shift+F10")
        assert orders.next() is HotkeyAction.PAUSE
        screen.type("key", "Caps_Lock")
        screen.type("key", "ctrl+shift+F11")
        assert orders.next() is HotkeyAction.MARK
        screen.type("key", "Num_Lock")
        screen.type("key", "ctrl+shift+F12")
        assert orders.next() is HotkeyAction.DISCARD
    finally:
        screen.type("key", "Caps_Lock")
        hotkeys.stop()


def test_other_combinations_with_the_same_key_order_nothing(screen: Screen) -> None:
    hotkeys, orders = X11Hotkeys(screen.display), Orders()
    bindings = {HotkeyAction.MARK: parse_hotkey("ctrl+f6"), HotkeyAction.PAUSE: parse_hotkey("f7")}
    assert hotkeys.start(bindings, orders.take) == []
    try:
        screen.type("key", "F6")
        screen.type("key", "ctrl+shift+F6")
        screen.type("key", "super+F7")
        screen.type("key", "F7")
        assert orders.next() is HotkeyAction.PAUSE
    finally:
        hotkeys.stop()


def test_a_combination_that_is_held_orders_once(screen: Screen) -> None:
    hotkeys, orders = X11Hotkeys(screen.display), Orders()
    assert hotkeys.start({HotkeyAction.MARK: parse_hotkey("shift+m")}, orders.take) == []
    try:
        screen.type("keydown", "shift", "keydown", "m", "sleep", "0.9", "keyup", "m", "keyup", "shift")
        screen.type("key", "shift+m")
        assert [orders.next(), orders.next()] == [HotkeyAction.MARK, HotkeyAction.MARK]
        assert orders._orders.empty()
    finally:
        hotkeys.stop()


def test_a_combination_that_another_program_holds_is_reported_and_the_others_work(screen: Screen) -> None:
    other, ours, orders = X11Hotkeys(screen.display), X11Hotkeys(screen.display), Orders()
    assert other.start({HotkeyAction.MARK: parse_hotkey("ctrl+shift+f10")}, lambda _action, _at_ns: None) == []
    try:
        (failure,) = ours.start(DEFAULT_HOTKEYS, orders.take)
        assert str(failure) == (
            "The hotkey ctrl+shift+f10 (pause) does not work: another program has it; "
            "choose another combination, or free it there"
        )
        screen.type("key", "ctrl+shift+F9")
        assert orders.next() is HotkeyAction.TOGGLE
    finally:
        ours.stop()
        other.stop()


def test_a_combination_that_is_given_back_can_be_had_again(screen: Screen) -> None:
    for _ in range(2):
        hotkeys = X11Hotkeys(screen.display)
        assert hotkeys.start(DEFAULT_HOTKEYS, lambda _action, _at_ns: None) == []
        hotkeys.stop()
        hotkeys.stop()


def test_one_combination_for_two_orders_is_reported(screen: Screen) -> None:
    hotkeys = X11Hotkeys(screen.display)
    bindings = {HotkeyAction.MARK: parse_hotkey("ctrl+f6"), HotkeyAction.PAUSE: parse_hotkey("control+F6")}
    (failure,) = hotkeys.start(bindings, lambda _action, _at_ns: None)
    hotkeys.stop()

    assert str(failure) == "The hotkey ctrl+f6 (pause) does not work: it is the hotkey for mark already"


def test_a_combination_that_leaves_the_desktop_is_reported(screen: Screen) -> None:
    hotkeys = X11Hotkeys(screen.display)
    (failure,) = hotkeys.start({HotkeyAction.MARK: parse_hotkey("ctrl+alt+f9")}, lambda _action, _at_ns: None)
    hotkeys.stop()

    assert "leaves the desktop for a text console" in failure.reason


def test_a_key_that_no_keyboard_has_is_reported(screen: Screen) -> None:
    hotkeys = X11Hotkeys(screen.display)
    (failure,) = hotkeys.start({HotkeyAction.MARK: parse_hotkey("ctrl+non_us_hash")}, lambda _action, _at_ns: None)
    hotkeys.stop()

    assert failure.reason == "this system's keyboards have no such key"


def test_without_a_desktop_every_hotkey_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    hotkeys = make_hotkeys()
    failures = hotkeys.start(DEFAULT_HOTKEYS, lambda _action, _at_ns: None)
    hotkeys.stop()

    assert [failure.action for failure in failures] == list(DEFAULT_HOTKEYS)
    assert all("there is no DISPLAY" in failure.reason for failure in failures)
