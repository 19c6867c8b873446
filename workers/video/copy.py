"""Video into the dataset by copying its packets: nothing is decoded, nothing loses quality, and the disk sets the pace.

The packets keep their order and get new times: the frame that is shown as number k of the output stands at exactly
k / fps, whatever the source's clock did. A decoder must begin at a keyframe, so frames before the first wanted one may
come along; the dataset points behind them. The other way, encoding the frames up to the next keyframe anew, would mix
two encoders' streams in one file.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from playloom.errors import RecordingError
from playloom.recording.mp4_index import VideoIndex
from playloom.recording.mp4_writer import Mp4Writer, comparable_sample_entry
from workers.video.encoders import PIXEL_FORMAT
from workers.video.keyframe_stats import sampled_stats
from workers.video.packet_runs import plan_runs
from workers.video.segment import VideoProfile, VideoSegment, WrittenSegment, WrittenVideo

_COPYABLE_FORMATS = (PIXEL_FORMAT, "yuvj420p")
"""The second is the same with full-range colours, which the file says and both of LeRobot's decoders heed."""


def first_decodable_frame(index: VideoIndex) -> int:
    """The number of the first frame from which on all can be decoded; the number of frames if there is none.

    Frames before the first keyframe lean on pictures that the recording does not hold.
    """
    keyframes = np.flatnonzero(index.keyframe)
    if not len(keyframes):
        return index.frames
    return int(np.count_nonzero(index.pts[index.presentation_order] < index.pts[keyframes[0]]))


def why_not_copy(index: VideoIndex, profile: VideoProfile) -> str | None:
    """Why a video's packets cannot go into a dataset of this profile, or None if they can.

    The rate is not looked at: which frames make up the dataset's grid is for the recording's own times to say.

    Returns:
        A sentence without its full stop, as "its codec is hevc and the dataset's is h264".
    """
    if index.codec != profile.codec:
        return f"its codec is {index.codec} and the dataset's is {profile.codec}"
    if index.pixel_format is None:
        return "its pixel format is not announced, so a reader may not be able to decode it"
    if index.pixel_format not in _COPYABLE_FORMATS:
        return f"its pixel format is {index.pixel_format} and the dataset's is {PIXEL_FORMAT}"
    if index.rotation:
        return f"it is stored turned by {index.rotation} degrees, which LeRobot's decoders do not undo"
    if index.width % 2 or index.height % 2:
        return f"its size is odd ({index.width}x{index.height})"
    width, height = profile.width or index.width, profile.height or index.height
    if (index.width, index.height) != (width, height):
        return f"its size is {index.width}x{index.height} and the dataset's is {width}x{height}"
    if not index.sample_entry:
        return "its decoder settings cannot be read out of the file"
    if index.settings_change is not None:
        return f"its size or settings change in the middle, at packet {index.settings_change}"
    if not index.keyframe.any():
        return "it has no keyframe that decoding could start from"
    return None


def not_copyable(video: Path, problem: str) -> RecordingError:
    """The error for a video that may only be copied, and cannot be, for what `why_not_copy` says."""
    return RecordingError(video, f"cannot be copied into this dataset: {problem}", remedy="Convert with --video auto")


def can_share_file(a: VideoIndex, b: VideoIndex) -> bool:
    """Whether the packets of both can stand in one file, which describes its codec and its pictures only once."""
    return (
        (a.codec, a.width, a.height) == (b.codec, b.width, b.height)
        and a.sample_entry != b""
        and comparable_sample_entry(a.sample_entry) == comparable_sample_entry(b.sample_entry)
    )


def copy_video(output: Path, segments: Sequence[VideoSegment], profile: VideoProfile) -> WrittenVideo:
    """Write the segments, one after another, into one file.

    Args:
        output: the file to write; it must not exist. If writing it fails nothing is left of it.
        segments: at least one, each a contiguous run of at least one frame; all can be copied (`why_not_copy`) and
            share a file (`can_share_file`).
        profile: of the dataset.

    Raises:
        RecordingError: if no keyframe comes before a segment's first frame, its pictures do not decode, or a source
            cannot be read.
        OutputError: if the file exists or cannot be written.
    """
    index = segments[0].index
    writer, first_frames = _with_packets(output, segments, profile.fps)
    with ThreadPoolExecutor(1) as pool:  # one waits for the processor, the other for the disk
        sampling = pool.submit(lambda: tuple(sampled_stats(segment, profile.threads) for segment in segments))
        writer.finish()
    try:
        stats = sampling.result()
    except RecordingError:
        output.unlink()
        raise
    return WrittenVideo(
        path=output,
        frames=writer.frames,
        segments=first_frames,
        codec=index.codec,
        width=index.width,
        height=index.height,
        pixel_format=index.pixel_format or PIXEL_FORMAT,
        fps=profile.fps,
        image_stats=stats,
    )


def copy_packets(output: Path, segments: Sequence[VideoSegment], fps: int) -> tuple[WrittenSegment, ...]:
    """`copy_video` of packets that a dataset has had before: their statistics are known, and no picture is decoded.

    Returns:
        Where each segment begins.
    """
    writer, first_frames = _with_packets(output, segments, fps)
    writer.finish()
    return first_frames


def _with_packets(
    output: Path, segments: Sequence[VideoSegment], fps: int
) -> tuple[Mp4Writer, tuple[WrittenSegment, ...]]:
    """A writer that has only to finish, and where each segment begins."""
    index = segments[0].index
    writer = Mp4Writer(output, sample_entry=index.sample_entry, width=index.width, height=index.height, fps=fps)
    first_frames: list[WrittenSegment] = []
    for run in plan_runs(segments):
        positions = writer.frames + run.shown_order()
        for place in run.segments:
            first_packet = int(run.index.presentation_order[segments[place].frames[0]])
            first_frames.append(WrittenSegment(first_frame=int(positions[first_packet - run.start])))
        packets = slice(run.start, run.stop)
        writer.add_samples(
            run.index.path,
            run.index.offset[packets],
            run.index.size_bytes[packets],
            run.index.keyframe[packets],
            positions,
        )
    return writer, tuple(first_frames)
