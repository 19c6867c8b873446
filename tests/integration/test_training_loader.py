"""The loader over real datasets: the right pictures beside the right actions, again and again, whatever happens."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.numbered_sessions import expected_action, number_in
from tests.support.training_datasets import damage_video
from training.data.augmentation import Augmentation
from training.data.cache import build_cache
from training.data.clips import ChosenClips, ClipPlan
from training.data.dataset import open_training_dataset
from training.data.loader import ClipBatch, ClipLoader
from training.data.picture import model_picture
from training.errors import DatasetMismatchError, TrainingError

SIZE = (48, 32)
LENGTHS = (60, 45, 90)


def _plan(dataset: Path, **wanted: int) -> ClipPlan:
    opened = open_training_dataset(dataset)
    return ClipPlan(opened, [one.index for one in opened.episodes], **{"window": 4, "stride": 1} | wanted)


def _loader(plan: ClipPlan, **wanted: Any) -> ClipLoader:
    return ClipLoader(plan, **{"batch": 8, "size": SIZE, "seed": 1, "workers": 0} | wanted)


def _check(batch: ClipBatch, frame_step: int = 1) -> None:
    """Every picture shows the number that the batch says, and every action is that frame's."""
    for clip, start in enumerate(batch.start.tolist()):
        numbers = [start + place * frame_step for place in range(batch.frames.shape[1])]
        assert batch.frame[clip].tolist() == numbers
        assert [number_in(picture.numpy()) for picture in batch.frames[clip]] == numbers
        assert np.array_equal(batch.actions[clip].numpy(), np.array([expected_action(n) for n in numbers], np.float32))


def _clips(loader: ClipLoader, batches: int | None = None) -> list[tuple[int, int]]:
    found = []
    with loader:
        for batch in islice(loader, batches):
            found += list(zip(batch.episode.tolist(), batch.start.tolist(), strict=True))
    return found


@pytest.mark.parametrize("workers", [0, 2])
def test_of_chosen_clips_each_comes_once_with_its_own_pictures(numbered_training_dataset: Path, workers: int) -> None:
    plan = _plan(numbered_training_dataset, stride=2)
    chosen = np.arange(len(plan)) % 7 < 3
    met: list[tuple[int, int]] = []
    with _loader(ChosenClips(plan, chosen), workers=workers, epochs=1) as loader:
        for batch in loader:
            _check(batch)
            met += zip(batch.episode.tolist(), batch.start.tolist(), strict=True)
    assert sorted(met) == [plan[clip] for clip in np.flatnonzero(chosen).tolist()]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize(("stride", "frame_step"), [(1, 1), (5, 2), (2, 3), (40, 1)])
def test_every_clip_comes_once_an_epoch_with_its_own_frames(
    numbered_training_dataset: Path, tmp_path: Path, workers: int, cached: bool, stride: int, frame_step: int
) -> None:
    plan = _plan(numbered_training_dataset, stride=stride, frame_step=frame_step)
    cache = build_cache(plan.dataset, [0, 1, 2], SIZE, tmp_path, workers=0) if cached else None
    found: Counter[tuple[int, int]] = Counter()
    with _loader(plan, workers=workers, cache=cache, epochs=2) as loader:
        for batch in loader:
            _check(batch, frame_step)
            found.update(zip(batch.episode.tolist(), batch.start.tolist(), strict=True))
    assert found == Counter({plan[clip]: 2 for clip in range(len(plan))})
    assert loader.stats.frames == 2 * len(plan) * 4
    assert loader.stats.corrupt == {}


