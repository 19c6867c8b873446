"""The node's secrets are the user's alone, and one node works on a data directory."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from capture_node.node.running import (
    NodeNotRunningError,
    NodeRunsError,
    RunningNode,
    announce,
    find_running,
    is_running,
    node_claimed,
    renounce,
)
from capture_node.node_paths import node_paths
from playloom.errors import PlayloomError
from playloom.token_file import TokenError, own_token, read_token, same_token


def test_a_token_is_made_once_and_only_the_user_can_read_it(tmp_path: Path) -> None:
    token = own_token(tmp_path / "node")

    assert own_token(tmp_path / "node") == token
    assert len(token) >= 43
    assert stat.S_IMODE((tmp_path / "node").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "node/token").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "node").iterdir()] == ["token"]


def test_a_token_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    own_token(tmp_path)
    (tmp_path / "token").chmod(0o644)

    with pytest.raises(TokenError, match=r"other users can read this token. Make it yours alone: chmod 600 .*/token"):
        read_token(tmp_path / "token")


def test_a_file_without_a_token_is_named(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch(0o600)

    with pytest.raises(TokenError, match=r"holds no token. Copy the token file again"):
        read_token(path)
    tmp_path.chmod(0o700)
    with pytest.raises(TokenError, match=r"holds no token. Remove the file and start again"):
        own_token(tmp_path)
    with pytest.raises(TokenError, match="cannot be read: No such file"):
        read_token(tmp_path / "other")


def test_tokens_are_compared_whatever_bytes_they_hold() -> None:
    assert same_token("abc", "abc")
    assert not same_token("abd", "abc")
    assert not same_token("", "abc")
    assert not same_token("äöü\udc80", "abc")


def test_a_second_node_on_the_same_data_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    node = tmp_path / "node"
    with node_claimed(node):
        announce(node, RunningNode(pid=17, address="127.0.0.1:5000"))
        with (
            pytest.raises(NodeRunsError, match=r"already \(process 17, at 127.0.0.1:5000\). See what it does"),
            node_claimed(node),
        ):
            pass
        assert find_running(node) == RunningNode(pid=17, address="127.0.0.1:5000")
        renounce(node)

    assert not is_running(node)
    with node_claimed(node):
        pass


def test_commands_that_look_for_a_node_do_not_keep_one_from_starting(tmp_path: Path) -> None:
    node = tmp_path / "node"
    with node_claimed(node):
        pass
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            is_running(node)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(20):
            with node_claimed(node):
                pass
    finally:
        done.set()
        looking.join()


def test_no_node_is_found_where_none_runs_even_if_a_killed_one_left_its_address(tmp_path: Path) -> None:
    node = tmp_path / "node"
    with node_claimed(node):
        announce(node, RunningNode(pid=17, address="127.0.0.1:5000"))

    with pytest.raises(
        NodeNotRunningError, match=r"no node is running on .*Start it in another terminal: playloom node"
    ):
        find_running(node)
    with (
        node_claimed(node),
        pytest.raises(PlayloomError, match="the node is starting or stopping"),
    ):
        find_running(node)


def test_playloom_home_puts_everything_below_one_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYLOOM_HOME", str(tmp_path))
    paths = node_paths()

    assert paths.settings_file == tmp_path / "config/node.yaml"
    assert paths.spool == tmp_path / "data/sessions"
    assert paths.private == tmp_path / "data/node"


def test_without_playloom_home_the_systems_own_places_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLAYLOOM_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/config")

    assert os.fspath(node_paths().spool) == "/data/playloom/sessions"
    assert os.fspath(node_paths().settings_file) == "/config/playloom/node.yaml"
