"""MP4's nested boxes, read with every length checked against what encloses it.

The bytes come from other people's machines: each read says where it stands and refuses to leave its box, so that a
size that lies becomes a `RecordingError` with a byte offset, and never an exception of Python's or an allocation as
large as the lie.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.errors import RecordingError

MAX_HEADER_BYTES = 256 << 20
"""The largest moov that is read: a day of 240 fps video needs less."""
MAX_CHILDREN = 100_000
"""More boxes inside one box than this are an attack and not a recording."""
MAX_TOP_LEVEL_BOXES = 4_000_000
"""A fragment per frame, and a mdat for each, for nine hours at 60 fps."""

REMEDY = "The file is damaged or no MP4: record it again, or repair it with ffmpeg -i in.mp4 -c copy out.mp4"

_SIZE_KIND = struct.Struct(">I4s")
_U16, _U32, _U64 = struct.Struct(">H"), struct.Struct(">I"), struct.Struct(">Q")
_I32, _I64 = struct.Struct(">i"), struct.Struct(">q")


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its four-letter kind, and where it starts, where its payload starts and where it ends."""

    kind: bytes
    start: int
    body: int
    end: int


class BoxData:
    """The bytes of one box of a file (a moov, a moof), with bounded reads in them.

    Positions are relative to ``data``; messages name positions in the file.

    Arguments:
        path: the file, for messages.
        data: the bytes.
        file_offset: where in the file they start.
    """

    __slots__ = ("data", "file_offset", "path")

    def __init__(self, path: Path, data: bytes, file_offset: int) -> None:
        self.path = path
        self.data = data
        self.file_offset = file_offset

    def fault(self, at: int, problem: str) -> RecordingError:
        return RecordingError(self.path, problem, place=f"byte {self.file_offset + at}", remedy=REMEDY)

    def children(self, start: int, end: int) -> Iterator[Box]:
        """The boxes between two positions, in order; raises RecordingError where one leaves its parent."""
        at, count = start, 0
        while end - at >= 8:
            box_bytes, kind = _SIZE_KIND.unpack_from(self.data, at)
            body = at + 8
            if box_bytes == 1:
                box_bytes = self.u64(body, end)
                body += 8
            elif box_bytes == 0:
                box_bytes = end - at
            if box_bytes < body - at or box_bytes > end - at:
                raise self.fault(at, f"the box {kind_name(kind)} claims {box_bytes} bytes where {end - at} are left")
            yield Box(kind, at, body, at + box_bytes)
            at += box_bytes
            count += 1
            if count > MAX_CHILDREN:
                raise self.fault(at, f"more than {MAX_CHILDREN} boxes inside one box")

    def named_children(self, box: Box, skip: int = 0) -> dict[bytes, Box]:
        """The first child of each kind."""
        found: dict[bytes, Box] = {}
        for child in self.children(box.body + skip, box.end):
            found.setdefault(child.kind, child)
        return found

    def u8(self, at: int, end: int) -> int:
        self._check(at, 1, end)
        return self.data[at]

    def u16(self, at: int, end: int) -> int:
        self._check(at, 2, end)
        return _U16.unpack_from(self.data, at)[0]

    def u32(self, at: int, end: int) -> int:
        self._check(at, 4, end)
        return _U32.unpack_from(self.data, at)[0]

    def i32(self, at: int, end: int) -> int:
        self._check(at, 4, end)
        return _I32.unpack_from(self.data, at)[0]

    def u64(self, at: int, end: int) -> int:
        self._check(at, 8, end)
        return _U64.unpack_from(self.data, at)[0]

    def i64(self, at: int, end: int) -> int:
        self._check(at, 8, end)
        return _I64.unpack_from(self.data, at)[0]

    def table(self, at: int, end: int, count: int, dtype: str, columns: int = 1) -> NDArray[np.generic]:
        """A table of ``count`` rows, without copying; raises RecordingError where the box is too short for it.

        Returns:
            big-endian numbers, [count] or [count, columns].
        """
        values = np.dtype(dtype)
        needed_bytes = count * columns * values.itemsize
        if needed_bytes > end - at:
            raise self.fault(at, f"a table claims {count} entries ({needed_bytes} bytes) where {end - at} bytes are")
        table = np.frombuffer(self.data, dtype=values, count=count * columns, offset=at)
        return table if columns == 1 else table.reshape(count, columns)

    def _check(self, at: int, size: int, end: int) -> None:
        if at + size > end or at + size > len(self.data):
            raise self.fault(at, "a box ends in the middle of a field")


