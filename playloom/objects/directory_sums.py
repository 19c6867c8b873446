"""The SHA-256 of uploads, computed while their parts come: in the end little or nothing is left to be read.

A sum goes from the first byte as far as parts are whole in their places, which nobody writes to any more. It is kept in
memory only: after a restart the file is read from its beginning, as the next part comes.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from playloom.objects.directory_part_writer import UploadFolder
from playloom.objects.object_store import CHUNK_BYTES

MAX_SUMS = 4096
"""Uploads whose sums are kept; of the one that was gone on with the longest ago it is computed anew."""

TO_DISK_BYTES = 64 << 20
"""So often what was summed up is seen onto the disk: in the end little is left to wait for."""


@dataclass
class _Sum:
    """Attributes: parts: that are summed up; complete: the last of them was shorter than a part."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    size_bytes: int = 0
    on_disk_bytes: int = 0
    parts: int = 0
    complete: bool = False


class RunningSums:
    """The sums of one store's uploads. Any thread may call."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._sums: OrderedDict[Path, _Sum] = OrderedDict()
        self._waiting: dict[Path, UploadFolder] = {}
        self._works = False

    def go_on(self, folder: UploadFolder) -> None:
        """A part has come: sum up what can be, in the background."""
        with self._turn:
            self._waiting[folder.path] = folder
            if self._works:
                return
            self._works = True
        threading.Thread(target=self._work, name="upload sums", daemon=True).start()

    def whole(self, folder: UploadFolder, size_bytes: int, parts: int) -> str:
        """The SHA-256 of the first ``size_bytes`` of an upload's content, all of whose ``parts`` are in their places.

        Raises:
            OSError: it cannot be read.
        """
        found = self._sum(folder)
        with found.turn:
            _advance(found, folder)
            if (found.size_bytes, found.parts) == (size_bytes, parts):
                return found.digest.hexdigest()
        digest = hashlib.sha256()  # more parts than these have come
        with folder.content.open("rb", buffering=0) as file:
            _read(file, size_bytes, digest)
        return digest.hexdigest()

    def forget(self, folder: UploadFolder) -> None:
        """The upload is gone."""
        with self._turn:
            self._sums.pop(folder.path, None)

    def _sum(self, folder: UploadFolder) -> _Sum:
        with self._turn:
            found = self._sums.setdefault(folder.path, _Sum())
            self._sums.move_to_end(folder.path)
            if len(self._sums) > MAX_SUMS:
                self._sums.popitem(last=False)
            return found

    def _work(self) -> None:
        while True:
            with self._turn:
                if not self._waiting:
                    self._works = False
                    return
                _, folder = self._waiting.popitem()
            found = self._sum(folder)
            with suppress(OSError), found.turn:  # gone, or it cannot be read: who completes it is told
                _advance(found, folder)


def _advance(found: _Sum, folder: UploadFolder) -> None:
    """Sum up what has come since."""
    assert folder.part_bytes is not None
    with folder.content.open("rb", buffering=0) as file:
        file.seek(found.size_bytes)
        while not found.complete and (part := folder.part_in_place(found.parts + 1)) is not None:
            digest = found.digest.copy()
            _read(file, part.size_bytes, digest)
            found.digest, found.parts = digest, found.parts + 1
            found.size_bytes += part.size_bytes
            found.complete = part.size_bytes < folder.part_bytes
            if found.size_bytes - found.on_disk_bytes >= TO_DISK_BYTES:
                os.fsync(file.fileno())
                found.on_disk_bytes = found.size_bytes


def _read(file: BinaryIO, size_bytes: int, digest: hashlib._Hash) -> None:
    buffer = memoryview(bytearray(min(CHUNK_BYTES, size_bytes)))
    while size_bytes:
        count = file.readinto(buffer[: min(len(buffer), size_bytes)])  # pyright: ignore[reportAttributeAccessIssue]
        if not count:
            raise OSError("a file of an upload is shorter than its parts")
        digest.update(buffer[:count])
        size_bytes -= count
