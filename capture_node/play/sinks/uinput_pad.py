"""A gamepad that the Linux kernel makes for us through /dev/uinput: games see an Xbox 360 pad.

The kernel takes it away, and lets go of all that it holds, when its file is closed: also when this program is killed.
The numbers are those of the kernel's uinput.h and input-event-codes.h.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from playloom.controls import AXIS_IDS, BUTTON_IDS
from playloom.environments.held import HeldControls
from playloom.errors import CaptureError

DEVICE = Path("/dev/uinput")
DEVICES = Path("/sys/devices/virtual/input")
PAD_NAME = "Playloom agent pad"
_BUS_USB, _VENDOR, _PRODUCT, _VERSION = 3, 0x045E, 0x028E, 0x0114

_SET_EVENT, _SET_KEY, _SET_AXIS = 0x40045564, 0x40045565, 0x40045567
_SETUP, _SETUP_AXIS, _CREATE, _DESTROY = 0x405C5503, 0x401C5504, 0x5501, 0x5502
_NAME_BYTES = 64
_SYSTEM_NAME = 0x8000552C | _NAME_BYTES << 16
_SYNC, _KEY, _ABSOLUTE = 0, 1, 3
_EVENT = struct.Struct("llHHi")

_BUTTONS: Mapping[int, int] = MappingProxyType(
    {
        BUTTON_IDS[name]: code
        for name, code in {
            "south": 0x130,
            "east": 0x131,
            "west": 0x133,  # as the pad's own driver has it, whatever the kernel calls this code
            "north": 0x134,
            "left_shoulder": 0x136,
            "right_shoulder": 0x137,
            "back": 0x13A,
            "start": 0x13B,
            "guide": 0x13C,
            "left_stick": 0x13D,
            "right_stick": 0x13E,
        }.items()
    }
)
_STICK, _TRIGGER, _HAT = (-32768, 32767), (0, 255), (-1, 1)
_AXES: Mapping[int, tuple[int, tuple[int, int]]] = MappingProxyType(
    {
        AXIS_IDS["leftx"]: (0, _STICK),
        AXIS_IDS["lefty"]: (1, _STICK),
        AXIS_IDS["left_trigger"]: (2, _TRIGGER),
        AXIS_IDS["rightx"]: (3, _STICK),
        AXIS_IDS["righty"]: (4, _STICK),
        AXIS_IDS["right_trigger"]: (5, _TRIGGER),
    }
)
_HATS = {0x10: ("dpad_left", "dpad_right"), 0x11: ("dpad_up", "dpad_down")}

type Control = Callable[[int, int, Any], object]
"""As `fcntl.ioctl`: file, request, argument."""


class UinputPad:
    """A `ControlSink`: buttons, sticks and triggers; keys and mouse have no place here.

    Args:
        device: where pads are asked for.
        ioctl: how; for tests.
        devices: where the kernel tells of what it has made.

    Attributes:
        place: of the pad, as who reads pads knows it: /dev/input/event7; None where the kernel does not say.

    Raises:
        CaptureError: this machine makes no pads, or not for this user.
    """

    def __init__(self, device: Path = DEVICE, *, ioctl: Control | None = None, devices: Path = DEVICES) -> None:
        try:
            self._file = os.open(device, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            remedy = "Load it: sudo modprobe uinput" if isinstance(error, FileNotFoundError) else _RIGHTS
            raise CaptureError("The virtual pad", f"{device}: {error.strerror}", remedy=remedy) from error
        self._ioctl = ioctl or _system_ioctl()
        self._state: dict[tuple[int, int], int] = {}
        self._closed = False
        try:
            self._create()
        except OSError as error:
            os.close(self._file)
            raise CaptureError("The virtual pad", f"{device} makes none: {error.strerror}") from error
        self.place = self._find_place(devices)

    def hold(self, held: HeldControls) -> None:
        wanted = _state_of(held)
        content = b""
        changed = {control: value for control, value in wanted.items() if self._state.get(control, 0) != value}
        for (kind, code), value in changed.items():
            content += _EVENT.pack(0, 0, kind, code, value)
        if not content:
            return
        try:
            os.write(self._file, content + _EVENT.pack(0, 0, _SYNC, 0, 0))
        except OSError as error:
            raise CaptureError("The virtual pad", f"is gone: {error.strerror}") from error
        self._state.update(changed)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            self.hold(HeldControls())
            self._ioctl(self._file, _DESTROY, 0)
        finally:
            os.close(self._file)

    def _find_place(self, devices: Path) -> str | None:
        name = bytearray(_NAME_BYTES)
        try:
            self._ioctl(self._file, _SYSTEM_NAME, name)
        except OSError:
            return None
        directory = devices / name.rstrip(b"\0").decode("ascii", "replace")
        return next((f"/dev/input/{found.name}" for found in directory.glob("event*")), None)

    def _create(self) -> None:
        for kind in (_KEY, _ABSOLUTE):
            self._ioctl(self._file, _SET_EVENT, kind)
        for code in _BUTTONS.values():
            self._ioctl(self._file, _SET_KEY, code)
        for code, (least, most) in (*_AXES.values(), *((hat, _HAT) for hat in _HATS)):
            self._ioctl(self._file, _SET_AXIS, code)
            self._ioctl(self._file, _SETUP_AXIS, struct.pack("H2xiiiiii", code, 0, least, most, 0, 0, 0))
        identity = struct.pack("HHHH80sI", _BUS_USB, _VENDOR, _PRODUCT, _VERSION, PAD_NAME.encode(), 0)
        self._ioctl(self._file, _SETUP, identity)
        self._ioctl(self._file, _CREATE, 0)


def _system_ioctl() -> Control:
    import fcntl  # which Windows has not

    return fcntl.ioctl


_RIGHTS = "Give your user the right to write to it, as by a udev rule for the group input"


def _state_of(held: HeldControls) -> dict[tuple[int, int], int]:
    """Values by (kind, code) of all that the pad has."""
    state = {(_KEY, code): int(button in held.buttons) for button, code in _BUTTONS.items()}
    for axis, (code, (least, most)) in _AXES.items():
        state[_ABSOLUTE, code] = max(least, min(most, round(held.axes[axis] * most)))
    for hat, (less, more) in _HATS.items():
        state[_ABSOLUTE, hat] = (BUTTON_IDS[more] in held.buttons) - (BUTTON_IDS[less] in held.buttons)
    return state
