"""Files appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from playloom.errors import OutputError
from playloom.output_files import output_file


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    with output_file(tmp_path / "a.png") as partial:
        partial.write_text("whole")
        assert partial.suffix == ".png"
        assert not (tmp_path / "a.png").exists()
    assert (tmp_path / "a.png").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def write_and_be_interrupted() -> None:
        with output_file(tmp_path / "a.png") as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_be_interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_text("old")
    with pytest.raises(OutputError, match=r"exists already.*--force"), output_file(file):
        pass
    assert file.read_text() == "old"
    with output_file(file, force=True) as partial:
        partial.write_text("new")
    assert file.read_text() == "new"


@pytest.mark.parametrize(("name", "problem"), [("nowhere/a.png", "does not exist"), ("", "is a folder")])
def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(OutputError, match=problem), output_file(tmp_path / name):
        pass


def test_a_disk_that_fails_is_an_error_about_the_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No space left"), output_file(tmp_path / "a.png"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []
