"""actions.bin: what the player held, a full snapshot after every change.

The file is a run of records, each a 4-byte little-endian length and a `trajectory.GamepadState` of that length. It
only ever grows, so a crash can cost no more than its last record. It has no checksums and no marks to find the next
record by: after a length that cannot be, nothing that follows can be trusted, and the reader says what it left out.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.recording.damage import Damage
from playloom.recording.input_messages import PADDING, decode_messages, message_times
from playloom.recording.input_table import InputTable
from protos import trajectory_pb2

MAX_MESSAGE_BYTES = 64 * 1024
"""No snapshot is longer; a longer length prefix is damage. Ours have some 40 to 100 bytes."""

MAX_EMPTY_MESSAGES = 16
"""Empty messages (time 0, nothing held) count only at the beginning; later or more, they are a hole of zeros."""

BLOCK_ROWS = 65536
_BLOCK_BYTES = 8 << 20
_CHUNK_BYTES = 4 << 20
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, kw_only=True)
class InputSnapshot:
    """Everything held at one moment.

    Attributes:
        monotonic_ns: when, on the session's clock.
        axes: six values in the order of `controls.AXES`.
        buttons: SDL gamepad button ids.
        keys: SDL scancodes.
        mouse_buttons: SDL mouse button ids.
        mouse_motion: counts since the previous snapshot, x to the right, y down.
        wheel: notches since the previous snapshot, x to the right, y away from the player.
        pad: the gamepad that axes and buttons belong to.
    """

    monotonic_ns: int
    axes: tuple[float, ...] = (0.0,) * 6
    buttons: frozenset[int] = frozenset()
    keys: frozenset[int] = frozenset()
    mouse_buttons: frozenset[int] = frozenset()
    mouse_motion: tuple[float, float] = (0.0, 0.0)
    wheel: tuple[float, float] = (0.0, 0.0)
    pad: int = 0

    def same_state(self, other: InputSnapshot) -> bool:
        """Whether this says nothing new after ``other``: the same is held, and nothing has moved."""
        return (
            self.axes == other.axes
            and self.buttons == other.buttons
            and self.keys == other.keys
            and self.mouse_buttons == other.mouse_buttons
            and self.pad == other.pad
            and not any(self.mouse_motion)
            and not any(self.wheel)
        )


def encode_snapshot(snapshot: InputSnapshot) -> bytes:
    """One record of actions.bin: length prefix and message."""
    message = trajectory_pb2.GamepadState(
        monotonic_ns=snapshot.monotonic_ns,
        axes=snapshot.axes,
        pressed_buttons=sorted(snapshot.buttons),
        pressed_keys=sorted(snapshot.keys),
        mouse_dx=snapshot.mouse_motion[0],
        mouse_dy=snapshot.mouse_motion[1],
        wheel_dx=snapshot.wheel[0],
        wheel_dy=snapshot.wheel[1],
        pressed_mouse_buttons=sorted(snapshot.mouse_buttons),
        pad=snapshot.pad,
    ).SerializeToString()
    return _LENGTH.pack(len(message)) + message


def read_inputs(path: Path) -> tuple[InputTable, list[Damage]]:
    """The whole file, in time order, and what it has lost.

    Raises:
        RecordingError: the file is missing, or nothing in it can be read. An empty file is a session without input.
    """
    reader = InputReader(path)
    table = InputTable.concatenate(list(reader.blocks()))
    return table, reader.damage


def read_input_blocks(path: Path, *, rows: int = BLOCK_ROWS) -> Iterator[InputTable]:
    """The file block by block in time order, for whom its damage does not matter; see `InputReader`."""
    return InputReader(path).blocks(rows=rows)


class InputReader:
    """Reads a file in time order, in memory that does not grow with it but for four bytes a record.

    Attributes:
        path: the file.
        damage: what is lost or was repaired; complete once `blocks` is exhausted.
        readable_bytes: where the part ends that can be read; known with the first block.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: list[Damage] = []
        self.readable_bytes = 0

    def blocks(self, *, rows: int = BLOCK_ROWS) -> Iterator[InputTable]:
        """Blocks of at most ``rows`` snapshots, ordered by time over the whole file (equal times: file order).

        Raises:
            RecordingError: the file is missing, or nothing in it can be read.
        """
        self.damage = []
        read = 0
        try:
            with self.path.open("rb") as file:
                size_bytes = file.seek(0, 2)
                if size_bytes == 0:
                    self._note("", "is empty: the session has no input")
                    return
                scan = _scan(file, size_bytes)
                self.readable_bytes = scan.readable_bytes
                if scan.lost is not None:
                    self._note(
                        f"byte {scan.readable_bytes}", f"{scan.lost}; {size_bytes - scan.readable_bytes} bytes lost"
                    )
                if scan.order is not None:
                    self._note(f"record {scan.first_disorder}", "is earlier than the one before it; sorted by time")
                for table in self._decode(file, scan, rows):
                    read += len(table)
                    yield table
        except FileNotFoundError as error:
            raise RecordingError(self.path, "is missing") from error
        except OSError as error:
            raise RecordingError(self.path, f"cannot be read: {error.strerror}") from error
        if not read:
            problem = self.damage[0].problem if self.damage else "no record can be read"
            raise RecordingError(
                self.path,
                f"is not a recording of inputs: {problem}",
                place=self.damage[0].place or None if self.damage else None,
                remedy="Record the session again",
            )

    def _decode(self, file: BinaryIO, scan: _Scan, rows: int) -> Iterator[InputTable]:
        unreadable, first_unreadable, unreal, first_unreal = 0, 0, 0, 0
        for offsets, lengths in _record_blocks(scan, rows):
            data, starts = _load(file, offsets, lengths, contiguous=scan.order is None)
            decoded = decode_messages(data, starts, starts + lengths)
            table = decoded.table
            if not decoded.readable.all():
                bad = np.flatnonzero(~decoded.readable)
                first_unreadable = first_unreadable if unreadable else int(offsets[bad[0]]) - 4
                unreadable += len(bad)
                table = table[decoded.readable]
                offsets = offsets[decoded.readable]
            wrong = _clear_unreal(table)
            if len(wrong):
                first_unreal = first_unreal if unreal else int(offsets[wrong[0]]) - 4
                unreal += len(wrong)
            if len(table):
                yield table
        if unreadable:
            self._note(f"byte {first_unreadable}", f"{_records(unreadable)} here or later cannot be read; left out")
        if unreal:
            self._note(
                f"byte {first_unreal}", f"{_records(unreal)} here or later hold values that are no numbers; read as 0"
            )

    def _note(self, place: str, problem: str) -> None:
        self.damage.append(Damage(file=self.path, place=place, problem=problem))


