"""All frames of episodes in their order, decoded by workers: into files, or handed over run by run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Episode, GameDataset
from training.data.shared_memory import SharedSlots
from training.data.tasks import DecodeTask, WorkerSetup
from training.data.threads import decoder_threads
from training.data.worker_pool import AtHome, TaskDoers, WorkerPool

RUN_FRAMES = 512
"""Frames of a run: long against a keyframe interval."""


@dataclass(frozen=True, kw_only=True)
class PictureRun:
    """Some frames of an episode, in order.

    Attributes:
        episode: which.
        first: the first one's number in it.
        pictures: uint8[n, height, width, 3]; valid until the next run is asked for.
        good: bool[n], which of them could be read.
        reason: why others could not; "" where all could.
    """

    episode: Episode
    first: int
    pictures: NDArray[np.uint8]
    good: NDArray[np.bool_]
    reason: str


def picture_runs(
    dataset: GameDataset, episodes: Sequence[int], size: tuple[int, int], *, workers: int = 2, run_frames: int = 256
) -> Iterator[PictureRun]:
    """All frames of episodes, in order, as a model sees them; the next runs are decoded meanwhile."""
    wanted = deque(_runs([dataset.episode(number) for number in episodes], run_frames))
    slots = 2 * max(1, workers) + 1
    area = SharedSlots(slots, run_frames * size[0] * size[1] * 3)
    doers = _doers(dataset, size, workers, {"chunks": area})
    try:
        free, tasks = deque(range(slots)), deque[tuple[DecodeTask, Episode]]()
        answers: dict[int, dict[str, Any]] = {}
        while wanted or tasks:
            while wanted and free and doers.room > 0:
                episode, first, count = wanted.popleft()
                task = _task(episode, first, count, slot=free.popleft())
                tasks.append((task, episode))
                doers.submit(task)
            if id(tasks[0][0]) not in answers:
                answers |= {id(task): answer for task, answer in doers.wait(None)}
                continue
            task, episode = tasks.popleft()
            answer = answers.pop(id(task))
            count = len(task.frames)
            good = np.ones(count, np.bool_)
            good[_bad(task, answer)] = False
            yield PictureRun(
                episode=episode,
                first=task.frames[0],
                pictures=area.pictures(task.slot, count, size),
                good=good,
                reason=_reason(task, answer),
            )
            free.append(task.slot)
    finally:
        doers.close()
        area.close()


def decode_into_file(
    dataset: GameDataset,
    files: Sequence[tuple[Episode, Path]],
    size: tuple[int, int],
    *,
    workers: int,
    report: Callable[[int], None],
) -> Iterator[tuple[Episode, Path, list[int], str]]:
    """Write all pictures of each episode into a file, one after another without a header.

    Yields:
        As each file is whole: the episode, the file, the frames that could not be read, and why.
    """
    if not files:
        return
    doers = _doers(dataset, size, workers, {})
    try:
        places = {episode.index: path for episode, path in files}
        wanted = deque(_runs([episode for episode, _ in files], RUN_FRAMES))
        left = {episode.index: -(-episode.length // RUN_FRAMES) for episode, _ in files}
        bad: dict[int, list[int]] = {episode.index: [] for episode, _ in files}
        reasons: dict[int, str] = {}
        running: dict[int, tuple[DecodeTask, Episode]] = {}
        done = 0
        while wanted or running:
            while wanted and doers.room > 0:
                episode, first, count = wanted.popleft()
                path = places[episode.index]
                if first == 0:
                    with path.open("wb") as file:
                        file.truncate(episode.length * size[0] * size[1] * 3)
                task = _task(episode, first, count, file=str(path))
                running[id(task)] = (task, episode)
                doers.submit(task)
            for task, answer in doers.wait(None):
                assert isinstance(task, DecodeTask)
                episode = running.pop(id(task))[1]
                number = episode.index
                bad[number] += [task.frames[place] for place in _bad(task, answer)]
                if reason := _reason(task, answer):
                    reasons.setdefault(number, reason)
                done += len(task.frames)
                report(done)
                left[number] -= 1
                if not left[number]:
                    yield episode, places[number], sorted(bad[number]), reasons.get(number, "")
    finally:
        doers.close()


def _task(episode: Episode, first: int, count: int, *, slot: int = -1, file: str = "") -> DecodeTask:
    return DecodeTask(
        video=str(episode.video), from_timestamp=episode.from_timestamp, frames=list(range(first, first + count)),
        slot=slot, file=file, first=first if file else 0,
    )  # fmt: skip


def _runs(episodes: Sequence[Episode], frames: int) -> Iterator[tuple[Episode, int, int]]:
    for episode in episodes:
        for first in range(0, episode.length, frames):
            yield episode, first, min(frames, episode.length - first)


def _doers(dataset: GameDataset, size: tuple[int, int], workers: int, areas: dict[str, SharedSlots]) -> TaskDoers:
    setup = WorkerSetup(
        size=size,
        fps=dataset.fps,
        threads=decoder_threads(workers),
        areas={name: (area.descriptor, area.slots, area.slot_bytes) for name, area in areas.items()},
    )
    return WorkerPool(workers, setup) if workers else AtHome(setup)


def _bad(task: DecodeTask, answer: dict[str, Any]) -> list[int]:
    return list(range(len(task.frames))) if "died" in answer else list(answer["bad"])


def _reason(task: DecodeTask, answer: dict[str, Any]) -> str:
    return f"{task.video}: {answer['died']}" if "died" in answer else str(answer["reason"])
