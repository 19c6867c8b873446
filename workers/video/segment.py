"""What the two video paths take and give: runs of source frames in, one file of the dataset out.

Both paths speak in frame numbers. The source is numbered in the order in which it is shown, the output is a constant
grid: its frame k stands at exactly k / fps. Timestamps of the source play no part, because a recording's time is in
its sync.csv.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.recording.mp4_index import VideoIndex
from workers.video.image_stats import ImageStats


@dataclass(frozen=True, kw_only=True)
class VideoSegment:
    """Frames of one recorded video that belong together.

    Attributes:
        path: the recorded video.
        index: its index.
        frames: int64[k], the places of the wanted frames in the order in which the source shows them, non-decreasing.
            A contiguous run to be copied; repeats and skips (a resampled session) can be transcoded only.
    """

    path: Path
    index: VideoIndex
    frames: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class VideoProfile:
    """What the videos of one dataset have in common.

    Attributes:
        width: of the picture in pixels, even; None for the captured width.
        height: of the picture in pixels, even; None for the captured height.
        fps: frames a second; every frame stands on this grid.
        codec: "h264", "hevc" or "av1".
        crf: the encoder's constant quality; smaller is better and larger in bytes.
        preset: the encoder's speed, by x264's names (or a number, for AV1).
        keyframe_interval: frames between two keyframes when encoding.
        threads: of the encoder, and of the decoder.
    """

    width: int | None = None
    height: int | None = None
    fps: int
    codec: str = "h264"
    crf: int = 23
    preset: str = "veryfast"
    keyframe_interval: int = 30
    threads: int = 2


@dataclass(frozen=True, kw_only=True)
class WrittenSegment:
    """Where a segment came to lie.

    Attributes:
        first_frame: the place of its first wanted frame in the output file, so its `from_timestamp` is
            ``first_frame / fps``. The frames before it may be others that its decoding needs.
    """

    first_frame: int


@dataclass(frozen=True, kw_only=True)
class WrittenVideo:
    """A finished video file of a dataset.

    Attributes:
        path: the file.
        frames: how many it holds, those before a segment's first wanted one included.
        segments: where each segment begins, in the order in which they were given.
        codec: "h264", "hevc" or "av1".
        width: in pixels.
        height: in pixels.
        pixel_format: FFmpeg's name, as "yuv420p".
        fps: frames a second.
        image_stats: of each segment's wanted frames, sampled.
    """

    path: Path
    frames: int
    segments: tuple[WrittenSegment, ...]
    codec: str
    width: int
    height: int
    pixel_format: str
    fps: int
    image_stats: tuple[ImageStats, ...]
