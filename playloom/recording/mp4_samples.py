"""The sample tables of an MP4: of a moov (stts, ctts, stsz, stz2, stsc, stco, co64, stss) and of its fragments (moof).

Everything is NumPy: an hour at 60 fps is 216,000 samples, which a loop in Python would make the slowest part of
looking at a recording.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from playloom.recording.mp4_boxes import Box, BoxData

MAX_SAMPLES = 2_000_000
"""Nine hours at 60 fps; bounds what a table of constant sizes can make us allocate."""

_NON_SYNC_FLAGS = 0x0101_0000  # "is not a sync sample", "depends on others": FFmpeg takes both for "no keyframe"


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Samples of one track in decode order, each array [n].

    Attributes:
        dts: decode time, int64, in the track's timescale.
        composition: what the presentation time adds to it, int64.
        size_bytes, offset: where the bytes are, int64.
        keyframe: what the container marks as one, bool.
    """

    dts: NDArray[np.int64]
    composition: NDArray[np.int64]
    size_bytes: NDArray[np.int64]
    offset: NDArray[np.int64]
    keyframe: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.dts)


def join(parts: list[Samples]) -> Samples:
    empty = np.zeros(0, np.int64)
    return Samples(
        dts=np.concatenate([empty, *(part.dts for part in parts)]),
        composition=np.concatenate([empty, *(part.composition for part in parts)]),
        size_bytes=np.concatenate([empty, *(part.size_bytes for part in parts)]),
        offset=np.concatenate([empty, *(part.offset for part in parts)]),
        keyframe=np.concatenate([np.zeros(0, bool), *(part.keyframe for part in parts)]),
    )


def read_sample_table(data: BoxData, stbl: Box, file_bytes: int) -> Samples:
    """The samples that a moov lists; raises RecordingError where its tables contradict one another."""
    boxes = data.named_children(stbl)
    sizes = _sizes(data, boxes, file_bytes)
    count = len(sizes)
    if count == 0:
        return join([])
    missing = [name for name in (b"stts", b"stsc") if name not in boxes]
    if missing or not (b"stco" in boxes or b"co64" in boxes):
        raise data.fault(stbl.start, f"{count} samples, but no table of their times or places")
    durations = _run_lengths(data, boxes[b"stts"], count, ">u4")
    if len(durations) < count:
        raise data.fault(boxes[b"stts"].start, f"times for {len(durations)} of {count} samples")
    dts = np.zeros(count, np.int64)
    np.cumsum(durations[:-1], out=dts[1:])
    composition = np.zeros(count, np.int64)
    if b"ctts" in boxes:
        # Version 0 says unsigned, but files with negative offsets in it exist, and FFmpeg reads all as signed.
        offsets = _run_lengths(data, boxes[b"ctts"], count, ">i4")
        composition[: len(offsets)] = offsets
    offset = _offsets(data, boxes, sizes)
    if len(offset) < count:
        raise data.fault(boxes[b"stsc"].start, f"places for {len(offset)} of {count} samples")
    return Samples(
        dts=dts, composition=composition, size_bytes=sizes, offset=offset, keyframe=_keyframes(data, boxes, count)
    )


def uses_one_sample_entry(data: BoxData, stbl: Box) -> bool:
    """Whether every chunk uses the first sample entry."""
    stsc = data.named_children(stbl).get(b"stsc")
    if stsc is None:
        return True
    rows = data.table(stsc.body + 8, stsc.end, data.u32(stsc.body + 4, stsc.end), ">u4", 3)
    return bool(np.all(rows[:, 2] == 1))


