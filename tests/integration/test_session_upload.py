"""One session sent: through cut lines, expired permissions, restarts of the server, and twice at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from capture_node.upload import parts_sending
from capture_node.upload.bandwidth import Bandwidth
from capture_node.upload.keeping import remove_if_confirmed
from capture_node.upload.line import UploadLine, UploadProgress
from capture_node.upload.part_sender import PartSender, UploadStoppedError
from capture_node.upload.receipt import read_receipt
from capture_node.upload.session_upload import BeingSentError, upload_session
from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.client.errors import (
    LimitReachedError,
    ServerUnavailableError,
    ServerUntrustedError,
    TokenRefusedError,
)
from playloom.errors import RecordingError
from playloom.recording.session_info import file_record
from protos import coordinator_pb2 as pb
from tests.support.fake_coordinator import SERVER_ID, FakeCoordinator
from tests.support.recorded import make_recorded


@pytest.fixture
def server() -> Iterator[FakeCoordinator]:
    with FakeCoordinator() as fake:
        yield fake


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_sending, "FIRST_WAIT_S", 0.02)


@contextmanager
def line_to(
    access: ServerAccess, *, parts_at_once: int = 4, patience_s: float = 5.0, bytes_per_s: int | None = None
) -> Iterator[UploadLine]:
    sender = PartSender(access.authority, Bandwidth(bytes_per_s), parts_at_once=parts_at_once)
    with Connection(access, patience_s=patience_s) as connection:
        yield UploadLine(
            connection=connection,
            sender=sender,
            parts_at_once=parts_at_once,
            server_id=SERVER_ID,
            ahead_ns=0,
            stop=threading.Event(),
        )
    sender.close()


def send(path: Path, server: FakeCoordinator) -> None:
    with line_to(server.access) as line:
        upload_session(path, line)


def test_a_session_arrives_byte_for_byte_and_its_receipt_says_so(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one")
    seen: list[UploadProgress] = []
    with line_to(server.access) as line:
        receipt = upload_session(path, line, seen.append)
    assert server.has(path)
    assert receipt == read_receipt(path)
    assert receipt.session_id == "session_1"
    assert receipt.files["capture.mp4"] == file_record(path / "capture.mp4")
    assert set(receipt.files) == {"capture.mp4", "sync.csv", "actions.bin", "session.json"}
    assert (seen[-1].sent_bytes, seen[-1].size_bytes) == (
        seen[-1].size_bytes,
        sum(one.bytes for one in receipt.files.values()),
    )


def test_a_session_without_inputs_has_a_file_without_parts(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one", video_bytes=1)
    (path / "actions.bin").write_bytes(b"")
    send(path, server)
    assert server.file("one", "actions.bin") == b""


def test_what_was_sent_before_is_not_sent_again(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one")
    send(path, server)
    taken = len(server.parts_taken)
    send(path, server)
    assert len(server.parts_taken) == taken
    assert len(server.sessions) == 1


def test_after_an_interruption_only_parts_in_flight_are_sent_again(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one", video_bytes=40 * 65_536)
    server.faults.slow_s = 0.02
    with line_to(server.access) as line:

        def stop_half_way(progress: UploadProgress) -> None:
            if progress.sent_bytes > progress.size_bytes // 2:
                line.stop.set()

        with pytest.raises(UploadStoppedError):
            upload_session(path, line, stop_half_way)
    assert read_receipt(path) is None
    before = list(server.parts_taken)
    assert 10 <= len(before) < 40
    send(path, server)
    assert server.has(path)
    assert len(server.parts_taken) == 43, "each part once, with three small files: what was in flight never arrived"
    assert len(set(server.parts_taken)) == 43


def test_parts_that_were_changed_here_are_sent_again(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one", video_bytes=3 * 65_536)
    with line_to(server.access) as line:
        request = pb.BeginUploadRequest(recording_id="recording-one", name="one", files=["capture.mp4"])
        upload = line.connection.call(line.connection.uploads.BeginUpload, request)
        server.uploads[upload.id].parts["capture.mp4", 1] = b"\0" * 65_536
        server.uploads[upload.id].parts["capture.mp4", 2] = (path / "capture.mp4").read_bytes()[65_536:131_072]
        upload_session(path, line)
    assert server.has(path)
    assert ("capture.mp4", 1) in server.parts_taken
    assert ("capture.mp4", 2) not in server.parts_taken


def test_a_line_that_is_cut_within_parts_costs_those_parts_only(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one", video_bytes=10 * 65_536)
    server.faults.cut_after_bytes, server.faults.cuts = 1000, 5
    send(path, server)
    assert server.has(path)


def test_errors_of_the_store_are_waited_out(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one")
    server.faults.answers = [500, 503, 500, 429]
    send(path, server)
    assert server.has(path)


def test_a_permission_that_has_expired_is_asked_for_anew(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one")
    server.faults.expired = 3
    send(path, server)
    assert server.has(path)


def test_an_upload_that_the_store_has_lost_begins_again(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one")
    server.faults.forgets = 1
    send(path, server)
    assert server.has(path)


def test_a_file_that_was_damaged_on_its_way_is_sent_again(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one")
    server.faults.wrong_sums = 1
    send(path, server)
    assert server.has(path)
    assert server.parts_taken.count(("capture.mp4", 1)) == 2


def test_a_file_that_is_damaged_here_is_named(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one")
    content = bytearray((path / "capture.mp4").read_bytes())
    content[1000] ^= 1
    (path / "capture.mp4").write_bytes(content)
    with (
        line_to(server.access) as line,
        pytest.raises(RecordingError, match="is not what it was") as caught,
    ):
        upload_session(path, line)
    assert caught.value.file == path / "capture.mp4"
    assert read_receipt(path) is None


def test_a_session_that_is_not_finished_is_refused(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one")
    (path / "session.json").unlink()
    with line_to(server.access) as line, pytest.raises(RecordingError, match=r"is not finished\. .*playloom recover"):
        upload_session(path, line)


def test_a_server_that_restarts_in_the_middle_is_waited_for(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one", video_bytes=40 * 65_536)
    server.faults.slow_s = 0.02
    restarted = threading.Event()

    def restart() -> None:
        server.stop()
        time.sleep(0.3)
        server.start()

    with line_to(server.access, patience_s=20) as line:

        def restart_half_way(progress: UploadProgress) -> None:
            if progress.sent_bytes > progress.size_bytes // 2 and not restarted.is_set():
                restarted.set()
                threading.Thread(target=restart).start()

        upload_session(path, line, restart_half_way)
    assert restarted.is_set()
    assert server.has(path)
    assert len(server.sessions) == 1


def test_two_uploads_of_one_session_on_one_machine_take_turns(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one", video_bytes=20 * 65_536)
    server.faults.slow_s = 0.05
    with ThreadPoolExecutor(1) as pool, line_to(server.access) as line:
        first = pool.submit(send, path, server)
        while not server.parts_taken:
            time.sleep(0.01)
        with pytest.raises(BeingSentError, match="is being sent by another program"):
            upload_session(path, line)
        first.result(30)
    assert server.has(path)


def test_two_copies_of_one_recording_sent_at_once_become_one_session(tmp_path: Path, server: FakeCoordinator) -> None:
    one = make_recorded(tmp_path / "a", "one", video_bytes=20 * 65_536)
    other = make_recorded(tmp_path / "b", "one", video_bytes=20 * 65_536)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda path: send(path, server), [one, other]))
    assert server.has(one)
    assert len(server.sessions) == 1
    assert read_receipt(one) is not None
    assert read_receipt(other) is not None


def test_a_full_quota_is_said_in_the_servers_words(tmp_path: Path, server: FakeCoordinator) -> None:
    server.faults.full = True
    with pytest.raises(LimitReachedError, match="quota of 1 GB is used up"):
        send(make_recorded(tmp_path, "one"), server)


def test_a_token_that_was_revoked_is_said(tmp_path: Path, server: FakeCoordinator) -> None:
    server.faults.refused = True
    with pytest.raises(TokenRefusedError, match="the token was revoked"):
        send(make_recorded(tmp_path, "one"), server)


def test_a_server_that_is_away_is_named(tmp_path: Path, server: FakeCoordinator) -> None:
    server.stop()
    path = make_recorded(tmp_path, "one")
    with (
        line_to(server.access, patience_s=0.5) as line,
        pytest.raises(ServerUnavailableError, match=f"the server at {server.address} cannot be reached"),
    ):
        upload_session(path, line)


def test_no_error_names_a_permission(tmp_path: Path, server: FakeCoordinator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_sending, "TRIES", 2)
    server.faults.answers = [500] * 50
    with pytest.raises(ServerUnavailableError, match="the store answered with 500") as caught:
        send(make_recorded(tmp_path, "one"), server)
    assert "until=" not in repr(caught.value.__cause__) + str(caught.value)


def test_a_store_without_room_says_whose_trouble_it_is(
    tmp_path: Path, server: FakeCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts_sending, "TRIES", 2)
    server.faults.answers = [507] * 50
    words = r"the store has no room left.*\. Tell the server's operator; it goes on where it was"
    with pytest.raises(ServerUnavailableError, match=words):
        send(make_recorded(tmp_path, "one"), server)


def test_a_rate_is_kept_by_all_parts_together(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one", video_bytes=400_000)
    begin_s = time.monotonic()
    with line_to(server.access, bytes_per_s=400_000) as line:
        upload_session(path, line)
    assert time.monotonic() - begin_s > 0.6
    assert server.has(path)


def test_a_copy_goes_only_while_the_server_has_the_same_session(tmp_path: Path, server: FakeCoordinator) -> None:
    path = make_recorded(tmp_path, "one")
    with line_to(server.access) as line:
        assert not remove_if_confirmed(path, line.connection, SERVER_ID), "it was never sent"
        upload_session(path, line)
        assert not remove_if_confirmed(path, line.connection, "server_other")
        session = server.sessions["session_1"]
        session.deleted_unix_ns = 1
        assert not remove_if_confirmed(path, line.connection, SERVER_ID), "it is deleted there"
        session.ClearField("deleted_unix_ns")
        session.files[0].sha256 = "0" * 64
        assert not remove_if_confirmed(path, line.connection, SERVER_ID), "the server has something else"
        session.files[0].sha256 = file_record(path / session.files[0].name).sha256
        (path / "notes.txt").write_text("mine")
        assert not remove_if_confirmed(path, line.connection, SERVER_ID), "something here was never sent"
        (path / "notes.txt").unlink()
        assert remove_if_confirmed(path, line.connection, SERVER_ID)
    assert list(tmp_path.iterdir()) == []


def test_a_server_whose_authority_is_another_is_not_trusted(tmp_path: Path) -> None:
    from capture_node.node.tls import own_certificate

    ours, other = (
        own_certificate(tmp_path / "ours", ("127.0.0.1",)),
        own_certificate(tmp_path / "other", ("127.0.0.1",)),
    )
    with FakeCoordinator(tls=(ours.key, ours.certificate)) as server:
        access = replace(server.access, tls=True, authority=ours.certificate.decode())
        with Connection(access) as connection:
            info = connection.call(connection.server.GetInfo, pb.GetServerInfoRequest())
            assert info.server_id == SERVER_ID
        begin_s = time.monotonic()
        with (
            Connection(replace(access, authority=other.certificate.decode())) as connection,
            pytest.raises(ServerUntrustedError, match="does not show a certificate that is trusted"),
        ):
            connection.call(connection.server.GetInfo, pb.GetServerInfoRequest())
        assert time.monotonic() - begin_s < 5, "trying again would not help"
