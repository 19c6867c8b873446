"""Frames of a dataset's video by their places on its 1/fps grid, decoded in one run and scaled as a model sees them.

A packet carries its place through the decoder, so that a picture is known for what it is; the first frame that is
damaged spoils all up to the next keyframe, because they are drawn from it. The other way, a seek for each clip, decodes
half a keyframe interval for nothing every time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.recording.mp4_index import VideoIndex, index_video
from training.data.picture import PictureScaler

TOLERANCE_NS = 100_000
"""How far from its place on the grid a frame may be; LeRobot's own tolerance."""

_DECODERS = {"av1": "libdav1d"}
"""FFmpeg's own AV1 decoder needs a GPU."""

_DECODER_OPTIONS = {"strict": "1", "err_detect": "explode"}
"""A stream that does not say how far it reorders pictures gets the largest reordering at once; what is damaged is an
error and not concealed."""


@lru_cache(maxsize=16)
def video_index(path: Path) -> VideoIndex:
    """The index of a video; the last ones are kept."""
    return index_video(path)


def grid_frames(index: VideoIndex, from_timestamp: float, frames: NDArray[np.int64], fps: int) -> NDArray[np.int64]:
    """The places in the video of an episode's frames, int64[n]; -1 where there is none on the grid.

    Args:
        index: of the video.
        from_timestamp: where the episode begins in it, in seconds.
        frames: numbers in the episode.
        fps: of the dataset.
    """
    times = index.presentation_ns
    wanted = np.round((from_timestamp + frames / fps) * 1e9).astype(np.int64)
    after = np.clip(np.searchsorted(times, wanted), 1, len(times) - 1) if len(times) > 1 else np.zeros_like(wanted)
    before = np.maximum(after - 1, 0)
    nearest = np.where(wanted - times[before] <= times[after] - wanted, before, after)
    return np.where(np.abs(times[nearest] - wanted) <= TOLERANCE_NS, nearest, -1)


class RunReader:
    """Decodes runs of frames, and keeps what can be kept between them.

    Args:
        size: (width, height) of the pictures that are made.
        threads: of the decoder.
    """

    def __init__(self, size: tuple[int, int], threads: int = 1) -> None:
        self._scaler = PictureScaler(size)
        self._threads = threads

    def read(
        self,
        video: Path,
        from_timestamp: float,
        frames: NDArray[np.int64],
        fps: int,
        output: NDArray[np.uint8],
    ) -> tuple[NDArray[np.bool_], str]:
        """Decode an episode's frames into ``output``.

        Args:
            video: the file.
            from_timestamp: where the episode begins in it, in seconds.
            frames: numbers in the episode, ascending, int64[n].
            fps: of the dataset.
            output: uint8[n or more, height, width, 3].

        Returns:
            Which frames are there, bool[n], and why others are not ("" where all are).
        """
        good = np.zeros(len(frames), np.bool_)
        try:
            index = video_index(video)
        except RecordingError as error:
            return good, str(error)
        places = grid_frames(index, from_timestamp, frames, fps)
        reason = ""
        if (places < 0).any():
            at = int(np.argmax(places < 0))
            reason = f"{video}: there is no frame at {from_timestamp + int(frames[at]) / fps:.4f} s"
        rows = {int(place): row for row, place in enumerate(places.tolist()) if place >= 0}
        try:
            self._decode(index, rows, output, good, self._threads)
            if self._threads > 1 and not good[list(rows.values())].all():
                # With several threads an error is told late, and frames before it are lost: which ones is chance.
                good[:] = False
                self._decode(index, rows, output, good, 1)
        except RecordingError as error:
            reason = reason or str(error)
        missing = [place for place, row in rows.items() if not good[row]]
        if missing and not reason:
            reason = f"{video}: frame {missing[0]} cannot be decoded, its data is damaged"
        return good, reason

    def _decode(
        self,
        index: VideoIndex,
        rows: Mapping[int, int],
        output: NDArray[np.uint8],
        good: NDArray[np.bool_],
        threads: int,
    ) -> None:
        for place, frame in decoded_run(index, sorted(rows), threads):
            row = rows.get(place)
            if row is not None:
                self._scaler.into(frame, output[row])
                good[row] = True


