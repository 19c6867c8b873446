from __future__ import annotations

import pytest

from playloom.controls import KEY_NAMES
from workers.importing.keys import MINECRAFT_KEYS, WINDOWS_KEYS, WINDOWS_MOUSE_KEYS


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("key.keyboard.w", "w"),
        ("key.keyboard.1", "1"),
        ("key.keyboard.left.shift", "left_shift"),
        ("key.keyboard.left.control", "left_ctrl"),
        ("key.keyboard.right.win", "right_gui"),
        ("key.keyboard.enter", "return"),
        ("key.keyboard.keypad.7", "keypad_7"),
        ("key.keyboard.grave.accent", "grave"),
        ("key.keyboard.f3", "f3"),
    ],
)
def test_minecrafts_names_are_places_on_a_us_keyboard(theirs: str, ours: str) -> None:
    assert KEY_NAMES[MINECRAFT_KEYS[theirs]] == ours


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        (0x41, "a"), (0x30, "0"), (0x10, "left_shift"), (0xA1, "right_shift"), (0xA2, "left_ctrl"), (0x20, "space"),
        (0x1B, "escape"), (0x70, "f1"), (0x7B, "f12"), (0x60, "keypad_0"), (0xBA, "semicolon"), (0xDB, "left_bracket"),
        (0x25, "left"), (0x5B, "left_gui"),
    ],
)  # fmt: skip
def test_windows_virtual_key_codes_are_keys_of_a_us_keyboard(code: int, ours: str) -> None:
    assert KEY_NAMES[WINDOWS_KEYS[code]] == ours


def test_mouse_buttons_among_virtual_keys_are_no_keys() -> None:
    assert not WINDOWS_KEYS.keys() & WINDOWS_MOUSE_KEYS.keys()
    assert WINDOWS_MOUSE_KEYS[0x02] == 3
