"""`playloom record` as a player runs it: real processes, terminals, windows and keys."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from capture_node.recorder import keeper
from playloom.cli import run
from playloom.controls import KEYS
from playloom.recording.input_stream import read_inputs
from playloom.recording.session import open_session
from playloom.recording.session_info import SessionInfo
from tests.support.command import PLAYLOOM, in_pipe, in_terminal, wait_until
from tests.support.x_screen import Screen, x_screen
from tests.support.x_windows import PatternWindow, pattern_window

PATTERN = ("--pattern", "--no-hotkeys")


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with x_screen() as screen:
        yield screen


@pytest.fixture
def window(screen: Screen) -> Iterator[PatternWindow]:
    with pattern_window(screen, title="Kart Racer", rate=30) as window:
        window.focus()
        yield window


@pytest.fixture
def home(tmp_path: Path, screen: Screen) -> Mapping[str, str]:
    """The environment of a player whose settings are Playloom's own."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "quiet.yaml").write_text("notifications: false\n")
    environment = screen.environment | {"PLAYLOOM_HOME": str(tmp_path / "home"), "PYTHONUNBUFFERED": "1"}
    for name in ("NO_COLOR", "FORCE_COLOR", "DBUS_SESSION_BUS_ADDRESS"):
        environment.pop(name, None)
    return environment


def info_of(session: Path) -> SessionInfo:
    info = open_session(session).info
    assert info is not None, "session.json is missing"
    return info


def frames_in(session: Path) -> int:
    """How many frames of a running session have their times on the disk."""
    sync = session / "sync.csv"
    return sync.read_bytes().count(b"\n") - 1 if sync.exists() else 0


def test_a_window_is_recorded_until_ctrl_c_with_what_is_typed_into_it(
    tmp_path: Path, screen: Screen, window: PatternWindow, home: Mapping[str, str]
) -> None:
    session = tmp_path / "out" / "first"
    arguments = ["record", str(tmp_path / "out"), "first", "--window", "kart", "--player", "ada", "--no-hotkeys"]
    with in_pipe(arguments, home) as process:
        wait_until(lambda: frames_in(session) > 5, "nothing is recorded")
        screen.type("key", "w")
        actions = session / "actions.bin"
        wait_until(lambda: actions.stat().st_size > 0, "the key is not recorded")
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert errors == ""
    lines = out.splitlines()
    assert lines[0][9:] == f"recording Kart Racer into {session}; Ctrl-C stops"
    assert f"  playloom validate {session}     says whether it is any good" in lines
    table, _ = read_inputs(actions)
    assert table.key_held(KEYS["w"]).any()
    info = info_of(session)
    assert (info.player, info.window) == ("ada", "Kart Racer")
    assert info.counts.frames > 5


def test_in_a_terminal_keys_pause_mark_and_stop_and_the_panel_goes_when_it_is_over(
    tmp_path: Path, home: Mapping[str, str]
) -> None:
    session = tmp_path / "out" / "one"
    with in_terminal(["record", str(tmp_path / "out"), "one", *PATTERN], home, size=(60, 40)) as terminal:
        terminal.wait_for("● recording")
        terminal.wait_for("Ctrl-C stop")
        terminal.press("m")
        terminal.wait_for("marked")
        terminal.press("p")
        terminal.wait_for("‖ paused")
        terminal.press("p")
        wait_until(lambda: len(marks_while_recording(session)) == 2, "the pause has not ended")
        terminal.press("q")
        assert terminal.wait() == 0
        lines = terminal.text.splitlines()
    assert [mark.kind for mark in info_of(session).marks] == ["note", "pause"]
    borders = re.findall("╭[^╮\n]*╮", terminal.text)
    assert borders
    assert max(map(len, borders)) <= 60
    assert any(line.startswith(f"{session}: 0:00:") for line in lines), lines[-20:]


def marks_while_recording(session: Path) -> list[object]:
    file = session / ".session.start.json"
    return json.loads(file.read_text()).get("marks", []) if file.exists() else []


def test_a_terminal_that_is_closed_ends_the_recording_in_good_order(tmp_path: Path, home: Mapping[str, str]) -> None:
    session = tmp_path / "one"
    with in_terminal(["record", str(tmp_path), "one", *PATTERN], home) as terminal:
        terminal.wait_for("● recording")
        wait_until(lambda: frames_in(session) > 5, "nothing is recorded")
        terminal.hang_up()
        assert terminal.process.wait(60) == 0
    assert info_of(session).recovery is None


