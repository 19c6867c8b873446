"""An object store in a directory: for one machine, or a server whose disk is storage enough.

Objects are files below ``objects``; what is not finished lies in ``partial`` and ``uploads`` on the same file system,
so that it appears by a rename. Whoever can write to the directory is trusted; names from outside are checked before
they become paths.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from playloom.objects.directory_copy import append_file
from playloom.objects.directory_part_writer import PartWriter
from playloom.objects.directory_parts import DirectoryParts
from playloom.objects.directory_walk import walk_keys
from playloom.objects.errors import (
    ObjectDamagedError,
    ObjectExistsError,
    ObjectMissingError,
    ObjectStoreError,
    ObjectSumError,
)
from playloom.objects.object_key import check_key, check_prefix
from playloom.objects.object_store import (
    CHUNK_BYTES,
    PAGE_LIMIT,
    ObjectInfo,
    Page,
    Part,
    PartLimits,
    PartUpload,
    SignedRequest,
    verified,
)
from playloom.objects.part_sum import PartSum
from playloom.objects.signed_urls import UrlSigner
from playloom.recording.session_info import sync_directory

MARKER = "playloom-store.txt"
_MARKER_TEXT = "This directory is an object store of Playloom. Its files are changed by Playloom only.\n"


class DirectoryStore:
    """Objects in a directory; see `ObjectStore`.

    Attributes:
        root: the directory.
    """

    part_limits = PartLimits(min_bytes=1, max_bytes=5 << 30, max_parts=10_000)
    part_sum = PartSum.CRC32

    def __init__(self, root: Path, *, signer: UrlSigner | None = None) -> None:
        """Open a store, or begin one in a directory that is empty or not there.

        Args:
            root: the directory.
            signer: makes the permissions of `sign_get` and `sign_part`; None: there are none.

        Raises:
            ObjectStoreError: it cannot be used, or holds something else.
        """
        self.root = root.absolute()
        self._signer = signer
        self._objects = self.root / "objects"
        self._partial = self.root / "partial"
        try:
            self._begin()
        except OSError as error:
            raise self._failed(error) from error
        self._parts = DirectoryParts(self.root / "uploads", self.url)

    @property
    def url(self) -> str:
        return self.root.as_uri()

    def _begin(self) -> None:
        marker = self.root / MARKER
        self.root.mkdir(parents=True, exist_ok=True)
        if not marker.exists():
            if any(self.root.iterdir()):
                raise ObjectStoreError(
                    self.url, "holds something else than an object store", remedy="Name an empty directory"
                )
            marker.write_text(_MARKER_TEXT, encoding="utf-8")
        for directory in (self._objects, self._partial):
            directory.mkdir(exist_ok=True)

    def put(
        self,
        key: str,
        content: bytes | BinaryIO,
        *,
        size_bytes: int | None = None,
        sha256: str | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        path = self._path(key)
        if if_absent and path.exists():
            raise ObjectExistsError(self.url, key)
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        with self._partial_file() as (partial, file):
            digest = hashlib.sha256() if sha256 is not None else None
            written = 0
            while chunk := source.read(CHUNK_BYTES):
                file.write(chunk)
                written += len(chunk)
                if digest is not None:
                    digest.update(chunk)
            if size_bytes is not None and written != size_bytes:
                raise ObjectDamagedError(self.url, key, f"came with {written} bytes, not {size_bytes}")
            if digest is not None and sha256 is not None and digest.hexdigest() != sha256.lower():
                raise ObjectDamagedError(self.url, key, f"came with the SHA-256 {digest.hexdigest()}")
            self._publish(partial, file, path, key, if_absent=if_absent)
        return self.info(key)

    def stream(self, key: str, *, begin: int = 0, end: int | None = None, sha256: str | None = None) -> Iterator[bytes]:
        try:
            file = self._path(key).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectMissingError(self.url, key) from error
        except OSError as error:
            raise self._failed(error) from error
        chunks = self._chunks(file, begin, end)
        whole = begin == 0 and end is None
        return chunks if sha256 is None or not whole else verified(self.url, key, chunks, sha256)

    def _chunks(self, file: BinaryIO, begin: int, end: int | None) -> Iterator[bytes]:
        with file:
            file.seek(begin)
            left = None if end is None else max(0, end - begin)
            while left is None or left > 0:
                try:
                    chunk = file.read(CHUNK_BYTES if left is None else min(left, CHUNK_BYTES))
                except OSError as error:
                    raise self._failed(error) from error
                if not chunk:
                    return
                if left is not None:
                    left -= len(chunk)
                yield chunk

    def info(self, key: str) -> ObjectInfo:
        found = self._info(self._path(key), key)
        if found is None:
            raise ObjectMissingError(self.url, key)
        return found

    def _info(self, path: Path, key: str) -> ObjectInfo | None:
        try:
            stat = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._failed(error) from error
        if not path.is_file():
            return None
        etag = f"{stat.st_ino:x}-{stat.st_mtime_ns:x}-{stat.st_size:x}"
        return ObjectInfo(key=key, size_bytes=stat.st_size, etag=etag, modified_unix_ns=stat.st_mtime_ns)

    def list_page(self, prefix: str = "", *, after: str | None = None, limit: int = PAGE_LIMIT) -> Page:
        assert 1 <= limit <= PAGE_LIMIT, limit
        check_prefix(prefix)
        objects: list[ObjectInfo] = []
        try:
            for key in walk_keys(self._objects, prefix, after):
                found = self._info(self._objects / key, key)
                if found is None:  # removed since the directory was read
                    continue
                if len(objects) == limit:
                    return Page(objects=tuple(objects), next_after=objects[-1].key)
                objects.append(found)
        except OSError as error:
            raise self._failed(error) from error
        return Page(objects=tuple(objects), next_after=None)

    def copy(self, source: str, target: str) -> ObjectInfo:
        return self.compose([source], target)

    def compose(self, sources: Sequence[str], target: str) -> ObjectInfo:
        assert sources, "an object is made of at least one"
        path = self._path(target)
        with self._partial_file() as (partial, file):
            for source in sources:
                try:
                    with self._path(source).open("rb") as content:
                        append_file(content, file)
                except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                    raise ObjectMissingError(self.url, source) from error
            self._publish(partial, file, path, target)
        return self.info(target)

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            path = self._path(key)
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                continue
            except OSError as error:
                raise self._failed(error) from error
            for folder in path.parents:
                if folder == self._objects:
                    break
                try:
                    folder.rmdir()
                except OSError:  # it holds other objects
                    break

    def begin_upload(self, key: str, *, part_bytes: int | None = None) -> str:
        return self._parts.begin(check_key(key), part_bytes)

    def put_part(self, key: str, upload_id: str, number: int, content: bytes) -> Part:
        return self._parts.put(key, upload_id, number, content)

    def write_part(self, key: str, upload_id: str, number: int, *, size_bytes: int) -> PartWriter:
        """Begin to write a part of at most ``size_bytes`` piece by piece, as it comes over a network.

        Raises:
            UploadMissingError: there is no such upload, or it is being completed.
        """
        return self._parts.writing(check_key(key), upload_id, number, size_bytes)

    def list_parts(self, key: str, upload_id: str) -> list[Part]:
        return self._parts.list(key, upload_id)

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], *, sha256: str | None = None
    ) -> ObjectInfo:
        path = self._path(key)
        with self._parts.completing(key, upload_id, parts) as upload:
            content = upload.in_one_file()
            if content is not None:
                if sha256 is not None:
                    self._check_sum(key, upload.sha256(), sha256)
                with content.open("r+b") as file:
                    self._publish(content, file, path, key)
            else:
                with self._partial_file() as (partial, file):
                    upload.write_to(file)
                    if sha256 is not None:
                        file.flush()
                        with partial.open("rb") as written:
                            self._check_sum(key, hashlib.file_digest(written, "sha256").hexdigest(), sha256)
                    self._publish(partial, file, path, key)
        return self.info(key)

    def _check_sum(self, key: str, found: str, wanted: str) -> None:
        if found != wanted.lower():
            raise ObjectSumError(self.url, key, found=found, wanted=wanted)

    def abort_upload(self, key: str, upload_id: str) -> None:
        self._parts.remove(check_key(key), upload_id)

    def open_uploads(self, prefix: str = "") -> list[PartUpload]:
        return self._parts.uploads(check_prefix(prefix))

    def remove_leftovers(self, *, older_than_s: float) -> int:
        """Remove what a process that was killed had not finished to write; returns how many files."""
        limit_s = time.time() - older_than_s
        removed = 0
        try:
            for path in self._partial.iterdir():
                with suppress(FileNotFoundError):  # it has just got its name
                    if path.stat().st_mtime < limit_s:
                        path.unlink()
                        removed += 1
        except OSError as error:
            raise self._failed(error) from error
        return removed

    def sign_get(self, key: str, *, expires_s: int) -> SignedRequest:
        return self._signing().sign_get(check_key(key), expires_s=expires_s)

    def sign_part(self, key: str, upload_id: str, number: int, *, size_bytes: int, expires_s: int) -> SignedRequest:
        return self._signing().sign_part(check_key(key), upload_id, number, size_bytes=size_bytes, expires_s=expires_s)

    def _signing(self) -> UrlSigner:
        if self._signer is None:
            raise ObjectStoreError(
                self.url, "nobody serves this directory over HTTP", remedy="Open it through the coordinator"
            )
        return self._signer

    def _path(self, key: str) -> Path:
        return self._objects / check_key(key)

    @contextmanager
    def _partial_file(self) -> Iterator[tuple[Path, BinaryIO]]:
        path = self._partial / secrets.token_hex(16)
        try:
            with path.open("xb") as file:
                yield path, file
        except OSError as error:
            raise self._failed(error) from error
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _publish(self, partial: Path, file: BinaryIO, path: Path, key: str, *, if_absent: bool = False) -> None:
        """See the content onto the disk and give it its name: all of it, or none."""
        file.flush()
        os.fsync(file.fileno())
        while True:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                if if_absent:
                    os.link(partial, path)  # unlike a rename, it never replaces
                else:
                    partial.replace(path)
                break
            except FileNotFoundError:  # another's delete has just removed the empty folder
                if not partial.exists():
                    raise
            except (NotADirectoryError, IsADirectoryError) as error:
                raise self._shadowed(key) from error
            except FileExistsError as error:
                if not path.is_file():
                    raise self._shadowed(key) from error
                raise ObjectExistsError(self.url, key) from error
        sync_directory(path.parent)

    def _shadowed(self, key: str) -> ObjectStoreError:
        return ObjectStoreError(self.url, f"'{key}' is the folder of other objects, or within another object's name")

    def _failed(self, error: OSError) -> ObjectStoreError:
        return ObjectStoreError(
            self.url, f"cannot be used: {error.strerror or error}", remedy="See that the disk is there and has room"
        )
