"""A real recorder and a real server: what is recorded leaves while it grows, and what is thrown away never does."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from bench.upload_server import upload_server
from capture_node.upload import daemon, growing
from capture_node.upload.foreground import line_to
from capture_node.upload.growing import NOTE_FILE, GrowingSession
from capture_node.upload.keeping import remove_if_confirmed
from capture_node.upload.receipt import read_receipt
from capture_node.upload.session_upload import upload_session
from capture_node.upload.settings import UploadSettings
from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.recording.recovery import recover_session
from playloom.recording.session import VIDEO_FILE
from playloom.recording.sync_table import read_sync
from protos import coordinator_pb2 as pb
from tests.support.command import wait_until
from tests.support.growing_node import PART_BYTES, daemon_for, make_recorder
from tests.support.recorded import make_recorded


class Server:
    """The coordinator and what lies in its store. Attributes: access."""

    def __init__(self, root: Path, access: ServerAccess) -> None:
        self.access, self._uploads = access, root / "objects" / "uploads"

    def videos_on_their_way(self) -> list[Path]:
        """What has come of videos that are not finished."""
        found = []
        for description in self._uploads.glob("*/upload.json"):
            if json.loads(description.read_text())["key"].endswith(VIDEO_FILE):
                found.append(description.with_name("content"))
        return found

    def video_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.videos_on_their_way())

    def session(self, session_id: str) -> pb.Session:
        with Connection(self.access) as connection:
            return connection.call(connection.sessions.GetSession, pb.GetSessionRequest(session_id=session_id))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with upload_server(tmp_path / "server", part_bytes=PART_BYTES) as access:
        yield Server(tmp_path / "server", access)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "BEGIN_BYTES", PART_BYTES)
    monkeypatch.setattr(daemon, "ENCODED_WITHIN_S", 1.0)
    monkeypatch.setattr(daemon, "LOOK_S", 0.1)


def test_a_recording_is_sent_while_it_grows_and_gone_on_with_when_it_has_ended(tmp_path: Path, server: Server) -> None:
    spool = tmp_path / "spool"
    recorder = make_recorder(spool)
    recorder.start()
    with daemon_for(recorder, server.access, spool, hold_back_s=0.5):
        wait_until(lambda: server.video_bytes() >= 3 * PART_BYTES, "parts come while it is recorded")
        path = recorder.status().session_path
        assert path is not None
        assert not (path / "session.json").exists()
        [content] = server.videos_on_their_way()
        sent = content.read_bytes()
        assert len(sent) % PART_BYTES == 0
        recorded = (path / VIDEO_FILE).read_bytes()
        assert recorded.startswith(sent)
        assert len(recorded) - len(sent) > PART_BYTES, "the last moments stay"
        [session] = recorder.stop()
        wait_until(lambda: read_receipt(session.path) is not None, "it is confirmed")
        wait_until(
            lambda: json.loads((spool / NOTE_FILE).read_text()) == {"uploads": []}, "nothing is left to look for"
        )
    receipt = read_receipt(session.path)
    assert receipt is not None
    assert server.session(receipt.session_id).name == session.path.name
    assert receipt.files[VIDEO_FILE].bytes == (session.path / VIDEO_FILE).stat().st_size
    assert server.videos_on_their_way() == []


def test_a_session_that_rolls_over_is_sent_to_its_end_while_the_next_one_grows(tmp_path: Path, server: Server) -> None:
    spool = tmp_path / "spool"
    goes_on = threading.Event()

    def is_noisy() -> bool:
        return goes_on.is_set() or sum(path.stat().st_size for path in spool.glob(f"*/{VIDEO_FILE}")) < 10 * PART_BYTES

    recorder = make_recorder(spool, roll_over_gb=0.009, is_noisy=is_noisy)
    recorder.start()
    with daemon_for(recorder, server.access, spool, hold_back_s=0.3):
        first = recorder.status().session_path
        assert first is not None
        wait_until(lambda: server.video_bytes() >= 3 * PART_BYTES, "parts of the first come while it is recorded")
        [first_content] = server.videos_on_their_way()
        assert recorder.status().session_path == first
        goes_on.set()
        wait_until(lambda: recorder.status().session_path != first, "it rolls over")
        wait_until(lambda: read_receipt(first) is not None, "the first is confirmed while the recording goes on")
        assert not first_content.exists()
        following = recorder.status().session_path
        wait_until(lambda: server.video_bytes() >= PART_BYTES, "a following one grows on the server")
        sessions = recorder.stop()
        wait_until(lambda: all(read_receipt(session.path) for session in sessions), "all are confirmed")
    assert len(sessions) >= 2
    assert sessions[0].path == first
    assert following in [session.path for session in sessions]
    for session in sessions:
        receipt = read_receipt(session.path)
        assert receipt is not None
        assert server.session(receipt.session_id).name == session.path.name
        assert receipt.files[VIDEO_FILE].bytes == (session.path / VIDEO_FILE).stat().st_size
    times_ns = np.concatenate([read_sync(session.sync_path)[0].monotonic_ns for session in sessions])
    assert (np.diff(times_ns) > 0).all(), "no frame is in two sessions"
    assert server.videos_on_their_way() == []


def test_what_is_thrown_away_of_the_last_moments_has_not_left(tmp_path: Path, server: Server) -> None:
    spool = tmp_path / "spool"
    recorder = make_recorder(spool)
    recorder.start()
    with daemon_for(recorder, server.access, spool, hold_back_s=1.5):
        wait_until(lambda: server.video_bytes() >= 3 * PART_BYTES, "parts come")
        path = recorder.status().session_path
        assert path is not None
        recorder.discard(1.5)
        [content] = server.videos_on_their_way()
        assert (path / VIDEO_FILE).read_bytes().startswith(content.read_bytes())
        recorder.stop()
        wait_until(lambda: read_receipt(path) is not None, "what is left is confirmed")


def test_who_throws_away_more_has_it_removed_from_the_server(tmp_path: Path, server: Server) -> None:
    spool = tmp_path / "spool"
    recorder = make_recorder(spool)
    recorder.start()
    with daemon_for(recorder, server.access, spool, hold_back_s=0.3):
        wait_until(lambda: server.video_bytes() >= 3 * PART_BYTES, "parts come")
        path = recorder.status().session_path
        before = server.videos_on_their_way()
        recorder.discard(600)
        assert path is not None
        assert not path.exists()
        wait_until(lambda: not any(content.exists() for content in before), "they are gone from there")
        wait_until(lambda: server.video_bytes() >= PART_BYTES, "the next session goes its own way")
        recorder.stop()


def test_a_node_that_is_killed_goes_on_with_what_it_had_sent(tmp_path: Path, server: Server) -> None:
    spool = tmp_path / "spool"
    [path] = killed_after_parts(server, spool)
    recover_session(path)
    before = server.video_bytes()
    with daemon_for(None, server.access, spool, hold_back_s=0.3):
        wait_until(lambda: read_receipt(path) is not None, "it is confirmed")
    receipt = read_receipt(path)
    assert receipt is not None
    assert receipt.files[VIDEO_FILE].bytes == (path / VIDEO_FILE).stat().st_size >= before


def test_what_was_thrown_away_while_no_node_ran_is_removed_when_one_does(tmp_path: Path, server: Server) -> None:
    spool = tmp_path / "spool"
    [path] = killed_after_parts(server, spool)
    for file in path.iterdir():
        file.unlink()
    path.rmdir()
    with daemon_for(None, server.access, spool, hold_back_s=0.3):
        wait_until(lambda: server.videos_on_their_way() == [], "it is gone from the server")


def killed_after_parts(server: Server, spool: Path) -> list[Path]:
    """The sessions of a node that was killed when some parts of its recording had arrived."""
    access = json.dumps(asdict(server.access))
    command = [sys.executable, "-m", "tests.support.growing_node", str(spool), access, "0.3"]
    with subprocess.Popen(command) as node:
        wait_until(lambda: server.video_bytes() >= 3 * PART_BYTES, "parts come", timeout_s=60)
        node.send_signal(signal.SIGKILL)
        node.wait(10)
    return [path for path in spool.iterdir() if path.is_dir()]


def test_what_is_held_back_is_counted_in_recorded_time(tmp_path: Path) -> None:
    video = tmp_path / VIDEO_FILE
    growing_session = GrowingSession(tmp_path, hold_back_s=120)

    def grown(size_bytes: int, now_s: float, *, written_ago_s: float = 0) -> int:
        video.write_bytes(bytes(size_bytes))
        growing_session.look(now_s, written_ago_s)
        return growing_session.old_sizes().get(VIDEO_FILE, 0)

    assert grown(100, 1000) == 0
    assert grown(200, 1100) == 0
    assert grown(300, 1120) == 100
    assert grown(300, 9000) == 100, "a pause makes nothing old"
    assert grown(400, 9010, written_ago_s=7780) == 200, "nobody looked for long, and the pause began before"
    assert grown(500, 9100) == 400


def test_nothing_is_sent_of_what_is_not_there(tmp_path: Path) -> None:
    growing_session = GrowingSession(tmp_path / "none", hold_back_s=0)
    growing_session.look(1.0)
    assert growing_session.old_sizes() == {}


def test_a_recording_that_is_there_with_another_description_counts_as_there_and_is_never_removed_here(
    tmp_path: Path, server: Server
) -> None:
    first, second = make_recorded(tmp_path, "one"), tmp_path / "two"
    shutil.copytree(first, second)
    info = json.loads((second / "session.json").read_text())
    (second / "session.json").write_text(json.dumps({**info, "task": "said later"}))
    with line_to(server.access, UploadSettings(), patience_s=5) as line:
        receipt = upload_session(first, line)
        assert not receipt.has_other_info
        other = upload_session(second, line)
        assert (other.session_id, other.has_other_info) == (receipt.session_id, True)
        assert not remove_if_confirmed(second, line.connection, line.server_id)
        assert remove_if_confirmed(first, line.connection, line.server_id)
    assert second.exists()
