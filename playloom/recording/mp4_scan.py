"""The index of a video by FFmpeg's own reading of its packets: slower, for files that `mp4_index` leaves to it."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from playloom.errors import RecordingError
from playloom.recording.mp4_boxes import REMEDY
from playloom.recording.mp4_index import VideoIndex
from playloom.recording.mp4_samples import MAX_SAMPLES

if TYPE_CHECKING:
    from av.container import InputContainer


def scan_video(path: Path) -> VideoIndex:
    """Index a video by demuxing all of it with PyAV.

    ``keyframe`` is FFmpeg's word here, and there is no ``sample_entry``: such a file is transcoded, not copied.

    Raises:
        RecordingError: FFmpeg cannot read it.
    """
    import av
    import av.error

    try:
        with closing(av.open(str(path))) as container:
            if not container.streams.video:
                raise RecordingError(path, "the file has no video track", remedy="Record it again with video")
            return _scan(path, container)
    except (av.error.FFmpegError, UnicodeDecodeError, OverflowError) as error:
        raise RecordingError(path, f"FFmpeg cannot read it: {error}", remedy=REMEDY) from error


def _scan(path: Path, container: InputContainer) -> VideoIndex:
    rows: list[tuple[int, int, int, int, bool, bool]] = []
    last_duration = 0
    stream = container.streams.video[0]
    for packet in container.demux(stream):
        if packet.pts is None or packet.dts is None or packet.size == 0:
            continue
        last_duration = packet.duration or 0
        position = -1 if packet.pos is None else packet.pos
        rows.append((packet.pts, packet.dts, packet.size, position, packet.is_keyframe, packet.is_discard))
        if len(rows) > MAX_SAMPLES:
            raise RecordingError(path, f"more than {MAX_SAMPLES} frames", remedy=REMEDY)
    codec = stream.codec_context
    if codec is None:
        raise RecordingError(path, "the video's codec is unknown", remedy=REMEDY)
    table = np.array(rows, np.int64).reshape(-1, 6)
    return VideoIndex(
        path=path,
        codec=codec.codec.canonical_name,
        width=codec.width,
        height=codec.height,
        pixel_format=codec.pix_fmt,
        rotation=0,
        time_base=Fraction(stream.time_base or Fraction(1, 90_000)),
        pts=table[:, 0].copy(),
        dts=table[:, 1].copy(),
        duration=last_duration,
        size_bytes=table[:, 2].copy(),
        offset=table[:, 3].copy(),
        keyframe=table[:, 4].astype(bool),
        hidden=table[:, 5].astype(bool),
        codec_config=bytes(codec.extradata or b""),
        sample_entry=b"",
        audio_tracks=len(container.streams.audio),
        damage=[],
    )
