"""Batches of what a policy learns from: each has its share of clips from every dataset of the mix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.data.dataset import GameDataset
from training.data.loader import ClipBatch, ClipLoader
from training.errors import DatasetMismatchError
from training.policy.feature_clips import FeatureBatch, FeatureClips
from training.policy.targets import ChunkTargets

type Clips = ClipLoader | FeatureClips


@dataclass(frozen=True, kw_only=True)
class PolicyBatch:
    """B clips, those of one dataset beside each other.

    Attributes:
        seen: uint8[B, history, height, width, 3], or features [B, history, cells, channels].
        rows: float32[B, C, A], what is to be said.
        weights: float32[B, C, A], what each value counts.
        held: float32[B, A], what is held at the last picture.
        task: int64[B], the model's number of the task; 0 where there is none.
        part: int64[B], the number of the dataset.
        episode: int64[B].
        frame: int64[B, history], numbers in the episode.
    """

    seen: Tensor
    rows: Tensor
    weights: Tensor
    held: Tensor
    task: Tensor
    part: Tensor
    episode: Tensor
    frame: Tensor


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where clips of one dataset come from.

    Attributes:
        number: of the dataset in the mix.
        dataset: itself.
        clips: its clips, seen.
        targets: what is to be said.
        tasks: the model's number of each of the dataset's tasks, int64[…].
        weight: what each of its clips counts, so that its share of a step is the one that is wanted.
    """

    number: int
    dataset: GameDataset
    clips: Clips
    targets: ChunkTargets
    tasks: NDArray[np.int64]
    weight: float = 1.0


class PolicyBatches:
    """Batches of several sources without end, or of one until it ends; `training.trainer.task.Batches`."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)

    def __iter__(self) -> Iterator[PolicyBatch]:
        iterators = [iter(source.clips) for source in self.sources]
        while True:
            found: list[PolicyBatch] = []
            for source, clips in zip(self.sources, iterators, strict=True):
                batch = next(clips, None)
                if batch is None:
                    return
                found.append(_batch(source, batch))
            yield found[0] if len(found) == 1 else _joined(found)

    def state_dict(self) -> dict[str, Any]:
        """Where each source is."""
        return {"sources": [source.clips.state_dict() for source in self.sources]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another was.

        Raises:
            DatasetMismatchError: that was one of other clips, or in another order.
        """
        states = state.get("sources", [])
        if len(states) != len(self.sources):
            raise DatasetMismatchError(
                f"the run was loading {len(states)} datasets, and now there are {len(self.sources)}",
                remedy="Resume with the same data.mix, or begin a new run",
            )
        for source, one in zip(self.sources, states, strict=True):
            source.clips.load_state_dict(one)

    def close(self) -> None:
        """End whatever loads."""
        for source in self.sources:
            source.clips.close()

    @property
    def corrupt(self) -> Mapping[str, str]:
        """Why, by the path of each video that could not be read throughout."""
        found: dict[str, str] = {}
        for source in self.sources:
            if isinstance(source.clips, ClipLoader):
                found |= source.clips.stats.corrupt
        return found


def clips_of_parts(weights: Sequence[float], batch: int) -> tuple[int, ...]:
    """How many clips of a batch each dataset has: by its weight, at least one, all together the batch.

    What is lost by rounding is put right by what a clip counts (`Source.weight`).
    """
    exact = [weight * batch for weight in weights]
    counts = [max(1, int(one)) for one in exact]
    while sum(counts) < batch:
        counts[int(np.argmax([one - count for one, count in zip(exact, counts, strict=True)]))] += 1
    while sum(counts) > batch:
        spare = [count - one if count > 1 else -np.inf for one, count in zip(exact, counts, strict=True)]
        counts[int(np.argmax(spare))] -= 1
    return tuple(counts)


def _batch(source: Source, batch: ClipBatch | FeatureBatch) -> PolicyBatch:
    targets = source.targets.gather(batch.episode.numpy(), batch.frame[:, -1].numpy())
    count = len(batch.episode)
    return PolicyBatch(
        seen=batch.frames if isinstance(batch, ClipBatch) else batch.features,
        rows=torch.from_numpy(targets.rows),
        weights=torch.from_numpy(targets.weights) * source.weight,
        held=torch.from_numpy(targets.held),
        task=torch.from_numpy(source.tasks[targets.task] if len(source.tasks) else np.zeros(count, np.int64)),
        part=torch.full((count,), source.number, dtype=torch.int64),
        episode=batch.episode,
        frame=batch.frame,
    )


def _joined(batches: Sequence[PolicyBatch]) -> PolicyBatch:
    names = ("seen", "rows", "weights", "held", "task", "part", "episode", "frame")
    return PolicyBatch(**{name: torch.cat([getattr(batch, name) for batch in batches]) for name in names})
