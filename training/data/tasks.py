"""What a loader's workers do: decode a run of frames into shared memory, and put clips together into a batch.

Messages are JSON and small; pictures never leave the memory that all see. This module knows no torch, so that a worker
starts in a fraction of a second and holds little more than its decoder.
"""

from __future__ import annotations

import json
import mmap
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.augmentation import Augmentation
from training.data.shared_memory import map_slots, slot_pictures
from training.data.video import RunReader

MAX_OPEN_FILES = 512
"""Files of a cache that a worker keeps mapped."""


@dataclass(frozen=True, kw_only=True)
class WorkerSetup:
    """What a worker knows from the beginning.

    Attributes:
        size: (width, height) of the pictures.
        fps: of the dataset.
        threads: of the decoder.
        window: frames of a clip.
        areas: (descriptor, slots, slot bytes) of shared memory by name: "chunks", "batches"; those that there are.
        cache: the directory of the cached frames, "" where there are none.
        augmentation: as a document; None: clips stay as they are.
    """

    size: tuple[int, int]
    fps: int
    threads: int = 1
    window: int = 1
    areas: Mapping[str, tuple[int, int, int]]
    cache: str = ""
    augmentation: Mapping[str, Any] | None = None

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> WorkerSetup:
        """Read what `to_bytes` wrote."""
        values = json.loads(content)
        return cls(**values | {"size": tuple(values["size"])})


@dataclass(frozen=True, kw_only=True)
class DecodeTask:
    """Decode frames of an episode.

    Attributes:
        video, from_timestamp: where the episode is.
        frames: numbers in the episode, ascending.
        slot: of the area "chunks"; -1: into ``file``.
        file: one that exists, is large enough and takes the pictures from ``first`` on.
        first: a picture's place in ``file``.
    """

    video: str
    from_timestamp: float
    frames: Sequence[int]
    slot: int = -1
    file: str = ""
    first: int = 0


@dataclass(frozen=True, kw_only=True)
class ClipsTask:
    """Put clips together.

    Attributes:
        slot: of the area "batches", for the whole batch.
        clips: of each its source (a slot of the area "chunks", or a file of the cache), and the places of its frames
            there: the first and the step, or all of them.
        seeds: of each clip's augmentation; empty: none.
    """

    slot: int
    clips: Sequence[tuple[Any, ...]]
    seeds: Sequence[tuple[int, ...]] = ()


type Task = DecodeTask | ClipsTask


def task_to_bytes(task: Task) -> bytes:
    """As a worker is told it."""
    return json.dumps({"kind": type(task).__name__, **task.__dict__}).encode()


def task_from_bytes(content: bytes) -> Task:
    """Read what `task_to_bytes` wrote."""
    values = json.loads(content)
    return {"DecodeTask": DecodeTask, "ClipsTask": ClipsTask}[values.pop("kind")](**values)


class TaskRunner:
    """Does tasks, in a worker or at home."""

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        self._reader = RunReader(setup.size, setup.threads)
        self._areas = {name: map_slots(*area) for name, area in setup.areas.items()}
        self._files: OrderedDict[str, NDArray[np.uint8]] = OrderedDict()
        self._augmentation = None if setup.augmentation is None else Augmentation.from_document(setup.augmentation)

    def run(self, task: Task) -> dict[str, Any]:
        """Do a task; what it found, as JSON."""
        return self._decode(task) if isinstance(task, DecodeTask) else self._assemble(task)

    def _decode(self, task: DecodeTask) -> dict[str, Any]:
        frames = np.array(task.frames, np.int64)
        if task.slot >= 0:
            output = slot_pictures(self._areas["chunks"], task.slot, len(frames), self._setup.size)
        else:
            output = map_pictures(Path(task.file), self._setup.size, writeable=True)[task.first :]
        good, reason = self._reader.read(Path(task.video), task.from_timestamp, frames, self._setup.fps, output)
        return {"bad": np.flatnonzero(~good).tolist(), "reason": reason}

    def _assemble(self, task: ClipsTask) -> dict[str, Any]:
        window = self._setup.window
        batch = slot_pictures(self._areas["batches"], task.slot, window * len(task.clips), self._setup.size)
        for place, (source, first, *step) in enumerate(task.clips):
            pictures = self._source(source)
            rows = slice(first, first + (window - 1) * step[0] + 1, step[0]) if step else np.array(first)
            clip = batch[place * window : (place + 1) * window]
            clip[:] = pictures[rows]
            if self._augmentation is not None and task.seeds:
                self._augmentation.apply(clip, tuple(task.seeds[place]))
        return {}

    def _source(self, source: int | str) -> NDArray[np.uint8]:
        if isinstance(source, int):
            width, height = self._setup.size
            area = self._areas["chunks"]
            return slot_pictures(area, source, area.shape[1] // (width * height * 3), self._setup.size)
        if source in self._files:
            self._files.move_to_end(source)
            return self._files[source]
        pictures = map_pictures(Path(self._setup.cache) / source, self._setup.size, writeable=False)
        self._files[source] = pictures
        if len(self._files) > MAX_OPEN_FILES:
            self._files.popitem(last=False)
        return pictures


def map_pictures(path: Path, size: tuple[int, int], *, writeable: bool) -> NDArray[np.uint8]:
    """All pictures of a file without a header, uint8[n, height, width, 3]."""
    width, height = size
    descriptor = os.open(path, os.O_RDWR if writeable else os.O_RDONLY)
    try:
        mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_WRITE if writeable else mmap.ACCESS_READ)
    finally:
        os.close(descriptor)
    return np.frombuffer(mapped, np.uint8).reshape(-1, height, width, 3)
