"""A person at the keyboard: a real window on a real X server, and keys that really go down."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from capture_node.gym.verify import verify_session
from playloom.controls import KEY_NAMES
from playloom.environments.spec import read_environment
from playloom.environments.steps import read_steps
from playloom.recording.input_stream import read_inputs
from playloom.recording.session import open_session
from tests.support.x_screen import Screen, x_screen

PLAYLOOM = str(Path(sys.executable).with_name("playloom"))


@pytest.fixture
def screen() -> Iterator[Screen]:
    with x_screen() as screen:
        yield screen


def wait_for_window(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert "The window is open" in process.stdout.readline()


def start(screen: Screen, root: Path) -> Path:
    """Press Space until a session begins, and return its directory."""
    for _ in range(6):
        screen.type("key", "space")
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s:
            if found := list(root.glob("*/actions.bin")):
                return found[0].parent
            time.sleep(0.05)
    raise AssertionError("the game did not start")


def wait_until_held(session: Path, *names: str) -> None:
    """Wait until the recording says that just these keys are held."""
    deadline_s = time.monotonic() + 60
    while (held := held_in_order(session)[-1:]) != [set(names)]:
        assert time.monotonic() < deadline_s, held
        time.sleep(0.1)


def held_in_order(session: Path) -> list[set[str]]:
    table, _ = read_inputs(session / "actions.bin")
    names = [{KEY_NAMES[key] for key in KEY_NAMES if table.key_held(key)[row]} for row in range(len(table))]
    return [held for held, _ in groupby(names)]


def sessions_in(root: Path, count: int) -> list[Path]:
    """Wait until so many sessions are whole."""
    deadline_s = time.monotonic() + 60
    while len(found := [path.parent for path in root.glob("*/session.json")]) < count:
        assert time.monotonic() < deadline_s
        time.sleep(0.1)
    return found


def test_what_a_person_presses_is_recorded_and_played(tmp_path: Path, screen: Screen) -> None:
    command = [PLAYLOOM, "gym", "record", "space_invaders", "-o", str(tmp_path), "--player", "ada", "--seed", "1"]
    with subprocess.Popen(
        command, env=screen.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_for_window(process)
            time.sleep(0.5)
            session = start(screen, tmp_path)  # by a Space that is not a shot
            wait_until_held(session)
            screen.type("keydown", "Right")
            wait_until_held(session, "right")
            screen.type("keydown", "space")
            wait_until_held(session, "right", "space")
            screen.type("keyup", "Right")
            wait_until_held(session, "space")
            screen.type("keyup", "space")
            wait_until_held(session)
            deadline_s = time.monotonic() + 60
            while len((session / "sync.csv").read_text().splitlines()) < 80:  # what is shorter is not kept
                assert time.monotonic() < deadline_s
                time.sleep(0.1)
            screen.type("key", "p")
            time.sleep(0.6)
            screen.type("key", "p")
            time.sleep(0.3)
            screen.type("key", "Escape")
            sessions_in(tmp_path, 1)
            time.sleep(0.5)
            screen.type("key", "Escape")
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert "ended by player" in output
    assert held_in_order(session) == [set(), {"right"}, {"right", "space"}, {"space"}, set()]
    steps, (spec, outcome) = read_steps(session / "steps.csv"), read_environment(session)
    assert outcome is not None
    assert outcome.steps == len(steps)
    played = [spec.action_meanings[action] for action, _ in groupby(steps.actions) if isinstance(action, int)]
    assert played == ["NOOP", "RIGHT", "RIGHTFIRE", "FIRE", "NOOP"]
    info = open_session(session).info
    assert info is not None
    assert (info.player, info.game_id, str(info.clock.kind)) == ("ada", "atari-space-invaders", "monotonic")
    (pause,) = info.marks
    assert pause.kind == "pause"
    assert pause.end_ns is not None
    assert pause.end_ns - pause.begin_ns > 400_000_000
    assert verify_session(session).is_good


def test_a_person_plays_episode_after_episode_until_they_leave(tmp_path: Path, screen: Screen) -> None:
    command = [
        PLAYLOOM,
        "gym",
        "record",
        "vizdoom-basic",
        "-o",
        str(tmp_path),
        "--max-steps",
        "40",
        "--size",
        "320x240",
    ]
    with subprocess.Popen(command, env=screen.environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_for_window(process)
            time.sleep(0.5)
            start(screen, tmp_path)
            sessions_in(tmp_path, 1)
            time.sleep(1.0)
            screen.type("key", "space")
            sessions_in(tmp_path, 2)
            time.sleep(1.0)
            screen.type("key", "Escape")
            assert process.wait(60) == 0
        finally:
            process.kill()
    seeds = [read_environment(session)[0].seed for session in sorted(tmp_path.iterdir())]
    assert seeds[1] == seeds[0] + 1


def test_an_agent_can_be_watched_and_a_recording_shown_again(tmp_path: Path, screen: Screen) -> None:
    watched = [PLAYLOOM, "gym", "record", "pong", "-o", str(tmp_path), "--agent", "scripted", "--max-steps", "60"]
    subprocess.run(watched, env=screen.environment, check=True, timeout=120)
    (session,) = tmp_path.iterdir()
    assert verify_session(session).is_good
    shown = subprocess.run(
        [PLAYLOOM, "gym", "playback", str(session), "--fps", "120"],
        env=screen.environment,
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert "61 pictures shown." in shown.stdout


def test_without_a_screen_the_window_says_what_to_do(tmp_path: Path, screen: Screen) -> None:
    environment = screen.environment | {"DISPLAY": ":987"}
    command = [PLAYLOOM, "gym", "record", "pong", "-o", str(tmp_path)]
    failed = subprocess.run(command, env=environment, timeout=120, capture_output=True, text=True)
    assert failed.returncode == 1
    assert "error: no window can be opened" in failed.stderr
    assert "--headless --agent random" in failed.stderr
    assert list(tmp_path.iterdir()) == []
