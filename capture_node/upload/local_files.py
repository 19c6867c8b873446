"""A finished session's files as they are sent: their sums, computed once and kept beside them, and their parts."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playloom.errors import OutputError, RecordingError
from playloom.objects.part_sum import PartSum
from playloom.recording.session import SESSION_FILES
from playloom.recording.session_info import (
    INFO_FILE,
    FileRecord,
    SessionInfo,
    file_record,
    read_session_info,
    write_json,
)

SUMS_FILE = ".upload.json"

_PART_SUM = re.compile("[0-9a-f]{8,64}")
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """A part of a file. Attributes: number: from 1; begin: its first byte."""

    file: str
    number: int
    begin: int
    size_bytes: int


class LocalFiles:
    """What is sent of a session. Several threads may read parts and ask for sums.

    Attributes:
        path: the session's directory.
        info: its session.json.
        sizes: bytes of each file, by name.
    """

    def __init__(self, path: Path) -> None:
        """Look at a session.

        Raises:
            RecordingError: it is not finished, or a file is missing or cannot be read.
        """
        self.path = path
        if not (path / INFO_FILE).exists():
            raise RecordingError(path, "is not finished", remedy=f"If it was cut off: playloom recover {path}")
        self.info: SessionInfo = read_session_info(path / INFO_FILE)
        names = sorted({*SESSION_FILES, INFO_FILE, *self.info.files})
        self._stamps = {name: _stamp(path / name) for name in names}
        self.sizes: Mapping[str, int] = {name: stamp[0] for name, stamp in self._stamps.items()}
        self._turn = threading.Lock()
        self._records: dict[str, FileRecord] = {}
        self._part_sums: dict[tuple[str, int, int, PartSum], str] = {}
        self._read_cache()

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return sum(self.sizes.values())

    def records(self) -> dict[str, FileRecord]:
        """Size and SHA-256 of every file: as session.json says where its size is still so, else computed, once.

        Raises:
            RecordingError: a file cannot be read.
        """
        for name, size_bytes in self.sizes.items():
            if name in self._records:
                continue
            said = self.info.files.get(name)
            fits = said is not None and said.bytes == size_bytes
            self._records[name] = said if said is not None and fits else file_record(self.path / name)
        return dict(self._records)

    def changed_files(self) -> list[str]:
        """The files that are not what session.json says of them; reads all of them."""
        return [name for name, said in self.info.files.items() if file_record(self.path / name) != said]

    def parts(self, part_bytes: int) -> list[FilePart]:
        """The parts of all files; a file without content has none."""
        return [
            FilePart(file=name, number=begin // part_bytes + 1, begin=begin, size_bytes=min(part_bytes, size - begin))
            for name, size in self.sizes.items()
            for begin in range(0, size, part_bytes)
        ]

    def read(self, part: FilePart, kind: PartSum, room: bytearray) -> memoryview:
        """The content of a part, read into ``room``, which is as large at least; its sum of this kind is kept.

        Raises:
            RecordingError: it cannot be read, or is shorter than it was.
        """
        content = read_part(self.path, part, room)
        part_sum = kind.of(content)
        with self._turn:
            self._part_sums[part.file, part.begin, part.size_bytes, kind] = part_sum
        return content

    def part_sum(self, part: FilePart, kind: PartSum) -> str:
        """A part's sum of this kind, in hexadecimal; read only if it never was."""
        key = (part.file, part.begin, part.size_bytes, kind)
        if key not in self._part_sums:
            self.read(part, kind, bytearray(part.size_bytes))
        return self._part_sums[key]

    def keep_sums(self) -> None:
        """Keep what was computed, so that after an interruption nothing is read twice. A full disk is no fault."""
        with self._turn:
            part_sums = [[*key, digest] for key, digest in sorted(self._part_sums.items())]
        records = {name: [one.bytes, one.sha256] for name, one in self._records.items()}
        with suppress(OutputError):
            write_json(self.path / SUMS_FILE, {"stamps": self._stamps, "records": records, "part_sums": part_sums})

    def _read_cache(self) -> None:
        """Take what was computed before, of files that have not changed since."""
        try:
            values = json.loads((self.path / SUMS_FILE).read_bytes())
            same = {name for name, stamp in self._stamps.items() if values["stamps"].get(name) == stamp}
            self._records = {name: _record(record) for name, record in values["records"].items() if name in same}
            self._part_sums = {
                (name, int(begin), int(size), PartSum(kind)): _matching(_PART_SUM, digest)
                for name, begin, size, kind, digest in values["part_sums"]
                if name in same
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            self._records, self._part_sums = {}, {}


def read_part(session: Path, part: FilePart, room: bytearray) -> memoryview:
    """The content of a part of a session's file, read into ``room``, which is as large at least.

    Raises:
        RecordingError: it cannot be read, or is shorter than it was.
    """
    path = session / part.file
    content, come_bytes = memoryview(room)[: part.size_bytes], 0
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(part.begin)
            while come_bytes < part.size_bytes and (more := file.readinto(content[come_bytes:])):
                come_bytes += more
    except OSError as error:
        raise RecordingError(path, f"cannot be read: {error.strerror}") from error
    if come_bytes != part.size_bytes:
        raise RecordingError(path, "has become shorter while it was sent", place=f"byte {part.begin}")
    return content


def _record(values: Any) -> FileRecord:
    return FileRecord(bytes=int(values[0]), sha256=_matching(_SHA256, values[1]))


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(text)
    return text


def _stamp(path: Path) -> list[int]:
    """Size and time of change: a file that has both as before is believed to be the same."""
    try:
        found = path.stat()
    except FileNotFoundError as error:
        raise RecordingError(path, "is missing", remedy="Without it the session cannot be sent") from error
    except OSError as error:
        raise RecordingError(path, f"cannot be read: {error.strerror}") from error
    return [found.st_size, found.st_mtime_ns]
