"""Caches of frames and of features: built once, found again, and never believed when the video is another one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from playloom.errors import OutputError
from playloom.file_lock import lock_for_this_program
from tests.support.numbered_sessions import number_in
from training.data.cache import FrameCache, build_cache
from training.data.clips import ClipPlan
from training.data.dataset import GameDataset, open_training_dataset
from training.data.feature_cache import FeatureCache, build_feature_cache
from training.data.loader import ClipLoader
from training.data.runs import picture_runs
from training.errors import DatasetMismatchError

SIZE = (48, 32)


@pytest.fixture
def dataset(numbered_training_dataset: Path) -> GameDataset:
    return open_training_dataset(numbered_training_dataset)


def _numbers(cache: FrameCache, episode: int) -> list[int]:
    return [number_in(picture) for picture in cache.frames(episode)]


@pytest.mark.parametrize("workers", [0, 2])
def test_it_holds_every_frame_and_tells_how_far_it_is(dataset: GameDataset, tmp_path: Path, workers: int) -> None:
    told: list[tuple[int, int]] = []
    cache = build_cache(dataset, [0, 2], SIZE, tmp_path, lambda *now: told.append(now), workers=workers)
    assert (_numbers(cache, 0), _numbers(cache, 2)) == (list(range(60)), list(range(90)))
    assert (told[0], told[-1]) == ((0, 150), (150, 150))


def test_what_is_there_is_not_made_again(dataset: GameDataset, tmp_path: Path) -> None:
    cache = build_cache(dataset, [0], SIZE, tmp_path, workers=0)
    file = tmp_path / cache.entry(0).file
    made = file.stat().st_mtime_ns
    told: list[tuple[int, int]] = []
    build_cache(dataset, [0, 1], SIZE, tmp_path, lambda *now: told.append(now), workers=0)
    assert (file.stat().st_mtime_ns, told[0]) == (made, (60, 105))


def test_an_episode_that_was_not_finished_is_made_again(dataset: GameDataset, tmp_path: Path) -> None:
    cache = build_cache(dataset, [0, 1], SIZE, tmp_path, workers=0)
    (tmp_path / cache.entry(1).file).with_suffix(".json").unlink()
    short = tmp_path / cache.entry(0).file
    short.write_bytes(short.read_bytes()[:-1])
    with pytest.raises(DatasetMismatchError, match="holds no frames of episode 0 at 48x32"):
        FrameCache.open(dataset, [0, 1], SIZE, tmp_path)
    assert _numbers(build_cache(dataset, [0, 1], SIZE, tmp_path, workers=0), 1) == list(range(45))


_BUILD = """
import sys
from pathlib import Path
from training.data.cache import build_cache
from training.data.dataset import open_training_dataset
dataset = open_training_dataset(sys.argv[1])
print("begun", flush=True)
build_cache(dataset, [0, 1, 2], (480, 320), Path(sys.argv[2]), workers=1)
"""


def test_killed_half_way_it_is_continued(dataset: GameDataset, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _BUILD, str(dataset.path), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as builder:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("*/*.json")) and builder.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        builder.kill()
    told: list[tuple[int, int]] = []
    cache = build_cache(dataset, [0, 1, 2], (480, 320), tmp_path, lambda *now: told.append(now), workers=0)
    assert told[0][0] > 0
    assert [_numbers(cache, episode) for episode in range(3)] == [list(range(n)) for n in (60, 45, 90)]


def test_another_video_another_size_and_another_episode_are_other_files(dataset: GameDataset, tmp_path: Path) -> None:
    build_cache(dataset, [0], SIZE, tmp_path / "cache", workers=0)
    with pytest.raises(DatasetMismatchError, match=r"at 64x64.*It holds pictures of 48x32"):
        FrameCache.open(dataset, [0], (64, 64), tmp_path / "cache")
    copy = tmp_path / "copy"
    shutil.copytree(dataset.path, copy)
    assert FrameCache.open(open_training_dataset(copy), [0], SIZE, tmp_path / "cache").entry(0).length == 60
    video = next(copy.rglob("*.mp4"))
    content = bytearray(video.read_bytes())
    content[-1] ^= 1
    video.unlink()
    video.write_bytes(content)
    with pytest.raises(DatasetMismatchError, match="as it is now"):
        FrameCache.open(open_training_dataset(copy), [0], SIZE, tmp_path / "cache")


def test_who_comes_while_another_program_builds_it_waits_and_finds_it_built(
    dataset: GameDataset, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    waits = threading.Event()
    with ThreadPoolExecutor() as threads, (tmp_path / "lock").open("ab") as lock:
        assert lock_for_this_program(lock)
        found = threads.submit(
            build_cache,
            dataset,
            [0],
            SIZE,
            tmp_path,
            lambda *now: told.append(now),
            workers=0,
            waiting=waits.set,
        )
        assert waits.wait(30)
        assert told == []
        lock.close()
        assert _numbers(found.result(timeout=60), 0) == list(range(60))
    build_cache(dataset, [0], SIZE, tmp_path, workers=0, waiting=lambda: pytest.fail("nobody builds now"))


def test_what_does_not_fit_on_the_disk_is_refused_before_it_is_begun(
    dataset: GameDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 90, 10))
    with pytest.raises(OutputError, match=r"GiB are free.*smaller pictures"):
        build_cache(dataset, [0], SIZE, tmp_path)


@pytest.mark.parametrize("workers", [0, 2])
def test_runs_give_all_frames_of_the_episodes_in_order(dataset: GameDataset, workers: int) -> None:
    found: dict[int, list[int]] = {}
    for run in picture_runs(dataset, [2, 0], SIZE, workers=workers, run_frames=25):
        assert run.good.all()
        assert run.first == len(found.setdefault(run.episode.index, []))
        found[run.episode.index] += [number_in(picture) for picture in run.pictures]
    assert found == {2: list(range(90)), 0: list(range(60))}


def _brightness(pictures: NDArray[np.uint8]) -> NDArray[Any]:
    return pictures.reshape(len(pictures), -1, 3).mean(axis=1).astype(np.float16)


def test_features_are_computed_once_and_come_beside_the_frames(dataset: GameDataset, tmp_path: Path) -> None:
    made = build_feature_cache(dataset, [0, 1, 2], SIZE, tmp_path, _brightness, encoder="brightness-1", workers=0)
    assert (made.shape, made.features(1).shape) == ((3,), (45, 3))

    def forgotten(pictures: NDArray[np.uint8]) -> NDArray[Any]:
        raise AssertionError("computed again")

    cache = build_feature_cache(dataset, [0, 1, 2], SIZE, tmp_path, forgotten, encoder="brightness-1", workers=0)
    with pytest.raises(DatasetMismatchError, match="by brightness-2"):
        FeatureCache.open(dataset, [0], SIZE, tmp_path, "brightness-2")
    plan = ClipPlan(dataset, [0, 1, 2], window=4)
    with ClipLoader(plan, batch=8, size=SIZE, seed=1, workers=0, features=cache) as loader:
        batch = next(loader)
    assert batch.features is not None
    pictures = batch.frames.numpy()
    wanted = np.stack([_brightness(clip) for clip in pictures])
    assert np.array_equal(batch.features.numpy(), wanted)


def test_a_note_that_was_damaged_is_made_again(dataset: GameDataset, tmp_path: Path) -> None:
    cache = build_cache(dataset, [1], SIZE, tmp_path, workers=0)
    note = (tmp_path / cache.entry(1).file).with_suffix(".json")
    note.write_text(json.dumps({"length": 45}))
    assert _numbers(build_cache(dataset, [1], SIZE, tmp_path, workers=0), 1) == list(range(45))
