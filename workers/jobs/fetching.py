"""A session's objects as files: linked where the store is a directory of this machine, else read in ranges."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from playloom.objects.directory_store import DirectoryStore
from playloom.objects.errors import ObjectDamagedError, ObjectMissingError
from playloom.objects.object_key import check_key
from playloom.objects.object_store import CHUNK_BYTES, ObjectStore
from workers.dataset.objects import patiently

RANGE_BYTES = 16 << 20
"""One read; several are under way at a time. Memory holds a chunk of each, never a file."""

READS = 4


@dataclass(frozen=True, kw_only=True)
class SessionFile:
    """A file of a session. Attributes: name: in its directory; key: of its object; sha256: in hexadecimal."""

    name: str
    key: str
    size_bytes: int
    sha256: str


def bring_session(
    store: ObjectStore, files: Sequence[SessionFile], directory: Path, progress: Callable[[float], None]
) -> None:
    """Put a session's files into a directory.

    Args:
        store: where its objects lie.
        files: all of them.
        directory: an empty one.
        progress: told which share of the bytes is there.

    Raises:
        ObjectMissingError: one is not there any more.
        ObjectDamagedError: one is not what it should be.
        ObjectStoreError: the store is away.
    """
    total_bytes = max(1, sum(file.size_bytes for file in files))
    done_bytes = 0
    for file in files:
        assert file.name == Path(file.name).name, file.name
        if isinstance(store, DirectoryStore):
            _link(store, file, directory / file.name)
        else:
            _read(store, file, directory / file.name)
        done_bytes += file.size_bytes
        progress(done_bytes / total_bytes)


def _link(store: DirectoryStore, file: SessionFile, path: Path) -> None:
    source = store.root / "objects" / check_key(file.key)
    try:
        if source.stat().st_size != file.size_bytes:
            raise ObjectDamagedError(store.url, file.key, f"has {source.stat().st_size} bytes, not {file.size_bytes}")
        try:
            os.link(source, path)
        except FileNotFoundError:
            raise
        except OSError:  # another file system, or one that knows no hard links
            path.symlink_to(source)
    except FileNotFoundError as error:
        raise ObjectMissingError(store.url, file.key) from error


def _read(store: ObjectStore, file: SessionFile, path: Path) -> None:
    """Read ranges side by side to their places, then see that the whole is right."""
    with path.open("wb") as target:
        target.truncate(file.size_bytes)

        def read(begin: int) -> None:
            end = min(begin + RANGE_BYTES, file.size_bytes)

            def once() -> None:
                place = begin
                for chunk in store.stream(file.key, begin=begin, end=end):
                    os.pwrite(target.fileno(), chunk, place)
                    place += len(chunk)
                if place != end:
                    raise ObjectDamagedError(store.url, file.key, f"ends at byte {place}, not {file.size_bytes}")

            patiently(once)

        with ThreadPoolExecutor(READS) as pool:
            list(pool.map(read, range(0, file.size_bytes, RANGE_BYTES)))
    found = _sum_of(path)
    if found != file.sha256.lower():
        raise ObjectDamagedError(store.url, file.key, f"has the SHA-256 {found}, not {file.sha256.lower()}")


def _sum_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
