"""A network between a node and its coordinator, or its store, that is slow, late, cut or silent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from capture_node.upload import daemon, part_sender, parts_sending
from capture_node.upload.daemon import UploadDaemon
from capture_node.upload.receipt import read_receipt
from capture_node.upload.server_sessions import download_session, list_sessions
from capture_node.upload.settings import UploadSettings
from capture_node.upload.status import UploadState
from coordinator.players.scopes import Scope
from playloom.client import connection
from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from tests.support.command import wait_until
from tests.support.coordinator_thread import CoordinatorThread, serving
from tests.support.network import Network, network
from tests.support.ports import lasting_port
from tests.support.recorded import make_recorded

PART_BYTES = 1 << 20
PARTS = 10
PARTS_AT_ONCE = 3
IN_FLIGHT_BYTES = PARTS_AT_ONCE * PART_BYTES
SLOW_BYTES_PER_S = 4_000_000
"""Of each connection: a part takes a quarter of a second."""

FILES = ("capture.mp4", "sync.csv", "actions.bin", "session.json")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same patience in shorter times."""
    monkeypatch.setattr(daemon, "LOOK_S", 0.05)
    monkeypatch.setattr(daemon, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(daemon, "LONGEST_WAIT_S", 0.2)
    monkeypatch.setattr(daemon, "PATIENCE_S", 0.5)
    monkeypatch.setattr(part_sender, "CONNECT_S", 1.0)
    monkeypatch.setattr(part_sender, "SILENT_S", 1.5)
    monkeypatch.setattr(parts_sending, "TRIES", 3)
    monkeypatch.setattr(parts_sending, "PERMISSIONS_AT_ONCE", 4)
    monkeypatch.setattr(parts_sending, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(parts_sending, "LONGEST_WAIT_S", 0.2)
    defaults = Connection.call.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout_s", 1.5)


@dataclass(kw_only=True)
class Place:
    """A coordinator and the two ways to it.

    Attributes:
        calls: the way of gRPC.
        parts: the way of HTTP.
    """

    server: CoordinatorThread
    calls: Network
    parts: Network
    access: ServerAccess


@contextmanager
def laid_out(root: Path, *, part_bytes: int = PART_BYTES) -> Iterator[Place]:
    http_port = lasting_port()
    with ExitStack() as stack:
        parts = stack.enter_context(network(http_port))
        url = f"http://{parts.address}"
        server = stack.enter_context(
            serving(root, part_bytes=part_bytes, http=f"127.0.0.1:{http_port}", public_url=url)
        )
        calls = stack.enter_context(network(server.port))
        access = server.access("ada", Scope.PLAYER, address=calls.address)
        yield Place(server=server, calls=calls, parts=parts, access=access)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with laid_out(tmp_path) as found:
        yield found


@pytest.fixture(autouse=True)
def sent_twice(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was sent though the store had said before that it has it: nothing."""
    there: set[str] = set()
    twice: list[str] = []
    put = part_sender.PartSender.put

    def counted(sender: part_sender.PartSender, url: str, *arguments: Any, **options: Any) -> None:
        target = urlsplit(url)
        part = f"{target.path} {parse_qs(target.query)['part']}"
        if part in there:
            twice.append(part)
        put(sender, url, *arguments, **options)
        there.add(part)

    monkeypatch.setattr(part_sender.PartSender, "put", counted)
    yield twice
    assert twice == []


@contextmanager
def sending(place: Place, spool: Path) -> Iterator[UploadDaemon]:
    running = UploadDaemon(place.access, UploadSettings(parts_at_once=PARTS_AT_ONCE), spool)
    running.start()
    try:
        yield running
    finally:
        begin_s = time.monotonic()
        running.stop()
        assert time.monotonic() - begin_s < 5, "it does not let itself be stopped"


def record(tmp_path: Path) -> Path:
    return make_recorded(tmp_path / "spool", "one", video_bytes=PARTS * PART_BYTES)


def see_it_there(place: Place, path: Path, back: Path) -> None:
    straight = ServerAccess(
        address=place.server.served.server.address, tls=False, token=place.access.token, server_id=""
    )
    with Connection(straight) as connection:
        (session,) = list_sessions(connection)
        brought = download_session(connection, session, back)
    for name in FILES:
        assert (brought / name).read_bytes() == (path / name).read_bytes()


def test_on_a_slow_and_late_line_everything_is_sent_once(tmp_path: Path, place: Place) -> None:
    path = record(tmp_path)
    for way in (place.calls, place.parts):
        way.delay_s, way.bytes_per_s = 0.01, SLOW_BYTES_PER_S
    with sending(place, path.parent):
        wait_until(lambda: read_receipt(path) is not None, "it is sent", timeout_s=60)
    assert place.parts.carried_bytes < 1.02 * PARTS * PART_BYTES
    see_it_there(place, path, tmp_path / "back")


def test_a_line_that_is_cut_again_and_again_costs_the_parts_in_flight(tmp_path: Path, place: Place) -> None:
    path = record(tmp_path)
    place.parts.bytes_per_s = SLOW_BYTES_PER_S
    cuts = 0
    with sending(place, path.parent):
        while read_receipt(path) is None:
            time.sleep(0.5)
            cuts += 1
            assert cuts < 100, "it does not get on"
            place.parts.cut()
            if cuts % 2:
                place.calls.cut()
    assert cuts > 1
    assert place.parts.carried_bytes < 1.02 * PARTS * PART_BYTES + cuts * IN_FLIGHT_BYTES
    see_it_there(place, path, tmp_path / "back")


def test_a_silent_line_to_the_coordinator_is_said_and_waited_for(tmp_path: Path, place: Place) -> None:
    path = record(tmp_path)
    place.parts.bytes_per_s = SLOW_BYTES_PER_S // 2
    with sending(place, path.parent) as running:
        wait_until(lambda: place.parts.carried_bytes > 0, "it is under way")
        place.calls.fall_silent()  # before it has asked for the last permissions
        wait_until(lambda: running.status().state is UploadState.WAITING, "it says that it waits")
        status = running.status()
        assert status.problem == f"the server at {place.calls.address} does not answer in time. Try again later"
        assert status.waiting_sessions == 1
        place.calls.carry_on()
        wait_until(lambda: read_receipt(path) is not None, "it goes on", timeout_s=60)
    assert place.parts.carried_bytes < 1.02 * PARTS * PART_BYTES + IN_FLIGHT_BYTES
    see_it_there(place, path, tmp_path / "back")


def test_a_silent_line_to_the_store_is_said_and_waited_for(tmp_path: Path, place: Place) -> None:
    path = record(tmp_path)
    place.parts.bytes_per_s = SLOW_BYTES_PER_S
    with sending(place, path.parent) as running:
        wait_until(lambda: place.parts.carried_bytes > 2 * PART_BYTES, "it is under way")
        place.parts.fall_silent()
        wait_until(lambda: running.status().problem is not None, "it says what it waits for")
        status = running.status()
        assert (status.state, status.waiting_sessions) == (UploadState.SENDING, 1)
        assert status.problem == "the line to the store was cut (ReadTimeoutError): capture.mp4 is sent again"
        wait_until(lambda: running.status().state is UploadState.WAITING, "it gives up for now", timeout_s=60)
        assert "capture.mp4 cannot be sent: the line to the store was cut" in (running.status().problem or "")
        place.parts.carry_on()
        wait_until(lambda: read_receipt(path) is not None, "it goes on", timeout_s=60)
        assert running.status().problem is None
    see_it_there(place, path, tmp_path / "back")


def test_a_finish_whose_answer_never_comes_is_not_waited_for_for_ever(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may last an hour, as long as the line lives: what tells is that nobody answers to the line's own pings."""
    shorter = [(name, value // 20 if value in (30_000, 10_000) else value) for name, value in connection._OPTIONS]
    assert [value for _, value in shorter].count(500) == 2
    monkeypatch.setattr(connection, "_OPTIONS", shorter)
    path = record(tmp_path)
    place.parts.bytes_per_s = SLOW_BYTES_PER_S
    whole_bytes = sum((path / name).stat().st_size for name in FILES)
    with sending(place, path.parent) as running:
        wait_until(lambda: place.parts.carried_bytes > whole_bytes - PART_BYTES, "the last part is on its way")
        place.calls.delay_s = 1.0
        wait_until(lambda: place.parts.carried_bytes > whole_bytes, "all parts are there")
        place.calls.fall_silent()
        place.calls.delay_s = 0.0
        wait_until(lambda: running.status().state is UploadState.WAITING, "it says that it waits")
        assert read_receipt(path) is None
        place.calls.carry_on()
        wait_until(lambda: read_receipt(path) is not None, "it is confirmed", timeout_s=60)
    see_it_there(place, path, tmp_path / "back")


def test_a_server_that_takes_connections_and_says_nothing_is_waited_for(tmp_path: Path, place: Place) -> None:
    path = record(tmp_path)
    place.calls.fall_silent()
    with sending(place, path.parent) as running:
        wait_until(lambda: running.status().state is UploadState.WAITING, "it says that it waits")
        assert running.status().problem is not None
        place.calls.carry_on()
        wait_until(lambda: read_receipt(path) is not None, "it goes on", timeout_s=60)


def test_a_line_so_slow_that_a_piece_takes_longer_than_connecting_may_is_slow_and_not_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_sender, "CONNECT_S", 0.1)
    monkeypatch.setattr(part_sender, "SILENT_S", 20.0)
    path = make_recorded(tmp_path / "spool", "one", video_bytes=8 * PART_BYTES)
    with laid_out(tmp_path, part_bytes=8 * PART_BYTES) as place:
        place.parts.bytes_per_s = 5_000_000
        with sending(place, path.parent):
            wait_until(lambda: read_receipt(path) is not None, "it is sent", timeout_s=60)
        assert place.parts.carried_bytes < 1.05 * 8 * PART_BYTES
