"""Where every frame of an MP4 is and when it is shown, without reading the video itself.

`index_video` reads the boxes of a plain or fragmented file with its own parser: a remuxing library would read all of
the video to find its packets, and says nothing of what a cut-off file has lost. What is legal but rare is left to a
packet scan by FFmpeg (see `mp4_scan`): more than one edit, edits that change the speed, more than one sample entry
in use, compressed headers. Nothing here decodes pictures.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.recording.damage import Damage
from playloom.recording.mp4_boxes import REMEDY, Box, BoxData, TopLevelBox, TopLevelWalk, open_for_reading, read_at
from playloom.recording.mp4_codec import SampleEntry, h264_pixel_format, read_sample_entry
from playloom.recording.mp4_keyframes import check_keyframes, first_parameter_set
from playloom.recording.mp4_samples import (
    FragmentReader,
    Samples,
    join,
    read_sample_table,
    read_track_defaults,
    uses_one_sample_entry,
)
from playloom.recording.mp4_writer import comparable_sample_entry

_STILL_CODECS = frozenset({"mjpeg", "png"})
_MAX_TICKS = 1 << 61
_UNFINISHED = (
    "The recorder was stopped before it wrote the list of frames: without it the video cannot be read; "
    "record in fragments (Playloom does) or try a repair tool such as untrunc"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class VideoIndex:
    """The frames of the first video track of a file.

    Arrays are in decode order, [n]. Times are what FFmpeg and PyAV report for the same file (edit lists applied).

    Attributes:
        path: the file.
        codec: FFmpeg's name: "h264", "hevc", "av1", "vp9", "mpeg4" …
        width, height: coded picture in pixels, before rotation.
        pixel_format: FFmpeg's name ("yuv420p", "yuvj420p" for full range), or None where it is not announced.
        rotation: degrees clockwise that a player turns the picture: 0, 90, 180, 270 or what the file says.
        time_base: seconds per tick.
        pts, dts: presentation and decode time, int64, in ticks.
        duration: how long the last frame in presentation order is shown, in ticks, 0 if unknown.
        size_bytes, offset: where the encoded frame is in the file, int64.
        keyframe: whether decoding can start here with nothing before it, bool. For H.264 and HEVC only where the
            picture is IDR (or BLA): encoders mark open-GOP and recovery-point pictures as sync samples, too, and
            from those the first frames decode wrong, so they count as ordinary frames here.
        hidden: frames that no decoder shows, bool: cut off by an edit list (others may need them), or in front of the
            first keyframe.
        codec_config: the payload of avcC, hvcC, av1C, vpcC or esds; b"" if there is none.
        sample_entry: the whole sample entry as it stands in the file, for copying into another.
        audio_tracks: how many the file has.
        damage: what is missing or was repaired.
        settings_change: the decode index of the first keyframe from which on the pictures have another size or other
            settings than ``codec_config`` says; None where there is none.
    """

    path: Path
    codec: str
    width: int
    height: int
    pixel_format: str | None
    rotation: int
    time_base: Fraction
    pts: NDArray[np.int64]
    dts: NDArray[np.int64]
    duration: int
    size_bytes: NDArray[np.int64]
    offset: NDArray[np.int64]
    keyframe: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    codec_config: bytes
    sample_entry: bytes
    audio_tracks: int
    damage: list[Damage]
    settings_change: int | None = None

    @cached_property
    def presentation_order(self) -> NDArray[np.intp]:
        """The decode index of each shown frame, in the order of showing, intp [frames]."""
        order = np.argsort(self.pts, kind="stable")
        return order[~self.hidden[order]]

    @cached_property
    def presentation_ns(self) -> NDArray[np.int64]:
        """When each frame is shown, sorted, int64 [frames], nanoseconds rounded to the nearest."""
        ticks_a_second, ticks_each = self.time_base.denominator, self.time_base.numerator
        seconds, rest = np.divmod(self.pts[self.presentation_order] * ticks_each, ticks_a_second)
        return seconds * 1_000_000_000 + (rest * 1_000_000_000 + ticks_a_second // 2) // ticks_a_second

    @property
    def frames(self) -> int:
        """How many frames are shown."""
        return len(self.presentation_order)

    @property
    def has_b_frames(self) -> bool:
        """Whether frames are shown in another order than they are decoded in."""
        return bool(np.any(np.diff(self.pts) < 0))


def index_video(path: Path) -> VideoIndex:
    """Index the first video track of an MP4 (or QuickTime) file.

    Samples whose bytes are not in the file are left out, and with them those up to the next keyframe, which cannot
    be decoded without them; of a fragment that was cut off, the samples that are there whole are kept. Both are
    told in ``damage``. Peak memory follows the number of frames and not the size of the file.

    Raises:
        RecordingError: the file cannot be read, is no MP4, has no video, no frames, or no duration.
    """
    descriptor = open_for_reading(path)
    try:
        index = _Indexing(path, descriptor).run()
    except OSError as error:
        raise RecordingError(path, f"cannot be read: {error.strerror}", remedy="Check the disk") from error
    finally:
        os.close(descriptor)
    if index is None:
        from playloom.recording.mp4_scan import scan_video

        index = scan_video(path)
    if len(index.pts) == 0 or index.frames == 0:
        raise RecordingError(path, "the video has no frames", remedy="Nothing was recorded: leave the session out")
    if index.frames > 1 and int(index.pts.max()) == int(index.pts.min()):
        raise RecordingError(path, "all frames of the video have the same time", remedy=REMEDY)
    return index


@dataclass
class _Track:
    """A video track of a moov: where its boxes are."""

    stbl: dict[bytes, Box]
    stbl_box: Box
    tkhd: Box
    timescale: int
    edits: list[tuple[int, int, int]]
    entry: SampleEntry
    track_id: int


class _Indexing:
    """One pass over one file."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.file_bytes = os.fstat(descriptor).st_size
        self.damage: list[Damage] = []

    def run(self) -> VideoIndex | None:
        """The index, or None where the file needs the packet scan."""
        if self.file_bytes == 0:
            raise RecordingError(self.path, "the file is empty", remedy="Nothing was recorded: leave the session out")
        walk = TopLevelWalk(self.path, self.descriptor, self.file_bytes)
        moov: BoxData | None = None
        fragments: FragmentReader | None = None
        track: _Track | None = None
        movie_timescale = audio_tracks = 0
        seen: set[bytes] = set()
        waiting: list[TopLevelBox] = []
        for box in walk:
            seen.add(box.kind)
            if box.kind == b"moov" and moov is None:
                if box.end > self.file_bytes:
                    raise self._cut_off("in the middle of the list of frames (moov)", box.start)
                moov = walk.read(box)
                boxes = moov.named_children(next(moov.children(0, len(moov.data))))
                if b"cmov" in boxes:
                    return None
                movie_timescale, track, audio_tracks, fragments = self._read_moov(moov, boxes)
                for earlier in waiting:
                    self._add_fragment(walk, earlier, fragments)
            elif box.kind == b"moof":
                if fragments is None:
                    waiting.append(box)
                else:
                    self._add_fragment(walk, box, fragments)
        if moov is None or track is None or fragments is None:
            if seen & {b"ftyp", b"mdat", b"moof"}:
                raise self._cut_off("without a list of frames (moov)", self.file_bytes)
            raise RecordingError(self.path, "no MP4 video", place="byte 0", remedy=REMEDY)
        if walk.stopped_at < self.file_bytes:
            self._note(
                walk.stopped_at,
                f"the last {self.file_bytes - walk.stopped_at} bytes are no MP4 boxes; what they held is lost",
            )
        if len(track.edits) > 2 or any(rate != 0x1_0000 for _, _, rate in track.edits):
            return None
        several = _several_settings(moov, track.stbl[b"stsd"])
        if fragments.parts and several:
            raise self._settings_change()
        if not uses_one_sample_entry(moov, track.stbl_box):
            if several:
                raise self._settings_change()
            return None
        table = read_sample_table(moov, track.stbl_box, self.file_bytes)
        samples = join([table, *fragments.parts]) if fragments.parts else table
        return self._finish(moov, track, samples, bool(fragments.parts), movie_timescale, audio_tracks)

    def _add_fragment(self, walk: TopLevelWalk, box: TopLevelBox, fragments: FragmentReader) -> None:
        if box.end > self.file_bytes:
            lost_bytes = self.file_bytes - box.start
            self._note(
                box.start, f"the file ends inside a fragment's header; the fragment ({lost_bytes} bytes) is lost"
            )
            return
        try:
            fragments.add(walk.read(box))
        except RecordingError as error:
            self._note(box.start, f"a fragment cannot be read and is lost: {error.problem}")

    def _read_moov(self, moov: BoxData, boxes: dict[bytes, Box]) -> tuple[int, _Track, int, FragmentReader]:
        top = next(moov.children(0, len(moov.data)))
        movie_timescale = _timescale(moov, boxes.get(b"mvhd"))
        video: _Track | None = None
        audio_tracks = 0
        for trak in moov.children(top.body, top.end):
            if trak.kind != b"trak":
                continue
            inside = moov.named_children(trak)
            mdia = moov.named_children(inside[b"mdia"]) if b"mdia" in inside else {}
            if b"hdlr" not in mdia:
                continue
            kind = moov.u32(mdia[b"hdlr"].body + 8, mdia[b"hdlr"].end).to_bytes(4)
            audio_tracks += kind == b"soun"
            if kind == b"vide" and video is None:
                video = self._read_track(moov, trak, inside, mdia)
        if video is None:
            raise RecordingError(self.path, "the file has no video track", remedy="Record it again with video")
        defaults = read_track_defaults(moov, boxes[b"mvex"]) if b"mvex" in boxes else {}
        return movie_timescale, video, audio_tracks, FragmentReader(video.track_id, defaults, self.file_bytes)

    def _read_track(self, moov: BoxData, trak: Box, inside: dict[bytes, Box], mdia: dict[bytes, Box]) -> _Track | None:
        """The track, or None where it is a still picture (a cover) and not a video."""
        minf = moov.named_children(mdia[b"minf"]) if b"minf" in mdia else {}
        if b"stbl" not in minf or b"tkhd" not in inside:
            raise moov.fault(trak.start, "the video track lacks its tables")
        stbl = moov.named_children(minf[b"stbl"])
        if b"stsd" not in stbl:
            raise moov.fault(trak.start, "the video track has no sample entry")
        entry = read_sample_entry(moov, stbl[b"stsd"])
        if entry.codec in _STILL_CODECS and b"stsz" in stbl and moov.u32(stbl[b"stsz"].body + 8, stbl[b"stsz"].end) < 2:
            return None
        tkhd = inside[b"tkhd"]
        wide = moov.u8(tkhd.body, tkhd.end) == 1
        elst = moov.named_children(inside[b"edts"]).get(b"elst") if b"edts" in inside else None
        return _Track(
            stbl=stbl,
            stbl_box=minf[b"stbl"],
            tkhd=tkhd,
            timescale=_timescale(moov, mdia.get(b"mdhd")),
            edits=[] if elst is None else _edits(moov, elst),
            entry=entry,
            track_id=moov.u32(tkhd.body + (20 if wide else 12), tkhd.end),
        )

    def _finish(
        self, moov: BoxData, track: _Track, samples: Samples, fragmented: bool, movie_timescale: int, audio_tracks: int
    ) -> VideoIndex | None:
        last_duration = int(samples.dts[-1] - samples.dts[-2]) if len(samples) > 1 else 0
        samples = self._without_missing(samples)
        if len(samples) and max(abs(int(samples.dts.max())), abs(int(samples.dts.min()))) > _MAX_TICKS:
            raise RecordingError(self.path, "the times of the frames are beyond belief", remedy=REMEDY)
        timing = _apply_edits(samples, track, fragmented, movie_timescale)
        if timing is None:
            return None
        pts, dts, hidden = timing
        self._hide_undecodable_start(samples, hidden)
        entry = track.entry
        pixel_format = entry.pixel_format
        if pixel_format is None and entry.codec == "h264" and len(samples):
            first_bytes = min(int(samples.size_bytes[0]), 4096)
            parameter_set = first_parameter_set(
                read_at(self.descriptor, first_bytes, int(samples.offset[0])), entry.nal_length_bytes
            )
            pixel_format = h264_pixel_format(parameter_set) if parameter_set else None
        keyframes = check_keyframes(self.descriptor, entry, samples)
        return VideoIndex(
            path=self.path,
            codec=entry.codec,
            width=entry.width,
            height=entry.height,
            pixel_format=pixel_format,
            rotation=_rotation(moov, track.tkhd),
            time_base=Fraction(1, track.timescale),
            pts=pts,
            dts=dts,
            duration=last_duration,
            size_bytes=samples.size_bytes,
            offset=samples.offset,
            keyframe=keyframes.decodable,
            hidden=hidden,
            codec_config=entry.config,
            sample_entry=entry.raw,
            audio_tracks=audio_tracks,
            damage=self.damage,
            settings_change=keyframes.settings_change,
        )

    def _without_missing(self, samples: Samples) -> Samples:
        """The samples that are in the file and can be decoded."""
        missing = samples.offset + samples.size_bytes > self.file_bytes
        if not missing.any():
            return samples
        positions = np.arange(len(samples))
        last_missing = np.maximum.accumulate(np.where(missing, positions, -1))
        last_keyframe = np.maximum.accumulate(np.where(samples.keyframe, positions, -1))
        kept = ~missing & ((last_missing < 0) | (last_keyframe > last_missing))
        first = int(np.argmax(missing))
        lost_bytes = int(samples.size_bytes[missing].sum())
        undecodable = int((~kept).sum()) - int(missing.sum())
        also = f", and {undecodable} after them cannot be decoded without them" if undecodable else ""
        self._note(
            min(int(samples.offset[first]), self.file_bytes),
            f"{int(missing.sum())} of {len(samples)} frames ({lost_bytes} bytes) lie beyond the end of the file, "
            f"the first is frame {first}{also}",
        )
        return Samples(
            dts=samples.dts[kept],
            composition=samples.composition[kept],
            size_bytes=samples.size_bytes[kept],
            offset=samples.offset[kept],
            keyframe=samples.keyframe[kept],
        )

    def _hide_undecodable_start(self, samples: Samples, hidden: NDArray[np.bool_]) -> None:
        """Frames in front of the first keyframe are in the file, but no decoder shows them."""
        first = int(np.argmax(samples.keyframe)) if samples.keyframe.any() else 0
        if first:
            hidden[:first] = True
            self._note(int(samples.offset[0]), f"the first {first} frames come before any keyframe and are lost")

    def _note(self, at: int, problem: str) -> None:
        if len(self.damage) < 100:
            self.damage.append(Damage(file=self.path, place=f"byte {at}", problem=problem))

    def _settings_change(self) -> RecordingError:
        return RecordingError(
            self.path,
            "the video's size or settings change in the middle, by a second sample entry",
            remedy="Encode it anew: ffmpeg -i capture.mp4 -vf scale=W:H encoded.mp4",
        )

    def _cut_off(self, where: str, at: int) -> RecordingError:
        return RecordingError(self.path, f"the file ends {where}", place=f"byte {at}", remedy=_UNFINISHED)


