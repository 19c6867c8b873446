"""Frames at training size, decoded once: a file an episode, raw pictures one after another, mapped into memory.

A file is named by what it was made of: the video's SHA-256, where the episode begins in it, its length, the size and
the version of the resize code. So what fits is found and what does not fit is not there: a changed video, another size
or a longer episode is simply made anew, a growing dataset costs its new episodes only, and several datasets, splits and
runs may share a directory. A file's note is written last: without it the file is made again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.errors import OutputError
from training.data.cache_turn import turn_to_build
from training.data.dataset import Episode, GameDataset
from training.data.picture import PICTURE_CODE
from training.data.runs import decode_into_file
from training.data.tasks import map_pictures
from training.errors import DatasetMismatchError

FORMAT = 1

type Progress = Callable[[int, int], None]
"""Told (done, total), in frames."""


@dataclass(frozen=True, kw_only=True)
class CachedEpisode:
    """An episode's file. Attributes: file: its path in the cache; bad: frames that could not be read, and why."""

    file: str
    length: int
    bad: frozenset[int]
    reason: str


class FrameCache:
    """The cached frames of some episodes of a dataset.

    Attributes:
        directory: where they lie.
        size: (width, height) of the pictures.
    """

    def __init__(self, directory: Path, size: tuple[int, int], entries: dict[int, CachedEpisode]) -> None:
        self.directory, self.size, self._entries = directory, size, entries

    @classmethod
    def open(cls, dataset: GameDataset, episodes: Iterable[int], size: tuple[int, int], directory: Path) -> FrameCache:
        """Open what `build_cache` made.

        Raises:
            DatasetMismatchError: an episode is not in the cache at this size, or was made of another video.
        """
        entries = {}
        for number in episodes:
            entry = _read_entry(directory, cache_key(dataset, dataset.episode(number), size), size)
            if entry is None:
                raise DatasetMismatchError(
                    f"{directory}: holds no frames of episode {number} at {size[0]}x{size[1]} as it is now",
                    remedy=_other_sizes(directory, size) or "Build the cache again",
                )
            entries[number] = entry
        return cls(directory, size, entries)

    def check(self, episodes: Iterable[int], size: tuple[int, int]) -> None:
        """Raises: DatasetMismatchError: it is of another size, or lacks an episode."""
        if tuple(size) != tuple(self.size):
            raise DatasetMismatchError(
                f"the cache holds pictures of {self.size[0]}x{self.size[1]}, {size[0]}x{size[1]} are wanted",
                remedy="Build a cache of this size, or train at the cache's",
            )
        lacking = [number for number in episodes if number not in self._entries]
        if lacking:
            raise DatasetMismatchError(
                f"the cache lacks {len(lacking)} episodes, the first is {lacking[0]}",
                remedy="Build it for the episodes of this part",
            )

    def entry(self, episode: int) -> CachedEpisode:
        """Where an episode's frames are."""
        return self._entries[episode]

    def frames(self, episode: int) -> NDArray[np.uint8]:
        """All pictures of an episode, uint8[length, height, width, 3], mapped and read-only."""
        return map_pictures(self.directory / self._entries[episode].file, self.size, writeable=False)


def build_cache(
    dataset: GameDataset,
    episodes: Iterable[int],
    size: tuple[int, int],
    directory: Path,
    progress: Progress | None = None,
    *,
    workers: int = 2,
    waiting: Callable[[], None] | None = None,
) -> FrameCache:
    """Decode what is not in the cache yet. Killed at any time, it goes on with the episode that it was at.

    Args:
        dataset, episodes: whose frames.
        size: (width, height) of the pictures.
        directory: where they go. While another program builds there, this one waits.
        progress: told (done, total) in frames.
        workers: processes that decode; 0 for this one.
        waiting: is told once if it has to wait.

    Raises:
        OutputError: the directory cannot be written, or is too small.
    """
    chosen = [dataset.episode(number) for number in episodes]
    size = (int(size[0]), int(size[1]))
    total, done = sum(episode.length for episode in chosen), 0
    try:
        with turn_to_build(directory, waiting):
            missing, coming = [], set()
            for episode in chosen:
                key = cache_key(dataset, episode, size)
                if key not in coming and _read_entry(directory, key, size) is None:
                    missing.append((episode, key))
                    coming.add(key)  # episodes of the same content have it in common
                else:
                    done += episode.length
            if progress is not None:
                progress(done, total)
            _check_space(directory, sum(episode.length for episode, _ in missing) * size[0] * size[1] * 3)
            _build(dataset, missing, size, directory, partial(_report, progress, done, total), workers)
    except OSError as error:
        raise OutputError(directory, f"cannot be written: {error.strerror}", remedy="Name another directory") from error
    return FrameCache.open(dataset, [episode.index for episode in chosen], size, directory)


def cache_key(dataset: GameDataset, episode: Episode, size: tuple[int, int]) -> str:
    """What an episode's frames are called: a sum of all that they follow from."""
    made_of = [
        FORMAT, PICTURE_CODE, dataset.video_sha256(episode.video), repr(episode.from_timestamp), episode.length,
        dataset.fps, *size,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:40]


def _build(
    dataset: GameDataset,
    missing: Sequence[tuple[Episode, str]],
    size: tuple[int, int],
    directory: Path,
    report: Callable[[int], None],
    workers: int,
) -> None:
    files = []
    for episode, key in missing:
        path = directory / _file(key)
        path.parent.mkdir(exist_ok=True)
        files.append((episode, path.with_suffix(".partial"), key))
    for episode, path, bad, reason in decode_into_file(
        dataset, [(episode, path) for episode, path, _ in files], size, workers=workers, report=report
    ):
        key = path.stem
        final = directory / _file(key)
        path.replace(final)
        note = {"format": FORMAT, "size": list(size), "length": episode.length, "bad": bad, "reason": reason}
        half = final.with_suffix(".note")
        half.write_text(json.dumps(note))
        half.replace(final.with_suffix(".json"))


def _report(progress: Progress | None, before: int, total: int, done: int) -> None:
    if progress is not None:
        progress(before + done, total)


def _read_entry(directory: Path, key: str, size: tuple[int, int]) -> CachedEpisode | None:
    """What is there under a key; None where it is not there whole."""
    path = directory / _file(key)
    try:
        note = json.loads(path.with_suffix(".json").read_bytes())
        if path.stat().st_size != note["length"] * size[0] * size[1] * 3:
            return None
        return CachedEpisode(
            file=_file(key), length=note["length"], bad=frozenset(note["bad"]), reason=str(note["reason"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(key: str) -> str:
    return f"{key[:2]}/{key}.rgb"


def _other_sizes(directory: Path, size: tuple[int, int]) -> str | None:
    """A word on the sizes that the cache does hold, if this one is not among them."""
    sizes = set()
    for note in list(directory.glob("*/*.json"))[:100]:
        try:
            sizes.add(tuple(json.loads(note.read_bytes())["size"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    if not sizes or size in sizes:
        return None
    held = ", ".join(f"{width}x{height}" for width, height in sorted(sizes))
    return f"It holds pictures of {held}: build it for {size[0]}x{size[1]}, or train at a size that it holds"


def _check_space(directory: Path, wanted_bytes: int) -> None:
    free = shutil.disk_usage(directory).free
    if wanted_bytes > free:
        raise OutputError(
            directory,
            f"the frames need {wanted_bytes / 2**30:.1f} GiB and {free / 2**30:.1f} GiB are free",
            remedy="Name a directory on a larger disk, or take smaller pictures",
        )
