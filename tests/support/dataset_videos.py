"""Reading a dataset's videos back, and sources of all the kinds that a converter meets."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from playloom.recording.mp4_index import index_video
from tests.support.numbered_sessions import NumberedVideo, number_in, write_numbered_video
from workers.video.segment import VideoSegment


def numbered_video(
    path: Path,
    count: int,
    *,
    fps: int = 30,
    first_number: int = 0,
    jitter_ns: int = 0,
    video: NumberedVideo | None = None,
) -> Path:
    """A video of ``count`` frames that show their numbers, counted from ``first_number``."""
    stray = np.random.default_rng(7).integers(0, jitter_ns + 1, count)
    times_ns = [int(place * 1_000_000_000 // fps + stray[place]) for place in range(count)]
    numbers = range(first_number, first_number + count)
    write_numbered_video(path, numbers, times_ns, video or NumberedVideo(), fps)
    return path


def wanted(path: Path, *frames: int | range) -> VideoSegment:
    """The segment of a video that holds these frames."""
    numbers = [number for part in frames for number in (part if isinstance(part, range) else [part])]
    return VideoSegment(path=path, index=index_video(path), frames=np.array(numbers, np.int64))


def numbers_shown(path: Path, fps: int) -> list[int]:
    """What the frames of a video show, in order; checks that frame k is at exactly k / fps."""
    numbers: list[int] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        for place, frame in enumerate(container.decode(stream)):
            assert frame.pts * stream.time_base == Fraction(place, fps)
            numbers.append(number_in(frame.to_ndarray(format="rgb24")))
    return numbers


def pictures_in(path: Path) -> NDArray[np.uint8]:
    """All frames of a video as RGB, uint8[frames, height, width, 3]."""
    pictures: list[NDArray[np.generic]] = []
    with av.open(str(path)) as container:
        pictures += [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack(pictures).astype(np.uint8)


def turn(path: Path, degrees: int) -> Path:
    """Tell players to turn the picture clockwise, as phones do: in the matrix of the track header."""
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 4
    matrix = start + (52 if content[start] == 1 else 40)
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    one = 0x1_0000
    content[matrix : matrix + 36] = struct.pack(
        ">9i", cosine * one, sine * one, 0, -sine * one, cosine * one, 0, 0, 0, 0x4000_0000
    )
    path.write_bytes(content)
    return path


def with_audio(path: Path, output: Path) -> Path:
    """The same video beside a second of silence."""
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(str(path)) as source, av.open(str(output), "w", format="mp4", options=options) as container:
        template = source.streams.video[0]
        video = container.add_stream_from_template(template)
        audio = container.add_stream("aac", rate=48_000, layout="mono")
        for packet in source.demux(template):
            if packet.dts is not None:
                packet.stream = video
                container.mux(packet)
        for block in range(46):
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            samples.rate, samples.pts, samples.time_base = 48_000, block * 1024, Fraction(1, 48_000)
            container.mux(audio.encode(samples))
        container.mux(audio.encode(None))
    return output