def decoded_run(index: VideoIndex, wanted: list[int], threads: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """The frames from the first to the last of ``wanted`` that decode whole, with their places in the order of showing.

    Where many frames lie between two wanted ones, those before the last keyframe between them are not decoded.

    Raises:
        RecordingError: the file cannot be read, or nothing here decodes its codec.
    """
    if not wanted:
        return
    order, keyframes = index.presentation_order, np.flatnonzero(index.keyframe)
    numbers = np.full(len(index.pts), -1, np.int64)
    numbers[order] = np.arange(index.frames)
    for run in _runs(index, keyframes, np.array(wanted, np.int64)):
        yield from _decode(index, run, numbers, threads)


def _runs(index: VideoIndex, keyframes: NDArray[np.intp], wanted: NDArray[np.int64]) -> Iterator[range]:
    """Ranges of packets in the order of decoding that show the wanted frames, each from a keyframe on."""
    packets = index.presentation_order[wanted]
    # What is shown before a keyframe but follows it in the file may lean on what came before it.
    usable = keyframes[np.searchsorted(keyframes, packets, side="right") - 1]
    late = index.pts[usable] > index.pts[packets]
    usable[late] = keyframes[np.maximum(np.searchsorted(keyframes, packets[late], side="right") - 2, 0)]
    begin, end = int(usable[0]), int(packets[0]) + 1
    for start, packet in zip(usable.tolist(), packets.tolist(), strict=True):
        if start > end:
            yield range(begin, end)
            begin, end = start, packet + 1
        end = max(end, packet + 1)
    yield range(begin, end)


def _decode(
    index: VideoIndex, packets: range, numbers: NDArray[np.int64], threads: int
) -> Iterator[tuple[int, av.VideoFrame]]:
    decoder = _open_decoder(index, threads)
    try:
        descriptor = os.open(index.path, os.O_RDONLY)
    except OSError as error:
        raise RecordingError(index.path, f"cannot be opened: {error.strerror}") from error
    expected = deque(sorted(number for number in numbers[packets.start : packets.stop].tolist() if number >= 0))
    spoilt = True  # until a keyframe comes, and from a frame that is missing or damaged to the next keyframe
    keyframes = np.flatnonzero(index.keyframe)
    damaged: dict[int, int] = {}  # the first damaged packet that hangs on each keyframe

    def keyframe_of(place: int) -> int:
        return int(keyframes[np.searchsorted(keyframes, place, side="right") - 1])

    try:
        for place in (*packets, None):
            frames = _feed(decoder, index, descriptor, place)
            if frames is None:
                assert place is not None
                damaged.setdefault(keyframe_of(place), place)
                continue
            for frame in frames:
                assert frame.pts is not None
                number = int(numbers[frame.pts])
                if number < 0 or not expected:
                    continue
                spoilt = (not index.keyframe[frame.pts] and (spoilt or number != expected[0])) or frame.is_corrupt
                while expected and expected[0] <= number:
                    expected.popleft()
                # A frame that is shown before the damaged one may have been drawn from it.
                if not spoilt and not (damaged and damaged.get(keyframe_of(frame.pts), frame.pts) < frame.pts):
                    yield number, frame
    finally:
        os.close(descriptor)


def _feed(
    decoder: av.VideoCodecContext, index: VideoIndex, descriptor: int, place: int | None
) -> list[av.VideoFrame] | None:
    """Hand a packet to the decoder, None at the end: the frames that come out; None where it was damaged."""
    packet = None
    if place is not None:
        try:
            content = os.pread(descriptor, int(index.size_bytes[place]), int(index.offset[place]))
        except OSError as error:
            raise RecordingError(
                index.path, f"cannot be read: {error.strerror}", place=f"byte {index.offset[place]}"
            ) from error
        if not content:
            return None  # to the decoder an empty packet would mean the end
        packet = av.Packet(content)
        packet.pts = packet.dts = place
    try:
        return decoder.decode(packet)
    except av.error.InvalidDataError:
        return [] if packet is None else None


def _open_decoder(index: VideoIndex, threads: int) -> av.VideoCodecContext:
    try:
        decoder = av.CodecContext.create(_DECODERS.get(index.codec, index.codec), "r")
    except (ValueError, av.error.FFmpegError) as error:
        raise RecordingError(index.path, f"this installation cannot decode {index.codec}") from error
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.options = dict(_DECODER_OPTIONS)
    decoder.thread_count = threads
    decoder.thread_type = "AUTO"
    if index.codec_config:
        decoder.extradata = index.codec_config
    return decoder
