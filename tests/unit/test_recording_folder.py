from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from capture_node.recorder.settings import Mask
from capture_node.terminal.folder import folder_usage, made_folder, recover_folder
from capture_node.terminal.mask_text import parse_mask
from playloom.errors import OutputError, PlayloomError
from playloom.recording.session_info import read_session_info
from tests.support.sessions import make_session


def small_session(path: Path) -> Path:
    return make_session(path.parent, path.name, frames=6, with_session_json=True)


def cut_off(root: Path, name: str) -> Path:
    """A session whose recorder was killed: without its session.json, with the note of its beginning."""
    session = small_session(root / name)
    (session / "session.json").rename(session / ".session.start.json")
    return session


def test_a_folder_that_was_made_and_is_left_empty_goes_again(tmp_path: Path) -> None:
    with made_folder(tmp_path / "a" / "b", None):
        assert (tmp_path / "a" / "b").is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_or_is_used_stays(tmp_path: Path) -> None:
    with made_folder(tmp_path, None):
        pass
    with made_folder(tmp_path / "a" / "b", None):
        (tmp_path / "a" / "b" / "session").mkdir()
    assert (tmp_path / "a" / "b" / "session").is_dir()


def test_a_name_that_is_taken_or_leads_elsewhere_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    for name, problem in (("taken", "exists already"), ("a/../up", "holds '/'"), (".hidden", "begins with a dot")):
        with pytest.raises(OutputError, match=problem), made_folder(tmp_path, name):
            pass
    with pytest.raises(OutputError, match="holds '/'"), made_folder(tmp_path / "new", "a/b"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_file_and_a_session_are_no_folders_for_sessions(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file"), made_folder(tmp_path / "file", None):
        pass
    session = small_session(tmp_path / "session")
    with pytest.raises(OutputError, match=f"Name the folder that it lies in: {tmp_path}"), made_folder(session, None):
        pass


def test_below_a_file_nothing_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Not a directory"), made_folder(tmp_path / "file" / "below", None):
        pass


def test_sessions_that_were_cut_off_are_mended_and_those_of_other_recorders_left_alone(tmp_path: Path) -> None:
    mine = cut_off(tmp_path, "mine")
    theirs = small_session(tmp_path / "theirs")
    (theirs / "session.json").unlink()
    whole = small_session(tmp_path / "whole")
    before = (whole / "session.json").read_bytes()
    (line,) = recover_folder(tmp_path)
    assert line.startswith(f"recovered {mine}, which had been cut off: ")
    assert read_session_info(mine / "session.json").recovery is not None
    assert not (theirs / "session.json").exists()
    assert (whole / "session.json").read_bytes() == before
    assert recover_folder(tmp_path) == []


def test_a_session_that_another_recorder_is_writing_is_left_alone(tmp_path: Path) -> None:
    session = cut_off(tmp_path, "running")
    with (session / "capture.mp4").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert recover_folder(tmp_path) == []
    assert not (session / "session.json").exists()


def test_a_session_that_cannot_be_mended_is_told_and_costs_nobody_else(tmp_path: Path) -> None:
    broken = cut_off(tmp_path, "a-broken")
    (broken / "capture.mp4").write_bytes(b"")
    cut_off(tmp_path, "b-fine")
    lines = recover_folder(tmp_path)
    assert lines[0].startswith(f"warning: {broken} was cut off and cannot be recovered: ")
    assert lines[1].startswith(f"recovered {tmp_path / 'b-fine'}, ")


def test_what_lies_in_a_folder_is_counted_without_what_is_being_recorded(tmp_path: Path) -> None:
    first, second = small_session(tmp_path / "a"), small_session(tmp_path / "b")
    (tmp_path / "notes.txt").write_text("mine")
    size_bytes = sum(file.stat().st_size for file in first.iterdir())
    assert folder_usage(tmp_path, second) == (1, size_bytes)
    assert folder_usage(tmp_path, None)[0] == 2


def test_masks_are_parts_of_the_picture() -> None:
    assert parse_mask("0, 0.9,0.3,0.2") == Mask(x=0, y=0.9, width=0.3, height=1 - 0.9)
    assert parse_mask("50%,0,25%,100%") == Mask(x=0.5, y=0, width=0.25, height=1)
    assert parse_mask("0.75,0.5,1,1") == Mask(x=0.75, y=0.5, width=0.25, height=0.5), "it ends at the edge"


@pytest.mark.parametrize(
    "text", ["", "0,0,1", "0,0,1,1,1", "0,0,0,1", "1,0,1,1", "0,0,200,100", "nan,0,1,1", "a,b,c,d"]
)
def test_what_is_no_mask_is_refused_because_it_would_hide_nothing(text: str) -> None:
    with pytest.raises(PlayloomError, match=r"is no rectangle|hides nothing"):
        parse_mask(text)
