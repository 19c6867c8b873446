"""Pictures into capture.mp4: H.264 in fragments, so that a crash costs no more than the last second.

Frame k is at exactly k/fps, and there are no B-frames. Colours have BT.601's matrix in the limited range and say so,
whatever the size: FFmpeg's players and torchcodec follow the tags, PyAV takes BT.601 whatever they say, and so all of
them see the same picture. Fragments cost little; the other way, one index at the end, loses the whole recording with
the power.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
from av.codec.codec import UnknownCodecError
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from playloom.errors import OutputError
from playloom.recording.append_file import AppendFile
from playloom.recording.session_info import MAX_SIDE, CaptureProfile, EncoderInfo, FailedEncoder

if TYPE_CHECKING:
    from av.container import OutputContainer

FRAGMENT_US = 1_000_000
"""Microseconds of video in a fragment at most: what a crash may cost."""

_OWN_LAYOUT = {"h264_qsv": "nv12"}
"""Encoders that take the same pixels in another order of bytes only."""

CANNOT_BE_OPENED = "cannot be opened"
"""What is told of an encoder beside FFmpeg's error, which is little more than a number."""

type Picture = NDArray[np.uint8] | av.VideoFrame

# Code points of H.273: sRGB's primaries are BT.709's.
_BT601_MATRIX = 6
_BT709 = 1
_LIMITED = 1


@dataclass(frozen=True, kw_only=True)
class VideoSettings:
    """How to record pictures.

    Attributes:
        width, height: of the pictures that will be given; the video is padded to even sides.
        fps: frames a second.
        crf: quality as x264 counts it, 0 (lossless) to 51; other encoders get their nearest.
        preset: x264's balance of speed and size.
        keyframe_interval: frames from one keyframe to the next at most; None: one second.
        encoders: FFmpeg's names, the first that opens is used.
        threads: of the encoder; 0: its own choice.
    """

    width: int
    height: int
    fps: int
    crf: int = 23
    preset: str = "veryfast"
    keyframe_interval: int | None = None
    encoders: tuple[str, ...] = ("libx264",)
    threads: int = 0

    def __post_init__(self) -> None:
        assert 1 <= self.width <= MAX_SIDE, self.width
        assert 1 <= self.height <= MAX_SIDE, self.height
        assert 1 <= self.fps <= 1000, self.fps
        assert self.encoders

    @property
    def capture_profile(self) -> CaptureProfile:
        return CaptureProfile(
            width=self.width + self.width % 2,
            height=self.height + self.height % 2,
            source_width=self.width,
            source_height=self.height,
            fps=self.fps,
            keyframe_interval=self.keyframe_interval or self.fps,
        )


