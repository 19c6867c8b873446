"""Clips of a dataset in batches: read once, decoded in long runs beside the training, in an order that can be resumed.

order of clips ──▶ feed (a thread) ──▶ workers: decode runs of frames into shared memory
                      │                         put clips together there, into a batch
                      └──◀── batches, in order ──┘
ClipLoader.__next__ ──▶ a view of that memory as a tensor; the memory is used again when the tensor is gone
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from training.data.augmentation import Augmentation
from training.data.cache import FrameCache
from training.data.clips import ClipPlan
from training.data.feature_cache import FeatureCache
from training.data.feed import Feed, FeedSettings, Position, ReadyBatch
from training.data.order import ClipOrder
from training.errors import DatasetMismatchError

CHUNK_FRAMES = 192
"""Frames that are decoded in one run: many against a keyframe interval and a window, so that few are decoded twice."""

BUFFER_BYTES = 1 << 30
"""Memory for decoded frames that wait to be mixed with others."""

MAX_SPREAD = 64
MIN_SPREAD = 4


@dataclass(frozen=True, kw_only=True)
class ClipBatch:
    """Clips as a model takes them.

    Attributes:
        frames: uint8[batch, window, height, width, 3]. It may be a view of memory that is used again once nothing
            refers to it; writing into it is allowed.
        actions: float32[batch, window, actions]: row t is what was held at frame t.
        episode: int64[batch].
        start: int64[batch], the first frame's number in its episode.
        frame: int64[batch, window], each frame's number in its episode.
        columns: further columns by name, [batch, window] or [batch, window, width].
        features: of the encoder, [batch, window, ...]; None without a feature cache.
    """

    frames: torch.Tensor
    actions: torch.Tensor
    episode: torch.Tensor
    start: torch.Tensor
    frame: torch.Tensor
    columns: Mapping[str, torch.Tensor] = field(default_factory=dict)
    features: torch.Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class LoaderStats:
    """What a loader has done since it was made.

    Attributes:
        wait_s: seconds that its user waited for batches.
        batches, frames: handed out.
        seconds: since the first batch was asked for.
        epoch: of the last batch's last clip, from 0.
        skipped_clips: that could not be read.
        corrupt: why, by the path of each video that could not be read throughout.
    """

    wait_s: float
    batches: int
    frames: int
    seconds: float
    epoch: int
    skipped_clips: int
    corrupt: Mapping[str, str]

    @property
    def frames_per_s(self) -> float:
        """Frames handed out each second, the time of training included."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    @property
    def wait_share(self) -> float:
        """The share of the time that was spent waiting for data."""
        return self.wait_s / self.seconds if self.seconds > 0 else 0.0


