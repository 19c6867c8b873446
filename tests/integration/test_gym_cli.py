"""The commands of `playloom gym` that need no window."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from capture_node.gym.cli import app
from playloom.environments.steps import read_steps
from playloom.errors import OutputError, PlayloomError, RecordingError
from playloom.game_definition import load_game_definition
from playloom.mapping_profile import load_mapping_profile
from tests.support.dataset_videos import numbered_video
from tests.support.gym_play import record, record_one

EXAMPLES = Path(__file__).parents[2] / "examples"
PLAYLOOM = str(Path(sys.executable).with_name("playloom"))


def gym(*arguments: str | Path, expect: int = 0) -> Result:
    """Run one command; errors that are meant for people are raised as they are."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(result.exception, PlayloomError):
        raise result.exception
    assert result.exit_code == expect, result.output
    return result


def test_list_says_what_can_be_played_here_and_by_which_agent() -> None:
    games = {game["id"]: game for game in json.loads(gym("list", "--json").stdout)}
    assert games["ALE/Pong-v5"] == {
        "id": "ALE/Pong-v5",
        "platform": "atari",
        "game_id": "atari-pong",
        "playable": True,
        "missing": None,
        "scripted_agent": True,
    }
    assert games["Airstriker-Genesis-v0"]["scripted_agent"] is False
    assert all(game["playable"] for game in games.values())
    everything = {game["id"]: game for game in json.loads(gym("list", "--all", "--json").stdout)}
    assert everything["SonicTheHedgehog-Genesis-v0"]["playable"] is False
    assert "its ROM" in everything["SonicTheHedgehog-Genesis-v0"]["missing"]
    assert len(everything) > len(games)


def test_list_can_be_narrowed() -> None:
    output = gym("list", "pong", "--platform", "atari").stdout
    assert "ALE/Pong-v5" in output
    assert "ALE/Breakout-v5" not in output
    assert "Play one: playloom gym record ALE/Pong-v5" in output


def test_list_in_a_pipe_is_one_whole_line_a_game(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = gym("list", "--all").stdout.splitlines()
    assert next(line for line in lines if line.startswith("SonicTheHedgehog-Genesis-v0 ")).split()[:4] == [
        "SonicTheHedgehog-Genesis-v0",
        "retro",
        "retro-sonic-the-hedgehog-genesis",
        "needs",
    ]
    assert "…" not in "".join(lines)


def test_list_on_a_narrow_terminal_keeps_names_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    lines = gym("list", "--platform", "vizdoom").stdout.splitlines()
    assert "VizdoomBasicNotifications-v1" in "".join(lines)
    assert ["VizdoomDefendCenter-v1", "vizdoom", "yes"] in [line.split() for line in lines]


def test_record_verify_and_playback_in_a_row(tmp_path: Path) -> None:
    arguments = ("record", "pong", "-o", tmp_path, "--headless", "--agent", "scripted", "--max-steps", "90")
    (row,) = json.loads(gym(*arguments, "--seed", "5", "--player", "Ada L.", "--json").stdout)
    session = tmp_path / "atari-pong-ada-l-scripted-5"
    assert row["session"] == str(session)
    assert (row["steps"], row["seed"], row["ended_by"], row["duration_s"]) == (90, 5, "max_steps", 1.5)
    assert "1 of 1 replay exactly. Next: playloom validate" in gym("verify", tmp_path).stdout
    (verdict,) = json.loads(gym("verify", "--json", session).stdout)
    assert (verdict["verdict"], verdict["first_difference"], verdict["faults"]) == ("deterministic", None, [])
    assert "91 pictures replayed." in gym("playback", session, "--headless").stdout


def test_verify_goes_on_after_a_broken_session_and_exits_with_1(tmp_path: Path) -> None:
    good = record_one(tmp_path, "pong", steps=40)
    shutil.copytree(good, tmp_path / "a-copy")
    (tmp_path / "a-copy" / "steps.csv").unlink()
    lines = (good / "steps.csv").read_text().splitlines()
    shutil.copytree(good, tmp_path / "b-copy")
    cells = lines[8].split(",")
    cells[2] = "5.0"
    lines[8] = ",".join(cells)
    (tmp_path / "b-copy" / "steps.csv").write_text("\n".join(lines) + "\n")
    output = gym("verify", tmp_path, expect=1).stdout
    assert "a-copy: failed: " in output
    assert "b-copy: differs at step 7: reward is 0, was 5 when recorded (ALE/Pong-v5, 40 steps)" in output
    assert f"{good}: deterministic" in output
    assert "2 of 3 sessions differ or have faults." in output


def test_verify_of_a_folder_without_a_session_fails(tmp_path: Path) -> None:
    assert "There is no session to verify here" in gym("verify", tmp_path, expect=1).stdout
    assert gym("verify", tmp_path, "--json", expect=1).stdout == "[]\n"


def start_recording(folder: Path, *more: str) -> subprocess.Popen[str]:
    command = [PLAYLOOM, "gym", "record", "pong", "--headless", "--agent", "random", "-o", str(folder), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


@pytest.mark.parametrize("wait_s", [1.5, 2.5])
def test_ctrl_c_while_workers_start_is_told_by_the_exit_status(tmp_path: Path, wait_s: float) -> None:
    with start_recording(tmp_path / "new", "--workers", "2", "--episodes", "4") as process:
        time.sleep(wait_s)
        os.killpg(process.pid, signal.SIGINT)  # a terminal's Ctrl-C reaches the workers too
        output, errors = process.communicate(timeout=60)
    if list(tmp_path.glob("new/*/session.json")):
        assert (process.returncode, errors) == (0, "")
        assert "Stopped; what is listed above is kept." in output
    else:
        assert process.returncode == 130, errors
        assert not (tmp_path / "new").exists()
    assert "Traceback" not in errors


def test_a_terminal_that_closes_seals_the_episode(tmp_path: Path) -> None:
    with start_recording(tmp_path) as process:
        deadline_s = time.monotonic() + 60
        while not (found := list(tmp_path.glob("*/steps.csv"))) or found[0].stat().st_size < 20_000:
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGHUP)
        os.killpg(process.pid, signal.SIGHUP)  # from the system and from the shell
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "ended by player" in output
    assert "1 of 1 replay exactly" in gym("verify", tmp_path).stdout


def test_no_screen_is_no_window(tmp_path: Path) -> None:
    """Where SDL finds no screen by itself it would draw into the memory, and wait for keys that nobody can press."""
    without = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER", "XDG_RUNTIME_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in without}
    command = [PLAYLOOM, "gym", "record", "pong", "-o", str(tmp_path / "new")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("error: no window can be opened: ")
    assert "The window is open" not in done.stdout
    assert not (tmp_path / "new").exists()


def test_a_datasets_video_can_be_played_back(tmp_path: Path) -> None:
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "info.json").write_text("{}")
    directory = tmp_path / "videos" / "observation.images.main" / "chunk-000"
    directory.mkdir(parents=True)
    numbered_video(directory / "file-000.mp4", 12)
    assert "12 pictures replayed." in gym("playback", tmp_path, "--headless").stdout
    shutil.rmtree(tmp_path / "videos")
    with pytest.raises(RecordingError, match="is a dataset without videos"):
        gym("playback", tmp_path, "--headless")


