from __future__ import annotations

import json
from pathlib import Path

import pytest

from playloom.environments.catalogue import differences
from playloom.environments.spec import (
    EnvironmentSpec,
    EpisodeOutcome,
    Platform,
    read_environment,
    write_environment,
)
from playloom.errors import RecordingError

PONG = EnvironmentSpec(
    environment_id="ALE/Pong-v5",
    platform=Platform.ATARI,
    game_id="atari-pong",
    seed=7,
    frame_skip=4,
    native_fps=60.0,
    sticky_action_probability=0.25,
    mode=0,
    difficulty=1,
    width=160,
    height=210,
    action_names=("up", "down", "fire"),
    action_meanings=("NOOP", "FIRE", "RIGHT"),
    packages={"ale-py": "0.12.1"},
    files={"pong.bin": "ab" * 32},
)
WON = EpisodeOutcome(steps=900, score=21.0, ended_by="terminated", last_frame_hash="0" * 32, last_ram_hash="1" * 32)


def test_a_written_environment_reads_back_as_it_was(tmp_path: Path) -> None:
    write_environment(tmp_path, PONG, WON)
    assert read_environment(tmp_path) == (PONG, WON)


def test_before_the_episode_has_ended_there_is_no_outcome(tmp_path: Path) -> None:
    write_environment(tmp_path, PONG)
    assert read_environment(tmp_path) == (PONG, None)


def test_keys_of_a_later_version_are_ignored() -> None:
    assert EnvironmentSpec.from_json(PONG.to_json() | {"weather": "fine"}) == PONG


def test_steps_per_second_follow_the_frame_skip() -> None:
    assert PONG.steps_per_second == 15.0


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"seed": "7"}, "'seed' cannot be '7'"),
        ({"seed": True}, "'seed' cannot be True"),
        ({"platform": "amiga"}, "'platform' cannot be 'amiga'"),
        ({"native_fps": None}, "'native_fps' cannot be None"),
        ({"action_names": "up"}, "'action_names' cannot be 'up'"),
        ({"files": {"pong.bin": 3}}, "'files' cannot be {'pong.bin': 3}"),
        ({"game_id": None}, "'game_id' cannot be None"),
        ({"native_fps": float("inf")}, "'native_fps' cannot be inf"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match="cannot be") as error:
        EnvironmentSpec.from_json(PONG.to_json() | change)
    assert str(error.value) == problem


def test_a_missing_key_is_named() -> None:
    values = PONG.to_json()
    del values["seed"]
    with pytest.raises(ValueError, match="'seed' is missing"):
        EnvironmentSpec.from_json(values)


def test_a_session_without_an_environment_says_that_it_cannot_be_replayed(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"environment\.json: is missing\. Only sessions of 'playloom gym record'"):
        read_environment(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "line 1: is not JSON"),
        ("[]", "must hold a JSON object"),
        ("{}", "holds no environment"),
        ("[" * 200_000, "is nested deeper than any such file is"),
        (" " * (17 << 20), "is larger than 16 MiB"),
        (json.dumps({"format_version": 9, "environment": PONG.to_json()}), "has format version 9"),
        (json.dumps({"format_version": 1, "environment": {}}), "environment: '.*' is missing"),
        (
            json.dumps({"format_version": 1, "environment": PONG.to_json(), "outcome": {"steps": "9"}}),
            "outcome: 'steps'",
        ),
    ],
)
def test_a_broken_file_says_where_it_is_broken(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "environment.json").write_text(content)
    with pytest.raises(RecordingError, match=problem):
        read_environment(tmp_path)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "environment.json").symlink_to("/dev/zero")
    with pytest.raises(RecordingError, match=r"environment\.json: is no file"):
        read_environment(tmp_path)


def test_other_packages_and_files_than_when_recorded_are_said() -> None:
    here = EnvironmentSpec.from_json(
        PONG.to_json() | {"packages": {"ale-py": "0.13.0"}, "files": {"pong.bin": "cd" * 32}}
    )
    assert differences(PONG, here) == [
        "recorded with ale-py 0.12.1, replayed with 0.13.0",
        "pong.bin is not the file that was played",
    ]
    assert differences(PONG, PONG) == []