def _sizes(data: BoxData, boxes: dict[bytes, Box], file_bytes: int) -> NDArray[np.int64]:
    if b"stsz" in boxes:
        box = boxes[b"stsz"]
        constant, count = data.u32(box.body + 4, box.end), data.u32(box.body + 8, box.end)
        if constant:
            # More samples than the file has room for cannot be there: they are cut off as damage later.
            _refuse_flood(data, box, min(count, file_bytes // constant + 1))
            return np.full(min(count, file_bytes // constant + 1), constant, np.int64)
        _refuse_flood(data, box, min(count, (box.end - box.body) // 4))
        return data.table(box.body + 12, box.end, count, ">u4").astype(np.int64)
    if b"stz2" in boxes:
        box = boxes[b"stz2"]
        field_bits, count = data.u8(box.body + 7, box.end), data.u32(box.body + 8, box.end)
        _refuse_flood(data, box, min(count, (box.end - box.body) * 2))
        if field_bits == 4:
            packed = data.table(box.body + 12, box.end, (count + 1) // 2, ">u1").astype(np.int64)
            return np.stack((packed >> 4, packed & 15), axis=1).ravel()[:count]
        if field_bits in (8, 16):
            return data.table(box.body + 12, box.end, count, f">u{field_bits // 8}").astype(np.int64)
        raise data.fault(box.start, f"sample sizes of {field_bits} bits")
    return np.zeros(0, np.int64)


def _refuse_flood(data: BoxData, box: Box, count: int) -> None:
    if count > MAX_SAMPLES:
        raise data.fault(box.start, f"{count} samples, more than the {MAX_SAMPLES} that a recording may have")


def _run_lengths(data: BoxData, box: Box, limit: int, dtype: str) -> NDArray[np.int64]:
    """The values of a table of (how often, value), at most ``limit`` of them."""
    rows = data.table(box.body + 8, box.end, data.u32(box.body + 4, box.end), ">u4", 2)
    repeats = np.minimum(rows[:, 0].astype(np.int64), limit)
    ends = np.minimum(np.cumsum(repeats), limit)
    values = np.ascontiguousarray(rows[:, 1]).view(dtype).astype(np.int64)
    return np.repeat(values, np.diff(ends, prepend=0))


def _offsets(data: BoxData, boxes: dict[bytes, Box], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    count = len(sizes)
    wide = b"co64" in boxes and b"stco" not in boxes
    box = boxes[b"co64" if wide else b"stco"]
    chunks = data.table(box.body + 8, box.end, data.u32(box.body + 4, box.end), ">u8" if wide else ">u4")
    stsc = boxes[b"stsc"]
    rows = data.table(stsc.body + 8, stsc.end, data.u32(stsc.body + 4, stsc.end), ">u4", 3).astype(np.int64)
    first_chunk = rows[:, 0] - 1
    if len(rows) == 0 or first_chunk[0] != 0 or np.any(np.diff(first_chunk) <= 0):
        raise data.fault(stsc.start, "the table of chunks is not in order")
    used = first_chunk < len(chunks)
    first_chunk, per_row = first_chunk[used], np.minimum(rows[used, 1], count)
    per_chunk = np.repeat(per_row, np.diff(first_chunk, append=len(chunks)))
    ends = np.minimum(np.cumsum(per_chunk), count)
    in_chunk = np.diff(ends, prepend=0)
    starts = ends - in_chunk
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    # Offsets beyond 2**61 are beyond every file; so bounded, sums with sizes stay in int64.
    bases = np.minimum(chunks.astype(np.uint64), np.uint64(1 << 61)).astype(np.int64)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(bases - before[starts], in_chunk) + before[:total]


def _keyframes(data: BoxData, boxes: dict[bytes, Box], count: int) -> NDArray[np.bool_]:
    if b"stss" not in boxes:
        return np.ones(count, bool)
    box = boxes[b"stss"]
    numbers = data.table(box.body + 8, box.end, data.u32(box.body + 4, box.end), ">u4").astype(np.int64)
    keyframe = np.zeros(count, bool)
    keyframe[numbers[(numbers >= 1) & (numbers <= count)] - 1] = True
    return keyframe


@dataclass(frozen=True, kw_only=True)
class TrackDefaults:
    """What a trex box gives the fragments of a track that say nothing themselves."""

    duration: int = 0
    size_bytes: int = 0
    flags: int = 0


def read_track_defaults(data: BoxData, mvex: Box) -> dict[int, TrackDefaults]:
    """Track id → defaults."""
    defaults: dict[int, TrackDefaults] = {}
    for box in data.children(mvex.body, mvex.end):
        if box.kind == b"trex":
            track, _, duration, size_bytes, flags = (data.u32(box.body + 4 + 4 * i, box.end) for i in range(5))
            defaults[track] = TrackDefaults(duration=duration, size_bytes=size_bytes, flags=flags)
    return defaults


@dataclass
class FragmentReader:
    """Gathers one track's samples out of moof after moof.

    Attributes:
        track_id: the track.
        defaults: of every track of the file.
        file_bytes: the size of the file, which bounds how many samples of a constant size there can be.
        next_dts: the decode time at which a fragment without one of its own (tfdt) goes on.
    """

    track_id: int
    defaults: dict[int, TrackDefaults]
    file_bytes: int
    next_dts: int = 0
    parts: list[Samples] = field(default_factory=list)
    _count: int = 0

    def add(self, data: BoxData) -> None:
        """Take in a whole moof; raises RecordingError, and takes nothing of it, where it is malformed."""
        moof = next(data.children(0, len(data.data)))
        implicit_base = data.file_offset
        found: list[Samples] = []
        dts = self.next_dts
        for traf in data.children(moof.body, moof.end):
            if traf.kind == b"traf":
                implicit_base, dts = self._read_traf(data, traf, implicit_base, dts, found)
        self.next_dts = dts
        self.parts += found
        self._count += sum(len(part) for part in found)

    def _read_traf(
        self, data: BoxData, traf: Box, implicit_base: int, dts: int, found: list[Samples]
    ) -> tuple[int, int]:
        """Append the samples of a track fragment if it is our track's; where its data ends, and our next time."""
        boxes = list(data.children(traf.body, traf.end))
        tfhd = next((box for box in boxes if box.kind == b"tfhd"), None)
        if tfhd is None:
            raise data.fault(traf.start, "a track fragment without its header")
        flags = data.u32(tfhd.body, tfhd.end)
        track = data.u32(tfhd.body + 4, tfhd.end)
        at = tfhd.body + 8
        base = data.file_offset if flags & 0x02_0000 else implicit_base
        if flags & 0x1:
            base = data.u64(at, tfhd.end)
            at += 8
        at += 4 if flags & 0x2 else 0
        defaults = self.defaults.get(track, TrackDefaults())
        values = [defaults.duration, defaults.size_bytes, defaults.flags]
        for position, flag in enumerate((0x8, 0x10, 0x20)):
            if flags & flag:
                values[position] = data.u32(at, tfhd.end)
                at += 4
        ours = track == self.track_id
        position = base
        for box in boxes:
            if box.kind == b"tfdt" and ours:
                wide = data.u8(box.body, box.end) == 1
                dts = data.u64(box.body + 4, box.end) if wide else data.u32(box.body + 4, box.end)
                if dts >= 1 << 60:
                    raise data.fault(box.start, f"a decode time of {dts} ticks")
            elif box.kind == b"trun":
                samples, position = self._read_run(data, box, base, position, dts, values)
                if ours and len(samples):
                    found.append(samples)
                    dts = int(samples.dts[-1]) + self._last_duration
        return position, dts

    _last_duration: int = 0

    def _read_run(
        self, data: BoxData, trun: Box, base: int, position: int, dts: int, defaults: list[int]
    ) -> tuple[Samples, int]:
        flags = data.u32(trun.body, trun.end)
        count = data.u32(trun.body + 4, trun.end)
        at = trun.body + 8
        if flags & 0x1:
            position = base + data.i32(at, trun.end)
            at += 4
        first_flags = None
        if flags & 0x4:
            first_flags = data.u32(at, trun.end)
            at += 4
        columns = [flag for flag in (0x100, 0x200, 0x400, 0x800) if flags & flag]
        if not 0x200 & flags:
            # No bytes of the table bound the count here, so the file's size must.
            count = min(count, self.file_bytes // defaults[1] + 1) if defaults[1] else 0
        if self._count + count > MAX_SAMPLES:
            raise data.fault(trun.start, f"more than the {MAX_SAMPLES} samples that a recording may have")
        if not 0 <= position < 1 << 62:
            raise data.fault(trun.start, f"samples at byte {position}")
        rows = data.table(at, trun.end, count, ">u4", max(len(columns), 1)) if columns else None

        def column(flag: int, default: int) -> NDArray[np.int64]:
            if rows is None or flag not in columns:
                return np.full(count, default, np.int64)
            return rows.reshape(count, len(columns))[:, columns.index(flag)].astype(np.int64)

        durations, sizes = column(0x100, defaults[0]), column(0x200, defaults[1])
        sample_flags = column(0x400, defaults[2])
        if first_flags is not None and count:
            sample_flags[0] = first_flags
        composition = column(0x800, 0)
        composition -= (composition >> 31) << 32  # signed in version 1; FFmpeg reads version 0 so, too
        starts = position + np.cumsum(sizes) - sizes
        self._last_duration = int(durations[-1]) if count else 0
        samples = Samples(
            dts=dts + np.cumsum(durations) - durations,
            composition=composition,
            size_bytes=sizes,
            offset=starts,
            keyframe=(sample_flags & _NON_SYNC_FLAGS) == 0,
        )
        return samples, position + int(sizes.sum())
