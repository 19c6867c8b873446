"""The wanted frames of a recorded video, decoded, each known by its number and none by its time.

Every packet carries its place through the decoder, so that a picture is known for what it is. The other way, a
demuxer and timestamps, cannot tell a frame that was lost from one that came early, and every frame after it would
stand beside the action of its neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator

import av
import av.error
import numpy as np

from playloom.errors import RecordingError
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
    index = segment.index
    order = index.presentation_order
    first = int(segment.frames[0])
    shown = places_shown(order)
    needed_from = int(order[segment.frames].min())
    keyframes = np.flatnonzero(index.keyframe[: needed_from + 1])
    # A keyframe may be shown after pictures that follow it and lean on what came before it: those need an earlier one.
    keyframes = keyframes[shown[keyframes] <= first]
    if not len(keyframes):
        raise RecordingError(
            segment.path,
            "cannot be decoded, because no keyframe comes before it",
            place=f"frame {first}",
            remedy="Leave the frames before the first keyframe out",
        )
    return int(keyframes[-1])


def decode_stop(segment: VideoSegment) -> int:
    """The decode place after the last packet that the wanted frames need."""
    return int(segment.index.presentation_order[segment.frames].max()) + 1


def places_shown(presentation_order: np.ndarray) -> np.ndarray:
    """The inverse of `VideoIndex.presentation_order`: the place in the order of showing by decode place."""
    shown = np.empty(len(presentation_order), np.int64)
    shown[presentation_order] = np.arange(len(presentation_order))
    return shown


def decoded_frames(segment: VideoSegment, threads: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """Each different wanted frame once, in order: how often it is wanted, and its picture.

    Raises:
        RecordingError: naming the first wanted frame that does not decode, or is damaged.
    """
    start, stop = decode_start(segment), decode_stop(segment)
    shown = places_shown(segment.index.presentation_order).tolist()
    numbers, times_wanted = np.unique(segment.frames, return_counts=True)
    wanted = list(zip(numbers.tolist(), times_wanted.tolist(), strict=True))
    wanted.reverse()  # the next one is popped from the end
    for frame in _decode(segment, start, stop, threads):
        number = shown[frame.pts]
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


def _decode(segment: VideoSegment, start: int, stop: int, threads: int) -> Iterator[av.VideoFrame]:
    """What the decoder makes of the packets from ``start`` to before ``stop``; a frame's pts is its decode place."""
    decoder = _open_decoder(segment, threads)
    offsets, sizes = segment.index.offset[start:stop].tolist(), segment.index.size_bytes[start:stop].tolist()
    with segment.path.open("rb") as file:
        for place, offset, size_bytes in zip(range(start, stop), offsets, sizes, strict=True):
            file.seek(offset)
            content = file.read(size_bytes)
            if not content:
                continue  # to the decoder an empty packet would mean the end
            packet = av.Packet(content)
            packet.pts = packet.dts = place
            try:
                frames = decoder.decode(packet)
            except av.error.InvalidDataError:
                continue  # its picture will be missing, and is missed then
            yield from frames
    yield from decoder.decode(None)


def _open_decoder(segment: VideoSegment, threads: int) -> av.VideoCodecContext:
    codec = segment.index.codec
    try:
        decoder = av.CodecContext.create(_DECODERS.get(codec, codec), "r")
    except (ValueError, av.error.FFmpegError) as error:
        raise RecordingError(
            segment.path, f"this installation cannot decode {codec}", remedy="Record as H.264"
        ) from error
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.options = dict(_DECODER_OPTIONS)
    decoder.thread_count = threads
    decoder.thread_type = "AUTO"
    if segment.index.codec_config:
        decoder.extradata = segment.index.codec_config
    return decoder
