"""Directories of attempts: each is locked by the process that works in it, so that what a dead one left can be told."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playloom.errors import OutputError
from playloom.file_lock import lock_for_this_program

PREFIX = "attempt-"
_LOCK = "lock"


@contextmanager
def attempt_directory(scratch: Path) -> Iterator[Path]:
    """An empty directory in ``scratch``, gone afterwards.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=scratch))
        lock = (path / _LOCK).open("wb")
    except OSError as error:
        raise OutputError(
            scratch, f"cannot be written: {error.strerror}", remedy="Name another directory with --scratch"
        ) from error
    try:
        lock_for_this_program(lock)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        lock.close()


def remove_left_attempts(scratch: Path) -> int:
    """Remove the directories of attempts whose process is dead; returns how many there were."""
    removed = 0
    for path in scratch.glob(f"{PREFIX}*"):
        with suppress(OSError), (path / _LOCK).open("rb") as lock:
            if lock_for_this_program(lock):
                shutil.rmtree(path, ignore_errors=True)
                removed += 1
    return removed
