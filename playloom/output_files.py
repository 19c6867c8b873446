"""Files that a person asked for appear whole or not at all, and replace another only when that was asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playloom.errors import OutputError


@contextmanager
def output_file(path: Path, *, force: bool = False) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to; it takes ``path``'s place when the block ends well.

    Args:
        path: where the file shall be.
        force: replace a file that is there.

    Raises:
        OutputError: the file exists, or cannot be written (no such folder, no permission, disk full).
    """
    check_output(path, force=force)
    # The suffix stays last: encoders choose their format by it.
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        partial.touch()
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def check_output(path: Path, *, force: bool = False) -> None:
    """Raise `OutputError` now if ``path`` could not be written later."""
    if path.is_dir():
        raise OutputError(path, "is a folder", remedy="Name a file")
    if path.exists() and not force:
        raise OutputError(path, "exists already", remedy="Choose another name, or add --force to replace it")
    if not path.parent.is_dir():
        raise OutputError(path, f"the folder {path.parent} does not exist", remedy="Create it first")


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(
        path,
        f"cannot be written: {error.strerror or error}",
        remedy="Choose a place that you may write to and that has room",
    )
