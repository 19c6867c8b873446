"""An MP4 made of encoded frames that other MP4s hold already, re-timed onto an even grid.

The bytes of a frame are the same in every MP4 with the same sample entry, so copying a recording into a dataset means
to write new tables in front and let the kernel copy the byte ranges: no packet passes through Python, which is what
makes a remuxing loop slow.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from playloom.errors import OutputError, RecordingError

_SAMPLES_A_CHUNK = 64
_COPY_BYTES = 8 << 20
_MAX_SAMPLE_BYTES = (1 << 32) - 1
_ENTRY_FIELDS_BYTES = 8 + 78
_MATRIX = struct.pack(">9i", 0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000)
_NO_KERNEL_COPY = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EPERM})


def comparable_sample_entry(sample_entry: bytes) -> bytes:
    """A sample entry without what differs from file to file and changes no picture (bit rates, padding).

    Frames of two files may stand in one MP4 only if these are equal.
    """
    kept = [sample_entry[8:_ENTRY_FIELDS_BYTES]]
    at = _ENTRY_FIELDS_BYTES
    while at + 8 <= len(sample_entry):
        box_bytes = int.from_bytes(sample_entry[at : at + 4])
        if box_bytes < 8:
            break
        if sample_entry[at + 4 : at + 8] not in (b"btrt", b"free", b"skip"):
            kept.append(sample_entry[at : at + box_bytes])
        at += box_bytes
    return sample_entry[4:8] + b"".join(kept)


@dataclass(frozen=True, kw_only=True)
class _Copy:
    """Byte ranges of one source, in the order in which they are written."""

    source: Path
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


class Mp4Writer:
    """Collects frames to copy, then writes them behind their tables in one go.

    The file has one video track, its tables in front (it plays before it is loaded whole), no edit list, and frame k
    at exactly k / fps. Memory is some thirty bytes a frame until `finish`, and never holds video.

    Arguments:
        path: the file to write; it must not exist.
        sample_entry: taken over from a source, `VideoIndex.sample_entry`.
        width, height: of the picture in pixels.
        fps: frames a second.
    """

    def __init__(self, path: Path, *, sample_entry: bytes, width: int, height: int, fps: int | Fraction) -> None:
        self.path = path
        self._sample_entry = sample_entry
        self._width, self._height = width, height
        rate = Fraction(fps)
        # FFmpeg's muxer doubles a timescale until it is at least ten thousand, and its concat demuxer (LeRobot's
        # `aggregate_datasets`) takes files of one timescale only: ours and what FFmpeg makes of it must be the same.
        scale = -(-10_000 // rate.numerator)
        self._timescale, self._ticks_a_frame = rate.numerator * scale, rate.denominator * scale
        self._copies: list[_Copy] = []
        self._sizes: list[NDArray[np.uint32]] = []
        self._keyframes: list[NDArray[np.bool_]] = []
        self._positions: list[NDArray[np.int64]] = []
        self._count = 0

    @property
    def frames(self) -> int:
        """How many frames were added."""
        return self._count

    @property
    def data_bytes(self) -> int:
        """How many bytes of encoded frames were added."""
        return sum(int(sizes.sum(dtype=np.int64)) for sizes in self._sizes)

    def add_samples(
        self, source: Path, offset: ArrayLike, size_bytes: ArrayLike, keyframe: ArrayLike, positions: ArrayLike
    ) -> None:
        """Append frames of one source, all arrays in decode order, [n].

        Arguments:
            source: the file that holds them; it is read in `finish`.
            offset, size_bytes: where each is.
            keyframe: whether decoding can start there; the first sample of a run must be one.
            positions: the place of each in the order of showing, counted over the whole file: the frame is shown
                at position / fps. Over all runs they must be 0 … frames - 1, each once.
        """
        offsets, sizes = np.asarray(offset, np.int64), np.asarray(size_bytes, np.int64)
        keyframes, places = np.asarray(keyframe, bool), np.asarray(positions, np.int64)
        assert len(offsets) == len(sizes) == len(keyframes) == len(places)
        if len(offsets) == 0:
            return
        assert int(sizes.min()) >= 0
        assert int(sizes.max()) <= _MAX_SAMPLE_BYTES
        joins = offsets[1:] != offsets[:-1] + sizes[:-1]
        first = np.concatenate(([True], joins))
        last = np.concatenate((joins, [True]))
        self._copies.append(_Copy(source=source, starts=offsets[first], ends=(offsets + sizes)[last]))
        self._sizes.append(sizes.astype(np.uint32))
        self._keyframes.append(keyframes)
        self._positions.append(places)
        self._count += len(offsets)

    def finish(self) -> None:
        """Write the file; on any failure nothing is left of it.

        Raises:
            OutputError: the file exists or cannot be written.
            RecordingError: a source cannot be read, or ends before a frame that it should hold.
        """
        assert self._count > 0, "a video needs a frame"
        head = self._head()
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        except FileExistsError as error:
            raise OutputError(self.path, "it exists already", remedy="Choose another name") from error
        except OSError as error:
            raise OutputError(self.path, f"cannot be written: {error.strerror}") from error
        whole = False
        try:
            _write_all(self.path, descriptor, head)
            for copy in self._copies:
                _copy_ranges(copy, self.path, descriptor)
            whole = True
        finally:
            os.close(descriptor)
            if not whole:
                self.path.unlink(missing_ok=True)

    def _head(self) -> bytes:
        """Everything in front of the first frame's bytes."""
        sizes, keyframes = np.concatenate(self._sizes), np.concatenate(self._keyframes)
        positions = np.concatenate(self._positions)
        assert np.array_equal(np.sort(positions), np.arange(self._count)), "each position of the grid once"
        ftyp = _box(b"ftyp", b"isom" + struct.pack(">I", 0x200) + b"isomiso4mp41")
        data_bytes = int(sizes.sum(dtype=np.int64))
        wide = data_bytes + (1 << 28) > 1 << 32
        mdat = (
            struct.pack(">I4sQ", 1, b"mdat", data_bytes + 16) if wide else struct.pack(">I4s", data_bytes + 8, b"mdat")
        )
        bounds = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)))
        chunks = bounds[:-1:_SAMPLES_A_CHUNK]
        tables = _Tables(
            sample_entry=self._sample_entry,
            sizes=sizes,
            keyframes=keyframes,
            composition=(positions - np.arange(self._count)) * self._ticks_a_frame,
            ticks_a_frame=self._ticks_a_frame,
            chunks=chunks,
            wide=wide,
        )
        # The tables' length does not depend on the offsets in them: a first pass measures, the second one says.
        head_bytes = len(ftyp) + len(self._moov(tables, 0)) + len(mdat)
        return ftyp + self._moov(tables, head_bytes) + mdat

    def _moov(self, tables: _Tables, data_start: int) -> bytes:
        duration = self._count * self._ticks_a_frame
        mvhd = struct.pack(">QQIQIHH8x", 0, 0, self._timescale, duration, 0x1_0000, 0x100, 0) + _MATRIX
        tkhd = struct.pack(">QQI4xQ8xHHHH", 0, 0, 1, duration, 0, 0, 0, 0) + _MATRIX
        mdhd = struct.pack(">QQIQHH", 0, 0, self._timescale, duration, 0x55C4, 0)
        minf = _box(
            b"minf",
            _full_box(b"vmhd", 0, 1, bytes(8)),
            _box(b"dinf", _full_box(b"dref", 0, 0, struct.pack(">I", 1), _full_box(b"url ", 0, 1))),
            tables.stbl(data_start),
        )
        mdia = _box(
            b"mdia",
            _full_box(b"mdhd", 1, 0, mdhd),
            _full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, b"vide"), b"VideoHandler\0"),
            minf,
        )
        size = struct.pack(">II", self._width << 16, self._height << 16)
        return _box(
            b"moov",
            _full_box(b"mvhd", 1, 0, mvhd, struct.pack(">24xI", 2)),
            _box(b"trak", _full_box(b"tkhd", 1, 3, tkhd, size), mdia),
        )


