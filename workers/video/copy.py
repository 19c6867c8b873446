"""Video into the dataset by copying its packets: no picture is decoded, none loses quality."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from playloom.recording.mp4_index import VideoIndex
from workers.video.segment import VideoProfile, VideoSegment, WrittenVideo


def first_decodable_frame(index: VideoIndex) -> int:
    """The place, in the order of showing, from which on every frame can be decoded; the frame count if there is none.

    Frames before the first keyframe need pictures that the recording does not hold.
    """
    keyframes = np.flatnonzero(index.keyframe)
    if not len(keyframes):
        return len(index.keyframe)
    return int(np.flatnonzero(index.presentation_order == keyframes[0])[0])


def why_not_copy(index: VideoIndex, profile: VideoProfile) -> str | None:
    """Why a video's packets cannot go into a dataset of this profile, as a sentence without its full stop; None if
    they can."""
    raise NotImplementedError


def can_share_file(a: VideoIndex, b: VideoIndex) -> bool:
    """Whether packets of both can stand in one file."""
    raise NotImplementedError


def copy_video(output: Path, segments: Sequence[VideoSegment], profile: VideoProfile) -> WrittenVideo:
    """Write the segments, one after another, into one file."""
    raise NotImplementedError
