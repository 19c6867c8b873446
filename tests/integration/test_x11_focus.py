"""Focus of a real window: who has the keyboard, whoever was asked to give it."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from capture_node.clock import now_ns
from capture_node.inputs.hub import InputHub
from capture_node.inputs.x11_focus import X11FocusWatch
from capture_node.inputs.x11_input import X11KeyboardMouse
from capture_node.sources.x11_display import X11Display
from playloom.controls import KEYS
from playloom.errors import CaptureError
from playloom.recording.input_stream import InputSnapshot
from tests.support.x_screen import Screen, x_screen

_POINTER_ROOT = 1


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with x_screen((800, 600)) as screen:
        yield screen


class Desktop:
    """Windows, and the keyboard given to them."""

    def __init__(self, screen: Screen) -> None:
        self.display = X11Display(screen.display)
        self.core: Any = self.display.connection.core
        self.root: int = self.display.screen.root

    def window(self, parent: int | None = None, at: tuple[int, int] = (0, 0)) -> int:
        from xcffib.xproto import CW, WindowClass

        window = self.display.connection.generate_id()
        visual, inside = self.display.screen.root_visual, self.root if parent is None else parent
        self.core.CreateWindowChecked(
            24, window, inside, *at, 200, 150, 0, WindowClass.InputOutput, visual, CW.BackPixel, [0x203040]
        ).check()
        self.core.MapWindowChecked(window).check()
        return window

    def focus(self, window: int) -> None:
        self.core.SetInputFocusChecked(0, window, 0).check()

    def reparent(self, window: int, parent: int) -> None:
        self.core.ReparentWindowChecked(window, parent, 10, 10).check()
        self.core.MapWindowChecked(window).check()

    def destroy(self, window: int) -> None:
        self.core.DestroyWindowChecked(window).check()


@pytest.fixture
def desktop(screen: Screen) -> Iterator[Desktop]:
    desktop = Desktop(screen)
    yield desktop
    desktop.focus(_POINTER_ROOT)
    desktop.display.close()


@contextmanager
def _watching(screen: Screen, window: int) -> Iterator[queue.Queue[bool]]:
    said: queue.Queue[bool] = queue.Queue()
    watch = X11FocusWatch(hex(window), screen.display)
    begun_ns = now_ns()

    def take(focused: bool, at_ns: int) -> None:
        assert begun_ns <= at_ns <= now_ns()
        said.put(focused)

    watch.start(take)
    assert said.qsize() == 1, "what is so at the beginning is said at once"
    try:
        yield said
    finally:
        watch.stop()
        watch.stop()


def test_the_keyboard_comes_and_goes(screen: Screen, desktop: Desktop) -> None:
    game, other = desktop.window(), desktop.window(at=(300, 0))
    desktop.focus(other)
    with _watching(screen, game) as said:
        assert said.get(timeout=10) is False
        for focused in (True, False, True):
            desktop.focus(game if focused else other)
            assert said.get(timeout=10) is focused


def test_a_window_in_the_game_has_the_games_keyboard(screen: Screen, desktop: Desktop) -> None:
    game, other = desktop.window(), desktop.window(at=(300, 0))
    field = desktop.window(desktop.window(game))
    desktop.focus(other)
    with _watching(screen, game) as said:
        assert said.get(timeout=10) is False
        desktop.focus(field)
        assert said.get(timeout=10) is True
        desktop.focus(game)
        desktop.focus(other)
        assert said.get(timeout=10) is False


def test_the_frame_around_the_game_is_the_games(screen: Screen, desktop: Desktop) -> None:
    game, other, frame = desktop.window(), desktop.window(at=(300, 0)), desktop.window(at=(0, 200))
    desktop.focus(other)
    with _watching(screen, game) as said:
        assert said.get(timeout=10) is False
        desktop.reparent(game, frame)  # a window manager that starts, or decorates late
        desktop.focus(frame)
        assert said.get(timeout=10) is True
        desktop.focus(other)
        assert said.get(timeout=10) is False


def test_another_window_in_the_same_frame_is_not_the_game(screen: Screen, desktop: Desktop) -> None:
    frame = desktop.window()
    game, tab = desktop.window(frame), desktop.window(frame, at=(0, 80))
    desktop.focus(game)
    with _watching(screen, game) as said:
        assert said.get(timeout=10) is True
        desktop.focus(tab)
        assert said.get(timeout=10) is False


def test_without_a_window_manager_the_keyboard_follows_the_pointer(screen: Screen, desktop: Desktop) -> None:
    game = desktop.window()
    desktop.focus(_POINTER_ROOT)
    screen.type("mousemove", "700", "500")
    with _watching(screen, game) as said:
        assert said.get(timeout=10) is False
        screen.type("mousemove", "100", "100")
        assert said.get(timeout=10) is True
        screen.type("mousemove", "700", "500")
        assert said.get(timeout=10) is False


def test_a_window_that_is_closed_has_no_focus(screen: Screen, desktop: Desktop) -> None:
    game = desktop.window()
    desktop.focus(game)
    with _watching(screen, game) as said:
        assert said.get(timeout=10) is True
        desktop.destroy(game)
        assert said.get(timeout=10) is False


def test_a_hotkey_that_is_pressed_takes_no_focus(screen: Screen, desktop: Desktop) -> None:
    """While it is down, the server tells the game that the keyboard is grabbed."""
    from xcffib.xproto import GrabMode

    game = desktop.window()
    desktop.focus(game)
    with _watching(screen, game) as said:
        assert said.get(timeout=10) is True
        desktop.core.GrabKeyboard(False, desktop.root, 0, GrabMode.Async, GrabMode.Async).reply()
        desktop.core.UngrabKeyboardChecked(0).check()
        desktop.focus(desktop.window(at=(300, 0)))
        assert said.get(timeout=10) is False


def test_a_window_that_is_not_there_cannot_be_watched(screen: Screen) -> None:
    with pytest.raises(CaptureError, match="Window 0x12345: it is not there any more"):
        X11FocusWatch("0x12345", screen.display).start(lambda _focused, _at_ns: None)


def test_what_is_held_when_focus_goes_is_released_in_the_recording_and_not_typed_elsewhere(
    screen: Screen, desktop: Desktop
) -> None:
    game, other = desktop.window(), desktop.window(at=(300, 0))
    desktop.focus(game)
    snapshots: queue.Queue[InputSnapshot] = queue.Queue()
    hub = InputHub()
    hub.attach(lambda snapshot, _events: snapshots.put(snapshot), now_ns())
    keyboard = X11KeyboardMouse(screen.display)
    keyboard.start(hub.handle)
    try:
        focus: queue.Queue[bool] = queue.Queue()
        watch = X11FocusWatch(hex(game), screen.display)

        def follow(focused: bool, at_ns: int) -> None:
            hub.set_open("keyboard_mouse", focused, at_ns)
            focus.put(focused)

        watch.start(follow)
        assert focus.get(timeout=10) is True
        screen.type("keydown", "w")
        assert snapshots.get(timeout=10).keys == {KEYS["w"]}

        desktop.focus(other)
        assert focus.get(timeout=10) is False
        assert snapshots.get(timeout=10).keys == frozenset()
        screen.type("key", "p")  # a password in another window
        screen.type("keydown", "d", "keyup", "w")

        desktop.focus(game)
        assert focus.get(timeout=10) is True
        assert snapshots.get(timeout=10).keys == {KEYS["d"]}, "what is held now, not what was held then"
        screen.type("keyup", "d")
        assert snapshots.get(timeout=10).keys == frozenset()
        watch.stop()
        assert snapshots.empty()
    finally:
        keyboard.stop()