@dataclass(frozen=True, kw_only=True)
class _Tables:
    """The sample tables of the one track; ``chunks`` are offsets from the first byte of the data."""

    sample_entry: bytes
    sizes: NDArray[np.uint32]
    keyframes: NDArray[np.bool_]
    composition: NDArray[np.int64]
    ticks_a_frame: int
    chunks: NDArray[np.int64]
    wide: bool

    def stbl(self, data_start: int) -> bytes:
        count = len(self.sizes)
        boxes = [
            _full_box(b"stsd", 0, 0, struct.pack(">I", 1), self.sample_entry),
            _full_box(b"stts", 0, 0, struct.pack(">III", 1, count, self.ticks_a_frame)),
        ]
        if self.composition.any():
            changes = np.flatnonzero(np.diff(self.composition, prepend=self.composition[0] + 1))
            rows = np.stack((np.diff(changes, append=count), self.composition[changes]), axis=1)
            boxes.append(_full_box(b"ctts", 1, 0, struct.pack(">I", len(rows)), rows.astype(">i4").tobytes()))
        if not self.keyframes.all():
            numbers = np.flatnonzero(self.keyframes) + 1
            boxes.append(_full_box(b"stss", 0, 0, struct.pack(">I", len(numbers)), numbers.astype(">u4").tobytes()))
        boxes.append(_full_box(b"stsc", 0, 0, self._chunk_sizes(count)))
        boxes.append(_full_box(b"stsz", 0, 0, struct.pack(">II", 0, count), self.sizes.astype(">u4").tobytes()))
        offsets = (self.chunks + data_start).astype(">u8" if self.wide else ">u4").tobytes()
        kind = b"co64" if self.wide else b"stco"
        boxes.append(_full_box(kind, 0, 0, struct.pack(">I", len(self.chunks)), offsets))
        return _box(b"stbl", *boxes)

    @staticmethod
    def _chunk_sizes(count: int) -> bytes:
        whole, rest = divmod(count, _SAMPLES_A_CHUNK)
        rows = [(1, _SAMPLES_A_CHUNK, 1)] if whole else []
        if rest:
            rows.append((whole + 1, rest, 1))
        return struct.pack(">I", len(rows)) + b"".join(struct.pack(">III", *row) for row in rows)


