"""A session's video out of another tool's: its packets copied where they fit, else decoded and encoded once.

Frame k of the session's video stands at k/fps, whatever the source's clock did: sync.csv tells when it was seen.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from playloom.errors import OutputError, RecordingError
from playloom.recording.append_file import AppendFile
from playloom.recording.mp4_index import VideoIndex, index_video
from playloom.recording.mp4_scan import scan_video
from playloom.recording.session_info import MAX_SIDE, CaptureProfile, EncoderInfo
from playloom.recording.video_encoder import FRAGMENT_US, VideoEncoder, VideoSettings
from workers.video.upright import Upright

MP4_SUFFIXES = (".mp4", ".m4v", ".mov")
VIDEO_SUFFIXES = (*MP4_SUFFIXES, ".mkv", ".webm")

_COPYABLE_FORMATS = ("yuv420p", "yuvj420p")
_THREADS = 2
_PROGRESS_FRAMES = 64

type Draw = Callable[[int, NDArray[np.uint8]], None]
"""Told a frame's place in the session and its picture as `drawing.planes_of` takes it; changes the picture."""


@dataclass(frozen=True, kw_only=True)
class MadeVideo:
    """What became of a video.

    Attributes:
        profile: of the session's video.
        encoder: that made it anew; None where its packets were copied.
        missing: places in the session of frames that did not decode and repeat the one before.
    """

    profile: CaptureProfile
    encoder: EncoderInfo | None
    missing: tuple[int, ...] = ()


def index_source(path: Path) -> VideoIndex:
    """Index a video of any container.

    Raises:
        RecordingError: it cannot be read, has no frames, or is too large.
    """
    index = index_video(path) if path.suffix.lower() in MP4_SUFFIXES else scan_video(path)
    if index.frames == 0:
        raise RecordingError(path, "the video has no frames", remedy="Leave it out")
    if not (0 < index.width <= MAX_SIDE and 0 < index.height <= MAX_SIDE):
        raise RecordingError(path, f"its picture is {index.width}x{index.height}", remedy=f"{MAX_SIDE} is the largest")
    return index


def why_not_copied(index: VideoIndex) -> str | None:
    """Why a video's packets cannot stand in a session as they are, a sentence without full stop; None if they can."""
    if index.codec != "h264":
        return f"its codec is {index.codec}"
    if index.pixel_format not in _COPYABLE_FORMATS:
        return f"its pixel format is {index.pixel_format}"
    if index.has_b_frames:
        return "it has B-frames"
    if index.width % 2 or index.height % 2:
        return f"its size is odd ({index.width}x{index.height})"
    if index.rotation:
        return f"it is stored turned by {index.rotation} degrees"
    if index.settings_change is not None or index.hidden.any():
        return "some of its frames are hidden or have other settings"
    if not index.keyframe[0]:
        return "it does not begin with a keyframe"
    return None


