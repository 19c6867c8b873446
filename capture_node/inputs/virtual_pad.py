"""A gamepad that SDL itself provides: what is pressed on it takes the way that a real pad's events take.

`playloom node calibrate --virtual` presses it, and so do the tests.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from capture_node.inputs.sdl_thread import SdlThread, sdl_thread
from playloom.controls import AXES, AXIS_IDS, BUTTON_IDS, BUTTONS, TRIGGERS
from playloom.errors import CaptureError

NAME = "Playloom virtual pad"
VENDOR_ID, PRODUCT_ID = 0x045E, 0x028E
"""Those of a pad that every game knows."""

_LEAST = -32768


class VirtualPad:
    """A pad; its buttons and axes have the names of `playloom.controls`. Its events come within two milliseconds.

    Args:
        thread: SDL's, which must be held for as long as the pad is used.
        name: what the pad calls itself.
        product_id: of USB. Pads with the same one are of the same model to SDL, and get the name of the first.
    """

    def __init__(self, thread: SdlThread, *, name: str = NAME, product_id: int = PRODUCT_ID) -> None:
        self._thread = thread
        self.name = name
        self._product_id = product_id
        self._instance = 0
        self._joystick: Any = None
        self.plug_in()

    @property
    def plugged(self) -> bool:
        return self._joystick is not None

    def plug_in(self) -> None:
        """Put its cable in (again).

        Raises:
            CaptureError: SDL has no virtual pads here.
        """
        assert not self.plugged
        self._thread.call(self._attach)

    def unplug(self) -> None:
        """Pull its cable out, whatever is held."""
        if self.plugged:
            self._thread.call(self._detach)

    def press(self, button: str) -> None:
        self._set_button(button, True)

    def release(self, button: str) -> None:
        self._set_button(button, False)

    def move(self, axis: str, value: float) -> None:
        """Sticks from -1 to 1, triggers from 0 to 1."""
        assert self.plugged
        raw = round(value * 65535) + _LEAST if axis in TRIGGERS else round(value * 32767)
        self._thread.call(
            lambda: self._thread.sdl.SDL_SetJoystickVirtualAxis(self._joystick, AXIS_IDS[axis], max(_LEAST, raw))
        )

    def _set_button(self, button: str, down: bool) -> None:
        assert self.plugged
        self._thread.call(
            lambda: self._thread.sdl.SDL_SetJoystickVirtualButton(self._joystick, BUTTON_IDS[button], down)
        )

    def _attach(self) -> None:
        sdl = self._thread.sdl
        description = sdl.SDL_VirtualJoystickDesc()
        description.version = ctypes.sizeof(description)
        description.type = sdl.SDL_JOYSTICK_TYPE_GAMEPAD
        description.vendor_id, description.product_id = VENDOR_ID, self._product_id
        description.naxes, description.nbuttons = len(AXES), len(BUTTONS)
        description.name = self.name.encode()
        self._instance = sdl.SDL_AttachVirtualJoystick(ctypes.byref(description))
        if not self._instance:
            raise CaptureError("virtual pad", f"SDL cannot make one: {sdl.SDL_GetError().decode(errors='replace')}")
        self._joystick = sdl.SDL_OpenJoystick(self._instance)
        for trigger in TRIGGERS:  # the hardware below a pad has a resting trigger at its least
            sdl.SDL_SetJoystickVirtualAxis(self._joystick, AXIS_IDS[trigger], _LEAST)
        sdl.SDL_UpdateJoysticks()

    def _detach(self) -> None:
        sdl = self._thread.sdl
        sdl.SDL_CloseJoystick(self._joystick)
        sdl.SDL_DetachVirtualJoystick(self._instance)
        self._joystick = None


@contextmanager
def virtual_pad(*, name: str = NAME, product_id: int = PRODUCT_ID) -> Iterator[VirtualPad]:
    """A pad that is plugged in while the block runs; see `VirtualPad`.

    Raises:
        CaptureError: SDL is not there, or has no virtual pads.
    """
    with sdl_thread() as thread:
        pad = VirtualPad(thread, name=name, product_id=product_id)
        try:
            yield pad
        finally:
            pad.unplug()
