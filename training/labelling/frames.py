"""A video's rows as pictures of the model's size, in order, read ahead by a thread of their own.

FFmpeg decodes and scales without Python's lock, so a thread is enough for decoding to go on while the model computes;
what waits between them is bounded.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from queue import Empty, Full, Queue

import av
import av.error
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.recording.mp4_index import VideoIndex
from training.data.picture import PictureScaler, frame_picture
from training.labelling.masks import Box, black_out
from training.labelling.rows import RowPlan

CHUNK_ROWS = 64
READ_AHEAD_CHUNKS = 4
_WAIT_S = 0.2


@dataclass(frozen=True, kw_only=True, eq=False)
class Chunk:
    """Rows that follow one another.

    Attributes:
        first: the first row.
        pictures: uint8[n, height, width, 3].
        damaged: bool[n]: the frame does not decode; the picture repeats the one before.
    """

    first: int
    pictures: NDArray[np.uint8]
    damaged: NDArray[np.bool_]


def row_chunks(
    index: VideoIndex, plan: RowPlan, size: tuple[int, int], masks: tuple[Box, ...], first_row: int, threads: int = 0
) -> Iterator[Chunk]:
    """The rows from ``first_row`` on.

    Args:
        index: of the video.
        plan: its rows.
        size: (width, height) of the pictures.
        masks: what is made black in them.
        first_row: where to begin.
        threads: of the decoder; 0: FFmpeg's choice.

    Raises:
        RecordingError: the video cannot be read, or none of its frames decodes.
    """
    width, height = size
    scaler = PictureScaler(size)
    quarter_turns = index.rotation // 90 % 4
    row, rows = first_row, len(plan)
    pictures = np.zeros((CHUNK_ROWS, height, width, 3), np.uint8)
    damaged = np.zeros(CHUNK_ROWS, np.bool_)
    filled = 0
    last = np.zeros((height, width, 3), np.uint8)
    decoded_any = False

    def chunk() -> Chunk:
        black_out(pictures[:filled], masks)
        return Chunk(first=row - filled, pictures=pictures[:filled].copy(), damaged=damaged[:filled].copy())

    wanted = plan.frames
    for number, frame in decoded_frames(index, int(wanted[row]), int(wanted[-1]), threads):
        while row < rows and wanted[row] < number:
            pictures[filled], damaged[filled] = last, True
            filled, row = filled + 1, row + 1
            if filled == CHUNK_ROWS:
                yield chunk()
                filled = 0
        if row == rows:
            break
        if wanted[row] != number:
            continue
        if quarter_turns:
            scaler.into(np.ascontiguousarray(np.rot90(frame_picture(frame), -quarter_turns)), last)
        else:
            scaler.into(frame, last)
        decoded_any = True
        while row < rows and wanted[row] == number:
            pictures[filled], damaged[filled] = last, False
            filled, row = filled + 1, row + 1
            if filled == CHUNK_ROWS:
                yield chunk()
                filled = 0
    if not decoded_any:
        raise RecordingError(index.path, "none of its frames decodes", place=f"frame {int(wanted[first_row])}")
    while row < rows:
        pictures[filled], damaged[filled] = last, True
        filled, row = filled + 1, row + 1
        if filled == CHUNK_ROWS:
            yield chunk()
            filled = 0
    if filled:
        yield chunk()


def decoded_frames(index: VideoIndex, first: int, last: int, threads: int = 0) -> Iterator[tuple[int, av.VideoFrame]]:
    """The frames that decode, from number ``first`` to ``last`` in the order of showing, each with its number.

    Raises:
        RecordingError: FFmpeg cannot read the file.
    """
    times = np.sort(index.pts[index.presentation_order])
    expected = -1
    try:
        with closing(av.open(str(index.path))) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = threads
            if first:
                container.seek(int(times[first]), stream=stream)
            for frame in _frames(container, stream):
                if frame.pts is None or frame.is_corrupt:
                    continue
                number = max(expected + 1, int(np.searchsorted(times, frame.pts)))
                if number >= len(times) or times[number] != frame.pts:
                    continue  # hidden by the file's edit list
                expected = number
                if number > last:
                    return
                if number >= first:
                    yield number, frame
    except av.error.FFmpegError as error:
        raise RecordingError(index.path, f"FFmpeg cannot read it: {error.strerror or error}") from error


def _frames(container: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """What the packets decode to; those that do not are passed over."""
    for packet in container.demux(stream):
        try:
            yield from stream.codec_context.decode(packet if packet.size else None)
        except av.error.InvalidDataError:
            continue


class ReadAhead[Item]:
    """Iterates in a thread of its own, ``depth`` items ahead; what it raises comes out where it is iterated.

    A context manager: leaving it ends the thread, however far it has come.
    """

    def __init__(self, items: Iterator[Item], depth: int = READ_AHEAD_CHUNKS) -> None:
        self._items = items
        self._queue: Queue[Item | BaseException | None] = Queue(depth)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, name="read-ahead", daemon=True)

    def __enter__(self) -> ReadAhead[Item]:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def __iter__(self) -> Iterator[Item]:
        while True:
            try:
                item = self._queue.get(timeout=_WAIT_S)
            except Empty:
                if self._stopped.is_set():
                    return
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def _read(self) -> None:
        end: BaseException | None = None
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as error:  # noqa: BLE001 -- raised again where the items are taken
            end = error
        self._put(end)

    def _put(self, item: Item | BaseException | None) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=_WAIT_S)
            except Full:
                continue
            return True
        return False
