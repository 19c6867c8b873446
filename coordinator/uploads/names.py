"""Names that come from a player's machine: they become parts of object keys, and later directories and files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from coordinator.errors import InvalidError
from playloom.errors import OutputError
from playloom.recording.session import SESSION_FILES
from playloom.recording.session_name import check_session_name

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
MAX_FILES = 50
MAX_RECORDING_ID = 200
_UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
_SHA256 = re.compile("[0-9a-f]{64}")


def check_file_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names of a session's files, sorted.

    Raises:
        InvalidError: a file cannot be called so, is named twice, or one that every session has is not named.
    """
    if len(names) > MAX_FILES:
        raise InvalidError("files", f"there are more than {MAX_FILES}")
    for name in names:
        if not FILE_NAME.fullmatch(name):
            raise InvalidError(
                "files",
                f"no file of a session can be called {name[:80]!r}",
                remedy="Take letters, digits, dots, dashes and underscores",
            )
        _check_portable("files", name)
    if len({name.lower() for name in names}) != len(names):
        raise InvalidError("files", "a name stands there twice, or differs from another in capitals only")
    for name in SESSION_FILES:
        if name not in names:
            raise InvalidError("files", f"{name} is missing", remedy=f"A session needs {', '.join(SESSION_FILES)}")
    return tuple(sorted(names))


def check_recording_name(name: str) -> str:
    """The name of a session's directory.

    Raises:
        InvalidError: a directory cannot be called so.
    """
    name = unicodedata.normalize("NFC", name)
    _check_seen("name", name)
    _check_portable("name", name)
    return name


def check_recording_id(recording_id: str) -> str:
    """The id in a session.json.

    Raises:
        InvalidError: it is empty, too long or holds what cannot be seen.
    """
    if not recording_id.strip() or len(recording_id) > MAX_RECORDING_ID:
        raise InvalidError("recording_id", f"it is empty or longer than {MAX_RECORDING_ID} characters")
    _check_seen("recording_id", recording_id)
    return recording_id


def check_sha256(field: str, text: str) -> str:
    """Raises: InvalidError: it is no SHA-256."""
    if not _SHA256.fullmatch(text):
        raise InvalidError(field, f"{text[:80]!r} is no SHA-256 in lower-case hexadecimal")
    return text


def _check_seen(field: str, text: str) -> None:
    if any(unicodedata.category(sign) in _UNSEEN for sign in text):
        raise InvalidError(field, "it holds characters that cannot be seen")


def _check_portable(field: str, name: str) -> None:
    try:
        check_session_name(Path(), name)
    except OutputError as error:
        raise InvalidError(field, error.problem) from error
