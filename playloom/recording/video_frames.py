"""Chosen frames of a video, by number: decodes from the keyframe before each, and nothing else.

It feeds the decoder from the places that the video's index gives. The other way, seeking by time with a demuxer, is
off by a frame where timestamps jitter, and reads a whole fragmented file to find a keyframe.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.recording.mp4_index import VideoIndex, index_video

_DECODERS = {"h264": "h264", "hevc": "hevc", "av1": "libdav1d", "vp9": "vp9"}


class VideoFrames:
    """Random access to a video's frames in the order in which they are shown.

    Args:
        path: the video.
        index: its index, where it is at hand already.
        threads: how many threads decode; 0 lets FFmpeg choose.
    """

    def __init__(self, path: Path, index: VideoIndex | None = None, *, threads: int = 1) -> None:
        self.path = path
        self.index = index_video(path) if index is None else index
        order = self.index.presentation_order
        self._shown = np.full(len(self.index.pts), -1, np.int64)  # decode place -> presentation place
        self._shown[order] = np.arange(len(order))
        self._order = order
        self._keyframes = np.flatnonzero(self.index.keyframe)
        self._threads = threads
        self._file = path.open("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._order)

    @property
    def keyframes(self) -> NDArray[np.int64]:
        """The keyframes' numbers in the order in which they are shown: these cost one decoded picture each."""
        numbers = self._shown[self._keyframes]
        return np.sort(numbers[numbers >= 0])

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, av.VideoFrame]]:
        """Number and picture of the frames from ``start`` to before ``stop``, decoding each once.

        Frames that the decoder gives up (damage, no keyframe before) are left out.
        """
        stop = len(self) if stop is None else min(stop, len(self))
        if start >= stop:
            return
        places = self._order[start:stop]
        decoder = self._decoder()
        for frame in self._decode(decoder, self._keyframe_before(int(places.min())), int(places.max()) + 1):
            if start <= frame[0] < stop:
                yield frame

    def pick(self, numbers: NDArray[np.int64] | list[int]) -> Iterator[tuple[int, av.VideoFrame]]:
        """The frames with these numbers, ascending; those that do not decode are left out."""
        decoder = self._decoder()
        wanted = sorted({int(number) for number in numbers})
        while wanted:
            place = int(self._order[wanted[0]])
            begin = self._keyframe_before(place)
            # All that the same keyframe serves come out of one run.
            following = self._keyframes[self._keyframes > place]
            limit = int(following[0]) if len(following) else len(self._shown)
            group = [number for number in wanted if begin <= self._order[number] < limit] or wanted[:1]
            wanted = [number for number in wanted if number not in group]
            last = max(int(self._order[number]) for number in group)
            for number, frame in self._decode(decoder, begin, last + 1):
                if number in group:
                    yield number, frame

    def packets(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Number and encoded bytes of the frames that showing ``start`` to before ``stop`` takes, in decode order.

        They begin with the keyframe before ``start``, whose number is smaller where ``start`` is none itself.
        """
        places = self._order[start : len(self) if stop is None else stop]
        if not len(places):
            return
        for place in range(self._keyframe_before(int(places.min())), int(places.max()) + 1):
            if self._shown[place] >= 0:
                yield int(self._shown[place]), self._read(place)

    def _read(self, place: int) -> bytes:
        self._file.seek(int(self.index.offset[place]))
        return self._file.read(int(self.index.size_bytes[place]))

    def _keyframe_before(self, place: int) -> int:
        at = int(np.searchsorted(self._keyframes, place, side="right")) - 1
        return int(self._keyframes[at]) if at >= 0 else 0

    def _decoder(self) -> av.VideoCodecContext:
        name, config = _DECODERS.get(self.index.codec, ""), self.index.codec_config
        try:
            if not name:  # FFmpeg knows best how this codec's configuration is written down
                with av.open(str(self.path)) as container:
                    opened = container.streams.video[0].codec_context
                    name, config = opened.codec.name, opened.extradata
            decoder = av.CodecContext.create(name, "r")
        except (ValueError, FFmpegError) as error:
            raise RecordingError(
                self.path, f"this installation cannot decode {self.index.codec}", remedy="Record as H.264"
            ) from error
        assert isinstance(decoder, av.VideoCodecContext)
        if config:
            decoder.extradata = config
        decoder.thread_count = self._threads
        return decoder

    def _decode(self, decoder: av.VideoCodecContext, begin: int, end: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Feed the packets from ``begin`` to before ``end`` (decode places); give what comes out, numbered."""
        decoder.flush_buffers()
        for place in range(begin, end):
            content = self._read(place)
            if not content:
                continue  # an empty packet would mean the end to the decoder
            packet = av.Packet(content)
            packet.pts = packet.dts = place  # the decoder hands it through to the picture
            yield from self._given(decoder, packet)
        yield from self._given(decoder, None)

    def _given(self, decoder: av.VideoCodecContext, packet: av.Packet | None) -> Iterator[tuple[int, av.VideoFrame]]:
        try:
            frames = decoder.decode(packet)
        except FFmpegError:
            return  # a damaged packet costs its own picture; the caller sees that the number is missing
        for frame in frames:
            if frame.pts is not None and self._shown[frame.pts] >= 0:
                yield int(self._shown[frame.pts]), frame
