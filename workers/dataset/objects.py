"""The objects of one dataset, put and fetched with patience: a store that is busy for a moment costs a moment.

Files are named by their content, so putting one twice is no fault, and what a version of yesterday has is not sent
again. A file that nobody named may be collected any time once it is old: one that is found there and is to be used
again is written again, so that it is young.
"""

from __future__ import annotations

import hashlib
import random
import secrets
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from playloom.manifest.errors import ManifestError
from playloom.manifest.keys import file_key, new_version_key, segment_key
from playloom.manifest.reading import read_version
from playloom.manifest.version import DatasetVersion, FileRef, Segment, SegmentRef
from playloom.objects.errors import ObjectDamagedError, ObjectExistsError, ObjectMissingError, ObjectStoreError
from playloom.objects.object_store import ObjectInfo, ObjectStore, fetch_file, read_object
from workers.dataset.coordinator import VersionPointer

TRIES = 6
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
"""A store that answers 503 is asked again for about ten seconds."""

TRANSFERS = 8
"""Objects under way at the same time; they are small, so what they cost is waiting."""

YOUNG_S = 3600.0
"""An object that is older and is to be used again is written again; far below the grace time of collecting."""


def patiently[T](work: Callable[[], T]) -> T:
    """Do it, and again where the store is away for a moment.

    Raises:
        ObjectStoreError: it stays away, or the fault is another.
    """
    wait_s, damages = FIRST_WAIT_S, 0
    for left in reversed(range(TRIES)):
        try:
            return work()
        except (ObjectMissingError, ObjectExistsError):
            raise
        except ObjectStoreError as error:
            damages += isinstance(error, ObjectDamagedError)  # the way may have done it, once
            if not left or damages > 1:
                raise
        time.sleep(wait_s * random.uniform(0.5, 1.0))
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)
    raise AssertionError("unreachable")


def side_by_side[T, R](work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results for all items, in order, some under way at the same time."""
    with ThreadPoolExecutor(TRANSFERS) as pool:
        return list(pool.map(work, items))


class DatasetObjects:
    """The objects of one dataset. Any thread may call.

    Attributes:
        store: where they lie.
        dataset_id: whose.
    """

    def __init__(self, store: ObjectStore, dataset_id: str) -> None:
        self.store = store
        self.dataset_id = dataset_id

    def read(self, key: str) -> bytes:
        """An object's content; for small ones."""
        return patiently(lambda: read_object(self.store, key))

    def read_checked(self, key: str, sha256: str) -> bytes:
        """The content, which must have this sum.

        Raises:
            ObjectMissingError, ObjectDamagedError
        """
        return patiently(lambda: b"".join(self.store.stream(key, sha256=sha256)))

    def fetch(self, file: FileRef, directory: Path) -> Path:
        """A dataset's file into a directory, under its sum; one that is there already is not fetched again."""
        key = file_key(self.dataset_id, file.sha256, file.path)
        path = directory / key.rsplit("/", 1)[-1]
        if not path.exists():
            own = path.with_name(f"{secrets.token_hex(4)}-{path.name}")  # two shards may have the same file
            self.fetch_object(key, file.sha256, own)
            own.replace(path)
        return path

    def fetch_object(self, key: str, sha256: str, path: Path) -> None:
        """An object of this sum as a file, streamed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        patiently(lambda: fetch_file(self.store, key, path, sha256=sha256))

    def put_file(self, source: Path, path: str) -> FileRef:
        """A local file as the dataset's file at ``path``."""
        with source.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size_bytes = source.stat().st_size
        key = file_key(self.dataset_id, sha256, path)

        def put(if_absent: bool) -> None:
            with source.open("rb") as file:
                self.store.put(key, file, size_bytes=size_bytes, sha256=sha256, if_absent=if_absent)

        self._put_once(key, size_bytes, put)
        return FileRef(path=path, sha256=sha256, size_bytes=size_bytes)

    def put_bytes(self, content: bytes, path: str) -> FileRef:
        """The same for content in memory."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._put_content(file_key(self.dataset_id, sha256, path), content, sha256)
        return FileRef(path=path, sha256=sha256, size_bytes=len(content))

    def put_segment(self, segment: Segment) -> SegmentRef:
        content = segment.to_bytes()
        ref = SegmentRef.of(segment, content)
        self._put_content(segment_key(self.dataset_id, ref.sha256), content, ref.sha256)
        return ref

    def read_segment(self, ref: SegmentRef) -> Segment:
        key = segment_key(self.dataset_id, ref.sha256)
        return Segment.from_bytes(self.read_checked(key, ref.sha256), key)

    def put_version(self, version: DatasetVersion) -> tuple[str, str]:
        """A version's manifest under a name of its own; returns its key and its SHA-256."""
        content = version.to_bytes()
        key = new_version_key(self.dataset_id, version.number)

        def put() -> None:
            try:
                self.store.put(key, content, if_absent=True)
            except ObjectExistsError:
                if read_object(self.store, key) != content:  # else it is ours: the answer to the first try was lost
                    raise

        patiently(put)
        return key, hashlib.sha256(content).hexdigest()

    def read_version(self, pointer: VersionPointer) -> DatasetVersion:
        version = read_version(self.read, pointer.manifest_key, pointer.manifest_sha256)
        if version.number != pointer.number:
            raise ManifestError(pointer.manifest_key, f"is version {version.number}, not {pointer.number}")
        return version

    def info(self, key: str) -> ObjectInfo:
        return patiently(lambda: self.store.info(key))

    def _put_content(self, key: str, content: bytes, sha256: str) -> None:
        def put(if_absent: bool) -> None:
            self.store.put(key, content, size_bytes=len(content), sha256=sha256, if_absent=if_absent)

        self._put_once(key, len(content), put)

    def _put_once(self, key: str, size_bytes: int, put: Callable[[bool], None]) -> None:
        try:
            patiently(lambda: put(True))
            return
        except ObjectExistsError:
            pass
        try:
            there = self.info(key)
        except ObjectMissingError:  # collected in between
            patiently(lambda: put(False))
            return
        if there.size_bytes != size_bytes or there.modified_unix_ns < time.time_ns() - int(YOUNG_S * 1e9):
            patiently(lambda: put(False))


__all__ = ["DatasetObjects", "ObjectDamagedError", "ObjectMissingError", "patiently", "side_by_side"]