def _box(kind: bytes, *parts: bytes) -> bytes:
    payload = b"".join(parts)
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


def _full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _copy_ranges(copy: _Copy, target: Path, descriptor: int) -> None:
    try:
        source = os.open(copy.source, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise RecordingError(copy.source, f"cannot be opened: {error.strerror}") from error
    try:
        for start, end in zip(copy.starts.tolist(), copy.ends.tolist(), strict=True):
            at = start
            for copied in _copy_range(source, copy.source, target, descriptor, start, end):
                at += copied
            if at < end:
                raise RecordingError(
                    copy.source,
                    f"the file ends before the video does ({end - at} bytes are missing)",
                    place=f"byte {at}",
                    remedy="The file was shortened while it was read: try again once nothing writes to it",
                )
    finally:
        os.close(source)


def _copy_range(source: int, source_path: Path, target: Path, descriptor: int, start: int, end: int) -> Iterator[int]:
    """Append bytes of one file to another; yields how many each step copied, and stops at the end of the source."""
    in_kernel = hasattr(os, "copy_file_range")
    while start < end:
        copied = 0
        if in_kernel:
            try:
                copied = os.copy_file_range(source, descriptor, end - start, start)
            except OSError as error:
                if error.errno not in _NO_KERNEL_COPY:
                    raise _cannot_copy(error, source_path, target) from error
            in_kernel = copied > 0
        if not in_kernel:
            try:
                os.lseek(source, start, os.SEEK_SET)
                piece = os.read(source, min(end - start, _COPY_BYTES))
            except OSError as error:
                raise RecordingError(source_path, f"cannot be read: {error.strerror}", place=f"byte {start}") from error
            _write_all(target, descriptor, piece)
            copied = len(piece)
        if copied == 0:
            return
        yield copied
        start += copied


def _cannot_copy(error: OSError, source: Path, target: Path) -> OutputError | RecordingError:
    if error.errno == errno.EIO:
        return RecordingError(source, "cannot be read: input/output error", remedy="Check the disk")
    return OutputError(target, f"cannot be written: {error.strerror}", remedy="Make room on the disk")


def _write_all(path: Path, descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except OSError as error:
            raise OutputError(path, f"cannot be written: {error.strerror}", remedy="Make room on the disk") from error