@dataclass(frozen=True, kw_only=True)
class _Scan:
    """Where the records are: four bytes a record, and their order if the file does not have them by time.

    Attributes:
        lengths: uint32[n].
        readable_bytes: where the readable part ends.
        lost: why the rest cannot be read, or None.
        order: intp[n] that sorts the records by time, or None for a file in order.
        first_disorder: the number of the first record that is earlier than the one before it.
    """

    lengths: NDArray[np.uint32]
    readable_bytes: int
    lost: str | None
    order: NDArray[np.intp] | None
    first_disorder: int


def _scan(file: BinaryIO, size_bytes: int) -> _Scan:
    """Find the records and whether they are in time order, keeping neither contents nor times of a file in order."""
    lengths = array("I")
    lost: str | None = None
    base = 0
    last_ns, first_disorder = -1, -1
    while lost is None and base < size_bytes:
        content = _read_at(file, base, min(_CHUNK_BYTES, size_bytes - base))
        found, used, lost = _split(content, first=not lengths, at_end=base + len(content) >= size_bytes)
        if len(found) and first_disorder < 0:
            data = np.frombuffer(content + bytes(PADDING), np.uint8)
            first_disorder, last_ns = _disorder(data, np.array(found, np.int64), len(lengths), last_ns)
        lengths.extend(found)
        base += used
    readable = np.frombuffer(lengths, np.uint32) if lengths else np.zeros(0, np.uint32)
    order = None
    if first_disorder >= 0:
        order = np.argsort(_all_times(file, readable), kind="stable")
    return _Scan(lengths=readable, readable_bytes=base, lost=lost, order=order, first_disorder=first_disorder)