def test_a_recording_ends_by_itself_when_its_window_is_closed(
    tmp_path: Path, window: PatternWindow, home: Mapping[str, str]
) -> None:
    session = tmp_path / "one"
    with in_pipe(["record", str(tmp_path), "one", "--window", "Kart Racer", "--no-hotkeys"], home) as process:
        wait_until(lambda: frames_in(session) > 5, "nothing is recorded")
        window.close()
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "closed" in out
    assert info_of(session).counts.frames > 5


def test_output_whose_reader_leaves_does_not_end_the_recording(tmp_path: Path, home: Mapping[str, str]) -> None:
    session = tmp_path / "one"
    with in_pipe(["record", str(tmp_path), "one", *PATTERN, "--verbose"], home) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        recorded = frames_in(session)
        wait_until(lambda: frames_in(session) > recorded + 60, "it has ended with its reader")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert info_of(session).recovery is None


def test_what_was_cut_off_is_mended_by_the_next_recording_into_the_folder(
    tmp_path: Path, home: Mapping[str, str]
) -> None:
    with in_pipe(["record", str(tmp_path / "out"), "cut", *PATTERN], home) as process:
        wait_until(lambda: frames_in(tmp_path / "out" / "cut") > 60, "nothing is recorded")
        process.kill()
        process.communicate(timeout=60)
    done = subprocess.run(
        [PLAYLOOM, "record", str(tmp_path / "out"), *PATTERN, "--seconds", "0.5", "--json"],
        env=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"recovered {tmp_path / 'out' / 'cut'}, which had been cut off: " in done.stderr
    (row,) = json.loads(done.stdout)
    assert Path(row["session"]).parent == tmp_path / "out"
    assert row["frames"] > 5
    assert info_of(tmp_path / "out" / "cut").recovery is not None


def test_a_recording_that_fails_says_so_and_what_is_left_of_it(tmp_path: Path, home: Mapping[str, str]) -> None:
    done = subprocess.run(
        ["prlimit", "--fsize=60000", PLAYLOOM, "record", str(tmp_path), "one", *PATTERN, "--seconds", "60"],
        env=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "error: " in done.stderr
    assert "File too large" in done.stderr
    assert f"{tmp_path / 'one'}: cut off and mended, 0:00:0" in done.stdout
    assert info_of(tmp_path / "one").recovery is not None


def test_with_no_window_named_a_list_opens_to_choose_from(
    tmp_path: Path, window: PatternWindow, home: Mapping[str, str]
) -> None:
    with in_terminal(["record", str(tmp_path), "one", "--no-hotkeys"], home) as terminal:
        terminal.wait_for("What shall be recorded?")
        terminal.wait_for("Kart Racer")
        terminal.press("\r")
        terminal.wait_for("● recording")
        wait_until(lambda: frames_in(tmp_path / "one") > 5, "nothing is recorded")
        terminal.press("q")
        assert terminal.wait() == 0
    assert info_of(tmp_path / "one").window == "Kart Racer"


def test_leaving_the_list_records_nothing_and_leaves_nothing(
    tmp_path: Path, window: PatternWindow, home: Mapping[str, str]
) -> None:
    with in_terminal(["record", str(tmp_path / "out")], home) as terminal:
        terminal.wait_for("Kart Racer")
        terminal.press("q")
        assert terminal.wait() == 1
        assert "Nothing was chosen" in terminal.text
    assert not (tmp_path / "out").exists()


def test_a_hotkey_stops_the_recording_and_one_that_another_program_holds_is_reported(
    tmp_path: Path, screen: Screen, home: Mapping[str, str]
) -> None:
    with in_pipe(["record", str(tmp_path), "holder", "--pattern"], home) as holder:
        wait_until(lambda: frames_in(tmp_path / "holder") > 5, "nothing is recorded")
        with in_pipe(["record", str(tmp_path), "other", "--pattern"], home) as other:
            wait_until(lambda: frames_in(tmp_path / "other") > 5, "nothing is recorded beside it")
            screen.type("key", "ctrl+shift+F9")
            holder_out, _ = holder.communicate(timeout=60)
            other.send_signal(signal.SIGINT)
            other_out, _ = other.communicate(timeout=60)
    assert (holder.returncode, other.returncode) == (0, 0)
    assert "hotkeys that do not work" not in holder_out
    assert "hotkeys that do not work: ctrl+shift+f9 (stop), ctrl+shift+f10 (pause), " in other_out


def test_the_keys_of_a_hotkey_are_not_among_the_players_actions(
    tmp_path: Path, screen: Screen, window: PatternWindow, home: Mapping[str, str]
) -> None:
    session = tmp_path / "one"
    with in_pipe(["record", str(tmp_path), "one", "--window", "Kart Racer"], home) as process:
        wait_until(lambda: frames_in(session) > 5, "nothing is recorded")
        screen.type("key", "w")
        screen.type("key", "ctrl+shift+F11")
        wait_until(lambda: len(marks_while_recording(session)) == 1, "nothing is marked")
        screen.type("key", "s")
        screen.type("key", "ctrl+shift+F9")
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    inputs, damage = read_inputs(session / "actions.bin")
    assert damage == []
    held = {name: inputs.key_held(KEYS[name]) for name in ("w", "s", "left_ctrl", "left_shift", "f9", "f11")}
    assert [name for name, rows in held.items() if rows.any()] == ["w", "s", "left_ctrl", "left_shift"]
    assert not (held["s"] & (held["left_ctrl"] | held["left_shift"])).any()
    # Twice both modifiers, and neither at the end: each time they end with the hotkey's last key.
    both = held["left_ctrl"] & held["left_shift"]
    assert (int((both[1:] & ~both[:-1]).sum()), bool(held["left_ctrl"][-1])) == (2, False)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, home: Mapping[str, str]) -> None:
    for name in ("DISPLAY", "PLAYLOOM_HOME"):
        monkeypatch.setenv(name, home[name])


def problem_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["record", *arguments]) == 1
    return capsys.readouterr().err


