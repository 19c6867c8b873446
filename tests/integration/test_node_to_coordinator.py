"""Real nodes and a real coordinator, each a process, over TLS with a private authority: killed at bad moments."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from capture_node.node.client import connect_here
from capture_node.upload.receipt import read_receipt
from capture_node.upload.status import UploadState
from playloom.client.access import load_access
from playloom.errors import PlayloomError
from tests.support.archives import ArchivePlace
from tests.support.command import wait_until
from tests.support.deployment import GamingPC, Server, playloom
from tests.support.recorded import make_recorded

FILES = ("capture.mp4", "sync.csv", "actions.bin", "session.json")
VIDEO_BYTES = 24_000_000


class Player(GamingPC):
    """A gaming PC of a player, with sessions in its spool."""

    def __init__(self, root: Path, name: str) -> None:
        super().__init__(root, name, settings="upload: {bytes_per_s: 12000000}\n")
        self.sessions = [
            make_recorded(self.spool, f"{name}-{number}", video_bytes=VIDEO_BYTES, age_s=60 - number)
            for number in (1, 2)
        ]

    def status(self) -> Any:
        with connect_here(self.private) as node:
            return node.status().uploads

    def is_under_way(self) -> bool:
        try:
            status = self.status()
        except PlayloomError:  # it is only just starting
            return False
        return status.state is UploadState.SENDING and status.sent_bytes > VIDEO_BYTES // 3

    def is_done(self) -> bool:
        return all(read_receipt(path) is not None for path in self.sessions)


@pytest.fixture
def server(tmp_path: Path, archive_place: ArchivePlace) -> Server:
    """On SQLite and a directory, and on PostgreSQL and Ceph's S3: by its settings alone."""
    return Server(tmp_path, archive_place)


@pytest.mark.slow
def test_two_players_upload_at_once_through_kills_of_a_node_and_of_the_server(tmp_path: Path, server: Server) -> None:
    ada, bob = Player(tmp_path, "ada"), Player(tmp_path, "bob")
    with server.running() as coordinator:
        for player in (ada, bob):
            code = server.invite(player.player)
            to_server = ("--server", server.address, "--ca", server.authority)
            said = playloom("enrol", code, *to_server, "--name", f"{player.player}'s PC", home=player.home)
            assert said["player"] == player.player
            refused = playloom("enrol", code, *to_server, home=tmp_path / "thief", status=1)
            assert "unknown, used up or has expired" in refused
        with ExitStack() as stack:
            stack.enter_context(bob.program.running())
            with ada.program.running():
                wait_until(ada.is_under_way, "ada's first session is under way", timeout_s=90)
            stack.enter_context(ada.program.running())  # it was killed
            wait_until(ada.is_under_way, "it goes on", timeout_s=90)
            coordinator.kill()
            with server.running():
                token = load_access(ada.home / "data/server").token
                assert token is not None
                for program in (ada.program, server.program):
                    assert token not in program.shown
                for player in (ada, bob):
                    wait_until(player.is_done, f"{player.player}'s sessions are confirmed", timeout_s=120)
                    wait_until(lambda player=player: player.status().connected, "it is connected again", timeout_s=90)
                listed = server.sessions()
                assert sorted(one["name"] for one in listed) == ["ada-1", "ada-2", "bob-1", "bob-2"]
                own = playloom("sessions", "list", home=ada.home)
                assert sorted(one["name"] for one in own) == ["ada-1", "ada-2"]
                nodes = playloom("nodes", "list", "--access", server.operator, home=server.home)
                assert [(one["name"], one["connected"]) for one in nodes] == [("ada's PC", True), ("bob's PC", True)]
                playloom("sessions", "download", "ada-1", "--output", tmp_path / "back", home=ada.home)
                theirs = next(one["id"] for one in listed if one["name"] == "bob-1")
                assert "the server has no session" in playloom("sessions", "show", theirs, home=ada.home, status=1)
    for name in FILES:
        assert (tmp_path / "back/ada-1" / name).read_bytes() == (ada.sessions[0] / name).read_bytes()
    by_name = {one["name"]: {file["name"]: file["sha256"] for file in one["files"]} for one in listed}
    for player in (ada, bob):
        for path in player.sessions:
            receipt = read_receipt(path)
            assert receipt is not None
            assert by_name[path.name] == {name: record.sha256 for name, record in receipt.files.items()}
    for log in (*tmp_path.glob("*/output.txt"), *server.root.glob("logs/*")):
        assert token not in log.read_text(errors="replace"), log
