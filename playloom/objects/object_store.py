"""The protocol of an object store, and what holds for every kind of it.

An object appears whole or not at all, and a reader that has opened it reads the version that it opened. What the
protocol promises is held by one set of tests over every kind of store.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from playloom.objects.errors import ObjectDamagedError, ObjectSumError, UploadMissingError
from playloom.objects.part_sum import PartSum

CHUNK_BYTES = 1 << 20
"""Content passes in pieces of this size."""

PAGE_LIMIT = 1000
"""Objects on a page at most: S3's own limit."""


@dataclass(frozen=True, kw_only=True)
class ObjectInfo:
    """An object.

    Attributes:
        key: its name.
        size_bytes: of its content.
        etag: changes with its content; means nothing else.
        modified_unix_ns: when it was written.
    """

    key: str
    size_bytes: int
    etag: str
    modified_unix_ns: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some objects in the order of their keys (by UTF-8 bytes).

    Attributes:
        objects: at most as many as were asked for.
        next_after: ask with this for the next page; None at the end.
    """

    objects: tuple[ObjectInfo, ...]
    next_after: str | None


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of an upload. Attributes: number: from 1; etag: as the store gave it."""

    number: int
    etag: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class PartUpload:
    """An upload in parts that is neither completed nor aborted."""

    key: str
    upload_id: str
    begun_unix_ns: int


@dataclass(frozen=True, kw_only=True)
class PartLimits:
    """What parts a store takes.

    Attributes:
        min_bytes: of every part but the last.
        max_bytes: of a part.
        max_parts: of an upload.
    """

    min_bytes: int
    max_bytes: int
    max_parts: int


@dataclass(frozen=True, kw_only=True)
class SignedRequest:
    """A request that whoever holds it may make once or more until it expires, and nothing else.

    Attributes:
        method: of HTTP.
        url: to be kept secret: it is the permission.
        headers: to be sent with it.
        expires_unix_s: the last moment.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    expires_unix_s: int


class ObjectStore(Protocol):
    """Keeps objects. Safe to use from several threads and processes at once.

    Every method raises ObjectKeyError for a name that no object can have, and ObjectStoreError where the store cannot
    be reached or refuses.
    """

    @property
    def url(self) -> str:
        """Its address, without secrets."""
        ...

    @property
    def part_limits(self) -> PartLimits: ...

    @property
    def part_sum(self) -> PartSum:
        """What the ETags of parts are."""
        ...

    def put(
        self,
        key: str,
        content: bytes | BinaryIO,
        *,
        size_bytes: int | None = None,
        sha256: str | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        """Write an object; another of this name is replaced.

        Args:
            key: its name.
            content: bytes, or a file that is read to its end.
            size_bytes: what the content must have; None: whatever it has.
            sha256: in hexadecimal, what the content must have; None: whatever it has.
            if_absent: create it only if there is none; of several that try at once, one succeeds.

        Raises:
            ObjectExistsError: with ``if_absent``, there is one.
            ObjectDamagedError: the content is not what it must be; nothing was written.
        """
        ...

    def stream(self, key: str, *, begin: int = 0, end: int | None = None, sha256: str | None = None) -> Iterator[bytes]:
        """The content from byte ``begin`` to before byte ``end`` (at most the object's end), piece by piece.

        Raises:
            ObjectMissingError: there is none; at once, not with the first piece.
            ObjectDamagedError: the whole content was asked for and does not have this ``sha256``; with the last piece.
        """
        ...

    def info(self, key: str) -> ObjectInfo:
        """Raises: ObjectMissingError: there is none."""
        ...

    def list_page(self, prefix: str = "", *, after: str | None = None, limit: int = PAGE_LIMIT) -> Page:
        """The objects whose keys begin with ``prefix`` and come after ``after``."""
        ...

    def copy(self, source: str, target: str) -> ObjectInfo:
        """Copy an object within the store, without its bytes passing through here.

        Raises:
            ObjectMissingError: there is no source.
        """
        ...

    def compose(self, sources: Sequence[str], target: str) -> ObjectInfo:
        """Make one object of several, one after the other; within the store where it can.

        Raises:
            ObjectMissingError: a source is not there.
        """
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; those that are not there are no fault."""
        ...

    def begin_upload(self, key: str, *, part_bytes: int | None = None) -> str:
        """Begin an upload in parts; returns its id.

        Args:
            key: of the object to be.
            part_bytes: what every part but the last will have, if that is known: the store may use it to take parts
                faster. Parts of other sizes are taken all the same.
        """
        ...

    def put_part(self, key: str, upload_id: str, number: int, content: bytes) -> Part:
        """Write part ``number`` (from 1); a part of this number that was there is replaced.

        Raises:
            UploadMissingError: there is no such upload.
        """
        ...

    def list_parts(self, key: str, upload_id: str) -> list[Part]:
        """The parts that are there, by number.

        Raises:
            UploadMissingError: there is no such upload.
        """
        ...

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], *, sha256: str | None = None
    ) -> ObjectInfo:
        """Make the object of these parts, in this order; the upload ends.

        Args:
            key, upload_id: which.
            parts: what it is made of.
            sha256: in hexadecimal, what the object must have: the store reads what it has not summed up before.

        Raises:
            UploadMissingError: there is no such upload.
            ObjectDamagedError: a part is not there or is another than named; or the object has another SHA-256, and
                then it may be there or not, and the upload too.
        """
        ...

    def abort_upload(self, key: str, upload_id: str) -> None:
        """End an upload and remove its parts; one that is not there is no fault."""
        ...

    def open_uploads(self, prefix: str = "") -> list[PartUpload]:
        """Uploads that are neither completed nor aborted."""
        ...

    def sign_get(self, key: str, *, expires_s: int) -> SignedRequest:
        """A permission to read one object."""
        ...

    def sign_part(self, key: str, upload_id: str, number: int, *, size_bytes: int, expires_s: int) -> SignedRequest:
        """A permission to write one part of ``size_bytes``. The answer's ETag header names the part."""
        ...


