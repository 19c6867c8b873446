"""Memory that this process and its workers see, without a name that could be left behind.

A file in memory is handed to workers as an open descriptor: it is gone when its last holder is, however that ended, and
unlike /dev/shm no container caps it at 64 MB.
"""

from __future__ import annotations

import mmap
import os
import tempfile

import numpy as np
from numpy.typing import NDArray


class SharedSlots:
    """Equal pieces of shared memory.

    Args:
        slots: how many.
        slot_bytes: of each.
    """

    def __init__(self, slots: int, slot_bytes: int) -> None:
        self.slots, self.slot_bytes = slots, slot_bytes
        self.descriptor = _open_memory()
        os.ftruncate(self.descriptor, max(1, slots * slot_bytes))
        self._bytes = map_slots(self.descriptor, slots, slot_bytes)

    def pictures(self, slot: int, count: int, size: tuple[int, int]) -> NDArray[np.uint8]:
        """The first ``count`` pictures of a slot, uint8[count, height, width, 3]."""
        return slot_pictures(self._bytes, slot, count, size)

    def close(self) -> None:
        """Close the descriptor; arrays that were given out stay valid until the last of them is gone."""
        os.close(self.descriptor)


def map_slots(descriptor: int, slots: int, slot_bytes: int) -> NDArray[np.uint8]:
    """What a descriptor of `SharedSlots` holds, uint8[slots, slot bytes]."""
    mapped = mmap.mmap(descriptor, max(1, slots * slot_bytes))
    return np.frombuffer(mapped, np.uint8)[: slots * slot_bytes].reshape(slots, slot_bytes)


def slot_pictures(memory: NDArray[np.uint8], slot: int, count: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The first ``count`` pictures of a slot, uint8[count, height, width, 3]."""
    width, height = size
    return memory[slot, : count * width * height * 3].reshape(count, height, width, 3)


def _open_memory() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("playloom-clips")
    with tempfile.TemporaryFile(prefix="playloom-clips-") as file:
        return os.dup(file.fileno())
