"""What keeps a loader's workers busy: a thread that knows the order, the memory and who does what.

Chunks are decoded in the order in which they are first needed, and forgotten when their last clip is in a batch.
A batch is put together once all its chunks are there; only then is it known which of their clips can be read.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.augmentation import Augmentation
from training.data.cache import FrameCache
from training.data.order import ClipOrder, Segment
from training.data.shared_memory import SharedSlots
from training.data.tasks import ClipsTask, DecodeTask, Task, WorkerSetup
from training.data.threads import decoder_threads
from training.data.worker_pool import AtHome, TaskDoers, WorkerPool
from training.errors import TrainingError

PREFETCH_BATCHES = 4
_HELD_BATCHES = 2
"""Batches that their user may keep before further ones are copied."""

CHUNKS_AHEAD = 4
"""Chunks for each worker that are decoded before the first clip of them is due."""


_BLOCK_CLIPS = 4096
"""Clips of the order that are looked up at a time: as Python's numbers all of them would take gigabytes."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """A place in the order of clips: of the next clip to look at."""

    segment: int = 0
    offset: int = 0


@dataclass(frozen=True, kw_only=True)
class FeedSettings:
    """How a feed works; see `ClipLoader`."""

    batch: int
    size: tuple[int, int]
    seed: int
    workers: int
    cache: FrameCache | None
    augmentation: Augmentation | None
    threads: int | None


@dataclass(frozen=True, kw_only=True)
class ReadyBatch:
    """A batch whose pictures are put together.

    Attributes:
        clips: their numbers in the plan, int64[n].
        slot: where the pictures are.
        pictures: uint8[n * window, height, width, 3].
        after: where the next batch begins.
        epoch: of its last clip.
    """

    clips: NDArray[np.int64]
    slot: int
    pictures: NDArray[np.uint8]
    after: Position
    epoch: int


@dataclass(kw_only=True)
class _Chunk:
    """A chunk that is decoded or being decoded."""

    slot: int
    frames: NDArray[np.int64]
    video: str
    bad: frozenset[int] = frozenset()
    there: bool = False

    @property
    def is_dense(self) -> bool:
        """Whether its frames are all of a range."""
        return int(self.frames[-1]) - int(self.frames[0]) + 1 == len(self.frames)


@dataclass(kw_only=True)
class _Batch:
    """A batch on its way."""

    number: int
    clips: list[int]
    chunks: list[int]
    sources: list[tuple[Any, ...]]
    after: Position