def make_video(
    target: Path,
    index: VideoIndex,
    *,
    frames: NDArray[np.int64],
    fps: int,
    crf: int,
    draw: Draw | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> MadeVideo:
    """Write a session's capture.mp4.

    Args:
        target: the file to write; it must not exist.
        index: of the source.
        frames: int64[n], increasing: which frames of the source, in the order of showing.
        fps: of the target.
        crf: of the encoder, where there has to be one.
        draw: changes pictures on their way, which means encoding them anew.
        progress: told how many frames have been done since.

    Raises:
        RecordingError: the source cannot be read or decoded.
        OutputError: the target cannot be written.
    """
    assert len(frames)
    first = np.array_equal(frames, np.arange(len(frames)))
    if draw is None and first and why_not_copied(index) is None:
        _copy(target, index, len(frames), fps)
        progress(len(frames))
        return MadeVideo(profile=_profile(index.width, index.height, fps, index), encoder=None)
    return _encode(target, index, frames, fps, crf, draw, progress)


def _profile(width: int, height: int, fps: int, index: VideoIndex) -> CaptureProfile:
    keyframes = np.flatnonzero(index.keyframe[index.presentation_order])
    return CaptureProfile(
        width=width,
        height=height,
        source_width=width,
        source_height=height,
        fps=fps,
        keyframe_interval=int(np.diff(keyframes, append=index.frames).max()),
        pixel_format=index.pixel_format or "yuv420p",
        color_space="unknown",
        color_range="pc" if index.pixel_format == "yuvj420p" else "tv",
    )


def _copy(target: Path, index: VideoIndex, count: int, fps: int) -> None:
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": str(FRAGMENT_US)}
    try:
        with closing(av.open(str(index.path))) as source, closing(av.open(str(target), "w", "mp4", options)) as output:
            stream = source.streams.video[0]
            copied = output.add_stream_from_template(stream)
            copied.time_base = Fraction(1, fps)
            number = 0
            for packet in source.demux(stream):
                if packet.pts is None or packet.size == 0:
                    continue
                if number == count:
                    break
                packet.stream = copied
                packet.time_base = Fraction(1, fps)
                packet.pts = packet.dts = number
                packet.duration = 1
                output.mux(packet)
                number += 1
    except av.error.FFmpegError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise OutputError(target, f"cannot be written: {error.strerror}", remedy="Make room on the disk") from error
        raise RecordingError(index.path, f"FFmpeg cannot copy it: {error.strerror or error}") from error
    if number < count:
        raise RecordingError(index.path, f"has {number} frames of the {count} that its index names")


def _encode(
    target: Path,
    index: VideoIndex,
    frames: NDArray[np.int64],
    fps: int,
    crf: int,
    draw: Draw | None,
    progress: Callable[[int], None],
) -> MadeVideo:
    file = AppendFile(target)
    encoder: VideoEncoder | None = None
    upright = Upright(index.rotation, even=True)
    reformatter = VideoReformatter()
    missing: list[int] = []
    settings: VideoSettings | None = None
    last: av.VideoFrame | None = None
    done = reported = 0
    try:
        for number, frame in decoded_frames(index, int(frames[0]), int(frames[-1])):
            while done < len(frames) and frames[done] < number:  # what did not decode
                if last is None or encoder is None:
                    raise RecordingError(index.path, "cannot be decoded", place=f"frame {frames[done]}")
                missing.append(done)
                encoder.add(_drawn(last, done, draw))
                done += 1
            if done == len(frames):
                break
            if frames[done] != number:
                continue
            last = reformatter.reformat(
                upright(frame),
                format="yuv420p",
                dst_colorspace=Colorspace.ITU601,
                dst_color_range=ColorRange.MPEG,
            )
            if settings is None:
                settings = VideoSettings(width=last.width, height=last.height, fps=fps, crf=crf, threads=_THREADS)
                encoder = VideoEncoder(file, settings)
            elif (last.width, last.height) != (settings.width, settings.height):
                raise RecordingError(
                    index.path, "its picture changes its size", place=f"frame {number}", remedy="Import its parts"
                )
            assert encoder is not None
            encoder.add(_drawn(last, done, draw))
            file.flush()
            done += 1
            if done - reported >= _PROGRESS_FRAMES:
                progress(done - reported)
                reported = done
        if encoder is None or last is None or settings is None:
            raise RecordingError(index.path, "cannot be decoded", place=f"frame {frames[0]}")
        for place in range(done, len(frames)):
            missing.append(place)
            encoder.add(_drawn(last, place, draw))
        encoder.finish()
        file.flush()
        file.see_onto_disk()
    finally:
        file.close()
    progress(len(frames) - reported)
    return MadeVideo(profile=settings.capture_profile, encoder=encoder.info, missing=tuple(missing))


def _drawn(frame: av.VideoFrame, place: int, draw: Draw | None) -> av.VideoFrame:
    if draw is None:
        return frame
    picture = frame.to_ndarray(format="yuv420p").astype(np.uint8, copy=True)
    draw(place, picture)
    drawn = av.VideoFrame.from_ndarray(picture, format="yuv420p")
    drawn.colorspace, drawn.color_range = frame.colorspace, frame.color_range
    return drawn


def decoded_frames(index: VideoIndex, first: int, last: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """The frames that decode, from number ``first`` to ``last`` in the order of showing, each with its number.

    Raises:
        RecordingError: FFmpeg cannot read the file.
    """
    times = np.sort(index.pts[index.presentation_order])
    wanted = slice(first, last + 1)
    expected = -1
    try:
        with closing(av.open(str(index.path))) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = _THREADS
            if first:
                container.seek(int(times[wanted][0]), stream=stream)
            for frame in _frames(container, stream):
                if frame.pts is None or frame.is_corrupt:
                    continue
                number = max(expected + 1, int(np.searchsorted(times, frame.pts)))
                if number >= len(times) or times[number] != frame.pts:
                    continue  # hidden by the file's edit list
                expected = number
                if number > last:
                    return
                if number >= first:
                    yield number, frame
    except av.error.FFmpegError as error:
        raise RecordingError(index.path, f"FFmpeg cannot read it: {error.strerror or error}") from error


def _frames(container: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """What the packets decode to; those that do not are passed over."""
    for packet in container.demux(stream):
        try:
            yield from stream.codec_context.decode(packet if packet.size else None)
        except av.error.InvalidDataError:
            continue
