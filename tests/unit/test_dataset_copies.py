"""A dataset's copy on this machine: files once, versions as trees, nothing outside, nothing of what was withdrawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from playloom.datasets.local_copy import LocalCopy, checked_path
from playloom.errors import OutputError
from playloom.manifest.errors import ManifestError
from playloom.manifest.version import ShardRef
from tests.support.dataset_versions import content_of, file_of, session_of, shards_of, version_of


def fill(copy: LocalCopy, shards: tuple[ShardRef, ...], number: int) -> None:
    """Put the contents of a version's files where a pull puts them."""
    for shard in shards:
        for file in shard.files:
            copy.place(file).parent.mkdir(parents=True, exist_ok=True)
            copy.place(file).write_bytes(content_of(file.path))
    info = file_of("meta/info.json", f"info of {number}")
    copy.place(info).parent.mkdir(parents=True, exist_ok=True)
    copy.place(info).write_bytes(content_of(f"info of {number}"))


def test_versions_share_the_files_that_both_name(tmp_path: Path) -> None:
    copy = LocalCopy(tmp_path)
    first, second = shards_of(session_of("a")), shards_of(session_of("a"), session_of("b"))
    with copy.locked():
        for number, shards in ((1, first), (2, second)):
            fill(copy, shards, number)
            copy.lay_out(version_of(shards, number)[0], shards)

    assert copy.numbers() == [1, 2]
    one, two = (copy.tree(number) / "videos/main/file-000.mp4" for number in (1, 2))
    assert one.read_bytes() == b"content of videos/main/file-000.mp4"
    assert one.stat().st_ino == two.stat().st_ino
    assert copy.load(2).shards == second


def test_only_what_is_lacking_is_to_come(tmp_path: Path) -> None:
    copy = LocalCopy(tmp_path)
    first, second = shards_of(session_of("a")), shards_of(session_of("a"), session_of("b"))
    with copy.locked():
        fill(copy, first, 1)
    lacking = copy.missing(file for shard in second for file in shard.files)
    assert {file.path for file in lacking} == {"data/chunk-000/file-001.parquet", "videos/main/file-001.mp4"}


def test_a_version_without_all_its_files_is_not_laid_out(tmp_path: Path) -> None:
    copy = LocalCopy(tmp_path)
    shards = shards_of(session_of("a"))
    with copy.locked(), pytest.raises(ManifestError, match="is not here"):
        copy.lay_out(version_of(shards)[0], shards)
    assert copy.numbers() == []


def test_what_no_version_names_any_more_is_swept(tmp_path: Path) -> None:
    copy = LocalCopy(tmp_path)
    first, second = shards_of(session_of("a"), session_of("b")), shards_of(session_of("a"))
    with copy.locked():
        for number, shards in ((1, first), (2, second)):
            fill(copy, shards, number)
            copy.lay_out(version_of(shards, number)[0], shards)
        copy.forget(1)
        assert copy.sweep() > 0
    assert not any(b"file-001" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert (copy.tree(2) / "videos/main/file-000.mp4").exists()


def test_two_programs_do_not_change_a_copy_at_once(tmp_path: Path) -> None:
    with (
        LocalCopy(tmp_path).locked(),
        pytest.raises(OutputError, match="another program"),
        LocalCopy(tmp_path).locked(),
    ):
        pass


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "meta/../../x", "a//b", "", "C:/x", "a\\..\\b", "a\0b", "."])
def test_a_path_that_leads_out_of_the_dataset_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError):
        checked_path(path)
    copy = LocalCopy(tmp_path / "copy")
    (shard,) = shards_of(session_of("a"))
    shards = (replace(shard, files=(replace(shard.files[0], path=path),)),)
    with copy.locked():
        fill(copy, (shard,), 1)
        copy.place(shard.files[0]).write_bytes(b"x")
        with pytest.raises(ManifestError):
            copy.lay_out(version_of(shards)[0], shards)
    assert [entry.name for entry in tmp_path.iterdir()] == ["copy"]