class Feed:
    """Makes the batches of an order from a position on, ahead of who takes them."""

    def __init__(self, order: ClipOrder, settings: FeedSettings, position: Position) -> None:
        self.corrupt: dict[str, str] = {}
        self.skipped = 0
        self._order, self._plan, self._settings = order, order.plan, settings
        self._cache = settings.cache
        width, height = settings.size
        picture_bytes = width * height * 3
        self._batches = SharedSlots(
            PREFETCH_BATCHES + _HELD_BATCHES, settings.batch * self._plan.window * picture_bytes
        )
        areas = {"batches": self._batches}
        if self._cache is None:
            spread = order.spread or 1
            chunks = spread + 1 + CHUNKS_AHEAD * max(1, settings.workers)
            self._chunks = SharedSlots(chunks, order.largest_chunk * picture_bytes)
            areas["chunks"] = self._chunks
            self._free_chunks = deque(range(chunks))
        self._areas = areas
        self._setup = WorkerSetup(
            size=settings.size,
            fps=self._plan.dataset.fps,
            threads=settings.threads or decoder_threads(settings.workers),
            window=self._plan.window,
            areas={name: (area.descriptor, area.slots, area.slot_bytes) for name, area in areas.items()},
            cache="" if self._cache is None else str(self._cache.directory),
            augmentation=None if settings.augmentation is None else settings.augmentation.to_document(),
        )
        self._free = deque(range(self._batches.slots))
        self._released: deque[int] = deque()
        self._ready: dict[int, ReadyBatch] = {}
        self._taken = 0
        self._made = 0
        self._held: set[int] = set()
        self._failure: BaseException | None = None
        self._last: int | None = None
        self._closing = False
        self._turn = threading.Condition()
        self._wake, waker = Pipe(duplex=False)
        os.set_blocking(waker.fileno(), False)
        self._waker: Connection | None = waker
        self._clips = _ClipStream(order, position)
        self._loaded: dict[int, _Chunk] = {}
        self._remaining: dict[int, int] = {}
        self._decoding: dict[int, int] = {}
        self._pending: _Batch | None = None
        self._complete: deque[_Batch] = deque()
        self._assembling: dict[int, _Batch] = {}
        self._wanted = self._chunk_places(position) if self._cache is None else iter(())
        self._next_chunk = next(self._wanted, None)
        self._barren = 0
        self._thread = threading.Thread(target=self._run, name="clip-feed", daemon=True)
        self._thread.start()

    @property
    def is_short_of_slots(self) -> bool:
        """Whether who takes the batches keeps so many that further ones have to be copied."""
        return len(self._held) > _HELD_BATCHES

    def next(self) -> ReadyBatch | None:
        """The next batch; None at the end.

        Raises:
            TrainingError: nothing can be read any more, or the workers do not start.
        """
        with self._turn:
            while self._taken not in self._ready:
                if self._failure is not None:
                    raise self._failure
                if self._last is not None and self._taken >= self._last:
                    return None
                self._turn.wait()
            ready = self._ready.pop(self._taken)
            self._taken += 1
            self._held.add(ready.slot)
            return ready

    def release(self, slot: int) -> None:
        """A batch's memory is free again. Called by whoever drops the last reference, at any moment: takes no lock."""
        self._held.discard(slot)
        self._released.append(slot)
        self._ring()

    def close(self) -> None:
        """End the thread and the workers; memory that is still looked at stays until it is not."""
        if self._closing:
            return
        self._closing = True
        self._ring()
        self._thread.join()
        for area in self._areas.values():
            area.close()
        self._wake.close()
        waker, self._waker = self._waker, None
        if waker is not None:
            waker.close()

    def _ring(self) -> None:
        waker = self._waker
        if waker is not None:
            with contextlib.suppress(OSError):  # it is full, so the thread wakes anyway; or closed
                os.write(waker.fileno(), b"\0")

    def _run(self) -> None:
        doers: TaskDoers | None = None
        try:
            doers = WorkerPool(self._settings.workers, self._setup) if self._settings.workers else AtHome(self._setup)
            while not self._closing:
                self._collect_released()
                self._give_work(doers)
                if self._is_over():
                    with self._turn:
                        self._last = self._made
                        self._turn.notify_all()
                for task, answer in doers.wait(self._wake):
                    self._take_answer(task, answer)
                while self._wake.poll():
                    os.read(self._wake.fileno(), 1 << 16)
        except BaseException as error:  # noqa: BLE001  whoever waits for a batch is told, whatever it was
            with self._turn:
                self._failure = error
                self._turn.notify_all()
        finally:
            if doers is not None:
                doers.close()

    def _is_over(self) -> bool:
        return self._clips.is_over and not self._complete and not self._assembling and self._pending is None

    def _collect_released(self) -> None:
        while self._released:
            self._free.append(self._released.popleft())

    def _give_work(self, doers: TaskDoers) -> None:
        while doers.room > 0:
            if not self._complete and self._free:
                self._fill_batch()
            if self._complete and self._free:
                self._assemble(doers, self._complete.popleft())
            elif self._next_chunk is not None and self._free_chunks:
                self._decode(doers, self._next_chunk)
                self._next_chunk = next(self._wanted, None)
            else:
                return

    def _decode(self, doers: TaskDoers, place: int) -> None:
        first, count = self._order.chunk(place)
        episodes, starts = self._plan.locate(np.arange(first, first + count, dtype=np.int64))
        frames = np.unique(starts[:, None] + self._plan.offsets)
        episode = self._plan.dataset.episode(int(episodes[0]))
        slot = self._free_chunks.popleft()
        self._loaded[place] = _Chunk(slot=slot, frames=frames, video=str(episode.video))
        self._remaining.setdefault(place, count)
        task = DecodeTask(
            video=str(episode.video), from_timestamp=episode.from_timestamp, frames=frames.tolist(), slot=slot
        )
        self._decoding[id(task)] = place
        doers.submit(task)

    def _take_answer(self, task: Task, answer: dict[str, Any]) -> None:
        if isinstance(task, DecodeTask):
            chunk = self._loaded[self._decoding.pop(id(task))]
            chunk.there = True
            if "died" in answer:
                answer = {"bad": range(len(chunk.frames)), "reason": f"{chunk.video}: {answer['died']}"}
            chunk.bad = frozenset(chunk.frames[list(answer["bad"])].tolist())
            if answer["reason"]:
                self.corrupt.setdefault(chunk.video, answer["reason"])
            return
        if "died" in answer:
            raise TrainingError(f"a batch cannot be put together: {answer['died']}", remedy="Lower data.batch")
        batch = self._assembling.pop(task.slot)
        for place in batch.chunks:
            self._forget_clip(place)
        ready = ReadyBatch(
            clips=np.array(batch.clips, np.int64),
            slot=task.slot,
            pictures=self._batches.pictures(task.slot, len(batch.clips) * self._plan.window, self._settings.size),
            after=batch.after,
            epoch=batch.chunks[-1] // self._order.chunks_of_epoch,
        )
        with self._turn:
            self._ready[batch.number] = ready
            self._turn.notify_all()

    def _forget_clip(self, place: int) -> None:
        if self._cache is not None:
            return
        self._remaining[place] -= 1
        if not self._remaining[place]:
            self._free_chunks.append(self._loaded.pop(place).slot)
            del self._remaining[place]

    def _fill_batch(self) -> None:
        """Go on with the next batch as far as chunks are there."""
        stream = self._clips
        while not stream.is_over:
            clip = stream.peek()
            source: tuple[Any, ...] | None
            if self._cache is None:
                chunk = self._loaded.get(clip.chunk)
                if chunk is None or not chunk.there:
                    return
                source = self._in_chunk(chunk, clip.start)
            else:
                source = self._in_cache(self._cache, clip)
            stream.step()
            if source is None:
                self._skip(clip.chunk)
                continue
            self._barren = 0
            if self._pending is None:
                self._pending = _Batch(number=self._made, clips=[], chunks=[], sources=[], after=stream.position)
                self._made += 1
            batch = self._pending
            batch.clips.append(clip.number)
            batch.chunks.append(clip.chunk)
            batch.sources.append(source)
            batch.after = stream.position
            if len(batch.clips) == self._settings.batch:
                self._complete.append(batch)
                self._pending = None
                return
        if self._pending is not None:
            self._complete.append(self._pending)
            self._pending = None

    def _skip(self, place: int) -> None:
        self.skipped += 1
        self._barren += 1
        self._forget_clip(place)
        if self._barren > 2 * len(self._plan):
            first = next(iter(self.corrupt.values()), "no video can be read")
            raise TrainingError(
                f"no clip of {len(self.corrupt)} videos can be read: {first}",
                remedy="Pull or convert the dataset again",
            )

    def _in_chunk(self, chunk: _Chunk, start: int) -> tuple[Any, ...] | None:
        """Where a clip's frames are in its chunk's slot; None where one of them could not be read."""
        if chunk.bad and not chunk.bad.isdisjoint((start + self._plan.offsets).tolist()):
            return None
        if chunk.is_dense:
            return (chunk.slot, start - int(chunk.frames[0]), self._plan.frame_step)
        return (chunk.slot, np.searchsorted(chunk.frames, start + self._plan.offsets).tolist())

    def _in_cache(self, cache: FrameCache, clip: _Clip) -> tuple[Any, ...] | None:
        """Where a clip's frames are in the cache; None where one of them could not be read when it was made."""
        entry = cache.entry(clip.episode)
        if entry.bad and not entry.bad.isdisjoint((clip.start + self._plan.offsets).tolist()):
            self.corrupt.setdefault(str(self._plan.dataset.episode(clip.episode).video), entry.reason)
            return None
        return (entry.file, clip.start, self._plan.frame_step)

    def _assemble(self, doers: TaskDoers, batch: _Batch) -> None:
        slot = self._free.popleft()
        self._assembling[slot] = batch
        seeds: Sequence[tuple[int, ...]] = ()
        if self._settings.augmentation is not None:
            epochs = (place // self._order.chunks_of_epoch for place in batch.chunks)
            seeds = [(self._settings.seed, epoch, clip) for epoch, clip in zip(epochs, batch.clips, strict=True)]
        doers.submit(ClipsTask(slot=slot, clips=batch.sources, seeds=seeds))

    def _chunk_places(self, position: Position) -> Iterator[int]:
        """The places of the chunks that the clips from a position on need, ascending; counts their clips on the way."""
        order, number = self._order, position.segment
        counted: dict[int, int] = {}
        for segment, offset in ((number, position.offset), (number + 1, 0)):
            if order.segments is not None and segment >= order.segments:
                continue
            for place in order.segment(segment).chunks[offset:].tolist():
                if place < (number + 1) * order.chunks_of_epoch:
                    counted[place] = counted.get(place, 0) + 1
        self._remaining = counted
        return self._ascending(sorted(counted), number + 1)

    def _ascending(self, first: list[int], epoch: int) -> Iterator[int]:
        yield from first
        while self._order.epochs is None or epoch < self._order.epochs:
            yield from range(epoch * self._order.chunks_of_epoch, (epoch + 1) * self._order.chunks_of_epoch)
            epoch += 1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Clip:
    """A clip in the order: its number in the plan, its chunk's place, and where it begins."""

    number: int
    chunk: int
    episode: int
    start: int


class _ClipStream:
    """The clips of an order one after another, from a position on."""

    def __init__(self, order: ClipOrder, position: Position) -> None:
        self._order, self._number, self._offset = order, position.segment, position.offset
        self._segment: Segment | None = None
        self._block: deque[_Clip] = deque()
        self.is_over = False
        self._load()

    @property
    def position(self) -> Position:
        return Position(segment=self._number, offset=self._offset)

    def peek(self) -> _Clip:
        """The next clip."""
        return self._block[0]

    def step(self) -> None:
        self._block.popleft()
        self._offset += 1
        if not self._block:
            self._load()

    def _load(self) -> None:
        """Read the next clips of the segment that the position is in, or of the next one that has any."""
        while True:
            if self._order.segments is not None and self._number >= self._order.segments:
                self.is_over = True
                return
            if self._segment is None:
                self._segment = self._order.segment(self._number)
            clips = self._segment.clips[self._offset : self._offset + _BLOCK_CLIPS]
            if len(clips):
                chunks = self._segment.chunks[self._offset : self._offset + _BLOCK_CLIPS]
                episodes, starts = self._order.plan.locate(clips)
                columns = (clips.tolist(), chunks.tolist(), episodes.tolist(), starts.tolist())
                self._block.extend(
                    _Clip(number=number, chunk=chunk, episode=episode, start=start)
                    for number, chunk, episode, start in zip(*columns, strict=True)
                )
                return
            self._number, self._offset, self._segment = self._number + 1, 0, None
