"""The folder that a foreground recording goes into: made, tried and tidied."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playloom.errors import OutputError, RecordingError
from playloom.recording.append_file import cannot_write
from playloom.recording.recovery import recover_session
from playloom.recording.session import START_FILE, is_session
from playloom.recording.session_info import INFO_FILE
from playloom.recording.session_name import check_session_name


@contextmanager
def made_folder(root: Path, name: str | None) -> Iterator[None]:
    """Within the block there is a folder that can be written to. One that was made for it and is left empty goes again.

    Args:
        root: the folder.
        name: of the session that shall lie in it, if that is known.

    Raises:
        OutputError: nothing can be written there, or the session's name is taken or cannot be used.
    """
    if root.exists() and not root.is_dir():
        raise OutputError(root, "is a file, not a directory", remedy="Name a directory for sessions")
    if is_session(root):
        raise OutputError(root, "is a session itself", remedy=f"Name the folder that it lies in: {root.parent}")
    if name is not None and os.path.lexists(root / check_session_name(root, name)):
        raise OutputError(root / name, "exists already", remedy="Choose another name, or leave it out")
    missing = [folder for folder in (root, *root.parents) if not folder.exists()]
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        raise cannot_write(root, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # something lies in it
            for folder in missing:
                folder.rmdir()


def recover_folder(root: Path) -> list[str]:
    """Mend the sessions in a folder that were cut off; says of each what is lost. One that is being recorded stays.

    Raises:
        RecordingError: the folder cannot be listed.
    """
    lines: list[str] = []
    for path in _sessions_in(root):
        if (path / INFO_FILE).exists() or not (path / START_FILE).exists():
            continue
        try:
            lost = "; ".join(f"{damage.file.name}: {damage.problem}" for damage in recover_session(path))
            lines.append(f"recovered {path}, which had been cut off: {lost}")
        except RecordingError as error:
            if not error.problem.startswith("is being recorded"):
                lines.append(f"warning: {path} was cut off and cannot be recovered: {error}")
        except OutputError as error:
            lines.append(f"warning: {path} was cut off and cannot be recovered: {error}")
    return lines


def folder_usage(root: Path, without: Path | None) -> tuple[int, int]:
    """How many sessions lie in a folder, and their size in bytes; ``without`` one of them."""
    sessions = size_bytes = 0
    for path in _sessions_in(root):
        if path == without:
            continue
        sessions += 1
        with suppress(OSError):  # moved away meanwhile
            size_bytes += sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    return sessions, size_bytes


def _sessions_in(root: Path) -> list[Path]:
    """Those that lie in the folder itself: it may be somebody's home, which is not to be searched."""
    try:
        return sorted(path for path in root.iterdir() if is_session(path))
    except OSError as error:
        raise RecordingError(root, f"cannot be listed: {error.strerror}") from error