class VideoEncoder:
    """Writes one video.

    Attributes:
        info: the encoder that was chosen, and why not another.
        frames: how many pictures were taken.
    """

    def __init__(self, file: AppendFile, settings: VideoSettings) -> None:
        """Choose an encoder and write the video's head.

        Raises:
            OutputError: no encoder of the list works here, or the file cannot be written.
        """
        self._file = file
        self._profile = settings.capture_profile
        self._reformatter = VideoReformatter()
        self._is_finished = False
        self.frames = 0
        self.info = _choose_encoder(file, settings)
        movflags = "frag_keyframe+empty_moov+default_base_moof"
        self._container: OutputContainer = av.open(
            file,
            "w",
            format="mp4",
            options={"movflags": movflags, "frag_duration": str(FRAGMENT_US), "flush_packets": "1"},
        )
        # One that something keeps from its end must never be taken apart: PyAV then ends the whole program.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._container))
        stream = self._container.add_stream(self.info.name, rate=settings.fps, options=dict(self.info.options))
        assert isinstance(stream, av.VideoStream)
        self._stream = stream
        _configure(self._stream.codec_context, self.info.name, settings)
        self._stream.time_base = Fraction(1, settings.fps)
        self._container.start_encoding()

    def add(self, picture: Picture) -> None:
        """Take the next picture. A piece of the video that is ready waits in the file for its `flush`.

        Args:
            picture: uint8[height, width, 3] RGB, or a frame as FFmpeg gives it, in the size that was agreed.

        Raises:
            OutputError: the picture has another size.
        """
        frame = self._prepared(picture)
        frame.pts = self.frames
        frame.time_base = Fraction(1, self._profile.fps)
        self.frames += 1
        self._mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Encode what is still on its way and end the video's last fragment."""
        try:
            self._mux(self._stream.encode(None))
        finally:
            self._container.close()
            if not self._is_finished:
                self._is_finished = True
                ctypes.pythonapi.Py_DecRef(ctypes.py_object(self._container))

    def _mux(self, packets: list[av.Packet]) -> None:
        for packet in packets:
            packet.duration = packet.duration or 1
            self._container.mux(packet)

    def _prepared(self, picture: Picture) -> av.VideoFrame:
        profile = self._profile
        if isinstance(picture, av.VideoFrame):
            given = (picture.width, picture.height)
            odd = (profile.width, profile.height) != (profile.source_width, profile.source_height)
            frame = picture.to_ndarray(format="rgb24").astype(np.uint8, copy=False) if odd else picture
        else:
            given = (picture.shape[1], picture.shape[0])
            frame = picture
        if given != (profile.source_width, profile.source_height):
            raise OutputError(
                self._file.path,
                f"a picture of {given[0]}x{given[1]} came for a video of "
                f"{profile.source_width}x{profile.source_height}",
                remedy="Start a new session when the size changes",
            )
        if isinstance(frame, np.ndarray):
            frame = av.VideoFrame.from_ndarray(self._padded(frame), format="rgb24")
        return self._reformatter.reformat(
            frame,
            format=profile.pixel_format,
            dst_colorspace=Colorspace.ITU601,
            dst_color_range=ColorRange.MPEG,
        )

    def _padded(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        below = self._profile.height - image.shape[0]
        beside = self._profile.width - image.shape[1]
        if below or beside:
            image = np.pad(image, ((0, below), (0, beside), (0, 0)), mode="edge")
        return np.ascontiguousarray(image)


def _choose_encoder(file: AppendFile, settings: VideoSettings) -> EncoderInfo:
    tried: list[FailedEncoder] = []
    for name in settings.encoders:
        options = _options(name, settings)
        try:
            codec = av.Codec(name, "w")
            if codec.canonical_name != "h264":
                raise ValueError(f"makes {codec.canonical_name}, and H.264 is needed")
            context = av.CodecContext.create(codec)
            assert isinstance(context, av.VideoCodecContext)
            _configure(context, name, settings)
            context.options = options
            context.open()
        except (FFmpegError, ValueError) as error:
            tried.append(FailedEncoder(name=name, problem=_problem_of(error)))
            continue
        return EncoderInfo(name=name, options=options, tried=tuple(tried))
    reasons = "; ".join(f"{failed.name}: {failed.problem}" for failed in tried)
    raise OutputError(file.path, f"no video encoder works here ({reasons})", remedy="Name another, such as libx264")


def _problem_of(error: FFmpegError | ValueError) -> str:
    if isinstance(error, UnknownCodecError):
        return "is not in this FFmpeg"
    if isinstance(error, FFmpegError):
        return f"{CANNOT_BE_OPENED}: {error.strerror or error}"
    return str(error)


def _configure(context: av.VideoCodecContext, encoder: str, settings: VideoSettings) -> None:
    profile = settings.capture_profile
    context.width, context.height = profile.width, profile.height
    context.pix_fmt = _OWN_LAYOUT.get(encoder, profile.pixel_format)
    context.framerate = Fraction(settings.fps)
    context.time_base = Fraction(1, settings.fps)
    context.gop_size = profile.keyframe_interval
    context.max_b_frames = 0
    context.colorspace = _BT601_MATRIX
    context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED
    context.thread_count = settings.threads


def _options(name: str, settings: VideoSettings) -> dict[str, str]:
    quality = str(settings.crf)
    known: Mapping[str, dict[str, str]] = {
        "libx264": {"crf": quality, "preset": settings.preset},
        "h264_nvenc": {"rc": "vbr", "cq": quality, "preset": "p4"},
        "h264_qsv": {"global_quality": quality, "preset": "veryfast"},
        "h264_amf": {"rc": "cqp", "qp_i": quality, "qp_p": quality, "quality": "balanced"},
        # Media Foundation counts quality from 0 to 100. Its own software encoder is no better than x264: leave it out.
        "h264_mf": {"hw_encoding": "1", "rate_control": "quality", "quality": str(max(1, 100 - 2 * settings.crf))},
    }
    return dict(known.get(name, {}))


def frame_time_ns(fps: int, frame: int) -> int:
    """When frame number ``frame`` is shown, in nanoseconds after the first: frame/fps, rounded."""
    return (frame * 2_000_000_000 + fps) // (2 * fps)
