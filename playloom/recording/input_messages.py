"""Many protobuf messages decoded at once: the fields of a block of GamepadState messages, in lock-step with numpy.

Protobuf's own parser makes one Python object a message and fills one Python list a field, which costs several
microseconds a snapshot; a session of an hour with a mouse holds millions. Here step k reads the k-th field of all
messages together. Whatever is not plain (groups, overlong numbers, fields in another order) is left to protobuf's
parser, message by message, so that both always agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from playloom.controls import AXES, SCANCODES
from playloom.recording.input_table import InputTable
from protos import trajectory_pb2

PADDING = 16
"""Bytes that must follow the last message in a buffer, so that no gather runs off its end."""

TIME_LIMIT = 1 << 63
"""Times at or beyond this do not fit the table."""

_MAX_STEPS = 48
"""Messages with more fields than this go to protobuf: one long message must not hold up the lock-step."""
_MAX_PACKED_BYTES = 96

_BUTTONS, _KEYS, _MOUSE_BUTTONS = 3, 4, 9
_ID_LIMIT = {_BUTTONS: 32, _KEYS: SCANCODES, _MOUSE_BUTTONS: 32}
_KNOWN_FIELDS = 10

type Places = NDArray[np.int64]
type Octets = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class DecodedMessages:
    """What a block of messages says.

    Attributes:
        table: one row a message, in order; rows of unreadable messages are to be left out.
        readable: bool[n], False where a message is not a GamepadState or its time does not fit 63 bits.
    """

    table: InputTable
    readable: NDArray[np.bool_]


def decode_messages(data: Octets, starts: Places, ends: Places) -> DecodedMessages:
    """Decode the messages at ``data[starts[i]:ends[i]]``.

    Args:
        data: uint8[n], followed by at least PADDING bytes that belong to no message.
        starts: int64[m].
        ends: int64[m], not before the starts.
    """
    decoder = _LockStep(data, starts, ends)
    decoder.run()
    readable = np.ones(len(starts), np.bool_)
    odd = np.flatnonzero(decoder.odd)
    if len(odd):
        expected = message_times(data, starts[odd], ends[odd])
        for row, time_ns in zip(odd.tolist(), expected.tolist(), strict=True):
            content = data[starts[row] : ends[row]].tobytes()
            readable[row] = _fill_row(decoder.table, row, content, time_ns)
    return DecodedMessages(table=decoder.table, readable=readable)


def message_times(data: Octets, starts: Places, ends: Places) -> Places:
    """int64[m]: each message's time in nanoseconds; -1 where it has none that can be read or that fits.

    Far cheaper than decoding: the time is almost always a message's first field.
    """
    times = np.zeros(len(starts), np.int64)
    filled = ends > starts
    first = filled & (data[starts] == 0x08)
    rows = np.flatnonzero(first)
    values, _, fine = _read_varints(data, starts[rows] + 1, ends[rows])
    times[rows] = values
    for row in (*np.flatnonzero(filled & ~first).tolist(), *rows[~fine].tolist()):
        message = _parse(data[starts[row] : ends[row]].tobytes())
        usable = message is not None and message.monotonic_ns < TIME_LIMIT
        times[row] = message.monotonic_ns if message is not None and usable else -1
    return times


class _LockStep:
    """One run over a block. ``odd`` marks the messages that were given up on the way."""

    def __init__(self, data: Octets, starts: Places, ends: Places) -> None:
        self.data = data
        self.ends = ends
        self.at = starts.copy()
        self.table = InputTable.zeros(len(starts))
        self.odd = np.zeros(len(starts), np.bool_)
        self.axis_count = np.zeros(len(starts), np.int64)

    def run(self) -> None:
        for step in range(_MAX_STEPS):
            rows = np.flatnonzero((self.at < self.ends) & ~self.odd)
            if not len(rows):
                return
            tags = self._varints(rows)
            fine = ~self.odd[rows]
            if not fine.all():
                rows, tags = rows[fine], tags[fine]
            if not len(rows):
                continue
            first = int(tags[0])
            if (tags == first).all():
                self._field(first, rows, step)
                continue
            for tag in np.unique(tags).tolist():
                self._field(tag, rows[tags == tag], step)
        self.odd |= self.at < self.ends

    def _field(self, tag: int, rows: Places, step: int) -> None:
        number, wire_type = tag >> 3, tag & 7
        match number, wire_type:
            case (1, 0) if step == 0:
                self.table.monotonic_ns[rows] = self._varints(rows)
            case (2, 2):
                self._packed_axes(rows)
            case (2, 5):
                self._axis(rows)
            case ((3 | 4 | 9), 2):
                self._packed_ids(number, rows)
            case ((3 | 4 | 9), 0):
                self._add_ids(number, rows, self._varints(rows))
            case ((5 | 6), 5):
                self.table.mouse_motion[rows, number - 5] = self._floats(rows)
            case ((7 | 8), 5):
                self.table.wheel[rows, number - 7] = self._floats(rows)
            case (10, 0):
                self.table.pad[rows] = np.minimum(self._varints(rows) & 0xFFFFFFFF, 255).astype(np.uint8)
            case _ if number > _KNOWN_FIELDS and tag < 1 << 32 and wire_type in (0, 1, 2, 5):
                self._skip(wire_type, rows)
            case _:
                self.odd[rows] = True

    def _varints(self, rows: Places) -> Places:
        values, after, fine = _read_varints(self.data, self.at[rows], self.ends[rows])
        self.at[rows] = after
        if not fine.all():
            self.odd[rows[~fine]] = True
        return values

    def _advance(self, rows: Places, count: int | Places) -> Places:
        """Move past ``count`` bytes; where a message has fewer left, give it up. Returns the old places."""
        before = self.at[rows]
        after = before + count
        over = after > self.ends[rows]
        if over.any():
            self.odd[rows[over]] = True
            after[over] = self.ends[rows[over]]
        self.at[rows] = after
        return before

    def _floats(self, rows: Places) -> NDArray[np.float32]:
        return _gather(self.data, self._advance(rows, 4), 4).view("<f4")[:, 0]

    def _axis(self, rows: Places) -> None:
        values = self._floats(rows)
        kept = self.axis_count[rows] < len(AXES)
        self.table.axes[rows[kept], self.axis_count[rows[kept]]] = values[kept]
        self.axis_count[rows] += 1

    def _packed_axes(self, rows: Places) -> None:
        rows, lengths = self._packed_lengths(rows)
        whole = len(AXES) * 4
        if (lengths == whole).all() and not self.axis_count[rows].any():
            begin = self._advance(rows, whole)
            fine = begin + whole <= self.ends[rows]
            self.table.axes[rows[fine]] = _gather(self.data, begin[fine], whole).view("<f4")
            self.axis_count[rows] = len(AXES)
            return
        ragged = lengths % 4 != 0
        self.odd[rows[ragged]] = True
        rows, lengths = rows[~ragged], lengths[~ragged]
        while len(rows):
            rows, lengths = rows[lengths > 0], lengths[lengths > 0] - 4
            self._axis(rows)

    def _packed_ids(self, number: int, rows: Places) -> None:
        rows, lengths = self._packed_lengths(rows)
        stops = self.at[rows] + lengths
        while len(rows):
            inside = self.at[rows] < stops
            rows, stops = rows[inside], stops[inside]
            self._add_ids(number, rows, self._varints(rows))
            self.odd[rows[self.at[rows] > stops]] = True  # the last number runs over the field's end

    def _packed_lengths(self, rows: Places) -> tuple[Places, Places]:
        """The lengths of the packed fields, for the messages that hold them whole."""
        lengths = self._varints(rows)
        bad = (lengths > _MAX_PACKED_BYTES) | (self.at[rows] + lengths > self.ends[rows])
        if bad.any():
            self.odd[rows[bad]] = True
            rows, lengths = rows[~bad], lengths[~bad]
        return rows, lengths

    def _add_ids(self, number: int, rows: Places, values: Places) -> None:
        values = values & 0xFFFFFFFF  # as protobuf reads a uint32
        kept = values < _ID_LIMIT[number]
        if not kept.all():
            rows, values = rows[kept], values[kept]
        if number == _KEYS:
            self.table.keys[rows, values // 64] |= np.uint64(1) << (values % 64).astype(np.uint64)
        elif number == _BUTTONS:
            self.table.buttons[rows] |= np.uint32(1) << values.astype(np.uint32)
        else:
            self.table.mouse_buttons[rows] |= np.uint32(1) << values.astype(np.uint32)

    def _skip(self, wire_type: int, rows: Places) -> None:
        match wire_type:
            case 0:
                self._varints(rows)
            case 1:
                self._advance(rows, 8)
            case 5:
                self._advance(rows, 4)
            case _:
                self._advance(rows, self._varints(rows) & 0xFFFFFFFF)


def _read_varints(data: Octets, at: Places, ends: Places) -> tuple[Places, Places, NDArray[np.bool_]]:
    """Values, places after them, and whether each was read: whole, and of at most nine bytes (63 bits)."""
    octets = data[np.minimum(at, len(data) - 1)]
    values = (octets & 0x7F).astype(np.int64)
    after = at + 1
    fine = after <= ends
    rows = np.flatnonzero((octets >= 0x80) & fine)
    for shift in range(7, 63, 7):
        if not len(rows):
            return values, after, fine
        places = after[rows]
        octets = data[places]
        values[rows] |= (octets & 0x7F).astype(np.int64) << shift
        places += 1
        after[rows] = places
        inside = places <= ends[rows]
        if not inside.all():
            fine[rows[~inside]] = False
        rows = rows[(octets >= 0x80) & inside]
    fine[rows] = False
    return values, after, fine


def _gather(data: Octets, places: Places, count: int) -> Octets:
    """uint8[m, count]: ``count`` bytes from each place."""
    if len(data) < count:
        data = np.concatenate((data, np.zeros(count - len(data), np.uint8)))
    windows = np.lib.stride_tricks.as_strided(data, (len(data) - count + 1, count), (1, 1), writeable=False)
    return windows[np.minimum(places, len(windows) - 1)]


def _parse(content: bytes) -> trajectory_pb2.GamepadState | None:
    message = trajectory_pb2.GamepadState()
    try:
        message.ParseFromString(content)
    except DecodeError:
        return None
    return message


def _fill_row(table: InputTable, row: int, content: bytes, time_ns: int) -> bool:
    """Read one odd message with protobuf; False if it is unreadable or names two different times."""
    message = _parse(content)
    if message is None or message.monotonic_ns != time_ns:
        return False
    table.monotonic_ns[row] = time_ns
    axes = np.zeros(len(AXES), np.float32)
    given = message.axes[: len(AXES)]
    axes[: len(given)] = given
    table.axes[row] = axes
    table.buttons[row] = _bits(message.pressed_buttons, 32)
    keys = _bits(message.pressed_keys, SCANCODES)
    table.keys[row] = [keys >> (64 * word) & 0xFFFFFFFFFFFFFFFF for word in range(SCANCODES // 64)]
    table.mouse_buttons[row] = _bits(message.pressed_mouse_buttons, 32)
    table.mouse_motion[row] = message.mouse_dx, message.mouse_dy
    table.wheel[row] = message.wheel_dx, message.wheel_dy
    table.pad[row] = min(message.pad, 255)
    return True


def _bits(ids: Iterable[int], limit: int) -> int:
    mask = 0
    for number in ids:
        if number < limit:
            mask |= 1 << number
    return mask
