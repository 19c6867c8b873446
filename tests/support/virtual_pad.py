"""A gamepad that SDL itself provides: what is pressed on it takes the way that a real pad's events take."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pygame
import pytest

from playloom.controls import AXIS_IDS, BUTTON_IDS

GAME_CONTROLLER = 1
"""SDL_JOYSTICK_TYPE_GAMECONTROLLER."""
AXIS_COUNT, BUTTON_COUNT = 6, 15


class VirtualPad:
    """A pad, plugged in; its buttons and axes have the names of `playloom.controls`."""

    def __init__(self, sdl: ctypes.CDLL, index: int) -> None:
        self._sdl = sdl
        self._index = index
        self._pad = ctypes.c_void_p(sdl.SDL_JoystickOpen(index))
        assert self._pad.value

    def press(self, button: str) -> None:
        assert self._sdl.SDL_JoystickSetVirtualButton(self._pad, BUTTON_IDS[button], 1) == 0

    def release(self, button: str) -> None:
        assert self._sdl.SDL_JoystickSetVirtualButton(self._pad, BUTTON_IDS[button], 0) == 0

    def move(self, axis: str, value: int) -> None:
        """Sticks rest at 0; a trigger rests at -32768, as the hardware below a pad has it."""
        assert self._sdl.SDL_JoystickSetVirtualAxis(self._pad, AXIS_IDS[axis], ctypes.c_int16(value)) == 0

    def unplug(self) -> None:
        if self._pad.value:
            self._sdl.SDL_JoystickClose(self._pad)
            self._pad = ctypes.c_void_p(None)
            assert self._sdl.SDL_JoystickDetachVirtual(self._index) == 0


@contextmanager
def virtual_pad() -> Iterator[VirtualPad]:
    """Plug a pad in and, in the end, out. SDL's video has to be running: without a window nobody gets events."""
    from pygame._sdl2 import controller

    sdl = _sdl()
    controller.init()
    index = sdl.SDL_JoystickAttachVirtual(GAME_CONTROLLER, AXIS_COUNT, BUTTON_COUNT, 0)
    assert index >= 0
    pad = VirtualPad(sdl, index)
    try:
        yield pad
    finally:
        if pygame.display.get_init():  # where SDL is shut down, its pads are gone
            pad.unplug()
            controller.quit()


def _sdl() -> ctypes.CDLL:
    """The very library that pygame has loaded."""
    assert pygame.get_sdl_version() >= (2, 0, 14)
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip(f"finding pygame's SDL is not known on {sys.platform}")
    # Not the system's SDL, which FFmpeg's libraries bring into the same process.
    files = {Path(line.split(maxsplit=5)[5]) for line in maps.read_text().splitlines() if "libSDL2-2" in line}
    (file,) = (file for file in files if "pygame" in file.parent.name)
    sdl = ctypes.CDLL(str(file))
    sdl.SDL_JoystickOpen.restype = ctypes.c_void_p
    return sdl
