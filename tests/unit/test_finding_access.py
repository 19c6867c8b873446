"""Which token a command takes: a player's own, or on the server itself the operator's."""

from __future__ import annotations

from pathlib import Path

import pytest

from playloom.client.access import NotEnrolledError, ServerAccess, save_access
from playloom.client.finding import find_access, find_operators_access


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLAYLOOM_HOME", str(tmp_path))
    return tmp_path


def access(token: str, server_id: str) -> ServerAccess:
    return ServerAccess(address="127.0.0.1:50060", tls=False, token=token, server_id=server_id)


def test_a_machine_with_neither_has_none(home: Path) -> None:
    for find in (find_access, find_operators_access):
        with pytest.raises(NotEnrolledError):
            find()


def test_on_the_server_itself_the_operators_is_found(home: Path) -> None:
    save_access(access("operators", "server_1"), home / "coordinator" / "operator")
    for find in (find_access, find_operators_access):
        found = find()
        assert (found.access.token, found.server_root) == ("operators", home / "coordinator")


def test_whoever_plays_on_their_own_server_has_a_token_for_each(home: Path) -> None:
    save_access(access("operators", "server_1"), home / "coordinator" / "operator")
    save_access(access("players", "server_1"))
    assert find_access().access.token == "players"
    assert find_operators_access().access.token == "operators"


def test_whoever_is_enrolled_elsewhere_speaks_with_that_server(home: Path) -> None:
    save_access(access("operators", "server_1"), home / "coordinator" / "operator")
    save_access(access("elsewhere", "server_2"))
    for find in (find_access, find_operators_access):
        assert (find().access.token, find().server_root) == ("elsewhere", None)


def test_what_is_given_goes_before_all(home: Path) -> None:
    save_access(access("players", "server_1"))
    file = save_access(access("given", "server_3"), home / "games" / "operator")
    for given in (file, file.parent):
        found = find_operators_access(given)
        assert (found.access.token, found.server_root) == ("given", home / "games")
