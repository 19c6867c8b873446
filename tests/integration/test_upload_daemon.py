"""A node tied to its server: sessions leave by themselves, orders come, and nothing in between loses any."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from capture_node.node.controller import NodeController
from capture_node.node_paths import NodePaths
from capture_node.node_settings import NodeSettings
from capture_node.upload import daemon, server_link, server_stream
from capture_node.upload.daemon import UploadDaemon
from capture_node.upload.receipt import read_receipt
from capture_node.upload.server_link import ServerLink
from capture_node.upload.settings import KeepPolicy, QuietHours, UploadSettings
from capture_node.upload.status import UploadState
from playloom.client.access import save_access
from protos import coordinator_pb2 as pb
from tests.support.command import wait_until
from tests.support.fake_coordinator import TOKEN, FakeCoordinator
from tests.support.fake_machine import FakeMachine
from tests.support.recorded import make_recorded


@pytest.fixture
def server() -> Iterator[FakeCoordinator]:
    with FakeCoordinator() as fake:
        yield fake


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "LOOK_S", 0.05)
    monkeypatch.setattr(daemon, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(daemon, "LONGEST_WAIT_S", 0.2)
    monkeypatch.setattr(daemon, "REFUSED_WAIT_S", 0.1)
    monkeypatch.setattr(daemon, "HOLD_LOOK_S", 0.0)
    monkeypatch.setattr(server_link, "LOOK_S", 0.05)
    monkeypatch.setattr(server_stream, "LOOK_S", 0.02)
    monkeypatch.setattr(server_stream, "REPORT_AFTER_S", 0.0)
    monkeypatch.setattr(server_stream, "FIRST_WAIT_S", 0.05)


@contextmanager
def sending(
    server: FakeCoordinator, spool: Path, *, recording: list[bool] | None = None, **settings: Any
) -> Iterator[UploadDaemon]:
    told: list[str] = []
    running = UploadDaemon(
        server.access,
        UploadSettings(**settings),
        spool,
        is_recording=lambda: bool(recording),
        tell=lambda text, warning: told.append(text),
    )
    running.start()
    try:
        yield running
    finally:
        running.stop()


def test_finished_sessions_leave_oldest_first_and_those_that_come_later_follow(
    tmp_path: Path, server: FakeCoordinator
) -> None:
    young, old = make_recorded(tmp_path, "a-young"), make_recorded(tmp_path, "z-old", age_s=3600)
    unfinished = make_recorded(tmp_path, "unfinished")
    (unfinished / "session.json").unlink()
    with sending(server, tmp_path) as running:
        wait_until(lambda: running.status().state is UploadState.IDLE and len(server.sessions) == 2, "all are sent")
        assert [one.name for one in server.sessions.values()] == ["z-old", "a-young"]
        assert running.status().uploaded_sessions == 2
        later = make_recorded(tmp_path, "later")
        wait_until(lambda: read_receipt(later) is not None, "it follows")
    assert server.has(young)
    assert server.has(old)
    assert server.has(later)
    assert unfinished.exists()
    assert all(path.exists() for path in (young, old, later)), "copies stay unless the policy says otherwise"


def test_a_server_that_is_away_is_waited_for(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one")
    server.stop()
    with sending(server, tmp_path) as running:
        wait_until(lambda: running.status().state is UploadState.WAITING, "it says so")
        status = running.status()
        assert (status.waiting_sessions, status.server) == (1, server.address)
        assert "cannot be reached" in (status.problem or "")
        server.start()
        wait_until(lambda: server.has(path), "it is sent when the server is there again")


def test_a_full_quota_waits_for_a_person_and_goes_on_by_itself(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one")
    server.faults.full = True
    with sending(server, tmp_path) as running:
        wait_until(lambda: running.status().state is UploadState.REFUSED, "it says so")
        assert "quota" in (running.status().problem or "")
        server.faults.full = False
        wait_until(lambda: server.has(path), "it is sent once there is room")


def test_one_broken_session_does_not_keep_the_others(tmp_path: Path, server: FakeCoordinator) -> None:
    broken = make_recorded(tmp_path, "broken", age_s=3600)
    (broken / "sync.csv").unlink()
    path = make_recorded(tmp_path, "one")
    with sending(server, tmp_path) as running:
        wait_until(lambda: server.has(path), "the other is sent")
        wait_until(lambda: running.status().state is UploadState.IDLE, "it rests")
        assert "broken: " in (running.status().problem or "")
        assert "sync.csv: is missing" in (running.status().problem or "")


def test_nothing_is_sent_in_quiet_hours(tmp_path: Path, server: FakeCoordinator) -> None:
    make_recorded(tmp_path, "one")
    now = datetime.now()
    quiet = QuietHours(begin=(now - timedelta(minutes=2)).time(), end=(now + timedelta(minutes=2)).time())
    with sending(server, tmp_path, quiet_hours=(quiet,)) as running:
        wait_until(lambda: running.status().state is UploadState.QUIET, "it is quiet")
        assert running.status().waiting_sessions == 1
        assert not server.uploads


def test_sending_pauses_within_a_session_while_something_is_recorded(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one", video_bytes=60 * 65_536)
    server.faults.slow_s = 0.02
    recording: list[bool] = []
    with sending(server, tmp_path, recording=recording, while_recording=False) as running:
        wait_until(lambda: len(server.parts_taken) > 10, "it is under way")
        recording.append(True)
        wait_until(lambda: running.status().state is UploadState.RECORDING, "it pauses")
        assert not server.sessions
        recording.clear()
        wait_until(lambda: server.has(path), "it goes on")
    assert len(server.parts_taken) <= 63 + 4


def test_copies_go_by_the_policy_once_the_server_has_them(tmp_path: Path, server: FakeCoordinator) -> None:
    one, other = make_recorded(tmp_path, "one"), make_recorded(tmp_path, "other")
    with sending(server, tmp_path, keep=KeepPolicy(days=0.0)):
        wait_until(lambda: not one.exists() and not other.exists(), "they are gone")
    assert len(server.sessions) == 2
    assert list(tmp_path.iterdir()) == []


@contextmanager
def linked(server: FakeCoordinator, tmp_path: Path) -> Iterator[tuple[ServerLink, NodeController, FakeMachine]]:
    paths = NodePaths(config=tmp_path / "config", data=tmp_path / "data")
    machine = FakeMachine()
    settings = NodeSettings(paths=paths, spool=paths.spool)
    controller = NodeController(settings, machine)
    link = ServerLink(controller, settings, lambda text: None)
    link.start()
    try:
        yield link, controller, machine
    finally:
        link.stop()
        controller.close()


def answer_to(server: FakeCoordinator, order: pb.NodeOrder) -> pb.OrderAnswer:
    server.orders.put(order)
    return server.answers.get(timeout=20)


def test_a_node_that_is_enrolled_while_it_runs_reports_and_takes_orders(
    tmp_path: Path, server: FakeCoordinator
) -> None:
    with linked(server, tmp_path) as (link, controller, machine):
        assert controller.status().uploads.state is UploadState.OFF
        save_access(server.access, tmp_path / "data/server")
        wait_until(lambda: link.status().connected, "it connects")
        wait_until(lambda: bool(server.reports), "it reports")
        assert server.reports[0]["state"] == "idle"

        order = pb.NodeOrder(order_id="1", start=pb.StartOrder(window="Doom", game_id="doom"))
        assert answer_to(server, order) == pb.OrderAnswer(order_id="1", done=True)
        assert (machine.wishes[0].source.window, machine.wishes[0].game_id) == ("Doom", "doom")
        wait_until(lambda: server.reports[-1]["state"] == "recording", "it reports the change")
        again = answer_to(server, order)
        assert not again.done
        assert "is recording 'Doom' already" in again.problem

        assert answer_to(server, pb.NodeOrder(order_id="2", mark=pb.MarkOrder(text="a key"))).done
        assert answer_to(server, pb.NodeOrder(order_id="3", stop=pb.StopOrder())).done
        assert machine.recorders[0].told == ["start", "mark a key", "stop"]
        assert not answer_to(server, pb.NodeOrder(order_id="4", start=pb.StartOrder(profile="../x.yaml"))).done


def test_a_stream_that_is_lost_is_opened_again(tmp_path: Path, server: FakeCoordinator) -> None:
    save_access(server.access, tmp_path / "data/server")
    with linked(server, tmp_path) as (link, controller, _):
        wait_until(lambda: link.status().connected, "it connects")
        server.stop()
        wait_until(lambda: not controller.status().uploads.connected, "it notices")
        server.start()
        wait_until(lambda: link.status().connected, "it connects again")
        assert server.connections == 2


class RealNode:
    """`playloom node run` in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "config").mkdir(parents=True)
        (home / "config/node.yaml").write_text("notifications: false\nhotkeys: false\n")

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
        command = [sys.executable, "-m", "playloom", "node", "run"]
        with (
            (self.home / "output.txt").open("ab") as output,
            subprocess.Popen(
                command, stdout=output, stderr=output, env=environment | {"PLAYLOOM_HOME": str(self.home)}
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()


def test_a_node_killed_in_the_middle_of_an_upload_sends_only_what_was_in_flight_again(
    tmp_path: Path, server: FakeCoordinator
) -> None:
    node = RealNode(tmp_path)
    save_access(server.access, tmp_path / "data/server")
    path = make_recorded(tmp_path / "data/sessions", "one", video_bytes=100 * 65_536)
    server.faults.slow_s = 0.05
    with node.running() as process:
        wait_until(lambda: len(server.parts_taken) > 20, "it is under way")
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert not server.sessions
    server.faults.slow_s = 0.0
    with node.running() as process:
        wait_until(lambda: server.has(path), "it is there")
        wait_until(lambda: read_receipt(path) is not None, "and confirmed")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, (tmp_path / "output.txt").read_text()
    assert len(server.sessions) == 1
    assert len(server.parts_taken) <= 103 + 4
    assert "the server has one" in (tmp_path / "output.txt").read_text()
    assert TOKEN not in (tmp_path / "output.txt").read_text()


def test_what_may_still_be_thrown_away_stays_until_nothing_is_recorded(tmp_path: Path, server: FakeCoordinator) -> None:
    make_recorded(tmp_path, "just-ended")
    recording = [True]
    running = UploadDaemon(
        server.access, UploadSettings(), tmp_path, is_recording=lambda: bool(recording), hold_back_s=600.0
    )
    running.start()
    try:
        wait_until(lambda: running.status().waiting_sessions == 1, "it is seen")
        os.utime(make_recorded(tmp_path, "long-ended") / "session.json", (1_700_000_000, 1_700_000_000))
        wait_until(lambda: len(server.sessions) == 1, "what ended long ago leaves")
        assert [one.name for one in server.sessions.values()] == ["long-ended"]
        recording.clear()
        wait_until(lambda: len(server.sessions) == 2, "the rest leaves once nothing is recorded")
    finally:
        running.stop()


def test_a_session_that_was_cut_after_it_was_sent_takes_the_earlier_ones_place(
    tmp_path: Path, server: FakeCoordinator
) -> None:
    path = make_recorded(tmp_path / "spool", "one")
    with sending(server, tmp_path / "spool"):
        wait_until(lambda: read_receipt(path) is not None, "it is sent")
        shorter = make_recorded(tmp_path / "cut", "one", video_bytes=100_000)
        (path / "session.json").unlink()
        for name in ("capture.mp4", "session.json"):
            (shorter / name).replace(path / name)
        wait_until(lambda: (receipt := read_receipt(path)) is not None and receipt.session_id == "session_2", "again")
        wait_until(lambda: server.sessions["session_1"].HasField("deleted_unix_ns"), "the earlier one is withdrawn")
    assert not server.sessions["session_2"].HasField("deleted_unix_ns")
    assert server.content["session_2", "capture.mp4"] == (path / "capture.mp4").read_bytes()
