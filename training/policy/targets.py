"""What a policy learns to say: for the clip that ends with frame t, rows t + 1 … t + C of the same episode.

Rows behind the episode's end count nothing. In a dataset that a model has labelled each value counts by the model's
confidence in it. Where a dataset tells who acted, what others did than those who are learned from counts nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training.action_space import ActionSpace
from training.data.dataset import GameDataset
from training.errors import DatasetMismatchError
from training.policy.schema import ACTORS

CONFIDENCE = "action.confidence"
AGENT = "action.agent"
TASK_INDEX = "task_index"
TASKS_PATH = "meta/tasks.parquet"


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Of a batch of clips.

    Attributes:
        rows: float32[B, C, A], what is to be said; of rows that do not count the episode's last one.
        weights: float32[B, C, A], what each value counts; 0 behind the episode's end.
        held: float32[B, A], what is held at the clip's last frame.
        task: int64[B], the number of the dataset's task at that frame, from 0.
    """

    rows: NDArray[np.float32]
    weights: NDArray[np.float32]
    held: NDArray[np.float32]
    task: NDArray[np.int64]


class ChunkTargets:
    """The action rows of some episodes, in memory, one after another.

    Args:
        dataset: whose.
        episodes: their numbers.
        space: how rows are read.
        chunk: rows of a chunk.
        label_weight: what labelled rows count, before their confidence.
        actors: whose actions are learned, of `ACTORS`; empty: everybody's.

    Raises:
        DatasetMismatchError: the labels' confidence, or who acted, does not say of which actions it is.
    """

    def __init__(
        self,
        dataset: GameDataset,
        episodes: Sequence[int],
        space: ActionSpace,
        *,
        chunk: int,
        label_weight: float = 1.0,
        actors: Collection[str] = (),
    ) -> None:
        self._numbers = np.array(sorted(episodes), np.int64)
        self._lengths = np.array([dataset.episode(int(number)).length for number in self._numbers], np.int64)
        self._first = np.cumsum(self._lengths) - self._lengths
        self._ahead = np.arange(1, chunk + 1, dtype=np.int64)
        self.rows = np.concatenate([dataset.actions(int(number)) for number in self._numbers])
        self._weights = _weights(dataset, self._numbers.tolist(), space, label_weight)
        if actors and set(actors) != set(ACTORS):
            counts = _done_by(dataset, self._numbers.tolist(), space, set(actors))
            self._weights = counts if self._weights is None else self._weights * counts
        known = TASK_INDEX in dataset.info["features"]
        tasks = [dataset.column(int(number), TASK_INDEX) for number in self._numbers] if known else []
        self._tasks = np.concatenate(tasks).astype(np.int64) if known else np.zeros(len(self.rows), np.int64)

    def count(self, episode: NDArray[np.int64], frame: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether anything counts of clips by their episode and last frame, bool[B] of int64[B] each."""
        if self._weights is None:
            return np.ones(len(frame), np.bool_)
        place = np.searchsorted(self._numbers, episode)
        before = np.concatenate([[0], np.cumsum(self._weights.any(1))])
        after, end = frame + 1, np.minimum(frame + 1 + len(self._ahead), self._lengths[place])
        first = self._first[place]
        return before[first + np.maximum(after, end)] > before[first + after]

    def gather(self, episode: NDArray[np.int64], frame: NDArray[np.int64]) -> Targets:
        """Of clips by their episode and last frame, int64[B] each."""
        place = np.searchsorted(self._numbers, episode)
        first, length = self._first[place][:, None], self._lengths[place][:, None]
        wanted = frame[:, None] + self._ahead
        counts = (wanted < length).astype(np.float32)[..., None]
        index = first + np.minimum(wanted, length - 1)
        now = first[:, 0] + frame
        weights = np.broadcast_to(counts, (*index.shape, self.rows.shape[1])) if self._weights is None else (
            self._weights[index] * counts
        )  # fmt: skip
        return Targets(
            rows=self.rows[index],
            weights=np.ascontiguousarray(weights, np.float32),
            held=self.rows[now],
            task=self._tasks[now],
        )


def is_labelled(dataset: GameDataset) -> bool:
    """Whether a model says what was pressed in it."""
    return CONFIDENCE in dataset.info["features"]


def task_names(dataset: GameDataset) -> tuple[str, ...]:
    """What is done in a dataset, by `TASK_INDEX`."""
    path = dataset.path / TASKS_PATH
    try:
        with pq.ParquetFile(path) as opened:
            table = opened.read(use_threads=False)
    except FileNotFoundError:
        return ()
    except (OSError, pa.ArrowException) as error:
        raise DatasetMismatchError(f"{path}: cannot be read: {error}", remedy="Pull or convert again") from error
    named = [name for name in table.column_names if name != TASK_INDEX]
    if TASK_INDEX not in table.column_names or not named:
        raise DatasetMismatchError(f"{path}: holds no tasks", remedy="Pull or convert again")
    by_index = dict(zip(table[TASK_INDEX].to_pylist(), table[named[0]].to_pylist(), strict=True))
    return tuple(str(by_index.get(number, "")) for number in range(max(by_index, default=-1) + 1))


def _weights(
    dataset: GameDataset, episodes: Sequence[int], space: ActionSpace, label_weight: float
) -> NDArray[np.float32] | None:
    """float32[rows, A]; None where every value counts 1."""
    if not is_labelled(dataset):
        return None
    confidence = np.concatenate([np.asarray(dataset.column(number, CONFIDENCE), np.float32) for number in episodes])
    confidence = confidence.reshape(len(confidence), -1)
    remedy = "Make it with 'playloom label', or bring it in with 'playloom import labels'"
    by_action = _columns(dataset, confidence.shape[1], CONFIDENCE, remedy=remedy)
    weights = np.empty((len(confidence), space.width), np.float32)
    for head in space.heads:
        columns = [by_action[name] for name in head.name.split("|") if name in by_action]
        if not columns:
            raise DatasetMismatchError(
                f"{dataset.path}: its labels tell no confidence of '{head.name}'",
                remedy=f"They tell that of {', '.join(by_action)}: label again, with a model of the same game",
            )
        weights[:, list(head.places)] = confidence[:, columns].mean(1)[:, None]
    if not np.isfinite(weights).all():
        raise DatasetMismatchError(f"{dataset.path}: a confidence of its labels is no number", remedy="Label again")
    return weights.clip(0, 1) * np.float32(label_weight)


def _done_by(
    dataset: GameDataset, episodes: Sequence[int], space: ActionSpace, actors: AbstractSet[str]
) -> NDArray[np.float32]:
    """float32[rows, A]: 1 where one of these decided on the action. What says nothing of it was the player's."""
    lengths = sum(dataset.episode(number).length for number in episodes)
    by_agent = np.zeros((lengths, space.width), np.bool_)
    if AGENT in dataset.info["features"]:
        told = np.concatenate([np.asarray(dataset.column(number, AGENT), np.bool_) for number in episodes])
        told = told.reshape(lengths, -1)
        by_action = _columns(dataset, told.shape[1], AGENT, remedy="Convert the recordings again")
        for head in space.heads:
            columns = [by_action[name] for name in head.name.split("|") if name in by_action]
            by_agent[:, list(head.places)] = told[:, columns].max(1, initial=False)[:, None]
    return (by_agent if actors == {"agent"} else ~by_agent).astype(np.float32)


def _columns(dataset: GameDataset, count: int, feature: str, *, remedy: str) -> dict[str, int]:
    """By action id the column of a feature that is about it."""
    names: Any = dataset.info["features"][feature].get("names")
    if isinstance(names, Mapping):
        names = next(iter(names.values()), None)
    if not names or len(names) != count:
        raise DatasetMismatchError(f"{dataset.path}: does not say of which actions '{feature}' is", remedy=remedy)
    return {action: place for place, name in enumerate(names) for action in str(name).split("|")}
