"""Writes one part of an upload into a directory store: into its place in the one file, or into a file of its own."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import threading
import zlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from io import FileIO
from itertools import batched
from pathlib import Path

from playloom.file_lock import lock_for_this_program
from playloom.objects.errors import ObjectStoreError
from playloom.objects.object_store import Part

PART_FILE = re.compile(r"part-(\d{5})-([0-9a-f]{8,64})-(\d+)")
_PLACE_FILE = re.compile(r"place-(\d{5})")
_WRITTEN_AT_ONCE = 64
"""Pieces in one call: the system takes a thousand."""

_RECORD = re.compile(rb"([0-9a-f]{8}) (\d{1,18})\n")


class UploadFolder:
    """The files of one upload.

    Attributes:
        path: its directory.
        part_bytes: of every part but the last; None: not known, and no part has a place.
        turn: held while something is written; of all in this process that write to this upload.
        content: the file in which parts have their places. It is there from the beginning until it is the object.
    """

    def __init__(self, path: Path, part_bytes: int | None, turn: threading.Lock) -> None:
        self.path, self.part_bytes, self.turn = path, part_bytes, turn
        self.content = path / "content"

    @property
    def is_moved(self) -> bool:
        """Whether the content has become the object."""
        return self.part_bytes is not None and not self.content.exists()

    def place(self, number: int) -> Path:
        """The file that says what lies in a part's place: empty until it is whole, locked while it is written."""
        return self.path / f"place-{number:05}"

    def read_place(self, name: str) -> Part | None:
        """The part that is whole in its place, by its file's name; None: none is, or it is another file."""
        match = _PLACE_FILE.fullmatch(name)
        if match is None or self.part_bytes is None:
            return None
        try:
            record = _RECORD.fullmatch((self.path / name).read_bytes())
            content_bytes = self.content.stat().st_size
        except FileNotFoundError:
            return None
        if record is None:
            return None
        part = Part(number=int(match[1]), etag=record[1].decode(), size_bytes=int(record[2]))
        # A power cut may leave the record and not the content.
        return part if content_bytes >= (part.number - 1) * self.part_bytes + part.size_bytes else None

    def part_in_place(self, number: int) -> Part | None:
        """The part of this number that is whole in its place."""
        return self.read_place(self.place(number).name)

    def drop_beyond(self, number: int) -> bool:
        """Throw away the parts after this one; False, and some are left, where one is being written this moment."""
        for path in self.path.glob("place-*"):
            match = _PLACE_FILE.fullmatch(path.name)
            if match is not None and int(match[1]) > number:
                with path.open("ab") as file:
                    if not lock_for_this_program(file):
                        return False
                    path.unlink()
        return True


class PartWriter:
    """Writes one part. Without `finish` there is none.

    As a context manager it clears up behind itself.

    Args:
        folder: the upload's.
        number: from 1.
        size_bytes: that it will have at most.
        store_url: for messages.
        is_open: whether the upload takes parts; asked once the place is locked.
        recorded: called when a part is whole in its place.

    Raises:
        FileNotFoundError: the upload is gone.
        OSError: nothing can be written.
    """

    def __init__(
        self,
        folder: UploadFolder,
        number: int,
        size_bytes: int,
        *,
        store_url: str,
        is_open: Callable[[], bool],
        recorded: Callable[[UploadFolder], None],
    ) -> None:
        self._folder, self._number, self._url, self._recorded = folder, number, store_url, recorded
        self._most_bytes, self._size_bytes, self._crc32 = size_bytes, 0, 0
        self._md5: hashlib._Hash | None = None
        self._own: Path | None = None
        with ExitStack() as files:
            self._place = self._take_place()
            if self._place is not None:
                files.enter_context(self._place)
            if self._place is not None and is_open():
                assert folder.part_bytes is not None
                self._file = files.enter_context(folder.content.open("r+b", buffering=0))
                self._file.seek((number - 1) * folder.part_bytes)
            else:
                self._own = folder.path / f".{secrets.token_hex(8)}"
                self._file = files.enter_context(self._own.open("xb", buffering=0))
            self._files = files.pop_all()

    def _take_place(self) -> FileIO | None:
        """The file of the part's place, locked and empty; None where the place is not for this part."""
        folder = self._folder
        if folder.part_bytes is None or self._most_bytes > folder.part_bytes:
            return None
        place = folder.place(self._number).open("a+b", buffering=0)
        if lock_for_this_program(place) and folder.part_in_place(self._number) is None:
            place.truncate(0)
            return place
        place.close()
        return None

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what is not finished."""
        self._files.close()
        if self._own is not None:
            self._own.unlink(missing_ok=True)

    def sum_md5(self) -> None:
        """Sum up the MD5 too, from now on."""
        self._md5 = hashlib.md5(usedforsecurity=False)

    def write(self, *pieces: bytes | memoryview) -> None:
        """Take the next pieces.

        Raises:
            ObjectStoreError: there is no room, or it is more than was announced.
        """
        for piece in pieces:
            self._size_bytes += len(piece)
            self._crc32 = zlib.crc32(piece, self._crc32)
            if self._md5 is not None:
                self._md5.update(piece)
        if self._size_bytes > self._most_bytes:
            raise ObjectStoreError(self._url, "a part has more bytes than were announced")
        try:
            for group in batched(pieces, _WRITTEN_AT_ONCE):
                # The system lets one at a time write to a file: who waits there burns time, who waits here does not.
                with self._folder.turn:
                    _write(self._file, group)
        except OSError as error:
            raise self._failed(error) from error

    @property
    def crc32(self) -> bytes:
        """The sum of what was written so far, most significant byte first."""
        return self._crc32.to_bytes(4)

    @property
    def md5(self) -> bytes:
        """The same, if it was wanted from the beginning."""
        assert self._md5 is not None
        return self._md5.digest()

    def finish(self) -> Part:
        """Record the part, with its sum: there is no half a part.

        The disk is not waited for: whoever completes the upload is told only when the whole object is on it. After a
        power cut parts may be missing or hold something else; the first are not listed, the others make an object
        with another sum than was announced, and the file is sent again.
        """
        part = Part(number=self._number, etag=self.crc32.hex(), size_bytes=self._size_bytes)
        try:
            if self._own is None:
                assert self._place is not None
                self._place.write(f"{part.etag} {part.size_bytes}\n".encode())
                self._recorded(self._folder)
            elif self._folder.part_in_place(self._number) == part:
                os.utime(self._folder.place(self._number))  # the same once more: it is the newest now
            else:
                self._own.replace(self._folder.path / part_name(part))
        except OSError as error:
            raise self._failed(error) from error
        return part

    def _failed(self, error: OSError) -> ObjectStoreError:
        return ObjectStoreError(
            self._url, f"cannot be written: {error.strerror or error}", remedy="See that the disk is there and has room"
        )


def _write(file: FileIO, pieces: Sequence[bytes | memoryview]) -> None:
    written = os.writev(file.fileno(), pieces) if hasattr(os, "writev") else 0
    for piece in pieces:
        left = memoryview(piece)[min(written, len(piece)) :]
        written -= len(piece) - len(left)
        while left:
            left = left[file.write(left) :]


def part_name(part: Part) -> str:
    """What the file of a part is called that is not in its place."""
    return f"part-{part.number:05}-{part.etag}-{part.size_bytes}"
