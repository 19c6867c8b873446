"""`playloom enrol`, `upload` and `sessions` as a player uses them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capture_node.node_paths import node_paths
from capture_node.upload.receipt import read_receipt
from playloom.cli import run
from playloom.client.access import access_directory, load_access, save_access
from tests.support.command import PLAYLOOM
from tests.support.fake_coordinator import CODE, TOKEN, FakeCoordinator
from tests.support.recorded import make_recorded


class Commands:
    """`playloom …` in this process."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str | Path) -> str:
        status = run([str(argument) for argument in arguments])
        said = self._capture.readouterr()
        assert status == 0, said
        return said.out

    def json(self, *arguments: str | Path) -> Any:
        return json.loads(self(*arguments, "--json"))

    def failing(self, *arguments: str | Path) -> str:
        assert run([str(argument) for argument in arguments]) == 1
        said = self._capture.readouterr()
        return said.err + said.out


@pytest.fixture
def playloom(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    monkeypatch.setenv("PLAYLOOM_HOME", str(tmp_path / "home"))
    return Commands(capsys)


@pytest.fixture
def server() -> Iterator[FakeCoordinator]:
    with FakeCoordinator() as fake:
        yield fake


@pytest.fixture
def enrolled(playloom: Commands, server: FakeCoordinator) -> Commands:
    save_access(server.access)
    return playloom


def test_a_code_becomes_a_token_that_only_its_owner_can_read(playloom: Commands, server: FakeCoordinator) -> None:
    said = playloom("enrol", CODE, "--server", server.address, "--name", "living room")
    assert f"This machine is 'living room' of Ada at {server.address}." in said
    assert TOKEN not in said
    assert server.enrolled == ["living room"]
    access = load_access()
    assert (access.token, access.server_id, access.tls) == (TOKEN, "server_test", False)
    file = access_directory() / "server.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert access_directory().parent == node_paths().data
    assert "unknown, used up or has expired" in playloom.failing("enrol", CODE, "--server", server.address)
    assert load_access() == access, "a code that fails leaves what was there"


def test_a_code_may_come_through_the_input_where_no_process_list_shows_it(
    tmp_path: Path, server: FakeCoordinator
) -> None:
    environment = os.environ | {"PLAYLOOM_HOME": str(tmp_path)}
    command = [PLAYLOOM, "enrol", "-", "--server", server.address, "--json"]
    done = subprocess.run(command, input=f"{CODE}\n", env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["player"] == "Ada"


def test_what_is_no_address_or_certificate_is_said_before_anything_is_sent(playloom: Commands, tmp_path: Path) -> None:
    assert "'games.lan' is no server's address" in playloom.failing("enrol", CODE, "--server", "games.lan")
    (tmp_path / "ca.pem").write_text("nothing")
    said = playloom.failing("enrol", CODE, "--server", "games.lan:1", "--ca", tmp_path / "ca.pem")
    assert "holds no certificate in PEM" in said


def test_without_a_server_every_command_says_how_to_enrol(playloom: Commands, tmp_path: Path) -> None:
    make_recorded(tmp_path, "one")
    for command in (["upload", str(tmp_path / "one")], ["sessions", "list"]):
        assert "is not enrolled with a server" in playloom.failing(*command)


def test_a_token_that_others_can_read_is_not_used(enrolled: Commands) -> None:
    (access_directory() / "server.json").chmod(0o644)
    assert "other users can read the token in it" in enrolled.failing("sessions", "list")


def test_folders_of_sessions_are_sent_and_each_that_fails_is_named(
    enrolled: Commands, tmp_path: Path, server: FakeCoordinator
) -> None:
    one, other = make_recorded(tmp_path / "all", "one"), make_recorded(tmp_path / "all", "other")
    broken = make_recorded(tmp_path / "all", "broken")
    (broken / "session.json").unlink()
    said = enrolled.failing("upload", tmp_path / "all")
    assert "broken: " in said
    assert "is not finished" in said
    assert f"{server.address} has 2 sessions, 1 could not be sent." in said
    assert server.has(one)
    assert server.has(other)
    assert enrolled.json("upload", one) == [{"session": str(one), "session_id": "session_1", "server": server.address}]


def test_a_folder_without_sessions_is_named(enrolled: Commands, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = enrolled.failing("upload", tmp_path / "empty")
    assert f"error: no session lies in {tmp_path}/empty. Name a session's directory" in said


def test_an_interrupted_upload_goes_on_where_it_was(tmp_path: Path, server: FakeCoordinator) -> None:
    environment = os.environ | {"PLAYLOOM_HOME": str(tmp_path / "home")}
    save_access(server.access, tmp_path / "home/data/server")
    path = make_recorded(tmp_path, "one", video_bytes=60 * 65_536)
    server.faults.slow_s = 0.05
    with subprocess.Popen([PLAYLOOM, "upload", str(path)], env=environment, stdout=subprocess.DEVNULL) as process:
        while len(server.parts_taken) < 15:
            assert process.poll() is None
        process.kill()
    assert read_receipt(path) is None
    server.faults.slow_s = 0.0
    subprocess.run([PLAYLOOM, "upload", str(path)], env=environment, check=True, timeout=60, capture_output=True)
    assert server.has(path)
    assert len(server.parts_taken) <= 63 + 4, "at most the parts in flight come twice"


def test_sessions_are_listed_shown_brought_back_deleted_and_restored(
    enrolled: Commands, tmp_path: Path, server: FakeCoordinator
) -> None:
    paths = [make_recorded(tmp_path / "all", name) for name in ("one", "three", "two")]
    enrolled("upload", tmp_path / "all")

    listed = enrolled.json("sessions", "list")
    assert [one["name"] for one in listed] == ["one", "three", "two"]
    assert listed[0]["id"] == "session_1"
    assert listed[0]["deleted_unix_ns"] is None
    assert "3 sessions, 0:03:03" in enrolled("sessions", "list")
    assert [one["name"] for one in enrolled.json("sessions", "list", "--limit", "1")] == ["one"]

    shown = enrolled.json("sessions", "show", "three")
    assert shown["files"][1]["name"] == "capture.mp4"
    assert "test-game" in enrolled("sessions", "show", "session_2")
    assert "the server has no session 'four' of yours" in enrolled.failing("sessions", "show", "four")

    said = enrolled("sessions", "download", "two", "--output", tmp_path / "back")
    assert "Next: playloom preview" in said
    for file in ("capture.mp4", "sync.csv", "actions.bin", "session.json"):
        assert (tmp_path / "back/two" / file).read_bytes() == (paths[2] / file).read_bytes()
    assert "is there already" in enrolled.failing("sessions", "download", "two", "--output", tmp_path / "back")

    assert "it can be restored until" in enrolled("sessions", "delete", "one", "two", "--yes")
    assert [one["name"] for one in enrolled.json("sessions", "list")] == ["three"]
    assert [one["name"] for one in enrolled.json("sessions", "list", "--deleted")] == ["one", "two"]
    assert "is there again" in enrolled("sessions", "restore", "one")
    assert [one["name"] for one in enrolled.json("sessions", "list")] == ["one", "three"]


def test_nothing_is_deleted_where_one_name_is_wrong(
    enrolled: Commands, tmp_path: Path, server: FakeCoordinator
) -> None:
    enrolled("upload", make_recorded(tmp_path, "one"))
    assert "'oen' of yours" in enrolled.failing("sessions", "delete", "one", "oen", "--yes")
    assert len(enrolled.json("sessions", "list")) == 1


def test_a_download_that_was_cut_goes_on_and_a_damaged_one_is_refused(
    enrolled: Commands, tmp_path: Path, server: FakeCoordinator
) -> None:
    path = make_recorded(tmp_path, "one")
    enrolled("upload", path)
    partial = tmp_path / "back/.one.partial"
    partial.mkdir(parents=True)
    (partial / "capture.mp4").write_bytes((path / "capture.mp4").read_bytes()[:100_000])
    enrolled("sessions", "download", "one", "--output", tmp_path / "back")
    assert (tmp_path / "back/one/capture.mp4").read_bytes() == (path / "capture.mp4").read_bytes()
    server.content["session_1", "sync.csv"] = b"x" * len(server.content["session_1", "sync.csv"])
    said = enrolled.failing("sessions", "download", "one", "--output", tmp_path / "again")
    assert "sync.csv came with another SHA-256" in said
    assert not (tmp_path / "again/one").exists()


def test_names_from_the_server_do_not_become_paths(enrolled: Commands, tmp_path: Path, server: FakeCoordinator) -> None:
    enrolled("upload", make_recorded(tmp_path, "one"))
    server.sessions["session_1"].name = "../../evil"
    assert "cannot be called" in enrolled.failing("sessions", "download", "session_1", "--output", tmp_path / "a/b/c")
    server.sessions["session_1"].name = "fine"
    server.sessions["session_1"].files[0].name = "../../evil"
    assert "the server names a file" in enrolled.failing(
        "sessions", "download", "session_1", "--output", tmp_path / "a"
    )