class ClipLoader:
    """Batches of a plan's clips; iterate over it, again and again.

    Args:
        plan: the clips.
        batch: clips of a batch; the very last one of finite ``epochs`` may have fewer.
        size: (width, height) of the pictures.
        seed: of the order and of the augmentation.
        workers: processes that decode and put together; 0: this one does.
        cache: pictures that were decoded before.
        features: of an encoder, computed before; given beside the frames.
        augment: how clips are disturbed.
        rank, world: which of how many loaders that divide the clips among themselves.
        epochs: after how many it ends; None: never.
        columns: further columns of the dataset to give.
        shuffle: whether at all; else clips come in the plan's order.
        buffer_bytes: memory for decoded frames that wait to be mixed with others; more mixes better.
        decoder_threads: of each worker; None: as many as there are cores for.

    Raises:
        DatasetMismatchError: the cache is of another size or lacks an episode; there are fewer clips than ranks.
    """

    def __init__(
        self,
        plan: ClipPlan,
        *,
        batch: int,
        size: tuple[int, int],
        seed: int,
        workers: int = 2,
        cache: FrameCache | None = None,
        features: FeatureCache | None = None,
        augment: Augmentation | None = None,
        rank: int = 0,
        world: int = 1,
        epochs: int | None = None,
        columns: Sequence[str] = (),
        shuffle: bool = True,
        buffer_bytes: int = BUFFER_BYTES,
        decoder_threads: int | None = None,
    ) -> None:
        if batch < 1:
            raise DatasetMismatchError(f"a batch cannot have {batch} clips", remedy="It has at least 1")
        if cache is not None:
            cache.check(plan.episodes.tolist(), size)
        if features is not None:
            features.check(plan.episodes.tolist())
        self.plan, self.batch, self.size = plan, batch, (int(size[0]), int(size[1]))
        self._columns, self._features = tuple(columns), features
        frame_bytes = self.size[0] * self.size[1] * 3
        chunk_frames = max(CHUNK_FRAMES, 2 * plan.span)
        spread = max(MIN_SPREAD, min(MAX_SPREAD, buffer_bytes // (chunk_frames * frame_bytes) * 3 // 4))
        self._order = ClipOrder(
            plan, seed=seed, chunk_frames=chunk_frames, spread=None if cache is not None else spread,
            epochs=epochs, rank=rank, world=world, shuffle=shuffle,
        )  # fmt: skip
        self._settings = FeedSettings(
            batch=batch, size=self.size, seed=seed, workers=workers,
            cache=cache, augmentation=augment or None, threads=decoder_threads,
        )  # fmt: skip
        self._identity = {
            "plan": plan.fingerprint, "seed": seed, "batch": batch, "rank": rank, "world": world, "epochs": epochs,
            "shuffle": shuffle, "spread": self._order.spread, "chunk_frames": chunk_frames,
        }  # fmt: skip
        self._rows = _Rows(plan, ("action", *self._columns))
        self._position = Position()
        self._feed: Feed | None = None
        self._forgotten: weakref.finalize | None = None  # ends the workers of a loader that nobody closed
        self._ended = False
        self._began: float | None = None
        self._wait_s, self._batches, self._frames, self._epoch = 0.0, 0, 0, 0
        self._corrupt: dict[str, str] = {}
        self._skipped = 0

    def __iter__(self) -> Iterator[ClipBatch]:
        """The batches that are still to come; after the end of finite epochs, all of them again."""
        if self._ended:
            self._ended, self._position = False, Position()
        return self

    def __next__(self) -> ClipBatch:
        if self._ended:
            raise StopIteration
        begin = time.perf_counter()
        self._began = self._began or begin
        if self._feed is None:
            self._feed = Feed(self._order, self._settings, self._position)
            self._forgotten = weakref.finalize(self, self._feed.close)
        ready = self._feed.next()
        if ready is None:
            self._absorb(self._feed)
            self.close()
            self._ended = True
            raise StopIteration
        batch = self._batch(ready, self._feed)
        self._position, self._epoch = ready.after, int(ready.epoch)
        self._batches += 1
        self._frames += batch.frame.numel()
        self._wait_s += time.perf_counter() - begin
        return batch

    @property
    def stats(self) -> LoaderStats:
        """What it has done so far."""
        corrupt, skipped = dict(self._corrupt), self._skipped
        if self._feed is not None:
            corrupt |= self._feed.corrupt
            skipped += self._feed.skipped
        return LoaderStats(
            wait_s=self._wait_s,
            batches=self._batches,
            frames=self._frames,
            seconds=0.0 if self._began is None else time.perf_counter() - self._began,
            epoch=self._epoch,
            skipped_clips=skipped,
            corrupt=corrupt,
        )

    def state_dict(self) -> dict[str, Any]:
        """Where it is: plain JSON. A loader that loads it goes on with the batch after the last one handed out."""
        return {"format": 1, "of": dict(self._identity), **self._position.__dict__}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another loader was; the number of workers and the cache's place may be others.

        Raises:
            DatasetMismatchError: that was a loader of other clips, or in another order.
        """
        of = state.get("of", {})
        different = sorted(name for name, value in self._identity.items() if of.get(name) != value)
        if state.get("format") != 1 or different:
            raise DatasetMismatchError(
                f"the run was loading other data: {', '.join(different) or 'another format'} differ",
                remedy="Resume with the same dataset, split, window, batch, seed and cache, or begin a new run",
            )
        self.close()
        self._position = Position(segment=int(state["segment"]), offset=int(state["offset"]))
        self._ended = False

    def close(self) -> None:
        """End the workers; iterating starts them again where it was."""
        if self._feed is not None:
            self._absorb(self._feed)
            self._feed.close()
            if self._forgotten is not None:
                self._forgotten.detach()
            self._feed = self._forgotten = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _absorb(self, feed: Feed) -> None:
        self._corrupt |= feed.corrupt
        self._skipped += feed.skipped
        feed.skipped = 0

    def _batch(self, ready: ReadyBatch, feed: Feed) -> ClipBatch:
        episode, start = self.plan.locate(ready.clips)
        frame = start[:, None] + self.plan.offsets
        view = ready.pictures
        frames = torch.from_numpy(view).unflatten(0, (len(ready.clips), self.plan.window))
        if feed.is_short_of_slots:
            frames = frames.clone()
            feed.release(ready.slot)
        else:
            weakref.finalize(view, feed.release, ready.slot).atexit = False
        values = self._rows.gather(episode, frame)
        return ClipBatch(
            frames=frames,
            actions=torch.from_numpy(values["action"]),
            episode=torch.from_numpy(episode),
            start=torch.from_numpy(start),
            frame=torch.from_numpy(frame),
            columns={name: torch.from_numpy(values[name]) for name in self._columns},
            features=None if self._features is None else torch.from_numpy(self._features.gather(episode, frame)),
        )


class _Rows:
    """The wanted columns of all of a plan's episodes in memory, one after another."""

    def __init__(self, plan: ClipPlan, names: Sequence[str]) -> None:
        dataset = plan.dataset
        numbers = np.unique(plan.episodes)
        lengths = np.array([dataset.episode(int(number)).length for number in numbers], np.int64)
        self._numbers, self._first = numbers, np.cumsum(lengths) - lengths
        self._values: dict[str, NDArray[Any]] = {}
        for name in dict.fromkeys(names):
            parts = [dataset.actions(int(n)) if name == "action" else dataset.column(int(n), name) for n in numbers]
            self._values[name] = np.concatenate(parts)

    def gather(self, episode: NDArray[np.int64], frame: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """The rows of frames, [batch, window, ...] each."""
        rows = self._first[np.searchsorted(self._numbers, episode)][:, None] + frame
        return {name: values[rows] for name, values in self._values.items()}
