"""Files that only grow."""

from __future__ import annotations

from pathlib import Path

import pytest

from playloom.errors import OutputError
from playloom.recording.append_file import AppendFile, lock_file


def test_what_is_flushed_is_in_the_file(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "x")
    file.write(b"ab")
    file.write(b"c")
    assert file.pending
    assert (tmp_path / "x").read_bytes() == b""
    file.flush()
    assert not file.pending
    assert (tmp_path / "x").read_bytes() == b"abc"
    file.write(b"lost")
    file.close()
    assert (tmp_path / "x").read_bytes() == b"abc"


def test_a_file_that_exists_is_never_taken(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"old")
    with pytest.raises(OutputError, match="x: cannot be written: File exists"):
        AppendFile(tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"old"


def test_another_reader_sees_that_the_file_is_in_use_until_it_is_closed(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "x")
    with (tmp_path / "x").open("rb") as other:
        assert not lock_file(other)
        file.close()
        assert lock_file(other)
