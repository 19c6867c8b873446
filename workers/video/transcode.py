"""Video into the dataset by decoding, scaling and encoding it, in one pass.

Decoder and encoder run in FFmpeg's threads, and no picture becomes a Python array on the way, but for the samples
that statistics are taken from. The other way, a file per picture in between, costs five times the time and the disk.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import av
import av.error
from av.container import OutputContainer
from av.video.frame import PictureType

from playloom.errors import OutputError, RecordingError
from workers.video.encoders import PIXEL_FORMAT, EncodedVideo
from workers.video.image_stats import ImageStats
from workers.video.picture_sampler import PictureSampler
from workers.video.segment import VideoProfile, VideoSegment, WrittenSegment, WrittenVideo
from workers.video.source_frames import decoded_frames
from workers.video.upright import Upright

PROGRESS_FRAMES = 64
"""Frames between two reports of progress."""


def transcode_video(
    output: Path,
    segments: Sequence[VideoSegment],
    profile: VideoProfile,
    *,
    progress: Callable[[int], None] | None = None,
) -> WrittenVideo:
    """Write the wanted frames of the segments, one after another, into one file with nothing in between.

    Rotation that the source asks its player for is applied; an odd width or height loses its last column or row.
    Each segment begins with a keyframe. Colours keep their matrix, and become limited range.

    Args:
        output: the file to write; replaced if it exists, removed again if writing it fails.
        segments: at least one, each with at least one frame.
        profile: of the dataset. Without a size the first segment's is taken.
        progress: called with the number of frames encoded since the last call.

    Raises:
        RecordingError: naming the video and the first wanted frame that cannot be decoded, or a turn that cannot be
            undone.
        OutputError: if the file cannot be written.
    """
    try:
        with closing(av.open(str(output), "w", format="mp4", options={"movflags": "+faststart"})) as container:
            return _transcode(output, container, segments, profile, progress)
    except BaseException as error:
        output.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, av.error.InvalidDataError):
            remedy = "Make room on the disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else None
            raise OutputError(output, f"cannot be written: {error.strerror}", remedy=remedy) from error
        raise


def _transcode(
    output: Path,
    container: OutputContainer,
    segments: Sequence[VideoSegment],
    profile: VideoProfile,
    progress: Callable[[int], None] | None,
) -> WrittenVideo:
    video: EncodedVideo | None = None
    starts: list[WrittenSegment] = []
    stats: list[ImageStats] = []
    reported = 0
    for segment in segments:
        starts.append(WrittenSegment(first_frame=video.frames if video is not None else 0))
        sampler = PictureSampler(len(segment.frames))
        upright = _upright(segment, profile)
        picture_type = PictureType.I
        for times, frame in decoded_frames(segment, profile.threads):
            turned = upright(frame)
            if video is None:
                video = EncodedVideo(container, profile, turned)
            picture = video.scale(turned)
            sampler.offer(picture, times)
            for _ in range(times):
                video.add(picture, picture_type)
                picture_type = PictureType.NONE
            if progress is not None and video.frames - reported >= PROGRESS_FRAMES:
                progress(video.frames - reported)
                reported = video.frames
        stats.append(sampler.stats())
    assert video is not None
    video.finish()
    if progress is not None:
        progress(video.frames - reported)
    return WrittenVideo(
        path=output,
        frames=video.frames,
        segments=tuple(starts),
        codec=profile.codec,
        width=video.width,
        height=video.height,
        pixel_format=PIXEL_FORMAT,
        fps=profile.fps,
        image_stats=tuple(stats),
    )


def _upright(segment: VideoSegment, profile: VideoProfile) -> Upright:
    rotation = segment.index.rotation
    if rotation % 90:
        raise RecordingError(
            segment.path,
            f"the picture is stored turned by {rotation} degrees",
            remedy="Only quarter turns can be undone; record upright",
        )
    return Upright(rotation, even=profile.width is None)
