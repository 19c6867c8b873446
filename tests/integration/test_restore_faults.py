"""Yesterday's database beside today's store, as an operator meets them: by the commands alone, on both kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture_node.upload.foreground import send_sessions
from capture_node.upload.server_sessions import download_session, list_sessions
from capture_node.upload.settings import UploadSettings
from playloom.client.connection import Connection
from protos import coordinator_pb2 as pb
from tests.support.archives import ArchivePlace
from tests.support.deployment import Server, playloom
from tests.support.recorded import make_recorded

FILES = ("capture.mp4", "sync.csv", "actions.bin", "session.json")


@pytest.mark.slow
def test_what_was_sent_since_the_backup_is_found_again_by_a_check(tmp_path: Path, archive_place: ArchivePlace) -> None:
    server = Server(tmp_path, archive_place)
    where = ("--directory", server.root)
    before, after = (make_recorded(tmp_path / "spool", name, age_s=age) for name, age in (("before", 60), ("after", 0)))
    with server.running():
        access = server.enrol("ada")
        send_sessions([before], access, UploadSettings(), show=False)
        playloom("coordinator", "backup", tmp_path / "monday", *where, home=server.home)
        outcome = send_sessions([after], access, UploadSettings(), show=False)
        assert outcome.problems == {}
        with Connection(access) as connection:
            (first,) = [one for one in list_sessions(connection) if one.name == "before"]
            connection.call(connection.sessions.DeleteSession, pb.DeleteSessionRequest(session_id=first.id))
    playloom("coordinator", "restore", tmp_path / "monday", "--replace", *where, home=server.home)
    playloom("coordinator", "check", *where, home=server.home, status=1)
    mended = playloom("coordinator", "check", "--mend", *where, home=server.home)
    assert [(one["kind"], one["mended"]) for one in mended] == [("forgotten", True)]
    assert playloom("coordinator", "check", *where, home=server.home) == []
    with server.running(), Connection(access) as connection:
        found = {one.name: one for one in list_sessions(connection)}
        assert sorted(found) == ["after", "before"]  # that it was deleted is forgotten with the rest of that day
        assert found["after"].id == outcome.receipts[after].session_id
        for path in (before, after):
            brought = download_session(connection, found[path.name], tmp_path / "back")
            for name in FILES:
                assert (brought / name).read_bytes() == (path / name).read_bytes()
        again = send_sessions([before, after], access, UploadSettings(), show=False)
        assert {path: receipt.session_id for path, receipt in again.receipts.items()} == {
            path: found[path.name].id for path in (before, after)
        }
