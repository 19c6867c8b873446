"""Hotkeys and focus on Windows, over fakes of what Windows documents: nothing here has run on Windows."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence

from capture_node.hotkeys.hotkey import DEFAULT_HOTKEYS, HotkeyAction, parse_hotkey
from capture_node.hotkeys.windows import WindowsHotkeys
from capture_node.windows.focus import WindowsFocus
from tests.support.fake_windows import FakeDesktop, FakeWindow

CTRL_SHIFT = 0x4000 | 2 | 4  # MOD_NOREPEAT, MOD_CONTROL, MOD_SHIFT


class FakeQueue:
    def __init__(self, problems: dict[int, str] | None = None) -> None:
        self.problems = problems or {}
        self.registered: list[tuple[int, int, int]] = []
        self.given_back: list[int] = []
        self.presses: queue.Queue[tuple[int, int] | None] = queue.Queue()
        self.owner: int | None = None

    def open(self) -> None:
        self.owner = threading.get_ident()

    def virtual_key(self, scan_code: int) -> int:
        return {0x11: 0x5A}.get(scan_code, 0)  # On a French keyboard the key named w writes z.

    def register(self, number: int, flags: int, virtual_key: int) -> str | None:
        assert threading.get_ident() == self.owner
        self.registered.append((number, flags, virtual_key))
        return self.problems.get(virtual_key)

    def wait(self) -> tuple[int, int] | None:
        return self.presses.get(timeout=10)

    def interrupt(self) -> None:
        self.presses.put(None)

    def close(self, numbers: Sequence[int]) -> None:
        assert threading.get_ident() == self.owner
        self.given_back += numbers


def test_the_usual_hotkeys_are_registered_and_order_what_they_stand_for() -> None:
    fake, ordered = FakeQueue(), []
    hotkeys = WindowsHotkeys(lambda: fake)

    before_ns = time.monotonic_ns()
    assert hotkeys.start(DEFAULT_HOTKEYS, lambda action, when_ns: ordered.append((action, when_ns))) == []
    fake.presses.put((2, 0))
    fake.presses.put((4, 1000))
    hotkeys.stop()
    hotkeys.stop()

    assert fake.registered == [
        (1, CTRL_SHIFT, 0x78),
        (2, CTRL_SHIFT, 0x79),
        (3, CTRL_SHIFT, 0x7A),
        (4, CTRL_SHIFT, 0x7B),
    ]
    assert [action for action, _ in ordered] == [HotkeyAction.PAUSE, HotkeyAction.DISCARD]
    assert ordered[1][1] < before_ns <= ordered[0][1]
    assert fake.given_back == [1, 2, 3, 4]


def test_a_hotkey_that_another_program_holds_is_reported_and_the_others_work() -> None:
    fake = FakeQueue(problems={0x79: "another program holds it"})
    hotkeys = WindowsHotkeys(lambda: fake)

    (failure,) = hotkeys.start(DEFAULT_HOTKEYS, lambda _action, _when_ns: None)
    hotkeys.stop()

    assert str(failure) == "The hotkey ctrl+shift+f10 (pause) does not work: another program holds it"
    assert fake.given_back == [1, 3, 4]


def test_a_key_is_registered_by_what_it_means_in_the_players_layout() -> None:
    fake = FakeQueue()
    hotkeys = WindowsHotkeys(lambda: fake)
    bindings = {
        HotkeyAction.MARK: parse_hotkey("shift+win+w"),
        HotkeyAction.PAUSE: parse_hotkey("keypad_7"),
        HotkeyAction.TOGGLE: parse_hotkey("ctrl+home"),
    }

    failures = hotkeys.start(bindings, lambda _action, _when_ns: None)
    hotkeys.stop()

    assert fake.registered == [(1, 0x4000 | 4 | 8, 0x5A), (2, 0x4000, 0x67)]
    assert [failure.reason for failure in failures] == ["this keyboard's layout has no meaning for the key home"]


def watched(desktop: FakeDesktop) -> tuple[WindowsFocus, queue.Queue[bool]]:
    changes: queue.Queue[bool] = queue.Queue()
    focus = WindowsFocus("5", desktop=desktop)
    focus.start(lambda focused, _when_ns: changes.put(focused))
    return focus, changes


def test_focus_is_told_at_the_beginning_and_at_every_change() -> None:
    desktop = FakeDesktop(shown=[FakeWindow(handle=5), FakeWindow(handle=2, process=200)], in_front=5)
    focus, changes = watched(desktop)

    told = [changes.get_nowait()]
    for in_front in (2, 5, 0):
        desktop.in_front = in_front
        told.append(changes.get(timeout=10))
    focus.stop()
    focus.stop()
    desktop.in_front = 5

    assert told == [True, False, True, False]
    assert changes.empty()


def test_a_window_that_belongs_to_the_game_keeps_its_focus() -> None:
    desktop = FakeDesktop(shown=[FakeWindow(handle=6, title="Settings", owner=5), FakeWindow(handle=5)], in_front=6)
    focus, changes = watched(desktop)
    focus.stop()

    assert changes.get_nowait() is True
