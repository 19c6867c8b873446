"""Versions of a shared dataset read back by LeRobot itself."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.numbered_sessions import expected_action, number_in
from tests.support.shared_dataset import MemoryDataset
from tests.support.staged_sessions import FPS, Recorded, recorded

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lerobot.datasets.aggregate import aggregate_datasets
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def see_frames(root: Path, sessions: list[Recorded]) -> None:
    """See that LeRobot gives every frame of every episode, with its picture, its action and its task."""
    opened: Any = LeRobotDataset("local/test", root=root, video_backend="pyav")
    wanted = [(one, numbers) for one in sessions for numbers in one.episodes]
    assert (opened.num_episodes, opened.num_frames) == (len(wanted), sum(len(numbers) for _, numbers in wanted))
    index = 0
    for episode, (session, numbers) in enumerate(wanted):
        for place, number in enumerate(numbers):
            item = opened[index]
            assert number_in(item["observation.images.main"].permute(1, 2, 0).numpy()) == number
            np.testing.assert_array_equal(item["action"].numpy(), np.array(expected_action(number), np.float32))
            assert (int(item["episode_index"]), int(item["frame_index"]), int(item["index"])) == (episode, place, index)
            assert float(item["timestamp"]) == pytest.approx(place / FPS)
            assert item["task"] == session.task
            index += 1


def test_lerobot_reads_what_was_appended_put_together_removed_and_rolled_back(tmp_path: Path) -> None:
    dataset = MemoryDataset.within(tmp_path)
    a, b, c, d = (recorded(n, (5, 4), task=f"task {n % 2}") for n in range(4))
    dataset.append(a, b, lead_in=2)
    dataset.append(c)
    see_frames(dataset.laid_out(), [a, b, c])
    dataset.compact()
    see_frames(dataset.laid_out(), [a, b, c])
    dataset.append(d, lead_in=3)
    dataset.remove(b.session_id)
    see_frames(dataset.laid_out(), [a, c, d])
    dataset.collect()
    dataset.roll_back(5)
    dataset.remove(a.session_id)
    see_frames(dataset.laid_out(), [c, d])


def test_episodes_are_chosen_and_lerobots_own_tools_take_a_version_with_gaps_in_its_file_numbers(
    tmp_path: Path,
) -> None:
    dataset = MemoryDataset.within(tmp_path)
    a, b, c = (replace(recorded(n, (5,), task=f"task {n}"), b_frames=0) for n in range(3))  # as recorders make it
    dataset.append(a, b, c)
    dataset.remove(b.session_id)
    root = dataset.laid_out()
    chosen: Any = LeRobotDataset("local/test", root=root, video_backend="pyav", episodes=[1])
    assert [number_in(chosen[n]["observation.images.main"].permute(1, 2, 0).numpy()) for n in range(5)] == [
        *c.episodes[0]
    ]
    aggregate_datasets(
        repo_ids=["local/test", "local/test2"],
        aggr_repo_id="local/both",
        roots=[root, root],
        aggr_root=tmp_path / "both",
    )
    see_frames(tmp_path / "both", [a, c, a, c])
