"""What tells one source from another without reading all of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from playloom.errors import RecordingError

_SAMPLE_BYTES = 1 << 20
_MAX_STEM = 80


def signature_of(paths: Iterable[Path]) -> str:
    """A sum over each file's name, size, first and last MiB, in hexadecimal.

    Recordings end in what no two of them share, so this tells them apart as surely as reading gigabytes would.

    Raises:
        RecordingError: one cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                size_bytes = file.seek(0, 2)
                digest.update(f"{path.name}\0{size_bytes}\0".encode("utf-8", "surrogateescape"))
                for start in sorted({0, max(0, size_bytes - _SAMPLE_BYTES)}):
                    file.seek(start)
                    digest.update(file.read(_SAMPLE_BYTES))
        except OSError as error:
            raise RecordingError(path, f"cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def session_name(stem: str, signature: str) -> str:
    """The name of a session: the source's, in signs that every system takes, and the beginning of its signature."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:_MAX_STEM]
    return f"{plain or 'session'}-{signature[:8]}"
