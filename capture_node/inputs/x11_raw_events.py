"""XInput2's raw events as they come over the wire: what devices report, whoever has focus or holds a grab.

They are read from libxcb's own memory. xcffib's classes take the mask of a motion's axes for their number and read
beyond the event's end, and cost a 1 kHz mouse ten times as much.
"""

from __future__ import annotations

import functools
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from types import ModuleType
from typing import Any

from capture_node.sources.x11_display import X11Display
from playloom.errors import CaptureError, MissingExtraError

_EXTENSION = "XInputExtension"
_GENERIC_EVENT = 35
_GENERIC_LENGTH = struct.Struct("=4xI")
_XGE_BYTES = 36  # of a generic event in libxcb: 32 of the wire, 4 that libxcb puts between
# Kind, time, detail, slave device, words of the mask.
_RAW = struct.Struct("=8xH2xIIHH4x")
_ALL_MASTERS = 1
_FRACTION = 1 / (1 << 32)


class RawKind(IntEnum):
    """XInput2's numbers of the events that are asked for."""

    HIERARCHY = 11  # a device came or went
    KEY_PRESS = 13
    KEY_RELEASE = 14
    BUTTON_PRESS = 15
    BUTTON_RELEASE = 16
    MOTION = 17


@dataclass(frozen=True, kw_only=True, slots=True)
class RawEvent:
    """What a device reported.

    Attributes:
        kind: an XInput2 event.
        time_ms: the server's clock.
        detail: a keycode or a button's number.
        device: the slave device that it came from.
        axes: of a motion, by the axis' number, as the device counts, without acceleration.
    """

    kind: int
    time_ms: int
    detail: int
    device: int
    axes: tuple[tuple[int, float], ...] = ()


class RawEvents:
    """Raw events of all keyboards and mice on one connection, which must be asked for nothing else."""

    def __init__(self, display: X11Display) -> None:
        """Ask for them.

        Args:
            display: opened after `load_extensions`.

        Raises:
            CaptureError: the server has no XInput 2.1.
        """
        xcffib: Any = load_extensions()
        self._lib, self._ffi, self._free = xcffib.lib, xcffib.ffi, xcffib.c_free
        self._connection: Any = display.connection
        if not display.has_extension(_EXTENSION):
            raise _no_raw_events(display)
        self.xinput: Any = display.connection(xcffib.xinput.key)
        # Before 2.1 raw events do not come while another program holds a grab, as games in mouse-look do.
        version = self.xinput.XIQueryVersion(2, 2).reply()
        if (version.major_version, version.minor_version) < (2, 1):
            raise _no_raw_events(display)
        extension = display.connection.core.QueryExtension(len(_EXTENSION), _EXTENSION).reply()
        self._opcode: int = extension.major_opcode
        mask = xcffib.xinput.EventMask.synthetic(_ALL_MASTERS, 1, [_mask(set(RawKind) - {RawKind.HIERARCHY})])
        everything = xcffib.xinput.EventMask.synthetic(0, 1, [_mask({RawKind.HIERARCHY})])
        self.xinput.XISelectEventsChecked(display.screen.root, 2, [everything, mask]).check()

    def waiting(self) -> Iterator[RawEvent]:
        """The events that have come, without waiting for more.

        Raises:
            xcffib.ConnectionException: the server is gone.
        """
        ffi, connection = self._ffi, self._connection._conn  # xcffib hands out no events but its own
        came = False
        while (event := self._lib.xcb_poll_for_event(connection)) != ffi.NULL:
            came = True
            if event.response_type & 0x7F == _GENERIC_EVENT:
                (words,) = _GENERIC_LENGTH.unpack_from(ffi.buffer(event, _GENERIC_LENGTH.size))
                said = ffi.buffer(event, _XGE_BYTES + 4 * words)[:]
            else:
                said = None
            self._free(event)
            if said is not None and said[1] == self._opcode and (raw := parse_raw_event(said)) is not None:
                yield raw
        if not came:  # woken by nothing else than the end of the connection
            self._connection.invalid()


def load_extensions() -> ModuleType:
    """xcffib with what raw events need of it; must come before the connection, which asks for the events' numbers.

    Raises:
        MissingExtraError: it is not installed.
        CaptureError: the system's own library is not.
    """
    try:
        import xcffib
        import xcffib.ge
        import xcffib.sync
        import xcffib.xinput
    except ImportError as error:
        raise MissingExtraError("Recording keyboard and mouse", "capture") from error
    except OSError as error:
        raise CaptureError(
            "Keyboard and mouse",
            "libxcb is missing",
            remedy="Install it: apt install libxcb1 (or your system's package)",
        ) from error
    return xcffib


def parse_raw_event(event: bytes) -> RawEvent | None:
    """A generic event in libxcb's layout; None if it is not one of `RawKind`."""
    kind, time_ms, detail, source, mask_words = _RAW.unpack_from(event)
    if kind == RawKind.HIERARCHY:
        return RawEvent(kind=kind, time_ms=0, detail=0, device=0)
    if kind not in _RAW_KINDS:
        return None
    if kind != RawKind.MOTION:
        return RawEvent(kind=kind, time_ms=time_ms, detail=detail, device=source)
    numbers, layout = _axes_of(event[_XGE_BYTES : _XGE_BYTES + 4 * mask_words])
    # Two values for each axis follow the mask: all as the server accelerates them, then all as the device counts.
    values = layout.unpack_from(event, _XGE_BYTES + 4 * mask_words + layout.size)
    axes = tuple(
        (number, whole + fraction * _FRACTION)
        for number, whole, fraction in zip(numbers, values[::2], values[1::2], strict=True)
    )
    return RawEvent(kind=kind, time_ms=time_ms, detail=detail, device=source, axes=axes)


@functools.cache
def _axes_of(mask: bytes) -> tuple[tuple[int, ...], struct.Struct]:
    """The numbers of the axes in a mask, and the layout of their values: 32.32 fixed point each."""
    bits = int.from_bytes(mask, sys.byteorder)
    numbers = tuple(number for number in range(bits.bit_length()) if bits >> number & 1)
    return numbers, struct.Struct("=" + "iI" * len(numbers))


_RAW_KINDS = frozenset(RawKind)


def _mask(kinds: set[RawKind]) -> int:
    return sum(1 << kind for kind in kinds)


def _no_raw_events(display: X11Display) -> CaptureError:
    return CaptureError(
        "Keyboard and mouse",
        f"the X server {display.name} has no XInput 2.1",
        remedy="Record gamepads only (--input pads), or use an X server of this decade",
    )
