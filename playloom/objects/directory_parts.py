"""Uploads in parts into a directory store: a directory an upload, and in it one file that becomes the object.

Where all parts but the last have one size, each is written straight into its place in that file, so that completing
copies nothing. A place belongs to one writer (a locked file of its own), and once its part is recorded nothing is
written there any more: what was summed up stays what it is, and so does the object later. A part that comes a second
time goes into a file of its own, as all do where sizes are not known; then the object is put together by copying.

An upload that is being completed is sealed: nothing new begins to be written, and whoever still writes is seen by the
lock of its place. A part's ETag is the CRC-32 of its content: a client can tell without sending it again whether it
arrived whole. What the object must be is held by its SHA-256, see `directory_sums`.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from weakref import WeakValueDictionary

from playloom.file_lock import lock_for_this_program
from playloom.objects.directory_copy import append_range
from playloom.objects.directory_part_writer import PART_FILE, PartWriter, UploadFolder
from playloom.objects.directory_sums import RunningSums
from playloom.objects.errors import ObjectDamagedError, ObjectStoreError, UploadMissingError
from playloom.objects.object_store import Part, PartUpload, check_parts

_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_OPEN_FILE, _SEALED_FILE = "upload.json", "sealed.json"
_COMPLETING_LOCK = "completing.lock"
MAX_PART_NUMBER = 10_000

COMPLETING_S = 600.0
"""So long one who completes an upload waits for another who does."""


@dataclass(frozen=True, kw_only=True)
class _Description:
    """Attributes: part_bytes: of every part but the last; None: not known. sealed: it is being completed."""

    key: str
    begun_unix_ns: int
    part_bytes: int | None
    sealed: bool


class DirectoryParts:
    """The open uploads of one directory store."""

    def __init__(self, root: Path, store_url: str) -> None:
        self._root, self._url = root, store_url
        self._sums = RunningSums()
        self._turns: WeakValueDictionary[Path, threading.Lock] = WeakValueDictionary()

    def begin(self, key: str, part_bytes: int | None) -> str:
        upload_id = secrets.token_hex(16)
        path = self._root / upload_id
        try:
            path.mkdir(parents=True)
            if part_bytes is not None:
                self._upload_folder(path, part_bytes).content.touch()
            content = json.dumps({"key": key, "begun_unix_ns": time.time_ns(), "part_bytes": part_bytes})
            partial = path / ".upload.json"
            partial.write_text(content, encoding="utf-8")
            partial.replace(path / _OPEN_FILE)
        except OSError as error:
            raise self._failed(error) from error
        return upload_id

    def put(self, key: str, upload_id: str, number: int, content: bytes) -> Part:
        with self.writing(key, upload_id, number, len(content)) as part:
            part.write(content)
            return part.finish()

    def writing(self, key: str, upload_id: str, number: int, size_bytes: int) -> PartWriter:
        """Begin to write a part piece by piece."""
        assert 1 <= number <= MAX_PART_NUMBER, number
        folder = self._folder(key, upload_id)
        self._unseal_if_left(folder)

        def is_open() -> bool:
            return (folder.path / _OPEN_FILE).exists()

        try:
            writer = PartWriter(
                folder, number, size_bytes, store_url=self._url, is_open=is_open, recorded=self._sums.go_on
            )
        except FileNotFoundError as error:
            raise UploadMissingError(self._url, key, upload_id) from error
        except OSError as error:
            raise self._failed(error) from error
        if not is_open():
            writer.close()
            raise UploadMissingError(self._url, key, upload_id)
        return writer

    def list(self, key: str, upload_id: str) -> list[Part]:
        """The newest of each number."""
        folder = self._folder(key, upload_id)
        try:
            found = [part for part, _ in self._found(folder)]
            self._folder(key, upload_id)  # completed meanwhile, it may have been removed while it was read
            return found
        except FileNotFoundError as error:
            raise UploadMissingError(self._url, key, upload_id) from error
        except OSError as error:
            raise self._failed(error) from error

    @contextmanager
    def completing(self, key: str, upload_id: str, parts: Sequence[Part]) -> Iterator[WholeUpload]:
        """Within the block nothing of the upload changes; then it is gone, unless an error ends the block.

        Raises:
            UploadMissingError: there is no such upload.
            ObjectDamagedError: a part is not there or is another than named.
        """
        check_parts(self._url, key, upload_id, parts, self.list(key, upload_id))
        folder = self._folder(key, upload_id)
        try:
            with (folder.path / _COMPLETING_LOCK).open("ab") as lock:
                self._wait_for(lock, key)
                self._folder(key, upload_id)  # another may have completed it while this one waited
                with suppress(FileNotFoundError):  # sealed by one that did not come to its end
                    (folder.path / _OPEN_FILE).rename(folder.path / _SEALED_FILE)
                try:
                    found = self._found(folder)
                    check_parts(self._url, key, upload_id, parts, [part for part, _ in found])
                    places = {part.number: place for part, place in found}
                    yield WholeUpload(folder, parts, places, self._sums, store_url=self._url, key=key)
                except BaseException:
                    if not folder.is_moved:
                        (folder.path / _SEALED_FILE).rename(folder.path / _OPEN_FILE)
                    raise
                self._close(folder)
        except FileNotFoundError as error:
            raise UploadMissingError(self._url, key, upload_id) from error
        except OSError as error:
            raise self._failed(error) from error
        self._clear(folder)

    def remove(self, key: str, upload_id: str) -> None:
        try:
            folder = self._folder(key, upload_id, moved=True)
        except UploadMissingError:
            return
        self._close(folder)
        self._clear(folder)

    def _close(self, folder: UploadFolder) -> None:
        """Make it no upload any more, also where the removal of its files is cut off."""
        for name in (_OPEN_FILE, _SEALED_FILE):
            (folder.path / name).unlink(missing_ok=True)

    def _clear(self, folder: UploadFolder) -> None:
        shutil.rmtree(folder.path, ignore_errors=True)
        self._sums.forget(folder)

    def uploads(self, prefix: str) -> list[PartUpload]:
        found: list[PartUpload] = []
        if not self._root.is_dir():
            return found
        for path in sorted(self._root.iterdir()):
            try:
                described = _read_description(path)
            except FileNotFoundError:  # it has just been completed
                continue
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise ObjectStoreError(self._url, f"the upload {path.name} cannot be read: {error}") from error
            if described.key.startswith(prefix):
                begun_ns = described.begun_unix_ns
                found.append(PartUpload(key=described.key, upload_id=path.name, begun_unix_ns=begun_ns))
        return found

    def _found(self, folder: UploadFolder) -> list[tuple[Part, Path | None]]:
        """The newest part of each number; and its file, or None where it is in its place."""
        newest: dict[int, tuple[int, Part, Path | None]] = {}

        def take(written_ns: int, part: Part, file: Path | None) -> None:
            if part.number not in newest or newest[part.number][0] < written_ns:
                newest[part.number] = (written_ns, part, file)

        with os.scandir(folder.path) as entries:
            for entry in entries:
                if match := PART_FILE.fullmatch(entry.name):
                    stat = entry.stat()
                    if stat.st_size == int(match[3]):  # else cut off with the power
                        take(
                            stat.st_mtime_ns,
                            Part(number=int(match[1]), etag=match[2], size_bytes=int(match[3])),
                            Path(entry.path),
                        )
                elif (place := folder.read_place(entry.name)) is not None:
                    take(entry.stat().st_mtime_ns, place, None)
        return [(part, file) for _, (_, part, file) in sorted(newest.items())]

    def _folder(self, key: str, upload_id: str, *, moved: bool = False) -> UploadFolder:
        """The upload's directory, if it is one of this key. Args: moved: also one whose object is there already."""
        missing = UploadMissingError(self._url, key, upload_id)
        if not _UPLOAD_ID.fullmatch(upload_id):
            raise missing
        path = self._root / upload_id
        try:
            described = _read_description(path)
        except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
            raise missing from error
        except OSError as error:
            raise self._failed(error) from error
        folder = self._upload_folder(path, described.part_bytes)
        if described.key != key or (described.sealed and folder.is_moved and not moved):
            raise missing
        return folder

    def _wait_for(self, lock: BinaryIO, key: str) -> None:
        """Wait until nobody else completes this upload."""
        deadline_s = time.monotonic() + COMPLETING_S
        while not lock_for_this_program(lock):
            if time.monotonic() > deadline_s:
                raise ObjectStoreError(self._url, f"'{key}' is being completed by another program", remedy="Try again")
            time.sleep(0.02)

    def _upload_folder(self, path: Path, part_bytes: int | None) -> UploadFolder:
        return UploadFolder(path, part_bytes, self._turns.setdefault(path, threading.Lock()))

    def _unseal_if_left(self, folder: UploadFolder) -> None:
        """Open an upload again that a program has sealed which came to no end."""
        if (folder.path / _OPEN_FILE).exists():
            return
        with suppress(FileNotFoundError), (folder.path / _COMPLETING_LOCK).open("ab") as lock:
            if lock_for_this_program(lock) and not folder.is_moved:
                (folder.path / _SEALED_FILE).rename(folder.path / _OPEN_FILE)

    def _failed(self, error: OSError) -> ObjectStoreError:
        return ObjectStoreError(
            self._url, f"cannot be used: {error.strerror or error}", remedy="See that the disk is there and has room"
        )


