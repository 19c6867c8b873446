"""`playloom convert` and `game2lerobot` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from playloom.cli import run
from tests.support.conversions import read_episodes, write_definitions
from tests.support.numbered_sessions import write_numbered_session
from workers import game2lerobot


@pytest.fixture
def flags(tmp_path: Path) -> list[str]:
    write_numbered_session(tmp_path / "sessions" / "a", 20, first_input=10)
    (tmp_path / "sessions" / "b").mkdir()
    (tmp_path / "sessions" / "b" / "sync.csv").write_text("frame_index,monotonic_ns,pts\n")
    game, profile = write_definitions(tmp_path)
    return [
        *("--session-root", str(tmp_path / "sessions"), "--game-definition", str(game)),
        *("--action-mapping", str(profile), "--output-root", str(tmp_path / "dataset")),
        *("--repo-id", "local/test", "--task", "count"),
    ]


def test_convert_says_what_it_made_what_it_skipped_and_what_to_try_next(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["convert", *flags, "--max-pre-action-seconds", "0"]) == 0

    said = capsys.readouterr().out.splitlines()
    assert said[0] == (f"{tmp_path}/dataset: 1 episodes, 10 frames (0.0 minutes) of 96x64 at 30 frames a second")
    assert said[1] == "from 1 sessions (1 copied)"
    assert said[2].startswith(f"skipped: b: {tmp_path}/sessions/b/capture.mp4: is missing")
    assert said[3] == "next: look at it with"


def test_convert_prints_json_and_nothing_else(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["convert", *flags, "--json", "--size", "64x64", "--fps", "30"]) == 0

    report = json.loads(capsys.readouterr().out)
    assert report["converted"] == ["a"]
    assert set(report["skipped"]) == {"b"}
    assert (report["frames"], report["width"], report["height"], report["fps"]) == (20, 64, 64, 30)
    assert (report["sessions_copied"], report["sessions_transcoded"]) == (0, 1)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--size", "big"], "--size big is not a size"),
        (["--video", "magic"], "--video magic is not known"),
        (["--strict"], "The session b cannot be converted"),
        (["--codec", "vp9"], "--codec vp9 is not known"),
    ],
)
def test_a_wrong_option_is_an_error_in_one_line(
    flags: list[str], more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["convert", *flags, *more]) == 1

    assert f"error: {said}" in capsys.readouterr().err
    assert not (tmp_path / "dataset").exists()


def test_a_definition_with_a_fault_is_named_with_its_line(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "game.yaml").write_text("a: &a [x]\nb: &b [*a, *a]\n")

    assert run(["convert", *flags]) == 1

    assert f"error: {tmp_path}/game.yaml" in capsys.readouterr().err


def test_game2lerobot_takes_legamers_flags(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = game2lerobot.main([*flags, "--max-pre-action-seconds", "0.1", "--no-reencode", "--verbosity", "warning"])

    assert status == 0
    assert capsys.readouterr().out == ""
    assert [episode.numbers for episode in read_episodes(tmp_path / "dataset")] == [list(range(7, 20))]


def test_game2lerobot_ends_with_an_error_in_one_line(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert game2lerobot.main([*flags, "--strict"]) == 1

    assert capsys.readouterr().err.startswith("error: The session b cannot be converted")
