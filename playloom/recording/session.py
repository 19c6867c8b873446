"""A session: a directory that holds a video, its frames' times and the inputs, and mostly a session.json."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from playloom.errors import RecordingError
from playloom.recording.session_info import INFO_FILE, SessionInfo, read_session_info

VIDEO_FILE = "capture.mp4"
SYNC_FILE = "sync.csv"
INPUTS_FILE = "actions.bin"
START_FILE = ".session.start.json"
"""What is known of a session while it is being recorded; gone when session.json is there."""

SESSION_FILES = (VIDEO_FILE, SYNC_FILE, INPUTS_FILE)
"""What every session has; LeGamer's have nothing else."""

NAMED_CHOICES = 5
"""An error names so many sessions to choose from."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session whose files are there. What they hold has not been looked at.

    Attributes:
        path: the directory.
        session_id: from session.json, or else the directory's name.
        info: session.json, or None: another recorder's session, or one that was cut off.
    """

    path: Path
    session_id: str
    info: SessionInfo | None

    @property
    def video_path(self) -> Path:
        return self.path / VIDEO_FILE

    @property
    def sync_path(self) -> Path:
        return self.path / SYNC_FILE

    @property
    def inputs_path(self) -> Path:
        return self.path / INPUTS_FILE

    @property
    def info_path(self) -> Path:
        return self.path / INFO_FILE


def is_session(path: Path) -> bool:
    """Whether a directory holds any of a session's files: a session, maybe a broken one."""
    return any((path / name).is_file() for name in (*SESSION_FILES, INFO_FILE))


def find_sessions(root: Path) -> list[Path]:
    """The sessions in a directory and the directories below it, by path; broken ones too. Hidden ones are passed over.

    A link to a session is one too, unless that session is found already; links to other directories are not followed.

    Args:
        root: a directory of sessions, or a session itself.

    Raises:
        RecordingError: there is no such directory, or it cannot be listed.
    """
    if not root.exists():
        raise RecordingError(root, "does not exist")
    if not root.is_dir():
        raise RecordingError(root, "is a file, not a directory of sessions")
    if is_session(root):
        return [root]
    found: list[Path] = []
    links: list[Path] = []
    waiting = [root]
    while waiting:
        try:
            children = sorted(waiting.pop().iterdir())
        except OSError as error:
            raise RecordingError(Path(error.filename or root), f"cannot be listed: {error.strerror}") from error
        for child in children:
            if child.name.startswith(".") or not child.is_dir():
                continue
            if is_session(child):
                (links if child.is_symlink() else found).append(child)
            elif not child.is_symlink():
                waiting.append(child)
    known = {path.resolve() for path in found}
    for link in sorted(links):
        if link.resolve() not in known:
            known.add(link.resolve())
            found.append(link)
    return sorted(found)


def check_is_one(path: Path) -> None:
    """Refuse a folder of sessions where one session is wanted.

    Raises:
        RecordingError: sessions stand below ``path``; names the first of them.
    """
    if not path.is_dir() or is_session(path):
        return
    if found := find_sessions(path):
        names = ", ".join(str(session) for session in found[:NAMED_CHOICES])
        more = f" and {len(found) - NAMED_CHOICES} more" if len(found) > NAMED_CHOICES else ""
        count = "one session" if len(found) == 1 else f"{len(found)} sessions"
        raise RecordingError(path, f"is a folder of {count}, not a session", remedy=f"Choose from {names}{more}")


def open_session(path: Path) -> Session:
    """Open a session directory.

    Raises:
        RecordingError: it is a folder of sessions; a file is missing or empty, or session.json is not valid; names
            the file. No input at all is only believed where session.json says so.
    """
    if not path.is_dir():
        raise RecordingError(path, "does not exist" if not path.exists() else "is a file, not a session's directory")
    check_is_one(path)
    info = read_session_info(path / INFO_FILE) if (path / INFO_FILE).exists() else None
    for name in SESSION_FILES:
        file = path / name
        if not file.is_file():
            problem = "is no file" if os.path.lexists(file) else "is missing"
            raise RecordingError(file, problem, remedy=f"A session needs the files {', '.join(SESSION_FILES)}")
        if file.stat().st_size == 0 and not (name == INPUTS_FILE and _says_empty(info)):
            raise RecordingError(file, "is empty", remedy="The recording did not get that far; record it again")
    return Session(path=path, session_id=_text_of(path.resolve().name) if info is None else info.session_id, info=info)


def _text_of(name: str) -> str:
    """A file name whose bytes are no text, with these spelt out: it shall stand in JSON and tables."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _says_empty(info: SessionInfo | None) -> bool:
    record = None if info is None else info.files.get(INPUTS_FILE)
    return record is not None and record.bytes == 0
