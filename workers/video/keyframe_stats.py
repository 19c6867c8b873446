"""Statistics of a video that is copied and so never decoded as a whole: from some of its keyframes.

A keyframe decodes by itself, so a sample spread over ten minutes costs a fraction of a second. To decode everything
would cost fifty times as much as copying it.
"""

from __future__ import annotations

import numpy as np

from playloom.errors import RecordingError
from workers.video.image_stats import ImageCounter, ImageStats, sample_places
from workers.video.picture_sampler import PictureReader
from workers.video.segment import VideoSegment
from workers.video.source_frames import decode_packets, decode_start, decode_stop, frame_numbers

MAX_SAMPLES = 48
"""Keyframes to decode of one segment, at most: about a sixth of a second at 1280x720."""

MIN_KEYFRAMES = 16
"""With fewer keyframes than this, the frames after them are decoded too."""

MAX_DECODED = 600
"""Frames to decode of a segment with few keyframes, at most: about a second at 1280x720. Of a longer stretch without
enough keyframes only the beginning is seen."""


def sampled_stats(segment: VideoSegment, threads: int) -> ImageStats:
    """Statistics of a sample of the segment's wanted frames; ``count`` says how many were sampled.

    Raises:
        RecordingError: if not one of them could be decoded.
    """
    number_of = frame_numbers(segment.index)
    start, stop = decode_start(segment), decode_stop(segment)
    places = np.arange(start, stop)
    wanted = np.isin(number_of[places], segment.frames)
    keyframes = places[wanted & segment.index.keyframe[start:stop]]
    if len(keyframes) >= MIN_KEYFRAMES:
        samples = keyframes[sample_places(len(keyframes), MAX_SAMPLES)]
        to_decode = samples
    else:
        to_decode = places[:MAX_DECODED]
        reached = to_decode[wanted[:MAX_DECODED]]
        if not len(reached):  # the wanted frames are far behind their only keyframe
            reached = to_decode[-1:]
        samples = reached[sample_places(len(reached), MAX_SAMPLES)]
    counter, reader = ImageCounter(), PictureReader()
    left = set(samples.tolist())
    for frame in decode_packets(segment.path, segment.index, to_decode.tolist(), threads):
        if frame.pts in left and not frame.is_corrupt:
            left.remove(frame.pts)
            counter.add(reader.read(frame))
    if not counter.count:
        raise RecordingError(
            segment.path,
            "cannot be decoded",
            place=f"frames {segment.frames[0]} to {segment.frames[-1]}",
            remedy="The video data is damaged; leave the session out",
        )
    return counter.stats()
