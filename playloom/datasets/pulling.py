"""Bringing a version of a dataset to this machine: only what is not here yet, whatever interrupted it before."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from playloom.client.errors import ServerError
from playloom.datasets.local_copy import LocalCopy, LocalVersion
from playloom.datasets.server_dataset import CONNECTIONS, Permission, RemoteDataset
from playloom.errors import OutputError
from playloom.figures import bytes_in_words
from playloom.manifest.errors import ManifestError
from playloom.manifest.keys import file_key
from playloom.manifest.reading import read_shards
from playloom.manifest.version import FileRef, ShardRef

BATCH_FILES, BATCH_BYTES = 128, 512 << 20
"""Files whose permissions are asked for at once: so little that none expires before its turn."""

ROOM_BYTES = 64 << 20
"""Left on the disk for others."""

TRIES = 3


@dataclass(frozen=True, kw_only=True)
class PullReport:
    """What came.

    Attributes:
        local: the version as it lies here.
        new_files, new_bytes: fetched now.
        kept_bytes: were here already.
        dropped: numbers of versions that the server withdrew, and that were removed here.
    """

    local: LocalVersion
    new_files: int
    new_bytes: int
    kept_bytes: int
    dropped: tuple[int, ...]


def pull_version(
    remote: RemoteDataset,
    copy: LocalCopy,
    version: str = "",
    *,
    planned: Callable[[int, int], None] = lambda files, size_bytes: None,
    received: Callable[[int], None] = lambda size_bytes: None,
) -> PullReport:
    """Bring a version here. Versions that the server has withdrawn are removed here too.

    Args:
        remote: the dataset where it comes from.
        copy: where it goes.
        version: a number, a tag, or the newest.
        planned: told once how many files of how many bytes will come.
        received: told of every piece.

    Raises:
        OutputError: there is no room, or another program changes the copy.
        ManifestError: what came is not what the version names.
        ServerError: the server is away, or refuses; what has come is kept.
    """
    found = remote.version(version)
    with copy.locked():
        number = int(found.number)
        if number in copy.numbers():
            local = copy.load(number)
            manifest, shards = local.version, local.shards
        else:
            manifest = remote.manifest(found)
            shards = tuple(read_shards(remote.fetch, manifest, _shards_here(copy)))
        files = [file for shard in shards for file in shard.files] + list(manifest.meta_files)
        lacking = copy.missing(files)
        lacking_bytes = sum(file.size_bytes for file in lacking)
        planned(len(lacking), lacking_bytes)
        _check_room(copy.root, lacking_bytes)
        _fetch_all(remote, copy, manifest.dataset_id, lacking, received)
        local = copy.lay_out(manifest, shards)
        dropped = _drop_withdrawn(remote, copy, keep=number)
    return PullReport(
        local=local,
        new_files=len(lacking),
        new_bytes=lacking_bytes,
        kept_bytes=sum(file.size_bytes for file in files) - lacking_bytes,
        dropped=dropped,
    )


def _shards_here(copy: LocalCopy) -> dict[str, tuple[ShardRef, ...]]:
    """What is known of shards from the newest version that is here: of a large dataset megabytes."""
    for number in copy.numbers()[-1:]:
        with suppress(ManifestError):  # it is pulled again when it is wanted
            return copy.load(number).shards_by_segment()
    return {}


def _check_room(root: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(root).free
    if needed_bytes and free < needed_bytes + ROOM_BYTES:
        raise OutputError(
            root,
            f"has room for {bytes_in_words(free)}, and {bytes_in_words(needed_bytes)} are to come",
            remedy="Make room, or name a directory on another disk",
        )


def _fetch_all(
    remote: RemoteDataset,
    copy: LocalCopy,
    dataset_id: str,
    files: Sequence[FileRef],
    received: Callable[[int], None],
) -> None:
    stopped = threading.Event()
    with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="pull") as pool:
        try:
            for batch in _batches(files):
                keys = {file.sha256: file_key(dataset_id, file.sha256, file.path) for file in batch}
                permissions = remote.permissions(list(keys.values()))
                running = [
                    pool.submit(
                        _fetch, remote, permissions[keys[file.sha256]], file, copy.place(file), received, stopped
                    )
                    for file in batch
                ]
                done, _ = wait(running, return_when=FIRST_EXCEPTION)
                for one in done:
                    one.result()
        finally:
            stopped.set()


def _batches(files: Sequence[FileRef]) -> Iterator[list[FileRef]]:
    batch: list[FileRef] = []
    size_bytes = 0
    for file in files:
        if batch and (len(batch) == BATCH_FILES or size_bytes + file.size_bytes > BATCH_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(file)
        size_bytes += file.size_bytes
    if batch:
        yield batch


def _fetch(
    remote: RemoteDataset,
    permission: Permission,
    file: FileRef,
    place: Path,
    received: Callable[[int], None],
    stopped: threading.Event,
) -> None:
    partial = place.with_name(f".{place.name}.partial")
    try:
        place.parent.mkdir(exist_ok=True)
        for attempt in range(TRIES):
            if _fetched(remote, permission, file, partial, received, stopped):
                partial.chmod(0o444)  # what a version names never changes
                partial.replace(place)
                return
            if stopped.is_set():
                return
            received(-min(partial.stat().st_size, file.size_bytes))
            partial.unlink()
            if attempt == TRIES - 1:
                raise ManifestError(
                    file.path, "comes with another content than the version names", remedy="Tell the operator"
                )
    except OSError as error:
        raise OutputError(place, f"cannot be written: {error.strerror}", remedy="Make room, and pull again") from error


def _fetched(
    remote: RemoteDataset,
    permission: Permission,
    file: FileRef,
    partial: Path,
    received: Callable[[int], None],
    stopped: threading.Event,
) -> bool:
    """Whether the whole file is there now, with the content that it must have."""
    digest = hashlib.sha256()
    there = 0
    if partial.exists():
        with partial.open("rb") as kept:
            while piece := kept.read(1 << 20):
                digest.update(piece)
                there += len(piece)
    if there > file.size_bytes:
        received(there)
        return False
    received(there)
    if there < file.size_bytes:
        with partial.open("ab") as output:
            for piece in remote.stream(permission, there):
                if stopped.is_set():
                    return False
                if there + len(piece) > file.size_bytes:
                    raise ServerError(remote.address, f"{file.path} comes longer than the version says")
                output.write(piece)
                digest.update(piece)
                there += len(piece)
                received(len(piece))
    return there == file.size_bytes and digest.hexdigest() == file.sha256


def _drop_withdrawn(remote: RemoteDataset, copy: LocalCopy, *, keep: int) -> tuple[int, ...]:
    here = [number for number in copy.numbers() if number != keep]
    if not here:
        return ()
    readable = {int(one.number) for one in remote.versions() if not one.HasField("withdrawn_unix_ns")}
    dropped = tuple(number for number in here if number not in readable)
    for number in dropped:
        copy.forget(number)
    if dropped:
        copy.sweep()
    return dropped
