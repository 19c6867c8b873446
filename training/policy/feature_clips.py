"""Clips of features instead of pictures, for a policy whose encoder does not learn: nothing is decoded or encoded."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training.data.clips import ClipPlan
from training.data.feature_cache import FeatureCache
from training.data.loader import CHUNK_FRAMES
from training.data.order import ClipOrder
from training.errors import DatasetMismatchError


@dataclass(frozen=True, kw_only=True)
class FeatureBatch:
    """Clips. Attributes: features: [batch, window, …]; episode: int64[batch]; frame: int64[batch, window]."""

    features: torch.Tensor
    episode: torch.Tensor
    frame: torch.Tensor


class FeatureClips:
    """Batches of a plan's clips, as `training.data.loader.ClipLoader` gives them; the next one is read meanwhile.

    Args:
        plan: the clips.
        cache: of the features of all its episodes.
        batch: clips of a batch.
        seed: of the order.
        rank, world: which of how many loaders that divide the clips among themselves.
        epochs: after how many it ends; None: never.
        shuffle: whether at all.
    """

    def __init__(
        self,
        plan: ClipPlan,
        cache: FeatureCache,
        *,
        batch: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        epochs: int | None = None,
        shuffle: bool = True,
    ) -> None:
        cache.check(plan.episodes.tolist())
        self.plan, self.batch, self._cache = plan, batch, cache
        self._order = ClipOrder(
            plan, seed=seed, chunk_frames=CHUNK_FRAMES, spread=None, epochs=epochs, rank=rank, world=world,
            shuffle=shuffle,
        )  # fmt: skip
        self._identity = {
            "plan": plan.fingerprint, "seed": seed, "batch": batch, "rank": rank, "world": world, "epochs": epochs,
            "shuffle": shuffle, "features": True,
        }  # fmt: skip
        self._segment, self._offset = 0, 0
        self._clips: tuple[int, NDArray[np.int64]] | None = None
        self._reader: ThreadPoolExecutor | None = None
        self._next: Future[tuple[FeatureBatch, tuple[int, int]] | None] | None = None
        self.wait_s = 0.0

    def __iter__(self) -> Iterator[FeatureBatch]:
        return self

    def __next__(self) -> FeatureBatch:
        begin = time.perf_counter()
        if self._reader is None:
            self._reader = ThreadPoolExecutor(1, thread_name_prefix="features")
        if self._next is None:
            self._next = self._reader.submit(self._read, self._segment, self._offset)
        found = self._next.result()
        if found is None:
            self.close()
            self._segment, self._offset = 0, 0
            raise StopIteration
        batch, (self._segment, self._offset) = found
        self._next = self._reader.submit(self._read, self._segment, self._offset)
        self.wait_s += time.perf_counter() - begin
        return batch

    def state_dict(self) -> dict[str, Any]:
        """Where it is: plain JSON."""
        return {"format": 1, "of": dict(self._identity), "segment": self._segment, "offset": self._offset}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another was.

        Raises:
            DatasetMismatchError: that was one of other clips, or in another order.
        """
        of = state.get("of", {})
        different = sorted(name for name, value in self._identity.items() if of.get(name) != value)
        if different:
            raise DatasetMismatchError(
                f"the run was loading other data: {', '.join(different)} differ",
                remedy="Resume with the same dataset, split, history, batch and seed, or begin a new run",
            )
        self.close()
        self._segment, self._offset = int(state["segment"]), int(state["offset"])

    def close(self) -> None:
        """End the thread; iterating starts it again where it was."""
        if self._reader is not None:
            self._reader.shutdown(cancel_futures=True)
        self._reader = self._next = None

    def _read(self, segment: int, offset: int) -> tuple[FeatureBatch, tuple[int, int]] | None:
        """The batch at a place of the order, and where the next one begins; None behind the last."""
        chosen: list[NDArray[np.int64]] = []
        wanted = self.batch
        while wanted and (self._order.segments is None or segment < self._order.segments):
            clips = self._of_segment(segment)[offset : offset + wanted]
            chosen.append(clips)
            wanted -= len(clips)
            offset += len(clips)
            if offset >= len(self._of_segment(segment)):
                segment, offset = segment + 1, 0
        numbers = np.concatenate(chosen) if chosen else np.zeros(0, np.int64)
        if not len(numbers):
            return None
        episode, start = self.plan.locate(numbers)
        frame = start[:, None] + self.plan.offsets
        batch = FeatureBatch(
            features=torch.from_numpy(self._cache.gather(episode, frame)),
            episode=torch.from_numpy(episode),
            frame=torch.from_numpy(frame),
        )
        return batch, (segment, offset)

    def _of_segment(self, number: int) -> NDArray[np.int64]:
        if self._clips is None or self._clips[0] != number:
            self._clips = (number, self._order.segment(number).clips)
        return self._clips[1]
