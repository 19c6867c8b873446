"""Video into the dataset by decoding, scaling and encoding it, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from workers.video.segment import VideoProfile, VideoSegment, WrittenVideo


def transcode_video(
    output: Path,
    segments: Sequence[VideoSegment],
    profile: VideoProfile,
    *,
    progress: Callable[[int], None] | None = None,
) -> WrittenVideo:
    """Write the segments, one after another, into one file."""
    raise NotImplementedError