class WholeUpload:
    """All parts of an upload that is being completed.

    Args:
        folder: its directory.
        parts: what the object is made of.
        files: where each number's part lies; None: in its place.
        sums: computed while the parts came.
    """

    def __init__(
        self,
        folder: UploadFolder,
        parts: Sequence[Part],
        files: dict[int, Path | None],
        sums: RunningSums,
        *,
        store_url: str,
        key: str,
    ) -> None:
        self._folder, self._parts, self._files, self._sums = folder, parts, files, sums
        self._url, self._key = store_url, key

    @property
    def size_bytes(self) -> int:
        return sum(part.size_bytes for part in self._parts)

    def in_one_file(self) -> Path | None:
        """The file that is the object's content; None where parts have to be put together.

        Nobody writes to it any more: neither now, nor when it is the object.
        """
        part_bytes = self._folder.part_bytes
        if part_bytes is None or any(self._files[part.number] is not None for part in self._parts):
            return None
        *others, last = self._parts
        numbers = [part.number for part in self._parts]
        if numbers != list(range(1, len(numbers) + 1)) or any(part.size_bytes != part_bytes for part in others):
            return None
        if last.size_bytes > part_bytes or not self._folder.drop_beyond(len(numbers)):
            return None
        with self._folder.content.open("r+b") as file:
            file.truncate(self.size_bytes)
        return self._folder.content

    def sha256(self) -> str:
        """Of the one file, in hexadecimal; what was summed up while it came is not read again."""
        return self._sums.whole(self._folder, self.size_bytes, len(self._parts))

    def write_to(self, target: BinaryIO) -> None:
        """Put the parts together.

        Raises:
            ObjectDamagedError: one is gone.
        """
        for part in self._parts:
            file = self._files[part.number]
            begin = 0 if file is not None else (part.number - 1) * (self._folder.part_bytes or 0)
            try:
                with (file or self._folder.content).open("rb") as source:
                    append_range(source, target, begin=begin, size_bytes=part.size_bytes)
            except FileNotFoundError as error:
                raise ObjectDamagedError(self._url, self._key, f"lacks its part {part.number}") from error


def _read_description(path: Path) -> _Description:
    """Raises: FileNotFoundError: there is no upload; ValueError, KeyError, TypeError: it cannot be read."""
    for _ in range(2):  # it may be sealed or opened again between the two looks
        for name in (_OPEN_FILE, _SEALED_FILE):
            with suppress(FileNotFoundError):
                values = json.loads((path / name).read_text(encoding="utf-8"))
                part_bytes = values.get("part_bytes")
                return _Description(
                    key=str(values["key"]),
                    begun_unix_ns=int(values["begun_unix_ns"]),
                    part_bytes=None if part_bytes is None else int(part_bytes),
                    sealed=name == _SEALED_FILE,
                )
    raise FileNotFoundError(path)