def _timescale(moov: BoxData, header: Box | None) -> int:
    """Ticks a second of an mvhd or mdhd box."""
    if header is None:
        raise moov.fault(0, "the file does not say how its time is counted")
    wide = moov.u8(header.body, header.end) == 1
    timescale = moov.u32(header.body + (20 if wide else 12), header.end)
    if not 0 < timescale < 1 << 31:
        raise moov.fault(header.start, f"time counted in {timescale} ticks a second")
    return timescale


def _several_settings(moov: BoxData, stsd: Box) -> bool:
    """Whether the sample entries differ in anything that concerns the pictures."""
    entries = {
        comparable_sample_entry(moov.data[entry.start : entry.end]) for entry in moov.children(stsd.body + 8, stsd.end)
    }
    return len(entries) > 1


def _edits(moov: BoxData, elst: Box) -> list[tuple[int, int, int]]:
    """(duration in movie ticks, start in media ticks or -1 for an empty one, speed as 16.16) of the first few edits."""
    wide = moov.u8(elst.body, elst.end) == 1
    edits: list[tuple[int, int, int]] = []
    at = elst.body + 8
    for _ in range(min(moov.u32(elst.body + 4, elst.end), 8)):
        if wide:
            edits.append((moov.u64(at, elst.end), moov.i64(at + 8, elst.end), moov.u32(at + 16, elst.end)))
        else:
            edits.append((moov.u32(at, elst.end), moov.i32(at + 4, elst.end), moov.u32(at + 8, elst.end)))
        at += 20 if wide else 12
    return edits


