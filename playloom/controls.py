"""The names and ids of everything that a player can press, push or move: SDL3's, defined once, here.

Recordings hold the ids, mapping profiles hold the names. Gamepad button ids start at 0 (SDL_GamepadButton), axes are
in SDL_GamepadAxis order, keys are SDL scancodes (USB HID usage ids: a place on the keyboard, not a letter).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

BUTTONS: tuple[str, ...] = (
    "south",
    "east",
    "west",
    "north",
    "back",
    "guide",
    "start",
    "left_stick",
    "right_stick",
    "left_shoulder",
    "right_shoulder",
    "dpad_up",
    "dpad_down",
    "dpad_left",
    "dpad_right",
    "misc1",
    "right_paddle1",
    "left_paddle1",
    "right_paddle2",
    "left_paddle2",
    "touchpad",
)
"""Gamepad buttons by SDL id."""

AXES: tuple[str, ...] = ("leftx", "lefty", "rightx", "righty", "left_trigger", "right_trigger")
"""Gamepad axes by SDL id. Sticks: right and down are positive. Triggers: [0, 1]."""

STICKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"left_stick": ("leftx", "lefty"), "right_stick": ("rightx", "righty")}
)
"""The two axes of each stick, as (x, y)."""

TRIGGERS: tuple[str, ...] = ("left_trigger", "right_trigger")

MOUSE_BUTTONS: tuple[str, ...] = ("", "left", "middle", "right", "x1", "x2")
"""Mouse buttons by SDL id; there is no button 0."""

SCANCODES = 512
"""SDL's scancodes are below this."""


def _keys() -> dict[str, int]:
    names = {letter: 4 + place for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}
    names |= {digit: 30 + place for place, digit in enumerate("1234567890")}
    middle = "return escape backspace tab space minus equals left_bracket right_bracket backslash non_us_hash semicolon"
    middle += " apostrophe grave comma period slash caps_lock"
    names |= {name: 40 + place for place, name in enumerate(middle.split())}
    names |= {f"f{number}": 57 + number for number in range(1, 13)}
    editing = "print_screen scroll_lock pause insert home page_up delete end page_down right left down up num_lock"
    names |= {name: 70 + place for place, name in enumerate(editing.split())}
    keypad = "divide multiply minus plus enter 1 2 3 4 5 6 7 8 9 0 period"
    names |= {f"keypad_{name}": 84 + place for place, name in enumerate(keypad.split())}
    names |= {"non_us_backslash": 100, "application": 101, "power": 102, "keypad_equals": 103}
    names |= {f"f{number}": 91 + number for number in range(13, 25)}
    modifiers = "left_ctrl left_shift left_alt left_gui right_ctrl right_shift right_alt right_gui"
    names |= {name: 224 + place for place, name in enumerate(modifiers.split())}
    return names


KEYS: Mapping[str, int] = MappingProxyType(_keys())
"""Scancodes by key name. A name says where the key is on a US keyboard."""

KEY_NAMES: Mapping[int, str] = MappingProxyType({code: name for name, code in KEYS.items()})

BUTTON_IDS: Mapping[str, int] = MappingProxyType({name: number for number, name in enumerate(BUTTONS)})
AXIS_IDS: Mapping[str, int] = MappingProxyType({name: number for number, name in enumerate(AXES)})
MOUSE_BUTTON_IDS: Mapping[str, int] = MappingProxyType(
    {name: number for number, name in enumerate(MOUSE_BUTTONS) if name}
)
