"""SDL's gamepads: opened as they appear, numbered, and their events in our terms."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from capture_node.inputs.events import InputEvent, PadAdded, PadAxis, PadButton, PadRemoved
from capture_node.inputs.input_source import PadDescription
from capture_node.inputs.pad_numbers import PadIdentity, PadNumbers
from playloom.controls import AXES, BUTTONS

AXIS_SCALE = 32767
"""SDL's axes are int16. -32768 becomes -1.00003 and stays so."""


@dataclass(frozen=True, kw_only=True)
class _OpenPad:
    handle: Any
    description: PadDescription
    place: str | None


class SdlPads:
    """All of it is used on the SDL thread only."""

    def __init__(self, sdl: Any) -> None:
        self._sdl = sdl
        self._numbers = PadNumbers()
        self._open: dict[int, _OpenPad] = {}  # by SDL's instance id, which is new each time a pad is plugged in

    @property
    def any_open(self) -> bool:
        return bool(self._open)

    @property
    def descriptions(self) -> tuple[PadDescription, ...]:
        """The pads that are here, by number."""
        return tuple(sorted((pad.description for pad in self._open.values()), key=lambda pad: pad.pad))

    def present(self, time_ns: int) -> list[InputEvent]:
        """What is here and held, as if it had just come."""
        pads = sorted(self._open.values(), key=lambda pad: pad.description.pad)
        return [event for pad in pads for event in self._arrival(pad, time_ns)]

    def translate(self, event: Any, time_ns: int) -> Iterable[InputEvent]:
        """What one of SDL's events says; nothing for what is not about gamepads."""
        sdl = self._sdl
        kind = event.type
        if kind == sdl.SDL_EVENT_GAMEPAD_AXIS_MOTION:
            pad = self._open.get(event.gaxis.which)
            if pad is not None and event.gaxis.axis < len(AXES):
                value = event.gaxis.value / AXIS_SCALE
                yield PadAxis(monotonic_ns=time_ns, pad=pad.description.pad, axis=event.gaxis.axis, value=value)
        elif kind in (sdl.SDL_EVENT_GAMEPAD_BUTTON_DOWN, sdl.SDL_EVENT_GAMEPAD_BUTTON_UP):
            pad = self._open.get(event.gbutton.which)
            if pad is not None and event.gbutton.button < len(BUTTONS):
                yield PadButton(
                    monotonic_ns=time_ns,
                    pad=pad.description.pad,
                    button=event.gbutton.button,
                    pressed=bool(event.gbutton.down),
                )
        elif kind == sdl.SDL_EVENT_GAMEPAD_ADDED:
            added = self._add(event.gdevice.which)
            if added is not None:
                yield from self._arrival(added, time_ns)
        elif kind == sdl.SDL_EVENT_GAMEPAD_REMOVED:
            gone = self._open.pop(event.gdevice.which, None)
            if gone is not None:
                self._let_go(gone)
                yield PadRemoved(monotonic_ns=time_ns, pad=gone.description.pad)

    def close(self) -> None:
        for pad in self._open.values():
            self._let_go(pad)
        self._open.clear()

    def _add(self, instance: int) -> _OpenPad | None:
        sdl = self._sdl
        if instance in self._open:
            return None
        handle = sdl.SDL_OpenGamepad(instance)
        if not handle:  # unplugged again in the meantime
            return None
        guid = ctypes.create_string_buffer(33)
        sdl.SDL_GUIDToString(sdl.SDL_GetGamepadGUIDForID(instance), guid, len(guid))
        identity = PadIdentity(
            guid=guid.value.decode(),
            path=_text(sdl.SDL_GetGamepadPath(handle)),
            serial=_text(sdl.SDL_GetGamepadSerial(handle)),
        )
        description = PadDescription(
            pad=self._numbers.take(identity),
            name=_text(sdl.SDL_GetGamepadName(handle)) or "Gamepad",
            guid=identity.guid,
            vendor_id=sdl.SDL_GetGamepadVendor(handle),
            product_id=sdl.SDL_GetGamepadProduct(handle),
        )
        self._open[instance] = pad = _OpenPad(handle=handle, description=description, place=identity.path)
        return pad

    def _let_go(self, pad: _OpenPad) -> None:
        self._numbers.leave(pad.description.pad)
        self._sdl.SDL_CloseGamepad(pad.handle)

    def _arrival(self, pad: _OpenPad, time_ns: int) -> Iterable[InputEvent]:
        sdl, number = self._sdl, pad.description.pad
        name, guid = pad.description.name, pad.description.guid
        yield PadAdded(monotonic_ns=time_ns, pad=number, name=name, guid=guid, place=pad.place)
        for button in range(len(BUTTONS)):
            if sdl.SDL_GetGamepadButton(pad.handle, button):
                yield PadButton(monotonic_ns=time_ns, pad=number, button=button, pressed=True)
        for axis in range(len(AXES)):
            value = sdl.SDL_GetGamepadAxis(pad.handle, axis)
            if value:
                yield PadAxis(monotonic_ns=time_ns, pad=number, axis=axis, value=value / AXIS_SCALE)


def _text(value: bytes | None) -> str | None:
    return value.decode(errors="replace") if value else None
