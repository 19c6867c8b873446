from __future__ import annotations

import re
from pathlib import Path

import pytest

from capture_node.inputs.evdev_keys import EVDEV_OF_SCANCODE, SCANCODE_OF_EVDEV, scancode_of_x11, x11_of_scancode
from playloom.controls import KEY_NAMES, KEYS, SCANCODES

_KERNEL_HEADER = Path("/usr/include/linux/input-event-codes.h")


def test_every_key_with_a_name_can_be_pressed_but_one_that_linux_calls_backslash() -> None:
    assert [name for name, scancode in KEYS.items() if scancode not in EVDEV_OF_SCANCODE] == ["non_us_hash"]


def test_no_two_keys_are_one_scancode() -> None:
    assert len(EVDEV_OF_SCANCODE) == len(SCANCODE_OF_EVDEV)
    assert all(0 < scancode < SCANCODES for scancode in EVDEV_OF_SCANCODE)


@pytest.mark.parametrize(
    ("keycode", "name"),
    [
        (9, "escape"), (24, "q"), (38, "a"), (50, "left_shift"), (65, "space"), (94, "non_us_backslash"),
        (104, "keypad_enter"), (108, "right_alt"), (111, "up"), (113, "left"), (119, "delete"), (127, "pause"),
        (133, "left_gui"), (135, "application"), (191, "f13"), (202, "f24"),
    ],
)  # fmt: skip
def test_x11_keycodes_are_places_on_the_keyboard(keycode: int, name: str) -> None:
    assert scancode_of_x11(keycode) == KEYS[name]
    assert x11_of_scancode(KEYS[name]) == keycode


def test_a_key_without_a_place_is_none() -> None:
    assert scancode_of_x11(8) is None
    assert scancode_of_x11(255) is None
    assert x11_of_scancode(KEYS["non_us_hash"]) is None


@pytest.mark.skipif(not _KERNEL_HEADER.exists(), reason="the kernel's headers are not installed")
def test_letters_digits_and_function_keys_bear_the_kernels_names() -> None:
    codes = dict(re.findall(r"#define KEY_(\w+)\s+(\d+)\b", _KERNEL_HEADER.read_text()))
    plain = [name for name in KEYS if re.fullmatch(r"[a-z]|[0-9]|f\d+", name)]

    assert len(plain) == 26 + 10 + 24
    for name in plain:
        assert KEY_NAMES[SCANCODE_OF_EVDEV[int(codes[name.upper()])]] == name
