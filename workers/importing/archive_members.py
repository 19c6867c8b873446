"""The small files in a packed archive or a directory, one after another, whoever made it.

Nothing is unpacked under its own name. What an archive claims is checked before it is believed: how long a member is,
how much all of it unpacks to, and how many there are. The tar module alone would take a header's word for gigabytes.
"""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from playloom.errors import RecordingError

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".tar")

MAX_MEMBER_BYTES = 16 << 20
MAX_MEMBERS = 5_000_000
MAX_UNPACKED_BYTES = 1 << 40
MAX_RATIO = 200
"""Gzip packs tables ten times, zeros a thousand times."""

_RATIO_FROM_BYTES = 1 << 30
"""Below this, a ratio says nothing."""

_MAX_READ_BYTES = 32 << 20


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file of an archive or a directory.

    Attributes:
        parts: the last three names of its path, checked by nobody yet.
        place: where it stands, for errors.
        size_bytes: as announced.
        file: it stands in: the archive, or itself.
    """

    parts: tuple[str, ...]
    place: str
    size_bytes: int
    file: Path
    _content: IO[bytes] | None = None

    def read(self) -> bytes:
        """Its content; of an archive's member, before the next one is asked for.

        Raises:
            RecordingError: it is too long, cut off, or cannot be read.
        """
        if self.size_bytes > MAX_MEMBER_BYTES:
            raise RecordingError(
                self.file, f"has {self.size_bytes} bytes, {MAX_MEMBER_BYTES} is the most", place=self.place
            )
        try:
            content = self.file.read_bytes() if self._content is None else self._content.read(self.size_bytes + 1)
        except OSError as error:
            raise RecordingError(self.file, f"cannot be read: {error.strerror or error}", place=self.place) from error
        if len(content) != self.size_bytes:
            raise RecordingError(self.file, "is cut off", place=self.place)
        return content


def members_of(path: Path) -> Iterator[Member]:
    """The files in an archive, or below a directory.

    Raises:
        RecordingError: it is neither, it is damaged, or it unpacks to more than an archive of its kind can.
    """
    if path.is_dir():
        yield from _of_directory(path)
    elif path.name.endswith(ARCHIVE_SUFFIXES):
        yield from _of_archive(path)
    else:
        raise RecordingError(
            path, "is neither a directory nor an archive", remedy=f"Give {', '.join(ARCHIVE_SUFFIXES)}"
        )


def _of_directory(root: Path) -> Iterator[Member]:
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield Member(
                parts=path.parts[-3:],
                place=path.relative_to(root).as_posix(),
                size_bytes=path.stat().st_size,
                file=path,
            )


def _of_archive(path: Path) -> Iterator[Member]:
    count = 0
    try:
        with path.open("rb") as packed, _Unpacked(path, packed) as content:
            archive = tarfile.TarFile(fileobj=cast(IO[bytes], content), mode="r")
            while (info := archive.next()) is not None:
                count += 1
                if count > MAX_MEMBERS:
                    raise RecordingError(path, f"holds more than {MAX_MEMBERS} files")
                cast(Any, archive).members = []  # it would keep them all
                if not info.isreg():
                    continue  # directories; and links, which no shard has
                parts = PurePosixPath(info.name).parts
                if info.name.startswith("/") or ".." in parts:
                    raise RecordingError(
                        path, "leads out of the archive", place=info.name[:200], remedy="Do not use this archive"
                    )
                yield Member(
                    parts=parts[-3:],
                    place=info.name[:200],
                    size_bytes=info.size,
                    file=path,
                    _content=archive.extractfile(info) if info.size <= MAX_MEMBER_BYTES else None,
                )
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        raise RecordingError(
            path, f"is damaged: {error}", place=f"member {count + 1}", remedy="Download it again"
        ) from error
    except OSError as error:
        raise RecordingError(path, f"cannot be read: {error.strerror or error}") from error


class _Unpacked(io.RawIOBase):
    """An archive's content, read forward only, and never more at once or in all than is sound."""

    def __init__(self, path: Path, packed: IO[bytes]) -> None:
        self._path = path
        self._packed = packed
        self._packed_bytes = path.stat().st_size
        begin = packed.read(2)
        packed.seek(0)
        self._stream: IO[bytes] = cast(IO[bytes], gzip.GzipFile(fileobj=packed)) if begin == b"\x1f\x8b" else packed
        self._at = 0
        self._last = self._again = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Forward by reading, and back by the one byte that the tar module looks at again."""
        assert whence == 0
        assert offset >= self._at - 1, "an archive is read forward"
        if offset == self._at - 1 and self._last:
            self._again, self._last, self._at = self._last, b"", offset
        while self._at < offset:
            if not self.read(min(offset - self._at, 1 << 20)):
                raise tarfile.ReadError("it ends in the middle")
        return self._at

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_READ_BYTES:
            raise tarfile.ReadError(f"a header asks for {size} bytes")
        again, self._again = self._again[:size], self._again[size:]
        content = again + self._stream.read(size - len(again))
        self._last = content[-1:] or self._last
        self._at += len(content)
        if self._at > MAX_UNPACKED_BYTES or (
            self._at > _RATIO_FROM_BYTES and self._at > MAX_RATIO * max(self._packed_bytes, 1)
        ):
            raise RecordingError(
                self._path, f"unpacks to more than {self._at} bytes, from {self._packed_bytes}", remedy="Do not use it"
            )
        return content
