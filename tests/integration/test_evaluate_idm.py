"""`playloom evaluate idm` on a model that was really trained, however little, and on play that was really recorded."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capture_node.gym.options import RecordOptions
from capture_node.gym.record import record_agent
from playloom.client.access import HOME_VARIABLE
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.definitions import game_definition_of, mapping_profile_of
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import load_preset
from playloom.environments.settings import EnvironmentSettings
from tests.support.command import PLAYLOOM
from tests.support.training_datasets import changed_info, courier_dataset
from training.action_space import HeadKind, action_space_of
from training.data.dataset import GameDataset, open_training_dataset
from training.errors import DatasetMismatchError, TrainingError
from training.evaluation.alignment import first_step
from training.evaluation.branching import ceiling_on
from training.evaluation.hidden import hidden_events
from training.evaluation.idm import evaluate_idm
from training.evaluation.parts import true_rows
from training.evaluation.said import said_rows
from training.idm.loading import LoadedIdm, load_checkpoint
from training.metrics.baselines import no_op
from training.metrics.events import event_figures
from training.metrics.report import figures_of
from workers.convert import ConvertOptions, convert_sessions

TINY = ("preset=debug", "trainer.max_steps=6", "trainer.validate_every=6", "logging.tensorboard=false")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return courier_dataset(tmp_path_factory.mktemp("courier"), episodes=4, steps=60)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {**os.environ, HOME_VARIABLE: str(tmp_path_factory.mktemp("home")), "COLUMNS": "200"}


def playloom(environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [PLAYLOOM, *arguments], env=dict(environment), capture_output=True, text=True, timeout=300
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def run(dataset: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("runs") / "tiny"
    playloom(
        environment, "train", "idm", f"data.path={dataset}", f"run.directory={directory}", "data.split.test=0.25", *TINY
    )
    return directory


def test_a_trained_model_gets_a_report_on_the_part_that_it_was_not_trained_on(
    run: Path, dataset: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    told = playloom(environment, "evaluate", "idm", str(run), str(dataset), "-o", str(tmp_path / "report"))
    assert "test: 1 episode, 5" in told
    assert "press and release F1" in told
    assert "actions only" in told
    assert f"The report is {tmp_path / 'report/report.md'}. Next: playloom label {run}" in told
    document = json.loads((tmp_path / "report/report.json").read_text())
    assert set(document["baselines"]) == {"no-op", "persistence", "actions only"}
    assert document["calibration"]["all_held"]["ece"]["value"] >= 0
    assert document["uncalibrated"] is not None
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"report.json", "report.md", "events.png", "reliability.png", "lag.png"}


@pytest.fixture(scope="module")
def loaded(run: Path) -> LoadedIdm:
    return load_checkpoint(run)


def test_another_dataset_is_tested_as_a_whole_and_has_no_parts(loaded: LoadedIdm, tmp_path: Path) -> None:
    other = courier_dataset(tmp_path, episodes=1, steps=40)
    report = evaluate_idm(loaded, other)
    assert "all: 1 episode" in report.about["tested on"]
    assert any("knows their hands" in note for note in report.notes)
    assert not any("actions only learns from the sessions that are tested" in note for note in report.notes)
    with pytest.raises(DatasetMismatchError, match=r"has no part 'test'\. Leave --split out"):
        evaluate_idm(loaded, other, part="test")


def test_actions_only_learns_from_what_is_tested_where_the_training_data_is_gone_and_that_is_told(
    loaded: LoadedIdm, tmp_path: Path
) -> None:
    (learned,) = loaded.lineage.datasets
    moved = replace(loaded.lineage, datasets=(replace(learned, path=str(tmp_path / "gone")),))
    report = evaluate_idm(replace(loaded, lineage=moved), courier_dataset(tmp_path, episodes=1, steps=40))
    assert any("actions only learns from the sessions that are tested" in note for note in report.notes)


def test_a_part_that_was_trained_on_is_said_to_flatter(loaded: LoadedIdm, dataset: Path) -> None:
    report = evaluate_idm(loaded, dataset, part="train")
    assert any("was trained on episodes of this part" in note for note in report.notes)


def test_every_frame_is_told_once_but_the_last_ones_which_no_later_picture_shows(
    loaded: LoadedIdm, dataset: Path
) -> None:
    opened = open_training_dataset(dataset)
    rows, _, corrupt = said_rows(loaded, opened, (0, 2))
    assert corrupt == {}
    assert rows.episode.tolist() == [0] * 59 + [2] * 59
    assert rows.frame.tolist() == [*range(59), *range(59)]
    assert np.array_equal(rows.truth[:59], opened.actions(0)[:59])
    assert rows.group_count == 2


def test_a_dataset_of_another_rate_or_part_is_refused(loaded: LoadedIdm, dataset: Path, tmp_path: Path) -> None:
    slower = changed_info(dataset, tmp_path / "slower", {"fps": 15})
    with pytest.raises(DatasetMismatchError, match=r"15 frames a second, 30 are wanted"):
        evaluate_idm(loaded, slower)
    with pytest.raises(
        DatasetMismatchError, match=r"there is no part 'tests'\. There are test, validation, train, all"
    ):
        evaluate_idm(loaded, dataset, part="tests")


def test_saying_nothing_has_nine_tenths_of_button_accuracy_on_real_play(dataset: Path) -> None:
    opened = open_training_dataset(dataset)
    rows = true_rows(opened, tuple(range(4)), action_space_of(opened.info))
    nothing = figures_of(no_op(rows))
    assert nothing.accuracy is not None
    assert nothing.accuracy.buttons.value is not None
    assert nothing.accuracy.buttons.value > 0.88
    assert nothing.events.micro.both.f1.value == 0.0


def test_only_what_no_picture_of_courier_shows_is_hidden(dataset: Path) -> None:
    opened = open_training_dataset(dataset)
    rows = true_rows(opened, tuple(range(4)), action_space_of(opened.info))
    hidden = hidden_events(dataset.parent / "recordings", rows, opened)
    sticks = rows.space.places_of(HeadKind.STICK, HeadKind.TRIGGER)
    assert not hidden[:, sticks].any()
    every = event_figures(rows.saying(rows.truth)).micro.both.true_events
    shown = event_figures(rows.saying(rows.truth), unseen=hidden).micro.both
    assert 0.8 * every < shown.true_events <= every
    assert shown.f1.value == 1.0
    assert not hidden_events(dataset.parent, rows, opened).any()  # there are no recordings


def test_an_episode_is_found_where_it_lies_in_its_recording() -> None:
    recording = [0, 0, 0, 1, 1, 2, 0, 0]
    assert first_step([0, 1, 1, 2], recording) == 2
    assert first_step([2, 2, 2, 2], recording) is None
    assert first_step(recording * 2, recording) is None


@pytest.fixture(scope="module")
def pong(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, GameDataset]:
    """Recordings of Pong, and the dataset made of them."""
    directory = tmp_path_factory.mktemp("pong")
    options = RecordOptions(
        environment="pong", settings=EnvironmentSettings(seed=3), root=directory / "recordings", player="ada",
        agent="random", device=InputDevice.KEYBOARD, max_steps=260, episodes=2,
    )  # fmt: skip
    assert len(list(record_agent(options, 1, lambda: False))) == 2
    pong_environment = make_environment(find_game("pong"), EnvironmentSettings(seed=3))
    spec = pong_environment.spec
    pong_environment.close()
    profile = mapping_profile_of(spec, load_preset(spec), InputDevice.KEYBOARD, "keyboard")
    convert_sessions(
        ConvertOptions(
            session_root=directory / "recordings", game=game_definition_of(spec), profiles=(profile,),
            output_root=directory / "dataset", repo_id="local/pong", task="Win", jobs=1,
        )
    )  # fmt: skip
    return directory / "recordings", open_training_dataset(directory / "dataset")


def test_who_knows_what_was_held_reaches_the_ceiling_of_the_recorded_play(pong: tuple[Path, GameDataset]) -> None:
    recordings, dataset = pong
    truth = true_rows(dataset, (0, 1), action_space_of(dataset.info))
    found = ceiling_on(recordings, truth.saying(truth.truth), dataset, window=2)
    assert found.environment_id == "ALE/Pong-v5"
    assert found.accuracy is not None
    assert found.accuracy.value == 1.0
    assert found.uniform.value is not None
    assert 0.25 < found.uniform.value < 0.7
    idle = ceiling_on(recordings, no_op(truth), dataset, window=2)
    assert idle.accuracy is not None
    assert idle.accuracy.value is not None
    assert idle.accuracy.value < 1


def test_recordings_of_other_play_are_not_taken_for_it(pong: tuple[Path, GameDataset], tmp_path: Path) -> None:
    recordings, dataset = pong
    truth = true_rows(dataset, (0,), action_space_of(dataset.info))
    with pytest.raises(TrainingError, match="there is no recording of an episode that was tested"):
        ceiling_on(tmp_path, truth, dataset, window=2)
    first, second = (recordings / dataset.episode(number).session for number in (0, 1))
    (tmp_path / first.name).symlink_to(second)
    with pytest.raises(TrainingError):
        ceiling_on(tmp_path, truth, dataset, window=2)
    assert np.isfinite(truth.truth).all()
