"""Small videos of many shapes, made by the ffmpeg program from its test picture, and what PyAV says of them."""

from __future__ import annotations

import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

FRAMES = 45
_SOURCE = "testsrc2=size={size}:rate=30:duration=1.5"
_H264 = ("-c:v", "libx264", "-g", "15", "-preset", "veryfast")

SHAPES: dict[str, tuple[str, ...]] = {
    "plain": (*_H264, "-bf", "0"),
    "b_frames": _H264,
    "long_gop": ("-c:v", "libx264", "-g", "250", "-preset", "veryfast"),
    "faststart": (*_H264, "-movflags", "faststart"),
    "fragmented": (*_H264, "-bf", "0", "-movflags", "frag_keyframe+empty_moov+default_base_moof"),
    "fragmented_b_frames": (*_H264, "-movflags", "frag_keyframe+empty_moov"),
    "fragmented_hybrid": (*_H264, "-movflags", "frag_keyframe"),
    "fragment_a_frame": (*_H264, "-movflags", "frag_every_frame+empty_moov"),
    "fragmented_negative_offsets": (*_H264, "-movflags", "cmaf"),
    "negative_offsets": (*_H264, "-movflags", "negative_cts_offsets"),
    "audio": ("-f", "lavfi", "-i", "sine=duration=1.5", *_H264, "-c:a", "aac"),
    "fragmented_audio": (
        *("-f", "lavfi", "-i", "sine=duration=1.5"),
        *(*_H264, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    ),
    "jittered": ("-vf", "setpts=PTS+0.4*random(0)/TB/30", "-vsync", "vfr", *_H264),
    "yuv444": ("-pix_fmt", "yuv444p", *_H264),
    "odd_size": ("-vf", "scale=97:65,format=yuv444p", *_H264),
    "ten_bits_422": ("-pix_fmt", "yuv422p10le", *_H264),
    "full_range": ("-pix_fmt", "yuvj420p", "-color_range", "pc", *_H264),
    "hevc": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=0:open-gop=0", "-g", "15"),
    "parameters_in_band": (*_H264, "-bsf:v", "dump_extra", "-tag:v", "avc3"),
    "av1": ("-c:v", "libaom-av1", "-cpu-used", "8", "-g", "15"),
    "vp9": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "15"),
    "mpeg4": ("-c:v", "mpeg4", "-bf", "2"),
}


def make(path: Path, shape: str, *, size: str = "96x64") -> Path:
    """Write a video of 45 frames at 30 fps."""
    ffmpeg("-f", "lavfi", "-i", _SOURCE.format(size=size), *SHAPES[shape], str(path))
    return path


def ffmpeg(*arguments: str) -> str:
    """Run ffmpeg; returns its complaints."""
    command = ["ffmpeg", "-v", "error", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr


@dataclass(frozen=True, kw_only=True)
class Packets:
    """What PyAV's demuxer and decoder report of the first video track, in decode order."""

    pts: list[int]
    dts: list[int]
    size_bytes: list[int]
    offset: list[int]
    keyframe: list[bool]
    hidden: list[bool]
    shown_pts: list[int]
    pixel_format: str | None


def packets(path: Path) -> Packets:
    with closing(av.open(str(path))) as container:
        found = [packet for packet in container.demux(video=0) if packet.size]
        pixel_format = container.streams.video[0].codec_context.pix_fmt
    with closing(av.open(str(path))) as container:
        shown = [frame.pts for frame in container.decode(video=0)]
    return Packets(
        pts=[packet.pts for packet in found if packet.pts is not None],
        dts=[packet.dts for packet in found if packet.dts is not None],
        size_bytes=[packet.size for packet in found],
        offset=[packet.pos for packet in found if packet.pos is not None],
        keyframe=[packet.is_keyframe for packet in found],
        hidden=[packet.is_discard for packet in found],
        shown_pts=[pts for pts in shown if pts is not None],
        pixel_format=pixel_format,
    )


def pictures(path: Path) -> tuple[list[float], list[NDArray[np.generic]]]:
    """Seconds and planes of every decoded frame."""
    with closing(av.open(str(path))) as container:
        frames = list(container.decode(video=0))
    return [float(frame.time or 0.0) for frame in frames], [np.asarray(frame.to_ndarray()) for frame in frames]
