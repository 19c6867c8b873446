"""`playloom node` as a program: run, asked, killed, started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from capture_node.node.running import RunningNode, find_running
from playloom.cli import run
from playloom.controls import KEYS
from playloom.errors import PlayloomError
from playloom.recording.input_stream import read_inputs
from playloom.recording.session import open_session
from tests.support.x_screen import Screen, x_screen
from tests.support.x_windows import pattern_window

TINY = "name: tiny\nfps: 10\nwidth: 64\nheight: 64\nkeyframe_interval: 5\nencoders: [libx264]\nthreads: 1\n"


class Home:
    """A PLAYLOOM_HOME with a capture profile that costs little."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.private = root / "data/node"
        self.spool = root / "data/sessions"
        (root / "config/profiles").mkdir(parents=True)
        (root / "config/profiles/tiny.yaml").write_text(TINY)
        (root / "config/node.yaml").write_text("profile: tiny\nnotifications: false\nhotkeys: false\n")

    @contextmanager
    def node(self, *arguments: str, screen: Screen | None = None) -> Iterator[NodeProcess]:
        """A node that runs within the block; without a screen unless one is given."""
        output = self.root / "output.txt"
        command = [sys.executable, "-m", "playloom", "node", "run", *arguments]
        with (
            output.open("w") as file,
            subprocess.Popen(
                command, stdout=file, stderr=subprocess.STDOUT, env=environment(self.root, screen)
            ) as process,
        ):
            node = NodeProcess(process, output)
            try:
                node.wait_until_it_runs(self.private)
                yield node
            finally:
                process.kill()


class NodeProcess:
    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self._process = process
        self._output = output

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_until_it_runs(self, private: Path) -> RunningNode:
        deadline_s = time.monotonic() + 60
        while True:
            assert self._process.poll() is None, self.output
            assert time.monotonic() < deadline_s, self.output
            try:
                return find_running(private)
            except PlayloomError:
                time.sleep(0.05)

    def end(self, number: signal.Signals) -> int:
        self._process.send_signal(number)
        return self._process.wait(60)


