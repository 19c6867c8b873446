from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from playloom.objects.directory_copy import append_file


def copied(tmp_path: Path) -> bytes:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"0123456789")
    with source.open("rb") as content, target.open("wb") as file:
        file.write(b"before ")
        append_file(content, file)
        file.write(b" after")
    return target.read_bytes()


def test_a_file_is_appended_to_another(tmp_path: Path) -> None:
    assert copied(tmp_path) == b"before 0123456789 after"


def test_where_the_kernel_stops_half_way_the_rest_is_copied_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, calls = os.copy_file_range, []

    def stops(source: int, target: int, _count: int) -> int:
        calls.append(source)
        if len(calls) > 1:
            raise OSError(errno.EXDEV, "another file system")
        return copy(source, target, 4)

    monkeypatch.setattr(os, "copy_file_range", stops)
    assert copied(tmp_path) == b"before 0123456789 after"


def test_a_full_disk_is_no_reason_to_try_another_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_source: int, _target: int, _count: int) -> int:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(OSError, match="no room"):
        copied(tmp_path)
