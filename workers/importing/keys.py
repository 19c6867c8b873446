"""Other programs' names and numbers of keys and mouse buttons as SDL's.

Minecraft names keys by their place on a US keyboard, as GLFW does. Windows' virtual-key codes name what a key means
under the layout in force; most recordings' keyboards mean what their US places say, and that is what they become.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from playloom.controls import KEYS, MOUSE_BUTTON_IDS

LANG1, LANG2 = 144, 145
"""SDL's scancodes of the keys that switch between Hangul and Latin, and to Hanja."""


def _minecraft() -> dict[str, int]:
    same = [*"abcdefghijklmnopqrstuvwxyz0123456789", "space", "tab", "escape", "backspace", "delete", "end", "home"]
    same += ["insert", "apostrophe", "backslash", "comma", "minus", "period", "semicolon", "slash", "pause"]
    same += ["up", "down", "left", "right", *(f"f{number}" for number in range(1, 25))]
    names = {name: KEYS[name] for name in same}
    other = {
        "enter": "return",
        "equal": "equals",
        "grave.accent": "grave",
        "left.bracket": "left_bracket",
        "right.bracket": "right_bracket",
        "caps.lock": "caps_lock",
        "num.lock": "num_lock",
        "scroll.lock": "scroll_lock",
        "print.screen": "print_screen",
        "page.up": "page_up",
        "page.down": "page_down",
        "menu": "application",
        "world.1": "non_us_hash",
        "world.2": "non_us_backslash",
        "keypad.add": "keypad_plus",
        "keypad.subtract": "keypad_minus",
        "keypad.multiply": "keypad_multiply",
        "keypad.divide": "keypad_divide",
        "keypad.decimal": "keypad_period",
        "keypad.enter": "keypad_enter",
        "keypad.equal": "keypad_equals",
    }
    other |= {f"keypad.{digit}": f"keypad_{digit}" for digit in range(10)}
    for side in ("left", "right"):
        other |= {f"{side}.{theirs}": f"{side}_{ours}" for theirs, ours in _MODIFIERS}
    names |= {theirs: KEYS[ours] for theirs, ours in other.items()}
    return {f"key.keyboard.{name}": code for name, code in names.items()}


def _windows() -> dict[int, int]:
    codes = {ord(letter.upper()): KEYS[letter] for letter in "abcdefghijklmnopqrstuvwxyz"}
    codes |= {ord(digit): KEYS[digit] for digit in "0123456789"}
    codes |= {0x60 + digit: KEYS[f"keypad_{digit}"] for digit in range(10)}
    codes |= {0x6F + number: KEYS[f"f{number}"] for number in range(1, 25)}
    named = {
        0x08: "backspace", 0x09: "tab", 0x0D: "return", 0x10: "left_shift", 0x11: "left_ctrl", 0x12: "left_alt",
        0x13: "pause", 0x14: "caps_lock", 0x1B: "escape", 0x20: "space", 0x21: "page_up", 0x22: "page_down",
        0x23: "end", 0x24: "home", 0x25: "left", 0x26: "up", 0x27: "right", 0x28: "down", 0x2C: "print_screen",
        0x2D: "insert", 0x2E: "delete", 0x5B: "left_gui", 0x5C: "right_gui", 0x5D: "application",
        0x6A: "keypad_multiply", 0x6B: "keypad_plus", 0x6D: "keypad_minus", 0x6E: "keypad_period",
        0x6F: "keypad_divide", 0x90: "num_lock", 0x91: "scroll_lock", 0xA0: "left_shift", 0xA1: "right_shift",
        0xA2: "left_ctrl", 0xA3: "right_ctrl", 0xA4: "left_alt", 0xA5: "right_alt", 0xBA: "semicolon",
        0xBB: "equals", 0xBC: "comma", 0xBD: "minus", 0xBE: "period", 0xBF: "slash", 0xC0: "grave",
        0xDB: "left_bracket", 0xDC: "backslash", 0xDD: "right_bracket", 0xDE: "apostrophe", 0xE2: "non_us_backslash",
    }  # fmt: skip
    codes |= {code: KEYS[name] for code, name in named.items()}
    return codes | {0x15: LANG1, 0x19: LANG2}


_MODIFIERS = (("shift", "shift"), ("control", "ctrl"), ("alt", "alt"), ("win", "gui"))

MINECRAFT_KEYS: Mapping[str, int] = MappingProxyType(_minecraft())
"""Scancodes by the names that Minecraft gives keys."""

MINECRAFT_BUTTONS: Mapping[int, int] = MappingProxyType({0: 1, 1: 3, 2: 2, 3: 4, 4: 5})
"""SDL mouse buttons by GLFW's numbers: left, right, middle, and the two on the side."""

WINDOWS_KEYS: Mapping[int, int] = MappingProxyType(_windows())
"""Scancodes by Windows' virtual-key codes."""

WINDOWS_MOUSE_KEYS: Mapping[int, int] = MappingProxyType(
    {0x01: MOUSE_BUTTON_IDS["left"], 0x02: MOUSE_BUTTON_IDS["right"], 0x04: MOUSE_BUTTON_IDS["middle"],
     0x05: MOUSE_BUTTON_IDS["x1"], 0x06: MOUSE_BUTTON_IDS["x2"]}
)  # fmt: skip
"""SDL mouse buttons by their virtual-key codes, which are among the keyboard's."""