def test_pictures_are_bit_for_bit_those_that_live_play_and_labelling_make(courier_training_dataset: Path) -> None:
    plan = _plan(courier_training_dataset, stride=20)
    video = plan.dataset.episodes[0].video
    container = av.open(str(video))
    frames = list(container.decode(video=0))
    container.close()
    with _loader(plan, size=(40, 40), shuffle=False, epochs=1) as loader:
        for batch in loader:
            for clip, (episode, numbers) in enumerate(zip(batch.episode.tolist(), batch.frame.tolist(), strict=True)):
                for place, number in enumerate(numbers):
                    wanted = model_picture(frames[150 * episode + number], (40, 40))
                    assert np.array_equal(batch.frames[clip, place].numpy(), wanted)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    taken=st.integers(0, 60),
    world=st.sampled_from([1, 2]),
    shuffle=st.booleans(),
    cached=st.booleans(),
    epochs=st.sampled_from([None, 2]),
)
def test_after_a_resume_the_batches_come_that_would_have_come(
    numbered_training_dataset: Path,
    tmp_path: Path,
    taken: int,
    world: int,
    shuffle: bool,
    cached: bool,
    epochs: int | None,
) -> None:
    plan = _plan(numbered_training_dataset)
    cache = build_cache(plan.dataset, [0, 1, 2], SIZE, tmp_path, workers=0) if cached else None
    for rank in range(world):
        wanted: dict[str, Any] = {
            "rank": rank, "world": world, "shuffle": shuffle, "epochs": epochs, "cache": cache, "buffer_bytes": 1,
        }  # fmt: skip
        whole = _clips(_loader(plan, **wanted), taken + 30)
        with _loader(plan, **wanted) as interrupted:
            begun = sum((b.episode.numel() for b in islice(interrupted, taken)), 0)
            state = interrupted.state_dict()
        resumed = _loader(plan, **wanted)
        resumed.load_state_dict(state)
        assert _clips(resumed, 30) == whole[begun : begun + 30 * 8]


def test_with_several_workers_a_resume_gives_the_same_pictures(numbered_training_dataset: Path) -> None:
    plan = _plan(numbered_training_dataset)
    augment = Augmentation(colour=0.5, compression=0.5)
    with _loader(plan, workers=2, augment=augment) as one:
        for _ in range(7):
            next(one)
        state = one.state_dict()
        wanted = [next(one).frames.clone() for _ in range(25)]
    with _loader(plan, workers=1, augment=augment) as other:
        other.load_state_dict(state)
        assert all(torch.equal(next(other).frames, frames) for frames in wanted)


def test_a_state_of_other_clips_is_refused(numbered_training_dataset: Path) -> None:
    state = _loader(_plan(numbered_training_dataset)).state_dict()
    with pytest.raises(DatasetMismatchError, match=r"batch, plan, seed differ.*or begin a new run"):
        _loader(_plan(numbered_training_dataset, window=5), batch=4, seed=2).load_state_dict(state)


def test_ranks_share_the_clips(numbered_training_dataset: Path) -> None:
    plan = _plan(numbered_training_dataset)
    parts = [_clips(_loader(plan, rank=rank, world=3, epochs=1)) for rank in range(3)]
    assert sorted(clip for part in parts for clip in part) == [plan[clip] for clip in range(len(plan))]
    assert min(map(len, parts)) > len(plan) // 5


def test_without_shuffling_clips_come_in_their_order(numbered_training_dataset: Path) -> None:
    plan = _plan(numbered_training_dataset, stride=3)
    assert _clips(_loader(plan, shuffle=False, epochs=1)) == [plan[clip] for clip in range(len(plan))]


def test_a_loader_of_one_epoch_can_be_gone_through_again(numbered_training_dataset: Path) -> None:
    loader = _loader(_plan(numbered_training_dataset, stride=3), epochs=1)
    assert _clips(loader) == _clips(loader)


def test_batches_that_are_kept_stay_as_they_are(numbered_training_dataset: Path) -> None:
    with _loader(_plan(numbered_training_dataset), workers=1, epochs=1) as loader:
        kept = list(loader)
    for batch in kept:
        _check(batch)


def test_further_columns_come_with_their_frames(numbered_training_dataset: Path) -> None:
    with _loader(_plan(numbered_training_dataset), columns=("controller", "timestamp")) as loader:
        batch = next(loader)
    assert batch.columns["controller"].shape == (8, 4, 27)
    assert torch.allclose(batch.columns["timestamp"], batch.frame / 30, atol=1e-6)


