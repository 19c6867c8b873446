"""SHA-256 of files, summed up once: what was found is kept beside the file's size and time."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from playloom.client.access import HOME_VARIABLE

_lock = threading.Lock()


def tree_sha256(sums: Mapping[str, str]) -> str:
    """One sum over many files: of their paths and sums, in the paths' order."""
    lines = "".join(f"{path}\n{sums[path]}\n" for path in sorted(sums))
    return hashlib.sha256(lines.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's content.

    A file of the same place, size and time of change is not read again. What is known is kept in the user's cache
    directory; where that cannot be written, files are read each time.
    """
    status = path.stat()
    key, facts = str(path.absolute()), [status.st_size, status.st_mtime_ns]
    memory = cache_directory() / "sums"
    note = memory / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    try:
        known = json.loads(note.read_bytes())
        if known["file"] == key and known["facts"] == facts:
            return str(known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        with _lock:
            memory.mkdir(parents=True, exist_ok=True)
            partial = note.with_suffix(f".{os.getpid()}")
            partial.write_text(json.dumps({"file": key, "facts": facts, "sha256": found}))
            partial.replace(note)
    except OSError:
        pass  # the next run reads the file again
    return found


def cache_directory() -> Path:
    """Where this user's caches of training lie."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser().absolute() / "cache/training"
    from platformdirs import user_cache_path

    return user_cache_path("playloom", appauthor=False) / "training"