def test_a_folder_of_sessions_names_the_choices(tmp_path: Path) -> None:
    first, second = record(tmp_path, "pong", episodes=2, steps=5)
    for command in (["gym", "playback", str(tmp_path), "--headless"], ["preview", str(tmp_path), "-o", "never.png"]):
        done = subprocess.run([PLAYLOOM, *command], capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr == (
            f"error: {tmp_path}: is a folder of 2 sessions, not a session. Choose from {first.session}, "
            f"{second.session}\n"
        )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--headless"], "without a window nobody sees the game"),
        (["--agent", "clever"], "there is no agent 'clever'. Choose one of scripted, casual, random, noop"),
        (["--agent", "random", "--workers", "2"], "several processes cannot share one window"),
        (["--agent", "random", "--headless", "--size", "big"], "'big' is not a picture size"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, arguments: list[str], problem: str) -> None:
    with pytest.raises(PlayloomError) as error:
        gym("record", "pong", "-o", tmp_path, *arguments)
    assert problem in str(error.value)


def test_a_presets_file_changes_the_keys(tmp_path: Path) -> None:
    preset = tmp_path / "mine.yaml"
    preset.write_text("atari:\n  fire: {keys: [f]}\n")
    arguments = ("--headless", "--agent", "random", "--max-steps", "60", "--seed", "1", "-o", tmp_path / "rec")
    gym("record", "breakout", *arguments, "--preset", preset)
    gym("define", "breakout", "-o", tmp_path / "games", "--preset", preset)
    profile = load_mapping_profile(tmp_path / "games" / "atari-breakout-keyboard.yaml")
    assert [binding.control for binding in profile.bindings["fire"]] == ["f"]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    "game_id",
    [
        "atari-pong",
        "atari-breakout",
        "vizdoom-basic",
        "vizdoom-defend-the-center",
        "vizdoom-health-gathering",
        "retro-airstriker",
    ],
)
def test_the_examples_say_what_the_presets_do(tmp_path: Path, game_id: str) -> None:
    for device, player in (("keyboard", "ada"), ("gamepad", "grace")):
        gym("define", game_id, "-o", tmp_path, "--input", device, "--profile", player)
        ours = load_game_definition(tmp_path / f"{game_id}.yaml")
        theirs = load_game_definition(EXAMPLES / "games" / f"{game_id}.yaml")
        assert [action.id for action in theirs.actions] == [action.id for action in ours.actions]
        profile = load_mapping_profile(EXAMPLES / "profiles" / f"{game_id}-{player}.yaml", theirs)
        assert profile == load_mapping_profile(tmp_path / f"{game_id}-{player}.yaml", ours)


def test_define_replaces_nothing_unasked(tmp_path: Path) -> None:
    gym("define", "pong", "-o", tmp_path)
    with pytest.raises(OutputError, match=r"atari-pong-keyboard\.yaml: exists already"):
        gym("define", "pong", "-o", tmp_path)
    gym("define", "pong", "-o", tmp_path, "--force")


def test_a_killed_recording_is_recovered_and_replays_as_far_as_it_goes(tmp_path: Path) -> None:
    command = [PLAYLOOM, "gym", "record", "freeway", "--headless", "--agent", "random", "-o", str(tmp_path)]
    with subprocess.Popen([*command, "--seed", "1"], stdout=subprocess.DEVNULL) as process:
        steps = tmp_path / "atari-freeway-random-1" / "steps.csv"
        deadline_s = time.monotonic() + 60
        while not steps.exists() or steps.stat().st_size < 100_000:
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    output = gym("verify", tmp_path, expect=1).stdout
    assert "deterministic" in output
    assert "fault: the recording was interrupted" in output
    assert len(read_steps(steps)) > 500
