"""A gamepad on Windows: ViGEmBus makes it, the package vgamepad asks for it. Both are the player's to install."""

from __future__ import annotations

from typing import Any

from playloom.controls import BUTTON_IDS
from playloom.environments.held import HeldControls
from playloom.errors import CaptureError

_BUTTONS = {
    BUTTON_IDS[name]: f"XUSB_GAMEPAD_{theirs}"
    for name, theirs in {
        "south": "A",
        "east": "B",
        "west": "X",
        "north": "Y",
        "back": "BACK",
        "guide": "GUIDE",
        "start": "START",
        "left_stick": "LEFT_THUMB",
        "right_stick": "RIGHT_THUMB",
        "left_shoulder": "LEFT_SHOULDER",
        "right_shoulder": "RIGHT_SHOULDER",
        "dpad_up": "DPAD_UP",
        "dpad_down": "DPAD_DOWN",
        "dpad_left": "DPAD_LEFT",
        "dpad_right": "DPAD_RIGHT",
    }.items()
}


class VigemPad:
    """A `ControlSink`: buttons, sticks and triggers.

    Attributes:
        place: where the system has it, which the driver does not say.

    Raises:
        CaptureError: vgamepad or the driver is not there.
    """

    place: str | None = None

    def __init__(self) -> None:
        try:
            import vgamepad  # type: ignore[import-not-found]

            self._numbers: Any = vgamepad.XUSB_BUTTON
            self._pad: Any = vgamepad.VX360Gamepad()
        except ImportError as error:
            raise CaptureError(
                "The virtual pad",
                "the package vgamepad is not installed",
                remedy="pip install vgamepad; it also installs the driver ViGEmBus",
            ) from error
        except Exception as error:
            raise CaptureError(
                "The virtual pad", f"ViGEmBus makes none: {error}", remedy="Install the driver ViGEmBus, and start anew"
            ) from error

    def hold(self, held: HeldControls) -> None:
        pad = self._pad
        pad.reset()  # nothing is sent before `update`
        for button, name in _BUTTONS.items():
            if button in held.buttons:
                pad.press_button(button=getattr(self._numbers, name))
        leftx, lefty, rightx, righty, left, right = (max(-1.0, min(1.0, value)) for value in held.axes)
        pad.left_joystick_float(x_value_float=leftx, y_value_float=-lefty)  # its y grows upwards
        pad.right_joystick_float(x_value_float=rightx, y_value_float=-righty)
        pad.left_trigger_float(value_float=max(0.0, left))
        pad.right_trigger_float(value_float=max(0.0, right))
        pad.update()

    def close(self) -> None:
        if self._pad is None:
            return
        self._pad.reset()
        self._pad.update()
        self._pad = None  # the bus takes it away with its last reference
