"""What tells one recording's content from another's: one sum over the sums of the files that every session has."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from playloom.recording.session import SESSION_FILES


def content_sha256(sums: Mapping[str, str]) -> str:
    """The SHA-256, in hexadecimal, of a line ``NAME SHA256`` for each of a session's three files, by their names.

    Args:
        sums: by file name, in lower-case hexadecimal; session.json and others may stand among them.
    """
    lines = "".join(f"{name} {sums[name]}\n" for name in sorted(SESSION_FILES))
    return hashlib.sha256(lines.encode()).hexdigest()