def read_object(store: ObjectStore, key: str, *, begin: int = 0, end: int | None = None) -> bytes:
    """An object's content, or a range of it, at once."""
    return b"".join(store.stream(key, begin=begin, end=end))


def list_objects(store: ObjectStore, prefix: str = "") -> Iterator[ObjectInfo]:
    """All objects whose keys begin with ``prefix``, page by page."""
    after: str | None = None
    while True:
        page = store.list_page(prefix, after=after)
        yield from page.objects
        if page.next_after is None:
            return
        after = page.next_after


def put_file(store: ObjectStore, key: str, path: Path, *, if_absent: bool = False) -> ObjectInfo:
    """Write a file's content as an object."""
    with path.open("rb") as file:
        return store.put(key, file, size_bytes=path.stat().st_size, if_absent=if_absent)


def fetch_file(store: ObjectStore, key: str, path: Path, *, sha256: str | None = None) -> None:
    """Write an object's content as a file, which appears whole or not at all.

    Raises:
        ObjectMissingError, ObjectDamagedError: as `ObjectStore.stream`.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.writelines(store.stream(key, sha256=sha256))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def collect_abandoned(store: ObjectStore, *, older_than_s: float, prefix: str = "") -> list[PartUpload]:
    """Abort uploads that were begun longer ago; returns them."""
    limit_ns = time.time_ns() - int(older_than_s * 1e9)
    abandoned = [upload for upload in store.open_uploads(prefix) if upload.begun_unix_ns < limit_ns]
    for upload in abandoned:
        store.abort_upload(upload.key, upload.upload_id)
    return abandoned


def verified(store_url: str, key: str, chunks: Iterator[bytes], sha256: str) -> Iterator[bytes]:
    """Pass content on, and raise ObjectDamagedError in the end if its sum is not ``sha256``."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != sha256.lower():
        raise ObjectSumError(store_url, key, found=digest.hexdigest(), wanted=sha256)


def check_parts(store_url: str, key: str, upload_id: str, wanted: Sequence[Part], there: Sequence[Part]) -> None:
    """See that the parts named for completing an upload are those that are there.

    Raises:
        ObjectDamagedError: they are not.
        UploadMissingError: none is named: there is nothing to complete.
    """
    if not wanted:
        raise UploadMissingError(store_url, key, upload_id)
    known = {part.number: part for part in there}
    numbers = [part.number for part in wanted]
    if numbers != sorted(set(numbers)):
        raise ObjectDamagedError(store_url, key, "names its parts twice or not in order")
    for part in wanted:
        if part.number not in known:
            raise ObjectDamagedError(store_url, key, f"lacks its part {part.number}")
        if known[part.number] != part:
            raise ObjectDamagedError(store_url, key, f"has another part {part.number} than the one named")
