"""Versions of a shared dataset as training reads them: with B-frames, frames in front, gaps, and episodes that left."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from playloom.datasets.local_copy import LocalCopy
from playloom.errors import PlayloomError
from tests.support.numbered_sessions import expected_action, number_in
from tests.support.shared_dataset import MemoryDataset
from tests.support.staged_sessions import Recorded, recorded
from training.data.clips import ClipPlan
from training.data.dataset import GameDataset, open_training_dataset
from training.data.loader import ClipLoader
from workers.dataset.base import shards_of
from workers.dataset.objects import DatasetObjects


def _see_clips(dataset: GameDataset, sessions: Sequence[Recorded]) -> None:
    """See that every clip shows the numbers of its own frames, with their actions."""
    numbers = [episode for session in sessions for episode in session.episodes]
    assert [episode.length for episode in dataset.episodes] == [len(episode) for episode in numbers]
    plan = ClipPlan(dataset, [episode.index for episode in dataset.episodes], window=3)
    clips = 0
    with ClipLoader(plan, batch=4, size=dataset.picture_size, seed=2, workers=0, epochs=1) as loader:
        for batch in loader:
            for clip, (episode, start) in enumerate(zip(batch.episode.tolist(), batch.start.tolist(), strict=True)):
                wanted = list(numbers[episode][start : start + 3])
                assert [number_in(picture.numpy()) for picture in batch.frames[clip]] == wanted
                assert np.array_equal(batch.actions[clip], np.array([expected_action(n) for n in wanted], np.float32))
                clips += 1
    assert (clips, loader.stats.corrupt) == (len(plan), {})


def _pulled(dataset: MemoryDataset, root: Path) -> None:
    """Put the newest version where a pull would."""
    version, tree, copy = dataset.version(), dataset.laid_out(), LocalCopy(root)
    shards = tuple(shards_of(DatasetObjects(dataset.store, version.dataset_id), version))
    with copy.locked():
        for file in (*(file for shard in shards for file in shard.files), *version.meta_files):
            copy.place(file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(tree / file.path, copy.place(file))
        copy.lay_out(version, shards)


def test_every_version_shows_the_frames_of_its_own_sessions(tmp_path: Path) -> None:
    dataset = MemoryDataset.within(tmp_path)
    a, b, c = recorded(1, (5, 4)), recorded(2, (6,), player="bob"), recorded(3, (12,))
    dataset.append(a, b, lead_in=2)
    dataset.append(c)
    _see_clips(open_training_dataset(dataset.laid_out()), [a, b, c])
    dataset.compact()
    _see_clips(open_training_dataset(dataset.laid_out()), [a, b, c])
    dataset.remove(b.session_id)
    _see_clips(open_training_dataset(dataset.laid_out()), [a, c])


def test_a_version_that_was_pulled_is_opened_by_its_name(tmp_path: Path) -> None:
    dataset = MemoryDataset.within(tmp_path / "server")
    a, b = recorded(1, (5, 4)), recorded(2, (6,), player="bob")
    dataset.append(a, b)
    root = tmp_path / "copy"
    with pytest.raises(PlayloomError, match="playloom datasets pull test"):
        open_training_dataset("test", root=root)
    _pulled(dataset, root)
    opened = open_training_dataset("test", root=root)
    _see_clips(opened, [a, b])
    assert [(one.player, one.session_id) for one in opened.episodes] == [
        ("ada", "se_00000001"),
        ("ada", "se_00000001"),
        ("bob", "se_00000002"),
    ]
    assert opened.content_hash == open_training_dataset(opened.path).content_hash
    assert [one.index for one in open_training_dataset("test", root=root, players=["bob"]).episodes] == [2]