def _apply_edits(
    samples: Samples, track: _Track, fragmented: bool, movie_timescale: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]] | None:
    """Presentation times, decode times, and which frames are cut off; None for edits that only FFmpeg knows."""
    composed = samples.dts + samples.composition
    # FFmpeg keeps decode times from coming after a negative composition offset: in a plain file by moving them back,
    # in a fragmented one by moving the presentation on.
    lead = max(0, -int(samples.composition.min(initial=0)))
    dts = samples.dts if fragmented else samples.dts - lead
    composed += lead if fragmented else 0
    hidden = np.zeros(len(samples), bool)
    empty = [edit for edit in track.edits if edit[1] == -1]
    media = [edit for edit in track.edits if edit[1] != -1]
    if len(empty) > 1 or len(media) > 1 or (len(track.edits) == 2 and track.edits[0][1] != -1):
        return None
    if any(abs(start) > _MAX_TICKS or duration > _MAX_TICKS for duration, start, _ in track.edits):
        return None
    delay = _rescaled(empty[0][0], track.timescale, movie_timescale) if empty else 0
    if not media:
        return composed + delay, dts + delay, hidden
    duration, start, _ = media[0]
    shift = delay - start
    if not fragmented and len(samples):
        hidden = composed < start
        if duration:
            hidden |= composed >= start + _rescaled(duration, track.timescale, movie_timescale)
        if hidden.all():
            return None
        shift = min(shift, delay - int(composed[~hidden].min()))
    return composed + shift, dts + shift, hidden


def _rescaled(ticks: int, to_timescale: int, from_timescale: int) -> int:
    """Ticks of one timescale in another, rounded to the nearest as FFmpeg does."""
    return (ticks * to_timescale * 2 + from_timescale) // (2 * from_timescale)


def _rotation(moov: BoxData, tkhd: Box) -> int:
    at = tkhd.body + (52 if moov.u8(tkhd.body, tkhd.end) == 1 else 40)
    cosine, sine = moov.i32(at, tkhd.end), moov.i32(at + 4, tkhd.end)
    return round(math.degrees(math.atan2(sine, cosine))) % 360
