"""Keyboard keys by place: the scan codes of a PC keyboard (set 1) as Windows hands them out, and SDL's."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from playloom.controls import KEYS

EXTENDED = 0xE000
"""Added to the codes of keys that a PC keyboard announces with the byte E0."""

PAUSE = 0xE11D
"""The only key that is announced with E1; its second half, 0x45, follows as an event of its own."""

_ROWS: Mapping[int, str] = MappingProxyType(
    {
        0x01: "escape 1 2 3 4 5 6 7 8 9 0 minus equals backspace tab",
        0x10: "q w e r t y u i o p left_bracket right_bracket return left_ctrl",
        0x1E: "a s d f g h j k l semicolon apostrophe grave left_shift backslash",
        0x2C: "z x c v b n m comma period slash right_shift keypad_multiply left_alt space caps_lock",
        0x3B: "f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 num_lock scroll_lock",
        0x47: "keypad_7 keypad_8 keypad_9 keypad_minus keypad_4 keypad_5 keypad_6 keypad_plus",
        0x4F: "keypad_1 keypad_2 keypad_3 keypad_0 keypad_period print_screen",
        0x56: "non_us_backslash f11 f12 keypad_equals",
        0x64: "f13 f14 f15 f16 f17 f18 f19 f20 f21 f22 f23",
        0x76: "f24",
        EXTENDED | 0x1C: "keypad_enter right_ctrl",
        EXTENDED | 0x35: "keypad_divide",
        EXTENDED | 0x37: "print_screen right_alt",
        EXTENDED | 0x45: "num_lock pause home up page_up",
        EXTENDED | 0x4B: "left",
        EXTENDED | 0x4D: "right",
        EXTENDED | 0x4F: "end down page_down insert delete",
        EXTENDED | 0x5B: "left_gui right_gui application power",
        PAUSE: "pause",
    }
)

# Keys of Japanese and Brazilian keyboards have no name in playloom.controls; SDL calls them INTERNATIONAL1 to 5.
_INTERNATIONAL = {0x73: 135, 0x70: 136, 0x7D: 137, 0x79: 138, 0x7B: 139}

SDL_SCANCODES: Mapping[int, int] = MappingProxyType(
    {first + place: KEYS[name] for first, names in _ROWS.items() for place, name in enumerate(names.split())}
    | _INTERNATIONAL
)
"""SDL's scancode of each scan code."""

_SECOND = (0x54, EXTENDED | 0x45, EXTENDED | 0x46)  # print screen with alt, num lock in messages, pause with ctrl

SCAN_CODES: Mapping[int, int] = MappingProxyType(
    {scancode: code for code, scancode in SDL_SCANCODES.items() if code not in _SECOND}
)
"""The scan code of each of SDL's scancodes; of a key with two, the usual one."""