@pytest.mark.usefixtures("here")
def test_a_recording_that_ends_for_want_of_room_has_an_exit_status_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    free = iter([10**12] * 4)
    monkeypatch.setattr(keeper, "free_bytes", lambda _settings: next(free, 5_000_000))
    assert run(["record", str(tmp_path), "one", *PATTERN]) == 3
    out = capsys.readouterr().out
    assert "The recording has ended: only 5 MB are left on the disk" in out.splitlines()[-1]
    assert info_of(tmp_path / "one").recovery is None


@pytest.mark.usefixtures("here")
def test_what_cannot_be_recorded_says_why_and_what_to_do(
    tmp_path: Path, screen: Screen, window: PatternWindow, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    assert "no window has that in its title. There are: 'Kart Racer'" in problem_of(capsys, out, "--window", "chess")
    with pattern_window(screen, title="Kart Racer 2", rate=0):
        assert "2 windows have that in their titles" in problem_of(capsys, out, "--window", "racer")
    assert "there is no such monitor. There are: 0 (" in problem_of(capsys, out, "--monitor", "7")
    assert "no terminal here to choose" in problem_of(capsys, out)
    assert "only one thing can be recorded" in problem_of(capsys, out, "--pattern", "--window", "kart")
    assert "There is no capture profile 'trainin'" in problem_of(capsys, out, "--pattern", "--profile", "trainin")
    assert "'1,2,3' is no rectangle" in problem_of(capsys, out, "--pattern", "--mask", "1,2,3")
    assert "--input cannot be 'never'" in problem_of(capsys, out, "--pattern", "--input", "never")
    assert "--mapping holds a line's end" in problem_of(capsys, out, "--pattern", "--mapping", "a\nb")
    assert not (tmp_path / "out").exists(), "nothing is left behind"
    (tmp_path / "taken").mkdir()
    assert "exists already" in problem_of(capsys, str(tmp_path), "taken", "--pattern")
    (tmp_path / "file").touch()
    assert "is a file, not a directory" in problem_of(capsys, str(tmp_path / "file"), "--pattern")


@pytest.mark.usefixtures("here")
def test_without_a_display_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "DISPLAY" in problem_of(capsys, str(tmp_path), "--window", "kart")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
