"""One episode's pictures as a file that holds them and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from playloom.recording.mp4_index import VideoIndex
from workers.video.copy import copy_video, why_not_copy
from workers.video.segment import VideoProfile, VideoSegment
from workers.video.transcode import transcode_video


def write_clip(output: Path, video: Path, index: VideoIndex, first: int, length: int, profile: VideoProfile) -> bool:
    """Write frames ``first`` to before ``first + length`` of a video into a file of their own.

    Packets are copied where the first frame is a keyframe and the last leans on nothing after it; otherwise the frames
    are encoded anew, because copied packets would bring neighbours along.

    Returns:
        Whether the packets were copied.

    Raises:
        RecordingError: the video cannot be read or decoded.
        OutputError: the file cannot be written.
    """
    segment = VideoSegment(path=video, index=index, frames=np.arange(first, first + length, dtype=np.int64))
    begins_clean = bool(index.keyframe[index.presentation_order[first]])
    if begins_clean and why_not_copy(index, profile) is None:
        written = copy_video(output, [segment], profile)
        if written.frames == length and written.segments[0].first_frame == 0:
            return True
        output.unlink()
    transcode_video(output, [segment], profile)
    return False
