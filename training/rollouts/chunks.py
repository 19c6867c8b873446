"""Which row is held at which frame, where rows come in chunks and a chunk may come late.

Who has seen frame t can press nothing before frame t + 1: a chunk made for frame t begins with the row of frame t + 1.
With a delay of d frames its first d rows are past when it comes, and the chunk before it is still being played.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class ChunkSchedule:
    """Rows of overlapping chunks, by frame.

    Args:
        chunk: rows of a chunk.
        width: values of a row.
        execute: a new chunk is made every so many frames.
        delay: frames until it can be used.
    """

    def __init__(self, *, chunk: int, width: int, execute: int, delay: int = 0) -> None:
        assert 1 <= execute <= chunk - delay, (chunk, execute, delay)
        self._chunk, self._execute, self._delay = chunk, execute, delay
        self._rest = np.zeros(width, np.float32)
        self._chunks: list[tuple[int, NDArray[np.float32]]] = []

    def wants_chunk(self, frame: int) -> bool:
        """Whether one is made for this frame."""
        return frame % self._execute == 0

    def add(self, frame: int, rows: NDArray[np.float32]) -> None:
        """Take the chunk, float32[chunk, width], that was made for a frame; frames come in order."""
        assert rows.shape == (self._chunk, len(self._rest)), rows.shape
        self._chunks.append((frame, rows))

    def row(self, frame: int) -> NDArray[np.float32]:
        """What is held at a frame, float32[width]: of the newest chunk that is there by then; nothing before one is."""
        ready = [one for one in self._chunks if one[0] + self._delay < frame]
        if not ready:
            return self._rest
        self._chunks = self._chunks[len(ready) - 1 :]
        seen, rows = ready[-1]
        place = frame - seen - 1
        return rows[place] if place < self._chunk else self._rest
