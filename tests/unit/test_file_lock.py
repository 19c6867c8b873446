"""What a lock of a file promises, held over both ways of locking."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from playloom.file_lock import LOCKED_BYTE, lock_for_this_program, lock_with_flock, lock_with_msvcrt

type Lock = Callable[[IO[bytes]], bool]


class ByteLocks:
    """What msvcrt does, as its documentation has it: a byte at the file's place, refused where another has it.

    A descriptor's locks go with it: here that is looked up, on Windows the system does it.
    """

    LK_NBLCK = 2

    def __init__(self) -> None:
        self._held: dict[tuple[int, int], int] = {}

    def locking(self, descriptor: int, mode: int, size_bytes: int) -> None:
        assert (mode, size_bytes) == (self.LK_NBLCK, 1)
        key = (os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR))
        holder = self._held.get(key)
        if holder is not None and _is_open(holder):
            raise PermissionError(13, "Permission denied")
        self._held[key] = descriptor


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.fixture(params=["flock", "msvcrt"])
def lock(request: pytest.FixtureRequest) -> Lock:
    if request.param == "flock":
        return lock_with_flock
    system = ByteLocks()
    return lambda file: lock_with_msvcrt(file, system)


def test_one_has_the_lock_until_its_file_is_closed(tmp_path: Path, lock: Lock) -> None:
    path = tmp_path / "lock"
    with path.open("ab") as first, path.open("ab") as second:
        assert lock(first)
        assert not lock(second)
        assert not lock(second)
        first.close()
        assert lock(second)


def test_other_files_are_not_locked(tmp_path: Path, lock: Lock) -> None:
    with (tmp_path / "one").open("ab") as one, (tmp_path / "two").open("ab") as two:
        assert lock(one)
        assert lock(two)


def test_a_locked_file_is_read_and_written_where_it_was(tmp_path: Path, lock: Lock) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b"0123456789")
    with path.open("r+b", buffering=0) as file:
        assert file.read(3) == b"012"
        assert lock(file)
        assert file.read(2) == b"34"
        file.write(b"X")
        assert path.read_bytes() == b"01234X6789"
    assert path.stat().st_size == 10 < LOCKED_BYTE


@pytest.mark.skipif(sys.platform == "win32", reason="kills as Unix does")
def test_the_lock_of_a_killed_program_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys; from playloom.file_lock import lock_for_this_program\n"
        "file = open(sys.argv[1], 'ab'); print(lock_for_this_program(file), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with path.open("ab") as file:
            assert not lock_for_this_program(file)
            other.kill()
            other.wait(10)
            assert lock_for_this_program(file)