@dataclass(frozen=True, slots=True)
class TopLevelBox:
    """A box of the file itself.

    Attributes:
        kind: its four letters.
        start: its first byte in the file.
        body: the first byte of its payload.
        end: the byte behind it, as it claims; beyond the end of the file where the file was cut off.
    """

    kind: bytes
    start: int
    body: int
    end: int


def open_for_reading(path: Path) -> int:
    """A descriptor of a regular file; raises RecordingError for what is missing, or no file (a pipe would block)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise RecordingError(path, f"cannot be opened: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise RecordingError(path, "cannot be read: it is no file")
    return descriptor


def read_at(descriptor: int, count: int, offset: int) -> bytes:
    """At most ``count`` bytes from a place in a file; Windows has no pread."""
    if offset >= 1 << 63:
        return b""
    if hasattr(os, "pread"):
        return os.pread(descriptor, count, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, count)


class TopLevelWalk:
    """The boxes of a file in order, over an open descriptor; payloads are skipped, not read.

    After the walk ``stopped_at`` is the byte where the structure ended: the size of the file if all of it was boxes.
    """

    def __init__(self, path: Path, descriptor: int, file_bytes: int) -> None:
        self.path = path
        self.file_bytes = file_bytes
        self.stopped_at = 0
        self._descriptor = descriptor

    def __iter__(self) -> Iterator[TopLevelBox]:
        at = 0
        for _ in range(MAX_TOP_LEVEL_BOXES):
            self.stopped_at = at
            head = read_at(self._descriptor, 16, at)
            if len(head) < 8:
                return
            box_bytes, kind = _SIZE_KIND.unpack_from(head)
            body = at + 8
            if box_bytes == 1:
                if len(head) < 16:
                    return
                box_bytes = _U64.unpack_from(head, 8)[0]
                body += 8
            elif box_bytes == 0 and kind != b"\0\0\0\0":
                box_bytes = self.file_bytes - at
            if box_bytes < body - at or not is_kind(kind):
                return
            yield TopLevelBox(kind, at, body, at + box_bytes)
            at += box_bytes
            if at >= self.file_bytes:
                self.stopped_at = self.file_bytes
                return
        raise RecordingError(self.path, f"more than {MAX_TOP_LEVEL_BOXES} boxes", remedy=REMEDY)

    def read(self, box: TopLevelBox) -> BoxData:
        """A whole box, header included; raises RecordingError where it is too large to be one."""
        size_bytes = box.end - box.start
        if size_bytes > MAX_HEADER_BYTES:
            raise RecordingError(
                self.path,
                f"the box {kind_name(box.kind)} claims {size_bytes} bytes",
                place=f"byte {box.start}",
                remedy=REMEDY,
            )
        data = read_at(self._descriptor, size_bytes, box.start)
        if len(data) < size_bytes:
            raise RecordingError(
                self.path, f"the box {kind_name(box.kind)} is cut off", place=f"byte {box.start}", remedy=REMEDY
            )
        return BoxData(self.path, data, box.start)


def is_kind(kind: bytes) -> bool:
    """Whether four bytes can name a box: printable, or QuickTime's © (0xA9) in front."""
    return all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind)


def kind_name(kind: bytes) -> str:
    return repr(kind.decode("latin-1"))
