"""Where a key is on the keyboard: from the kernel's key codes to SDL's scancodes, and back.

The codes are those of Linux' input-event-codes.h, the scancodes are usages of USB's keyboard page and, from 257 on,
SDL's own numbers for media keys. X11 keycodes are the kernel's plus 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from playloom.controls import KEYS

X11_KEYCODE_OFFSET = 8
"""X11 keycodes start at 8: an X11 keycode less this is the kernel's."""

# Runs of neighbouring codes, by the first.
_NAMED_RUNS: Mapping[int, str] = {
    1: "escape 1 2 3 4 5 6 7 8 9 0 minus equals backspace",
    15: "tab q w e r t y u i o p left_bracket right_bracket return",
    29: "left_ctrl a s d f g h j k l semicolon apostrophe grave",
    42: "left_shift backslash z x c v b n m comma period slash right_shift",
    55: "keypad_multiply left_alt space caps_lock",
    59: "f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 num_lock scroll_lock",
    71: "keypad_7 keypad_8 keypad_9 keypad_minus keypad_4 keypad_5 keypad_6 keypad_plus",
    79: "keypad_1 keypad_2 keypad_3 keypad_0 keypad_period",
    86: "non_us_backslash f11 f12",
    96: "keypad_enter right_ctrl keypad_divide print_screen right_alt",
    102: "home up page_up left right end down page_down insert delete",
    116: "power keypad_equals",
    119: "pause",
    125: "left_gui right_gui application",
    183: "f13 f14 f15 f16 f17 f18 f19 f20 f21 f22 f23 f24",
}

_OTHERS: Mapping[int, int] = {
    85: 148,  # zenkaku/hankaku: USB's LANG5
    89: 135,  # ro: INTERNATIONAL1
    90: 146,  # katakana: LANG3
    91: 147,  # hiragana: LANG4
    92: 138,  # henkan: INTERNATIONAL4
    93: 136,  # katakana/hiragana: INTERNATIONAL2
    94: 139,  # muhenkan: INTERNATIONAL5
    95: 140,  # the Japanese keypad's comma: INTERNATIONAL6
    113: 127,  # mute
    114: 129,  # volume down
    115: 128,  # volume up
    118: 215,  # the keypad's plus/minus
    121: 133,  # the keypad's comma
    122: 144,  # hangul: LANG1
    123: 145,  # hanja: LANG2
    124: 137,  # yen: INTERNATIONAL3
    128: 120,  # stop
    129: 121,  # again
    130: 118,  # menu
    131: 122,  # undo
    132: 119,  # select
    133: 124,  # copy
    134: 116,  # execute
    135: 125,  # paste
    136: 126,  # find
    137: 123,  # cut
    138: 117,  # help
    142: 258,  # sleep
    143: 259,  # wake
    156: 286,  # bookmarks
    158: 282,  # back
    159: 283,  # forward
    161: 270,  # eject
    163: 267,  # next track
    164: 271,  # play/pause
    165: 268,  # previous track
    166: 269,  # stop playing
    167: 264,  # record
    168: 266,  # rewind
    172: 281,  # home page
    173: 285,  # refresh
    174: 276,  # exit
    179: 182,  # the keypad's left parenthesis
    180: 183,  # the keypad's right parenthesis
    181: 273,  # new
    200: 262,  # play
    201: 263,  # pause playing
    206: 275,  # close
    208: 265,  # fast forward
    210: 278,  # print
    217: 280,  # search
    226: 272,  # choose the player
    234: 277,  # save
}


def _scancodes() -> dict[int, int]:
    scancodes = dict(_OTHERS)
    for first, names in _NAMED_RUNS.items():
        scancodes |= {first + place: KEYS[name] for place, name in enumerate(names.split())}
    return scancodes


SCANCODE_OF_EVDEV: Mapping[int, int] = MappingProxyType(_scancodes())
"""SDL scancodes by the kernel's key codes. A code that is not here has no place on SDL's keyboard."""

EVDEV_OF_SCANCODE: Mapping[int, int] = MappingProxyType({scan: code for code, scan in SCANCODE_OF_EVDEV.items()})


def scancode_of_x11(keycode: int) -> int | None:
    """The SDL scancode of an X11 keycode; None for a key that SDL does not know."""
    return SCANCODE_OF_EVDEV.get(keycode - X11_KEYCODE_OFFSET)


def x11_of_scancode(scancode: int) -> int | None:
    """The X11 keycode of an SDL scancode; None for a key that Linux' keyboards do not have."""
    code = EVDEV_OF_SCANCODE.get(scancode)
    return None if code is None else code + X11_KEYCODE_OFFSET
