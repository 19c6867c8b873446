"""What Raw Input says, taken from the bytes in which it says it (RAWINPUT)."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Final

from capture_node.windows.structures import RAWINPUTHEADER, RAWKEYBOARD, RAWMOUSE

RIM_TYPEMOUSE: Final = 0
RIM_TYPEKEYBOARD: Final = 1

_HEADER_BYTES = ctypes.sizeof(RAWINPUTHEADER)


@dataclass(frozen=True, kw_only=True, slots=True)
class RawKey:
    """One report of a keyboard (RAWKEYBOARD).

    Attributes:
        make_code: the scan code without its prefix; 0 from a program that presses keys by their meaning.
        flags: RI_KEY_BREAK and others.
        virtual_key: what the key means in the layout.
    """

    make_code: int
    flags: int
    virtual_key: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RawMouse:
    """One report of a mouse (RAWMOUSE).

    Attributes:
        flags: MOUSE_MOVE_ABSOLUTE and others.
        button_flags: RI_MOUSE_LEFT_BUTTON_DOWN and others.
        button_data: of the wheel, signed: 120 for a notch.
        x, y: motion in the mouse's counts, or a place.
    """

    flags: int
    button_flags: int
    button_data: int
    x: int
    y: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DesktopSwitched:
    """Windows showed its secure desktop (the lock, a question of UAC), or came back: keys released there are not
    reported.
    """


type RawRecord = RawKey | RawMouse | DesktopSwitched


def read_raw_input(data: bytes) -> RawKey | RawMouse | None:
    """A report as GetRawInputData gives it; None for other devices."""
    header = RAWINPUTHEADER.from_buffer_copy(data)
    if header.dwType == RIM_TYPEKEYBOARD:
        keyboard = RAWKEYBOARD.from_buffer_copy(data, _HEADER_BYTES)
        return RawKey(make_code=keyboard.MakeCode, flags=keyboard.Flags, virtual_key=keyboard.VKey)
    if header.dwType == RIM_TYPEMOUSE:
        mouse = RAWMOUSE.from_buffer_copy(data, _HEADER_BYTES)
        return RawMouse(
            flags=mouse.usFlags,
            button_flags=mouse.usButtonFlags,
            button_data=ctypes.c_int16(mouse.usButtonData).value,
            x=mouse.lLastX,
            y=mouse.lLastY,
        )
    return None
