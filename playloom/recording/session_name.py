"""Names of session directories: those that come from outside are checked before they become paths."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

from playloom.errors import OutputError

MAX_NAME_BYTES = 200
"""File systems end at 255; the rest is for temporary names beside it."""

_RESERVED_SIGNS = '/\\<>:"|?*'
_RESERVED_NAMES = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(1, 10))}


def new_session_name() -> str:
    """A name that no other session has: the time in UTC and a random part, as in 20261121T093000Z-1a2b3c4d."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def check_session_name(root: Path, name: str) -> str:
    """``name``, if a directory in ``root`` may be called so on Linux, macOS and Windows.

    Raises:
        OutputError: it may not; says why.
    """
    problem = _fault(name)
    if problem is not None:
        raise OutputError(root, f"a session cannot be called {name[:80]!r}: {problem}", remedy="Choose another name")
    return name


def _fault(name: str) -> str | None:
    if not name.strip():
        return "the name is empty"
    if name != name.strip() or name.endswith("."):
        return "it begins or ends with a space, or ends with a dot"
    if name.startswith("."):
        return "it begins with a dot, which makes it hidden"
    for sign in name:
        if sign in _RESERVED_SIGNS:
            return f"it holds {sign!r}"
        if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp"):
            return f"it holds the control character {sign!r}"
    if name.split(".")[0].strip().lower() in _RESERVED_NAMES:
        return "Windows keeps the name for a device"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"it is longer than {MAX_NAME_BYTES} bytes"
    return None
