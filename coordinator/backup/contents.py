"""What a backup is: a directory with a copy of the database, of settings and of secrets, and a manifest written last.

Sessions' files are not in it. They lie in the object store under names that never change their content, so that a store
is copied with its own means, at any time after the database: then nothing that the database knows is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playloom.errors import FileError
from playloom.private_files import write_private_file

MANIFEST_FILE = "backup.json"
SQLITE_FILE = "coordinator.db"
DUMP_FILE = "coordinator.pgdump"
LAYOUT = 1

KEPT_FILES = (
    "coordinator.yaml",
    "url-secret",
    "operator/server.json",
    "tls/ca.pem",
    "tls/ca-key.pem",
    "tls/server.pem",
    "tls/server-key.pem",
)
"""Of a coordinator's directory, as far as they are there."""

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What stands in a backup's manifest.

    Attributes:
        layout: of the backup itself.
        version: of the Playloom that made it.
        dialect: sqlite or postgresql.
        server_id: whose it is.
        made_unix_ns: when the database was copied.
        store: the object store that belongs to it, without keys.
        sha256: of each file, by its path in the backup.
    """

    layout: int = LAYOUT
    version: str
    dialect: str
    server_id: str
    made_unix_ns: int
    store: str
    sha256: Mapping[str, str]


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write the manifest; with it the backup is whole."""
    write_private_file(directory / MANIFEST_FILE, (json.dumps(asdict(manifest), indent=2) + "\n").encode())


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a backup, whose files are all there and as they were written.

    Raises:
        FileError: it is none, is damaged, or of a later version.
    """
    path = directory / MANIFEST_FILE
    try:
        values: dict[str, Any] = json.loads(path.read_bytes())
        if values["layout"] > LAYOUT:
            raise FileError(path, "was made by a later version of Playloom", remedy="Update Playloom first")
        manifest = Manifest(**values)
    except FileNotFoundError as error:
        raise FileError(
            directory, "is no backup of a coordinator", remedy=f"Name the folder with {MANIFEST_FILE}"
        ) from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FileError(path, "is damaged", remedy="Take another backup") from error
    known = {*KEPT_FILES, SQLITE_FILE, DUMP_FILE}
    for name, expected in manifest.sha256.items():
        if name not in known:
            raise FileError(path, f"names '{name}', which is no part of a backup", remedy="Take another backup")
        file = directory / name
        if not file.is_file() or sha256_of(file) != expected:
            raise FileError(file, "is missing or is not as it was written", remedy="Take another backup")
    return manifest


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal."""
    sum_ = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            sum_.update(block)
    return sum_.hexdigest()
