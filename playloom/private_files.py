"""Files that are nobody's business but this user's: tokens, keys."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from playloom.errors import OutputError


def make_private_directory(directory: Path) -> None:
    """A directory that only this user may look into.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sys.platform != "win32":
            directory.chmod(0o700)
    except OSError as error:
        raise _cannot_write(directory, error) from error


def write_private_file(path: Path, content: bytes) -> None:
    """Write a file that only this user can read, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.unlink(missing_ok=True)
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(
        path, f"cannot be written: {error.strerror or error}", remedy="Choose a place that you may write to"
    )
