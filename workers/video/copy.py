"""Video into the dataset by copying its packets: nothing is decoded, nothing loses quality, and the disk sets the pace.

The packets keep their order and get new times: the frame that is shown as number k of the output stands at exactly
k / fps, whatever the source's clock did. A decoder must begin at a keyframe, so frames before the first wanted one may
come along; the dataset points behind them. The other way, encoding the frames up to the next keyframe anew, would mix
two encoders' streams in one file.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from playloom.recording.mp4_index import VideoIndex
from workers.video.encoders import PIXEL_FORMAT
from workers.video.keyframe_stats import sampled_stats
from workers.video.packet_runs import PacketRun, plan_runs
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
    if not index.keyframe.any():
        return "it has no keyframe that decoding could start from"
    return None


def can_share_file(a: VideoIndex, b: VideoIndex) -> bool:
    """Whether the packets of both can stand in one file, which describes its codec and its picture only once."""
    return (
        a.codec == b.codec
        and (a.width, a.height) == (b.width, b.height)
        and a.codec_config == b.codec_config != b""
        and a.sample_entry[4:8] == b.sample_entry[4:8]  # whether parameter sets may stand in the packets, too
    )


def copy_video(output: Path, segments: Sequence[VideoSegment], profile: VideoProfile) -> WrittenVideo:
    """Write the segments, one after another, into one file.

    Args:
        output: the file to write; replaced if it exists, removed again if writing it fails.
        segments: at least one, each a contiguous run of at least one frame; all can be copied (`why_not_copy`) and
            share a file (`can_share_file`).
        profile: of the dataset.

    Raises:
        RecordingError: if no keyframe comes before a segment's first frame, or its pictures do not decode.
        OutputError: if the file cannot be written.
    """
    runs = plan_runs(segments)
    first_frames: dict[int, int] = {}
    frames = 0
    for run in runs:
        shown = run.shown_order()
        for place in run.segments:
            first_packet = int(run.index.presentation_order[segments[place].frames[0]])
            first_frames[place] = frames + int(shown[first_packet - run.start])
        frames += len(run)
    stats = tuple(sampled_stats(segment, profile.threads) for segment in segments)
    _write(output, runs, profile.fps)
    index = segments[0].index
    return WrittenVideo(
        path=output,
        frames=frames,
        segments=tuple(WrittenSegment(first_frame=first_frames[place]) for place in range(len(segments))),
        codec=index.codec,
        width=index.width,
        height=index.height,
        pixel_format=index.pixel_format or PIXEL_FORMAT,
        fps=profile.fps,
        image_stats=stats,
    )


def _write(output: Path, runs: Sequence[PacketRun], fps: int) -> None:
    with av.open(str(runs[0].index.path)) as template, av.open(str(output), "w", format="mp4") as container:
        stream = container.add_stream_from_template(template.streams.video[0])
        stream.time_base = Fraction(1, fps)
        base = 0
        delay = max(int((np.arange(len(run)) - run.shown_order()).max()) for run in runs)
        for run in runs:
            shown = run.shown_order()
            with run.index.path.open("rb") as file:
                for place in range(run.start, run.stop):
                    file.seek(run.index.offset[place])
                    packet = av.Packet(file.read(run.index.size_bytes[place]))
                    packet.stream = stream
                    packet.time_base = Fraction(1, fps)
                    packet.pts = base + int(shown[place - run.start])
                    packet.dts = base + place - run.start - delay
                    packet.duration = 1
                    packet.is_keyframe = bool(run.index.keyframe[place])
                    container.mux(packet)
            base += len(run)