def _split(content: bytes, *, first: bool, at_end: bool) -> tuple[array[int], int, str | None]:
    """The lengths of the whole records in ``content``, how many bytes they take, and what stops the reading there."""
    lengths = array("I")
    unpack, append = _LENGTH.unpack_from, lengths.append
    at, total = 0, len(content)
    while at + 4 <= total:
        (length,) = unpack(content, at)
        after = at + 4 + length
        if after > total or not length:
            if length > MAX_MESSAGE_BYTES:
                return lengths, at, f"a record claims {length} bytes, more than any has"
            if length:
                break
            if not first or len(lengths) >= MAX_EMPTY_MESSAGES or any(lengths):
                return lengths, at, "zeros where a record should be (an interrupted write)"
        elif length > MAX_MESSAGE_BYTES:
            return lengths, at, f"a record claims {length} bytes, more than any has"
        append(length)
        at = after
    cut_short = at_end and at < total
    return lengths, at, "the last record is cut short" if cut_short else None


def _disorder(data: NDArray[np.uint8], lengths: NDArray[np.int64], base: int, last_ns: int) -> tuple[int, int]:
    """The number of the first record that is earlier than the one before it, or -1; and the last time."""
    ends = np.cumsum(lengths + 4)
    times = message_times(data, ends - lengths, ends)
    rows = np.flatnonzero(times >= 0)
    if not len(rows):
        return -1, last_ns
    known = times[rows]
    earlier = np.flatnonzero(np.diff(known, prepend=last_ns) < 0)
    return (base + int(rows[earlier[0]]) if len(earlier) else -1), int(known[-1])


def _all_times(file: BinaryIO, lengths: NDArray[np.uint32]) -> NDArray[np.int64]:
    scan = _Scan(lengths=lengths, readable_bytes=0, lost=None, order=None, first_disorder=-1)
    times: list[NDArray[np.int64]] = []
    for offsets, counts in _record_blocks(scan, BLOCK_ROWS):
        data, starts = _load(file, offsets, counts, contiguous=True)
        times.append(message_times(data, starts, starts + counts))
    return np.concatenate(times)


def _record_blocks(scan: _Scan, rows: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Places of the messages (after their prefixes) and lengths, in reading order, a bounded size at a time."""
    count = len(scan.lengths)
    if scan.order is not None:
        every = scan.lengths.astype(np.int64)
        places = np.cumsum(every + 4) - every
    at, base = 0, 0
    while at < count:
        if scan.order is None:
            lengths = scan.lengths[at : at + rows].astype(np.int64)
            offsets = base + np.cumsum(lengths + 4) - lengths
        else:
            chosen = scan.order[at : at + rows]
            lengths, offsets = every[chosen], places[chosen]  # pyright: ignore[reportPossiblyUnboundVariable]
        taken = max(1, int(np.searchsorted(np.cumsum(lengths + 4), _BLOCK_BYTES, side="right")))
        offsets, lengths = offsets[:taken], lengths[:taken]
        at += len(lengths)
        base = int(offsets[-1] + lengths[-1])
        yield offsets, lengths


def _load(
    file: BinaryIO, offsets: NDArray[np.int64], lengths: NDArray[np.int64], *, contiguous: bool
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The messages' bytes with padding, and where each starts among them."""
    if contiguous:
        begin = int(offsets[0])
        content = _read_at(file, begin, int(offsets[-1] + lengths[-1]) - begin)
        return np.frombuffer(content + bytes(PADDING), np.uint8), offsets - begin
    pieces = [_read_at(file, at, size) for size, at in zip(lengths.tolist(), offsets.tolist(), strict=True)]
    return np.frombuffer(b"".join(pieces) + bytes(PADDING), np.uint8), np.cumsum(lengths) - lengths


def _read_at(file: BinaryIO, begin: int, count: int) -> bytes:
    file.seek(begin)
    return file.read(count)


def _clear_unreal(table: InputTable) -> NDArray[np.intp]:
    """Set NaN and infinity to 0; returns the rows that had them."""
    columns = (table.axes, table.mouse_motion, table.wheel)
    if all(np.isfinite(column).all() for column in columns):
        return np.zeros(0, np.intp)
    wrong = np.zeros(len(table), np.bool_)
    for column in columns:
        bad = ~np.isfinite(column)
        wrong |= bad.any(axis=1)
        column[bad] = 0.0
    return np.flatnonzero(wrong)


def _records(count: int) -> str:
    return "one record" if count == 1 else f"{count} records"
