"""A gaming PC whose calendar is wrong: what it records is sent, and neither token nor URL seems expired."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from capture_node.upload import daemon, foreground, parts_sending, session_upload
from capture_node.upload.foreground import send_sessions
from capture_node.upload.server_sessions import list_sessions
from capture_node.upload.settings import UploadSettings
from coordinator.players.scopes import Scope
from playloom.client.connection import Connection
from tests.support.coordinator_thread import serving
from tests.support.recorded import STARTED_UNIX_NS, make_recorded

HOUR_S = 3600
DAY_S = 24 * HOUR_S


@pytest.mark.parametrize("ahead_s", [HOUR_S, -HOUR_S, DAY_S, -DAY_S, 400 * DAY_S])
def test_a_pc_whose_clock_is_wrong_sends_what_it_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead_s: int
) -> None:
    wrong = SimpleNamespace(**{name: getattr(time, name) for name in dir(time) if not name.startswith("_")})
    wrong.time_ns = lambda: time.time_ns() + ahead_s * 10**9
    wrong.time = lambda: time.time() + ahead_s
    for module in (daemon, foreground, parts_sending, session_upload):
        monkeypatch.setattr(module, "time", wrong)
    asked = 0
    ask = parts_sending._Permissions._ask

    def counted(permissions: parts_sending._Permissions, parts: object) -> object:
        nonlocal asked
        asked += 1
        return ask(permissions, parts)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(parts_sending._Permissions, "_ask", counted)
    path = make_recorded(tmp_path / "spool", "one", video_bytes=3 << 20, age_s=-ahead_s)
    with serving(tmp_path, part_bytes=1 << 20) as server:
        access = server.access("ada", Scope.PLAYER)
        outcome = send_sessions([path], access, UploadSettings(), show=False)
        assert outcome.problems == {}
        assert asked <= 4, "the permissions were taken for expired"  # else there is one request for each of six parts
        with Connection(access) as connection:
            (session,) = list_sessions(connection)
        assert session.recorded_unix_ns == STARTED_UNIX_NS + ahead_s * 10**9  # as the PC says, whatever that is worth
        assert abs(session.created_unix_ns - time.time_ns()) < 600 * 10**9  # the server's own time
