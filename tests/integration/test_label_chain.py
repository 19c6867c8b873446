"""From recorded play to labels for video that the model has never seen: the whole chain, as small as it can be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from playloom.client.access import HOME_VARIABLE
from playloom.recording.session import find_sessions
from tests.support.conversions import read_info
from tests.support.importing import run_playloom
from tests.support.training_datasets import courier_dataset
from training.data.dataset import open_training_dataset


def test_a_model_trained_on_play_labels_other_video_into_a_dataset_that_can_be_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    dataset = courier_dataset(tmp_path / "courier", episodes=3, steps=80)
    trained = run_playloom(
        *("train", "idm", f"data.path={dataset}", "preset=debug", "trainer.max_steps=6", "trainer.validate_every=6"),
        *(f"run.directory={tmp_path}/run", "logging.tensorboard=false", "data.cache=false", "--quiet"),
    )
    assert trained.returncode == 0, trained.stdout + trained.stderr
    video = find_sessions(tmp_path / "courier/recordings")[0] / "capture.mp4"
    (tmp_path / "video.mp4").write_bytes(video.read_bytes())

    done = run_playloom(
        *("label", tmp_path / "run", tmp_path / "video.mp4", "-o", tmp_path / "labelled", "--json", "--quiet"),
        *("runners.workers=0", "filters.confidence.on=false", "filters.disagreement.on=false", "filters.idle.on=false"),
        *("filters.duplicates.on=false", "filters.min_episode_s=0.2", "dataset.repo_id=local/labelled"),
    )

    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["kept"] > 40
    labelled = open_training_dataset(tmp_path / "labelled/dataset")
    assert sum(episode.length for episode in labelled.episodes) == said["kept"]
    assert {episode.label_source for episode in labelled.episodes} == {said["label_source"]}
    assert labelled.actions(0).shape[1] == open_training_dataset(dataset).actions(0).shape[1]
    names = read_info(tmp_path / "labelled/dataset")["features"]["action"]["names"]
    assert names == read_info(dataset)["features"]["action"]["names"]
    confidence = labelled.column(0, "action.confidence")
    assert confidence.min() > 0
    assert confidence.max() <= 1
