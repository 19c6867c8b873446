"""The files of an upload made into objects and read through: nothing is believed before its sum was seen."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coordinator.errors import ConflictError, InvalidError
from coordinator.jobs.submit import check_document
from coordinator.uploads.sync_summary import SyncSummary, SyncWatch
from coordinator.uploads.upload import UploadFile
from playloom.errors import RecordingError
from playloom.objects.errors import ObjectDamagedError, ObjectMissingError, ObjectSumError, UploadMissingError
from playloom.objects.object_store import ObjectStore, Part
from playloom.recording.session import SYNC_FILE
from playloom.recording.session_info import INFO_FILE, SessionInfo, read_session_info, session_info_values

MAX_SHORT_TEXT = 200
NAMED_PARTS = 10
"""An error names so many missing parts."""

_KEPT = ("format_version", "source", "window", "capture_profile", "clock", "encoder", "counts", "sync", "recovery")
"""Of session.json, beside what has columns; the rest may be long, and lies in the store."""


class FaultyFileError(Exception):
    """A file cannot be what was named: its parts are of no use. Attributes: name; problem: in words."""

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"{name} {problem}")


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """A file as its sender names it. Attributes: sha256: in lower-case hexadecimal."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What the files say of the session; None where a file is not there or not of this kind."""

    sync: SyncSummary | None = None
    info: SessionInfo | None = None


def complete_file(store: ObjectStore, file: UploadFile, named: NamedFile, part_bytes: int) -> bool:
    """Make the object of the parts, unless that was done before; returns whether its sum was seen.

    Raises:
        FaultyFileError: there is neither; or the object has another size or sum, or a part is too large.
        ConflictError: parts are missing.
    """
    seen = False
    try:
        there = {part.number: part for part in store.list_parts(file.object_key, file.store_upload_id)}
        if named.size_bytes == 0:
            store.put(file.object_key, b"")
            store.abort_upload(file.object_key, file.store_upload_id)
        else:
            wanted = _wanted_parts(named, part_bytes, there)
            seen = not _is_looked_into(named.name)  # those are read in any case
            sha256 = named.sha256 if seen else None
            store.complete_upload(file.object_key, file.store_upload_id, wanted, sha256=sha256)
    except UploadMissingError:
        seen = False  # completed by a call before, whose answer got lost or whose session was not yet made
    except ObjectSumError as error:
        raise FaultyFileError(named.name, f"has the SHA-256 {error.found}, not {error.wanted}") from error
    except ObjectDamagedError as error:
        raise FaultyFileError(named.name, f"was refused by the store ({error.problem})") from error
    try:
        size_bytes = store.info(file.object_key).size_bytes
    except ObjectMissingError as error:
        raise FaultyFileError(named.name, "is gone from the store") from error
    if size_bytes != named.size_bytes:
        raise FaultyFileError(named.name, f"has {size_bytes} bytes, not {named.size_bytes}")
    return seen


def _is_looked_into(name: str) -> bool:
    return name in (SYNC_FILE, INFO_FILE)


def read_file(store: ObjectStore, file: UploadFile, named: NamedFile) -> Contents:
    """Read an object through, hold it against its sum, and take what is wanted of it.

    Raises:
        FaultyFileError: its sum is another, or it is no sync.csv or session.json that can be used.
    """
    digest = hashlib.sha256()
    watch, content = SyncWatch(), bytearray()
    for chunk in store.stream(file.object_key):
        digest.update(chunk)
        if named.name == SYNC_FILE:
            watch.see(chunk)
        elif named.name == INFO_FILE:
            content += chunk
    if digest.hexdigest() != named.sha256:
        raise FaultyFileError(named.name, f"has the SHA-256 {digest.hexdigest()}, not {named.sha256}")
    try:
        return Contents(
            sync=watch.end() if named.name == SYNC_FILE else None,
            info=_read_info(content) if named.name == INFO_FILE else None,
        )
    except InvalidError as error:
        raise FaultyFileError(named.name, f"cannot be used: {error.problem}") from error


def check_info(info: SessionInfo, recording_id: str, files: Sequence[NamedFile]) -> None:
    """See that a session.json is the one of these files.

    Raises:
        FaultyFileError: it is another's, or its sums are others.
    """
    if info.session_id != recording_id:
        raise FaultyFileError(INFO_FILE, f"is of the recording '{info.session_id[:80]}'")
    named = {file.name: file for file in files}
    for name, record in info.files.items():
        file = named.get(name)
        if file is None:
            raise FaultyFileError(INFO_FILE, f"names the file '{name[:80]}', which was not sent")
        if (record.bytes, record.sha256) != (file.size_bytes, file.sha256):
            raise FaultyFileError(INFO_FILE, f"gives {name} another size or sum than it has")
    texts = (info.game_id, info.profile_name)
    if any(text is not None and len(text) > MAX_SHORT_TEXT for text in texts):
        raise FaultyFileError(INFO_FILE, f"has a game_id or profile_name of more than {MAX_SHORT_TEXT} characters")
    if any("\0" in text for text in (*texts, info.task) if text is not None):
        raise FaultyFileError(INFO_FILE, "holds a NUL character")
    try:
        kept_info(info)
    except InvalidError as error:
        raise FaultyFileError(INFO_FILE, f"cannot be kept: {error.problem}") from error


def kept_info(info: SessionInfo | None) -> dict[str, Any]:
    """What the database keeps of a session.json beside the columns. The file itself lies in the store.

    Raises:
        InvalidError: it holds what a database cannot keep, or too much.
    """
    if info is None:
        return {}
    values: Mapping[str, Any] = session_info_values(info)
    kept = {name: values.get(name) for name in _KEPT}
    check_document(INFO_FILE, kept)
    try:
        json.dumps(kept, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidError(INFO_FILE, "it holds half a character (a lone surrogate)") from error
    return kept


def _wanted_parts(named: NamedFile, part_bytes: int, there: Mapping[int, Part]) -> list[Part]:
    count = -(-named.size_bytes // part_bytes)
    sizes = dict.fromkeys(range(1, count), part_bytes) | {count: named.size_bytes - (count - 1) * part_bytes}
    for number in sizes:
        if number in there and there[number].size_bytes > part_bytes:
            raise FaultyFileError(named.name, f"has a part {number} of {there[number].size_bytes} bytes")
    missing = [number for number, size in sizes.items() if number not in there or there[number].size_bytes != size]
    if missing:
        listed = ", ".join(map(str, missing[:NAMED_PARTS])) + (", …" if len(missing) > NAMED_PARTS else "")
        raise ConflictError(
            f"{named.name} lacks {len(missing)} of its {count} parts, or they have another size: {listed}",
            remedy="List the parts that are there, send the others and finish again",
        )
    return [there[number] for number in sizes]


def _read_info(content: bytes | bytearray) -> SessionInfo:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / INFO_FILE
        path.write_bytes(content)
        try:
            return read_session_info(path)
        except RecordingError as error:
            where = "" if error.place is None else f"{error.place}: "
            raise InvalidError(INFO_FILE, f"{where}{error.problem}") from error
