"""What an encoder makes of each frame, computed once: for models whose encoder does not learn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playloom.errors import OutputError
from training.data.cache import Progress, cache_key
from training.data.cache_turn import turn_to_build
from training.data.dataset import Episode, GameDataset
from training.data.runs import picture_runs
from training.errors import DatasetMismatchError

type Encoder = Callable[[NDArray[np.uint8]], NDArray[Any]]
"""From uint8[n, height, width, 3] to [n, ...], float16 or float32."""


class FeatureCache:
    """The features of some episodes' frames.

    Attributes:
        directory: where they lie.
        shape: of one frame's features.
    """

    def __init__(self, directory: Path, values: dict[int, NDArray[Any]]) -> None:
        self.directory, self._values = directory, values
        self.shape = next(iter(values.values())).shape[1:] if values else ()

    @classmethod
    def open(
        cls, dataset: GameDataset, episodes: Iterable[int], size: tuple[int, int], directory: Path, encoder: str
    ) -> FeatureCache:
        """Open what `build_feature_cache` made.

        Raises:
            DatasetMismatchError: an episode is not there for this encoder, as its video is now.
        """
        values = {}
        for number in episodes:
            path = directory / _file(dataset, dataset.episode(number), size, encoder)
            try:
                values[number] = np.load(path, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError) as error:
                raise DatasetMismatchError(
                    f"{directory}: holds no features of episode {number} by {encoder}", remedy="Build the cache again"
                ) from error
        return cls(directory, values)

    def check(self, episodes: Iterable[int]) -> None:
        """Raises: DatasetMismatchError: it lacks an episode."""
        lacking = [number for number in episodes if number not in self._values]
        if lacking:
            raise DatasetMismatchError(
                f"the feature cache lacks {len(lacking)} episodes, the first is {lacking[0]}",
                remedy="Build it for the episodes of this part",
            )

    def features(self, episode: int) -> NDArray[Any]:
        """Of all frames of an episode, [length, ...], mapped and read-only."""
        return self._values[episode]

    def gather(self, episode: NDArray[np.int64], frame: NDArray[np.int64]) -> NDArray[Any]:
        """The features of frames, [batch, window, ...]."""
        return np.stack([self._values[int(number)][rows] for number, rows in zip(episode, frame, strict=True)])


def build_feature_cache(
    dataset: GameDataset,
    episodes: Iterable[int],
    size: tuple[int, int],
    directory: Path,
    encode: Encoder,
    *,
    encoder: str,
    progress: Progress | None = None,
    workers: int = 2,
    waiting: Callable[[], None] | None = None,
) -> FeatureCache:
    """Run an encoder over what is not in the cache yet. Killed at any time, it goes on with the next episode.

    Args:
        dataset, episodes: whose frames.
        size: (width, height) of the pictures that the encoder gets.
        directory: where the features go. While another program builds there, this one waits.
        encode: the encoder. A frame that cannot be read is black to it.
        encoder: says which it is, weights included, such as a checkpoint's SHA-256; another one, other files.
        progress: told (done, total) in frames.
        workers: that decode.
        waiting: is told once if it has to wait.

    Raises:
        OutputError: the directory cannot be written.
    """
    chosen = [dataset.episode(number) for number in episodes]
    total, done = sum(episode.length for episode in chosen), 0
    try:
        with turn_to_build(directory, waiting):
            missing = [one for one in chosen if not (directory / _file(dataset, one, size, encoder)).exists()]
            done = total - sum(episode.length for episode in missing)
            parts: list[NDArray[Any]] = []
            for run in picture_runs(dataset, [episode.index for episode in missing], size, workers=workers):
                run.pictures[~run.good] = 0
                parts.append(np.asarray(encode(run.pictures)))
                done += len(run.pictures)
                if progress is not None:
                    progress(done, total)
                if run.first + len(run.pictures) == run.episode.length:
                    _save(directory / _file(dataset, run.episode, size, encoder), np.concatenate(parts))
                    parts = []
    except OSError as error:
        raise OutputError(directory, f"cannot be written: {error.strerror}", remedy="Name another directory") from error
    return FeatureCache.open(dataset, [episode.index for episode in chosen], size, directory, encoder)


def _file(dataset: GameDataset, episode: Episode, size: tuple[int, int], encoder: str) -> str:
    made_of = [cache_key(dataset, episode, size), encoder]
    key = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:40]
    return f"{key[:2]}/{key}.npy"


def _save(path: Path, values: NDArray[Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    half = path.with_suffix(".partial")
    with half.open("wb") as file:
        np.save(file, values, allow_pickle=False)
    half.replace(path)