def environment(home: Path, screen: Screen | None) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    return others | {"PLAYLOOM_HOME": str(home)} | ({} if screen is None else {"DISPLAY": screen.display})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("PLAYLOOM_HOME", str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    return Home(tmp_path)


class Commands:
    """`playloom node …` in this process."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str) -> str:
        assert run(["node", *arguments]) == 0, self._capture.readouterr()
        return self._capture.readouterr().out

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))

    def failing(self, *arguments: str) -> str:
        assert run(["node", *arguments]) == 1
        return self._capture.readouterr().err


@pytest.fixture
def node(capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(capsys)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def wait_for_frames(node: Commands, frames: int) -> dict[str, Any]:
    deadline_s = time.monotonic() + 60
    while (status := node.json("status")["recorder"])["frames"] < frames:
        assert time.monotonic() < deadline_s, status
        time.sleep(0.1)
    return status


def test_without_a_node_every_order_says_how_to_start_one(home: Home, node: Commands) -> None:
    for command in (["status"], ["start"], ["stop"], ["pause"], ["mark"], ["preview", str(home.root / "p.jpg")]):
        error = node.failing(*command)
        assert error == (
            f"error: no node is running on {home.root}/data. Start it in another terminal: playloom node run\n"
        )


def test_without_a_node_lists_are_looked_up_here(home: Home, node: Commands) -> None:
    assert [profile["name"] for profile in node.json("profiles")] == ["archive", "tiny", "training"]
    assert node.json("sessions") == []
    assert "No session waits in the spool.\nNext: playloom node start" in node("sessions")
    assert "Nothing to recover" in node("recover")
    assert "DISPLAY" in node.failing("sources")
    del home


def test_a_recording_from_start_to_stop(home: Home, node: Commands) -> None:
    with home.node() as process:
        assert "idle: nothing is being recorded" in node("status")
        said = node("start", "--pattern", "--name", "one", "--player", "ada", "--game", "test", "--mask", "0,0,10%,10%")
        assert said.startswith(f"Recording 'Test pattern' into {home.spool}/one\n")
        assert said.endswith("Next: playloom node stop\n")
        status = wait_for_frames(node, 5)
        assert (status["state"], status["fps"], Path(status["session_path"])) == ("recording", 10, home.spool / "one")
        assert "already. Stop it first" in node.failing("start", "--pattern")
        assert [(one["name"], one["recording"]) for one in node.json("sessions")] == [("one", True)]

        picture = home.root / "picture.jpg"
        node("preview", str(picture))
        assert picture.read_bytes().startswith(b"\xff\xd8")
        assert "exists already" in node.failing("preview", str(picture))

        assert "This moment is marked" in node("mark", "here")
        assert "Paused: nothing is kept" in node("pause")
        assert "paused" in node.failing("pause")
        assert "Recording goes on" in node("resume")
        said = node("stop")
        assert f"Next: playloom validate {home.spool}/one" in said
        assert "nothing is being recorded" in node.failing("stop")

        session = open_session(home.spool / "one")
        assert session.info is not None
        assert (session.info.player, session.info.game_id) == ("ada", "test")
        assert {mark.kind for mark in session.info.marks} == {"note", "pause"}
        assert process.end(signal.SIGTERM) == 0
        wait_until(lambda: "Recording has begun: Test pattern" in process.output)
        wait_until(lambda: "Recording has ended: one" in process.output)
    assert "no node is running" in node.failing("status")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_recording_in_good_order(home: Home, node: Commands, number: signal.Signals) -> None:
    with home.node() as process:
        node("start", "--pattern", "--name", "one")
        wait_for_frames(node, 3)

        assert process.end(number) == 0

        wait_until(lambda: "Recording has ended: one" in process.output)
    session = open_session(home.spool / "one")
    assert session.info is not None
    assert session.info.counts.frames >= 3
    assert session.info.recovery is None


def test_a_killed_node_is_started_again_and_says_what_it_recovered(home: Home, node: Commands) -> None:
    with home.node() as process:
        node("start", "--pattern", "--name", "one")
        wait_for_frames(node, 25)
        process.end(signal.SIGKILL)
    assert "no node is running" in node.failing("status")
    [cut] = node.json("sessions")
    assert (cut["finished"], cut["recording"]) == (False, False)
    assert "Next: playloom node recover" in node("sessions")

    with home.node() as process:
        wait_until(lambda: "one was cut off and is recovered: " in process.output)
        [notice] = node.json("status")["recorder"]["notices"]
        assert notice["text"].startswith("one was cut off and is recovered: ")
        [recovered] = node.json("sessions")
        assert recovered["finished"]
        assert recovered["frames"] >= 5
        assert recovered["lost"]


def test_a_second_node_on_the_same_data_is_refused_and_told_of_the_first(home: Home, node: Commands) -> None:
    with home.node():
        error = node.failing("run")
        assert f"error: a node works on {home.root}/data already (process " in error
        assert "See what it does: playloom node status" in error
        assert "idle" in node("status")


def test_elsewhere_than_on_loopback_there_is_tls_and_a_copied_token(home: Home, node: Commands) -> None:
    error = node.failing("run", "--listen", "0.0.0.0:0")
    assert "cannot listen at 0.0.0.0:0: elsewhere than on loopback a node speaks TLS only. Add --tls" in error

    error = node.failing("run", "--listen", "127.0.0.1:0", "--tls")
    assert "127.0.0.1:0: on loopback nothing is encrypted, and TLS was asked for. Name another address" in error

    with home.node("--listen", "0.0.0.0:0", "--tls", "--tls-name", "rig.lan") as process:
        remote = find_running(home.private).remote_address
        assert remote is not None
        wait_until(lambda: f"With TLS it listens at {remote}." in process.output)
        port = remote.rpartition(":")[2]
        token, certificate = home.root / "token", home.private / "tls-certificate.pem"
        token.write_bytes((home.private / "token").read_bytes())
        there = ("--address", f"127.0.0.1:{port}", "--tls-ca", str(certificate), "--token")

        token.chmod(0o644)
        assert f"other users can read this token. Make it yours alone: chmod 600 {token}" in node.failing(
            "status", *there, str(token)
        )
        token.chmod(0o600)
        assert node.json("status", *there, str(token))["recorder"]["state"] == "idle"
        assert node.json("status")["recorder"]["state"] == "idle"


def test_hotkeys_record_the_window_of_the_settings_with_what_is_typed_into_it(home: Home, node: Commands) -> None:
    (home.root / "config/node.yaml").write_text("profile: tiny\nnotifications: false\nsource: {window: game}\n")
    with x_screen() as screen, pattern_window(screen, title="The Game") as window, home.node(screen=screen) as process:
        assert {"The Game"} <= {source["title"] for source in node.json("sources")}
        window.focus()
        screen.type("key", "ctrl+shift+F9")
        wait_for_frames(node, 2)
        screen.type("key", "space")
        screen.type("key", "ctrl+shift+F11")
        status = wait_for_frames(node, 5)
        assert (status["source"]["title"], status["focused"]) == ("The Game", True)
        screen.type("key", "ctrl+shift+F9")
        wait_until(lambda: node.json("status")["recorder"]["state"] == "idle")
        assert "warning: The hotkey" not in process.output

    [session] = node.json("sessions")
    info = open_session(Path(session["path"])).info
    assert info is not None
    assert (info.window, info.counts.frames >= 5) == ("The Game", True)
    assert [mark.kind for mark in info.marks] == ["note"]
    inputs, _ = read_inputs(Path(session["path"]) / "actions.bin")
    held = (inputs.keys[:, KEYS["space"] // 64] >> np.uint64(KEYS["space"] % 64)) & np.uint64(1)
    assert 1 in held
    assert held[-1] == 0


def test_settings_that_cannot_be_are_said_before_anything_happens(home: Home, node: Commands) -> None:
    settings = home.root / "config/node.yaml"
    for text, error in (
        ("profile: nix\n", "There is no capture profile 'nix'"),
        ("maskes: []\n", f"{settings}, line 1, maskes: the key 'maskes' is not known. Did you mean 'masks'?"),
        ("listen: nowhere\n", "cannot listen at nowhere: it is no address. Write HOST:PORT"),
        ("spool: {path: node.yaml}\n", f"{settings}: is a file, not a directory of sessions"),
    ):
        settings.write_text(text)
        assert error in node.failing("run")


def test_options_that_do_not_go_together_are_wrong_usage(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["run", "--tls-cert", "c.pem"],
        ["run", "--tls", "--tls-cert", "c.pem", "--tls-key", "k.pem"],
        ["status", "--token", "token"],
        ["status", "--address", "rig.lan:1"],
        ["discard"],
        ["discard", "--seconds", "1", "--minutes", "1"],
        ["start", "--pattern", "--monitor", "0"],
    ):
        assert run(["node", *arguments]) == 2, arguments
    del home, capsys
