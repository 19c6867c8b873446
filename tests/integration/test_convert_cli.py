"""`playloom convert` and `game2lerobot` as they are typed."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from playloom.cli import run
from tests.support.conversions import read_episodes, write_definitions
from tests.support.numbered_sessions import write_numbered_session
from workers import game2lerobot
from workers.run import progress_columns


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
    assert said[0] == (f"{tmp_path}/dataset: 1 episode, 10 frames (0.0 minutes) of 96x64 at 30 frames a second")
    assert said[1] == "from 1 session (1 copied)"
    assert said[2].startswith("skipped: b: capture.mp4: is missing")
    assert said[3] == "next: look at it with"


def test_an_empty_root_is_quoted(
    flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")

    assert run(["convert", *flags, "--session-root", ""]) == 1

    assert "error: There are no sessions in '.'. Give" in capsys.readouterr().err


def test_the_output_is_named_as_it_was_given(
    flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run(["convert", *flags, "--output-root", "made here"]) == 0

    said = capsys.readouterr().out
    assert said.startswith("made here: 1 episode")
    assert str(tmp_path) not in said


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


def test_game2lerobot_that_is_stopped_while_it_loads_says_so(
    flags: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("playloom.game_definition.load_game_definition", stop)

    assert game2lerobot.main(flags) == 130
    assert capsys.readouterr().err == "Stopped. Nothing was done.\n"


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_the_progress_line_fits_the_terminal(width: int) -> None:
    console = Console(width=width, file=io.StringIO(), force_terminal=True)
    bar = Progress(*progress_columns(width), console=console)
    bar.add_task("convert", total=360_000, completed=123_456, rate="98765", sessions="12/345")

    with console.capture() as captured:
        console.print(bar.make_tasks_table(bar.tasks))

    (line,) = captured.get().splitlines()
    assert "123456/360000" in line
    assert "…" not in line


def test_game2lerobot_ends_with_an_error_in_one_line(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert game2lerobot.main([*flags, "--strict"]) == 1

    assert capsys.readouterr().err.startswith("error: The session b cannot be converted")
