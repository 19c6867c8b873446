"""Opening datasets for training, ours and foreign ones, and what is said of those that do not fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.support.conversions import read_info
from tests.support.numbered_sessions import expected_action
from tests.support.training_datasets import changed_info, without_columns
from training.data.dataset import open_training_dataset
from training.errors import DatasetMismatchError


def test_episodes_tell_whose_they_are_and_where_their_pictures_are(courier_training_dataset: Path) -> None:
    dataset = open_training_dataset(courier_training_dataset)
    assert [(one.player, one.seed, one.game_id, one.length) for one in dataset.episodes] == [
        ("ada", 1, "courier", 150),
        ("bob", 2, "courier", 150),
        ("cyd", 3, "courier", 150),
    ]
    assert [one.from_timestamp for one in dataset.episodes] == [0.0, 150 / dataset.fps, 300 / dataset.fps]
    assert dataset.picture_size == (64, 64)
    assert dataset.repo_id == "local/courier"


def test_rows_are_those_of_the_episode(numbered_training_dataset: Path) -> None:
    dataset = open_training_dataset(numbered_training_dataset)
    assert dataset.action_names == ("move.x", "move.y", "attack", "heavy")
    for episode, length in enumerate((60, 45, 90)):
        wanted = np.array([expected_action(number) for number in range(length)], np.float32)
        assert np.array_equal(dataset.actions(episode), wanted)
        assert dataset.column(episode, "frame_index").tolist() == list(range(length))
        assert dataset.column(episode, "controller").shape == (length, 27)


def test_a_foreign_dataset_has_a_session_an_episode_and_no_player(
    numbered_training_dataset: Path, tmp_path: Path
) -> None:
    ours = ("session", "session_id", "player", "profile_name")
    dataset = open_training_dataset(without_columns(numbered_training_dataset, tmp_path / "foreign", ours))
    assert [(one.session, one.player, one.seed) for one in dataset.episodes] == [
        ("episode-0", "", None),
        ("episode-1", "", None),
        ("episode-2", "", None),
    ]


def test_only_the_episodes_of_the_choice_are_opened(courier_training_dataset: Path) -> None:
    dataset = open_training_dataset(courier_training_dataset, players=["bob"])
    assert [one.index for one in dataset.episodes] == [1]
    with pytest.raises(DatasetMismatchError, match="no episode 0"):
        dataset.actions(0)
    with pytest.raises(DatasetMismatchError, match="no episode is left"):
        open_training_dataset(courier_training_dataset, players=["eve"])


def test_the_content_hash_follows_every_byte_that_is_read_and_no_name(
    numbered_training_dataset: Path, tmp_path: Path
) -> None:
    first = open_training_dataset(numbered_training_dataset).content_hash
    copy = tmp_path / "copy"
    shutil.copytree(numbered_training_dataset, copy)
    assert open_training_dataset(copy).content_hash == first
    video = next(copy.rglob("*.mp4"))
    content = bytearray(video.read_bytes())
    content[-1] ^= 1
    video.unlink()
    video.write_bytes(content)
    assert open_training_dataset(copy).content_hash != first


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"codebase_version": "v2.1"}, r"layout v2\.1, training reads v3\.0.*playloom import lerobot"),
        ({"fps": "30"}, "fps, features or paths"),
        ({"data_path": "/etc/passwd"}, "fps, features or paths"),
        ({"video_path": "../{video_key}.mp4"}, "fps, features or paths"),
    ],
)
def test_a_dataset_of_another_layout_is_refused(
    numbered_training_dataset: Path, tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    with pytest.raises(DatasetMismatchError, match=problem):
        open_training_dataset(changed_info(numbered_training_dataset, tmp_path / "changed", changes))


def test_another_rate_than_is_wanted_is_refused(numbered_training_dataset: Path) -> None:
    with pytest.raises(DatasetMismatchError, match=r"30 frames a second, 60 are wanted.*--fps 60"):
        open_training_dataset(numbered_training_dataset, fps=60)


def test_a_missing_feature_is_named(numbered_training_dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetMismatchError, match="no feature 'mouse'"):
        open_training_dataset(numbered_training_dataset, features=["action", "mouse"])
    with pytest.raises(DatasetMismatchError, match="no column 'mouse'"):
        open_training_dataset(numbered_training_dataset).column(0, "mouse")
    features = read_info(numbered_training_dataset)["features"]
    blind = {name: feature for name, feature in features.items() if feature["dtype"] != "video"}
    with pytest.raises(DatasetMismatchError, match="has no video"):
        open_training_dataset(changed_info(numbered_training_dataset, tmp_path / "blind", {"features": blind}))


def test_what_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetMismatchError, match="is no LeRobot dataset"):
        open_training_dataset(tmp_path)
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/info.json").write_text("{")
    with pytest.raises(DatasetMismatchError, match="cannot be read"):
        open_training_dataset(tmp_path)
