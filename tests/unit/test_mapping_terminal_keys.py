"""Keys that only the terminal tells of."""

from __future__ import annotations

import pytest

from capture_node.inputs.events import Key, MouseButton, MouseWheel
from capture_node.mapping.terminal_keys import TerminalInputs, scancodes_of
from playloom.controls import KEYS

MS = 1_000_000


def keys_due(terminal: TerminalInputs, at_ms: int) -> list[tuple[int, bool]]:
    return [(one.scancode, one.pressed) for one in terminal.due(at_ms * MS) if isinstance(one, Key)]


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("w", ["w"]),
        ("W", ["w"]),
        ("7", ["7"]),
        ("enter", ["return"]),
        ("space", ["space"]),
        ("full_stop", ["period"]),
        ("pageup", ["page_up"]),
        ("f12", ["f12"]),
        ("ctrl+s", ["left_ctrl", "s"]),
        ("shift+tab", ["left_shift", "tab"]),
    ],
)
def test_what_a_terminal_calls_a_key_is_a_place_on_the_keyboard(key: str, names: list[str]) -> None:
    assert scancodes_of(key) == tuple(KEYS[name] for name in names)


@pytest.mark.parametrize("key", ["section_sign", "ctrl+at", "hyper+x", "ä"])
def test_what_has_no_known_place_is_none(key: str) -> None:
    assert scancodes_of(key) is None


def test_a_key_counts_when_no_source_has_told_of_it_in_time() -> None:
    terminal = TerminalInputs()
    terminal.key("x", 1000 * MS)
    assert keys_due(terminal, 1149) == []
    assert keys_due(terminal, 1150) == [(KEYS["x"], True), (KEYS["x"], False)]
    assert keys_due(terminal, 2000) == []


@pytest.mark.parametrize("told_ms", [800, 1000, 1100])
def test_a_key_that_a_source_tells_of_needs_no_stand_in(told_ms: int) -> None:
    terminal = TerminalInputs()
    terminal.key("x", 1000 * MS)
    terminal.source_told(told_ms * MS)
    assert keys_due(terminal, 1200) == []


def test_a_source_that_told_of_something_long_ago_does_not_silence_the_terminal() -> None:
    terminal = TerminalInputs()
    terminal.source_told(100 * MS)
    terminal.key("x", 1000 * MS)
    assert len(keys_due(terminal, 1200)) == 2


def test_a_key_that_is_held_repeats_and_is_pressed_once() -> None:
    terminal = TerminalInputs()
    for at_ms in (1000, 1500, 1530, 1560):
        terminal.key("x", at_ms * MS)
    assert len(keys_due(terminal, 2000)) == 2
    terminal.key("x", 3000 * MS)
    assert len(keys_due(terminal, 4000)) == 2


def test_clicks_and_the_wheel_stand_in_likewise() -> None:
    terminal = TerminalInputs()
    terminal.mouse_button(3, 0)
    terminal.wheel(-1, 0)
    assert terminal.due(200 * MS) == [
        MouseButton(monotonic_ns=0, button=3, pressed=True),
        MouseButton(monotonic_ns=0, button=3, pressed=False),
        MouseWheel(monotonic_ns=0, dx=0, dy=-1),
    ]