@pytest.fixture
def damaged(numbered_training_dataset: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The dataset with a video whose frame 12 is damaged, so that 12 to 19 cannot be read; and that video."""
    copy = tmp_path / "damaged"
    shutil.copytree(numbered_training_dataset, copy)
    video = next(copy.rglob("*.mp4"))
    damage_video(video, frame=12)
    return copy, video


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("workers", [0, 2])
def test_clips_of_a_damaged_stretch_are_skipped_counted_and_named(
    damaged: tuple[Path, Path], tmp_path: Path, workers: int, cached: bool
) -> None:
    copy, video = damaged
    plan = _plan(copy)
    cache = build_cache(plan.dataset, [0, 1, 2], SIZE, tmp_path / "cache", workers=workers) if cached else None
    found = []
    with _loader(plan, workers=workers, cache=cache, epochs=1) as loader:
        for batch in loader:
            _check(batch)
            found += list(zip(batch.episode.tolist(), batch.start.tolist(), strict=True))
    lost = {(0, start) for start in range(12 - 3, 20)}
    every = {plan[clip] for clip in range(len(plan))}
    assert (set(found), len(found)) == (every - lost, len(every) - len(lost))
    assert loader.stats.skipped_clips == len(lost)
    assert list(loader.stats.corrupt) == [str(video)]
    assert "frame 12 cannot be decoded" in loader.stats.corrupt[str(video)]


def test_a_resume_beside_a_damaged_stretch_gives_the_same_batches(damaged: tuple[Path, Path]) -> None:
    plan = _plan(damaged[0])
    whole = _clips(_loader(plan), 50)
    for taken in (1, 11, 23):
        with _loader(plan) as loader:
            list(islice(loader, taken))
            state = loader.state_dict()
        resumed = _loader(plan)
        resumed.load_state_dict(state)
        assert _clips(resumed, 20) == whole[taken * 8 : (taken + 20) * 8]


def test_a_video_that_ends_early_costs_its_last_clips(numbered_training_dataset: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cut"
    shutil.copytree(numbered_training_dataset, copy)
    video = next(copy.rglob("*.mp4"))
    content = video.read_bytes()
    video.unlink()
    video.write_bytes(content[: len(content) * 2 // 3])
    with _loader(_plan(copy), epochs=1) as loader:
        for batch in loader:
            _check(batch)
    assert loader.stats.corrupt
    assert loader.stats.skipped_clips > 0


def test_videos_of_which_nothing_can_be_read_end_the_run(numbered_training_dataset: Path, tmp_path: Path) -> None:
    copy = tmp_path / "empty"
    shutil.copytree(numbered_training_dataset, copy)
    video = next(copy.rglob("*.mp4"))
    video.unlink()
    video.write_bytes(b"no video")
    with _loader(_plan(copy)) as loader, pytest.raises(TrainingError, match=r"no clip of 1 videos can be read.*\.mp4"):
        next(loader)


def test_a_worker_that_dies_is_replaced_and_nothing_is_lost(numbered_training_dataset: Path) -> None:
    plan = _plan(numbered_training_dataset)
    whole = _clips(_loader(plan), 40)
    found = []
    with _loader(plan, workers=2) as loader:
        for place, batch in enumerate(islice(loader, 40)):
            if place in (3, 17):
                os.kill(_children()[0], signal.SIGKILL)
            found += list(zip(batch.episode.tolist(), batch.start.tolist(), strict=True))
    assert found == whole
    assert loader.stats.corrupt == {}


def _children() -> list[int]:
    """This process's workers of loaders."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # one that has ended meanwhile
            if "training.data.worker" in child.cmdline():
                found.append(child.pid)
    return found


def test_its_workers_end_with_it(numbered_training_dataset: Path) -> None:
    with _loader(_plan(numbered_training_dataset), workers=2) as loader:
        next(loader)
        assert len(_children()) == 2
    assert _children() == []


def test_another_size_than_the_caches_is_refused(numbered_training_dataset: Path, tmp_path: Path) -> None:
    plan = _plan(numbered_training_dataset)
    cache = build_cache(plan.dataset, [0, 1], SIZE, tmp_path, workers=0)
    with pytest.raises(DatasetMismatchError, match=r"pictures of 48x32, 64x64 are wanted"):
        _loader(plan, cache=cache, size=(64, 64))
    with pytest.raises(DatasetMismatchError, match="lacks 1 episodes, the first is 2"):
        _loader(plan, cache=cache)
