"""Finding and opening session directories."""

from __future__ import annotations

from pathlib import Path

import pytest

from playloom.errors import RecordingError
from playloom.recording.session import find_sessions, open_session
from playloom.recording.session_info import (
    Clock,
    ClockKind,
    FileRecord,
    FrameCounts,
    SessionInfo,
    write_session_info,
)

FILES = ("capture.mp4", "sync.csv", "actions.bin")


def session(path: Path, *files: str) -> Path:
    path.mkdir(parents=True)
    for name in files or FILES:
        (path / name).write_bytes(b"x")
    return path


def info(inputs_bytes: int) -> SessionInfo:
    return SessionInfo(
        session_id="a-b-c",
        source="gym",
        clock=Clock(kind=ClockKind.SIMULATED, started_unix_ns=1, started_monotonic_ns=1),
        counts=FrameCounts(frames=1),
        files={"actions.bin": FileRecord(bytes=inputs_bytes, sha256="0" * 64)},
    )


def test_sessions_are_found_at_any_depth_by_path_whatever_their_names(tmp_path: Path) -> None:
    second = session(tmp_path / "ada" / "zweite Sitzung ünï")
    first = session(tmp_path / "ada" / "first")
    broken = session(tmp_path / "grace", "sync.csv")
    session(tmp_path / ".trash" / "old")
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    assert find_sessions(tmp_path) == [first, second, broken]


def test_a_session_is_its_own_root(tmp_path: Path) -> None:
    only = session(tmp_path / "only")
    session(only / "inside")
    assert find_sessions(only) == [only]


def test_a_link_to_a_session_counts_once_and_other_links_are_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    first = session(root / "first")
    away = session(tmp_path / "elsewhere" / "away")
    (root / "loop").symlink_to(root)
    (root / "folder").symlink_to(tmp_path / "elsewhere")
    (root / "latest").symlink_to(first)
    (root / "linked").symlink_to(away)
    (root / "linked again").symlink_to(away)
    assert find_sessions(root) == [first, root / "linked"]


def test_a_root_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="nowhere: does not exist"):
        find_sessions(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecordingError, match="is a file"):
        find_sessions(tmp_path / "file")


def test_a_session_without_session_json_is_named_by_its_directory(tmp_path: Path) -> None:
    opened = open_session(session(tmp_path / "Abend 3"))
    assert (opened.session_id, opened.info) == ("Abend 3", None)
    assert opened.video_path == tmp_path / "Abend 3" / "capture.mp4"
    assert opened.sync_path == tmp_path / "Abend 3" / "sync.csv"
    assert opened.inputs_path == tmp_path / "Abend 3" / "actions.bin"


def test_session_json_gives_the_session_its_name(tmp_path: Path) -> None:
    path = session(tmp_path / "one")
    write_session_info(path / "session.json", info(1))
    assert open_session(path).session_id == "a-b-c"


@pytest.mark.parametrize("name", FILES)
def test_what_is_there_and_no_file_is_not_called_missing(tmp_path: Path, name: str) -> None:
    path = session(tmp_path / "one")
    (path / name).unlink()
    (path / name).mkdir()
    with pytest.raises(RecordingError, match="is no file") as caught:
        open_session(path)
    assert caught.value.file == path / name


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    path = session(tmp_path / "one")
    (path / name).unlink()
    with pytest.raises(RecordingError, match="is missing") as caught:
        open_session(path)
    assert caught.value.file == path / name


@pytest.mark.parametrize("name", FILES)
def test_an_empty_file_is_named(tmp_path: Path, name: str) -> None:
    path = session(tmp_path / "one")
    (path / name).write_bytes(b"")
    with pytest.raises(RecordingError, match="is empty") as caught:
        open_session(path)
    assert caught.value.file == path / name


def test_no_input_is_believed_where_session_json_says_so(tmp_path: Path) -> None:
    path = session(tmp_path / "one")
    (path / "actions.bin").write_bytes(b"")
    write_session_info(path / "session.json", info(0))
    assert open_session(path).info == info(0)


def test_a_broken_session_json_is_named(tmp_path: Path) -> None:
    path = session(tmp_path / "one")
    (path / "session.json").write_text("{}")
    with pytest.raises(RecordingError, match=r"session\.json, format_version: is missing"):
        open_session(path)


def test_a_path_that_is_no_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="does not exist"):
        open_session(tmp_path / "nowhere")
