"""The wanted frames of a recorded video, decoded, each known by its number and none by its time.

Every packet carries its place through the decoder, so that a picture is known for what it is. The other way, a
demuxer and timestamps, cannot tell a frame that was lost from one that came early, and every frame after it would
stand beside the action of its neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.recording.mp4_index import VideoIndex
from workers.video.segment import VideoSegment

_DECODERS = {"av1": "libdav1d"}
"""FFmpeg's own AV1 decoder needs a GPU."""

_DECODER_OPTIONS = {"strict": "1"}
"""An H.264 stream that does not say how far it reorders pictures gets the largest reordering at once; FFmpeg's guess
grows with what it meets, and drops pictures each time that it has to."""


def decode_start(segment: VideoSegment) -> int:
    """The decode place of the last keyframe from which all wanted frames can be decoded.

    Raises:
        RecordingError: if there is none before the first wanted frame.
    """
    keyframes = usable_keyframes(segment)
    if not len(keyframes):
        raise RecordingError(
            segment.path,
            "cannot be decoded, because no keyframe comes before it",
            place=f"frame {segment.frames[0]}",
            remedy="Leave the frames before the first keyframe out",
        )
    return int(keyframes[-1])


def usable_keyframes(segment: VideoSegment) -> NDArray[np.int64]:
    """The decode places of the keyframes that come before all wanted frames, in both orders; ascending."""
    index = segment.index
    wanted = index.presentation_order[segment.frames]
    keyframes = np.flatnonzero(index.keyframe[: int(wanted.min()) + 1])
    # What is shown before a keyframe but follows it in the file may lean on what came before.
    return keyframes[index.pts[keyframes] <= index.pts[wanted[0]]]


def decode_stop(segment: VideoSegment) -> int:
    """The decode place after the last packet that the wanted frames need."""
    return int(segment.index.presentation_order[segment.frames].max()) + 1


def frame_numbers(index: VideoIndex) -> NDArray[np.int64]:
    """The frame's number in the order of showing by decode place, int64[packets]; -1 for one that is never shown."""
    numbers = np.full(len(index.pts), -1, np.int64)
    numbers[index.presentation_order] = np.arange(index.frames)
    return numbers


def decoded_frames(segment: VideoSegment, threads: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """Each different wanted frame once, in order: how often it is wanted, and its picture.

    Raises:
        RecordingError: naming the first wanted frame that does not decode, or is damaged.
    """
    places = range(decode_start(segment), decode_stop(segment))
    number_of = frame_numbers(segment.index).tolist()
    numbers, times_wanted = np.unique(segment.frames, return_counts=True)
    wanted = list(zip(numbers.tolist(), times_wanted.tolist(), strict=True))
    wanted.reverse()  # the next one is popped from the end
    for frame in decode_packets(segment.path, segment.index, places, threads):
        number = number_of[frame.pts]
        next_number, times = wanted[-1]
        if number < next_number:
            continue
        if number > next_number or frame.is_corrupt:
            break
        yield times, frame
        wanted.pop()
        if not wanted:
            return
    raise RecordingError(
        segment.path,
        "cannot be decoded, its data is damaged",
        place=f"frame {wanted[-1][0]}",
        remedy="Record again, or cut the video before that frame",
    )


def decode_packets(path: Path, index: VideoIndex, places: Sequence[int], threads: int) -> Iterator[av.VideoFrame]:
    """What the decoder makes of some of a video's packets.

    Args:
        path: the video.
        index: its index.
        places: decode places, ascending.
        threads: of the decoder.

    Yields:
        Frames in the order in which they are shown; a frame's pts is its decode place. What does not decode is
        missing.

    Raises:
        RecordingError: if the file cannot be read, or nothing here decodes its codec.
    """
    decoder = _open_decoder(path, index, threads)
    for place, content in _read_packets(path, index, places):
        if not content:
            continue  # to the decoder an empty packet would mean the end
        packet = av.Packet(content)
        packet.pts = packet.dts = place
        try:
            frames = decoder.decode(packet)
        except av.error.InvalidDataError:
            continue
        yield from frames
    try:
        yield from decoder.decode(None)
    except av.error.InvalidDataError:
        return


def _read_packets(path: Path, index: VideoIndex, places: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    offsets, sizes = index.offset.tolist(), index.size_bytes.tolist()
    if offsets and min(offsets) < 0:
        raise RecordingError(
            path,
            "this kind of file does not say where its frames are",
            remedy="Rewrite it: ffmpeg -i capture.mp4 -c copy rewritten.mp4",
        )
    try:
        file = path.open("rb")
    except OSError as error:
        raise RecordingError(path, f"cannot be opened: {error.strerror}") from error
    with file:
        for place in places:
            try:
                file.seek(offsets[place])
                content = file.read(sizes[place])
            except OSError as error:
                raise RecordingError(
                    path, f"cannot be read: {error.strerror}", place=f"byte {offsets[place]}"
                ) from error
            yield place, content


def _open_decoder(path: Path, index: VideoIndex, threads: int) -> av.VideoCodecContext:
    try:
        decoder = av.CodecContext.create(_DECODERS.get(index.codec, index.codec), "r")
    except (ValueError, av.error.FFmpegError) as error:
        raise RecordingError(
            path, f"this installation cannot decode {index.codec}", remedy="Record as H.264"
        ) from error
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.options = dict(_DECODER_OPTIONS)
    decoder.thread_count = threads
    decoder.thread_type = "AUTO"
    if index.codec_config:
        decoder.extradata = index.codec_config
    return decoder
