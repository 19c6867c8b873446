"""The parts of an upload: permissions to send them, and which of them are there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import upload_files
from coordinator.errors import InvalidError
from coordinator.players.scopes import Caller
from coordinator.sessions.archive import Archive
from coordinator.uploads.anew import begin_anew
from coordinator.uploads.quota import check_room
from coordinator.uploads.upload import Upload, UploadFile, get_upload, touch
from playloom.objects.errors import ObjectMissingError, UploadMissingError
from playloom.objects.object_store import ObjectStore, Part, SignedRequest
from playloom.recording.json_sections import MAX_JSON_BYTES
from playloom.recording.session import SYNC_FILE
from playloom.recording.session_info import INFO_FILE
from playloom.recording.sync_table import MAX_SYNC_BYTES

MAX_PARTS_AT_ONCE = 100

MAX_FILE_BYTES = {INFO_FILE: MAX_JSON_BYTES, SYNC_FILE: MAX_SYNC_BYTES}
"""Files that are read here are no larger than their readers take."""


@dataclass(frozen=True, kw_only=True)
class PartToSend:
    """Attributes: file: its name; number: from 1; size_bytes: at most the upload's ``part_bytes``."""

    file: str
    number: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class SignedPart:
    """A permission to send a part."""

    part: PartToSend
    request: SignedRequest


@dataclass(frozen=True, kw_only=True)
class PartThere:
    """A part that is there. Attributes: etag: the store's sum of its content in hexadecimal."""

    file: str
    number: int
    size_bytes: int
    etag: str


async def sign_parts(archive: Archive, caller: Caller, upload_id: str, parts: Sequence[PartToSend]) -> list[SignedPart]:
    """Permit parts to be sent, for a short while.

    Raises:
        UnknownError: there is no such upload or file.
        ConflictError: the upload is not open.
        InvalidError: a number or size is out of its range.
        LimitError: so much would not fit the player's quota.
    """
    if not 1 <= len(parts) <= MAX_PARTS_AT_ONCE:
        raise InvalidError("parts", f"there are {len(parts)}, not 1 to {MAX_PARTS_AT_ONCE}")
    upload = await archive.database.transact(lambda connection: _permit(connection, archive, caller, upload_id, parts))

    def sign() -> list[SignedPart]:
        return [SignedPart(part=part, request=_sign(archive, upload.file(part.file), part)) for part in parts]

    return await asyncio.to_thread(sign)


async def list_parts(archive: Archive, caller: Caller, upload_id: str) -> list[PartThere]:
    """The parts that are there.

    A file that the store has made an object of (the upload was nearly finished when something went wrong) is shown as
    the parts that it was made of. One that the store has lost is begun anew.

    Raises:
        UnknownError: there is no such upload.
        ConflictError: it is not open.
    """
    async with archive.database.read() as connection:
        upload = await get_upload(connection, caller, upload_id)
    upload.see_open()
    listed = await asyncio.gather(*(_parts_of(archive, upload, file) for file in upload.files))
    return [part for parts in listed for part in parts]


async def _permit(
    connection: AsyncConnection, archive: Archive, caller: Caller, upload_id: str, parts: Sequence[PartToSend]
) -> Upload:
    upload = await get_upload(connection, caller, upload_id, lock=True)
    upload.see_open()
    sizes = {file.name: file.size_bytes or 0 for file in upload.files}
    for part in parts:
        sizes[part.file] = max(sizes.get(part.file, 0), _end_bytes(archive, upload, part))
    reserved = sum(sizes.values())
    if reserved > upload.reserved_bytes:
        await check_room(connection, upload.player_id, reserved, besides=upload.id)
    await touch(connection, upload, archive.clock(), reserved_bytes=max(reserved, upload.reserved_bytes))
    for file in upload.files:
        if sizes[file.name] != (file.size_bytes or 0):
            statement = (
                update(upload_files)
                .where(upload_files.c.upload_id == upload.id, upload_files.c.name == file.name)
                .values(size_bytes=sizes[file.name])
            )
            await connection.execute(statement)
    return upload


def _end_bytes(archive: Archive, upload: Upload, part: PartToSend) -> int:
    """How large the file is at least if it has this part."""
    upload.file(part.file)
    most = archive.store.part_limits.max_parts
    if not 1 <= part.number <= most:
        raise InvalidError("parts", f"{part.number} is no number of a part: there are 1 to {most}")
    if not 1 <= part.size_bytes <= upload.part_bytes:
        raise InvalidError("parts", f"a part has 1 to {upload.part_bytes} bytes, not {part.size_bytes}")
    end_bytes = (part.number - 1) * upload.part_bytes + part.size_bytes
    if end_bytes > MAX_FILE_BYTES.get(part.file, end_bytes):
        raise InvalidError("parts", f"{part.file} has at most {MAX_FILE_BYTES[part.file]} bytes")
    return end_bytes


def _sign(archive: Archive, file: UploadFile, part: PartToSend) -> SignedRequest:
    return archive.store.sign_part(
        file.object_key,
        file.store_upload_id,
        part.number,
        size_bytes=part.size_bytes,
        expires_s=archive.url_valid_s,
    )


async def _parts_of(archive: Archive, upload: Upload, file: UploadFile) -> list[PartThere]:
    try:
        parts = await asyncio.to_thread(archive.store.list_parts, file.object_key, file.store_upload_id)
    except UploadMissingError:
        try:
            parts = await archive.read_through(lambda: _parts_of_object(archive.store, file, upload.part_bytes))
        except ObjectMissingError:
            await begin_anew(archive, upload, file)
            return []
    return [PartThere(file=file.name, number=part.number, size_bytes=part.size_bytes, etag=part.etag) for part in parts]


def _parts_of_object(store: ObjectStore, file: UploadFile, part_bytes: int) -> list[Part]:
    parts: list[Part] = []
    content = bytearray()

    def end_part() -> None:
        parts.append(Part(number=len(parts) + 1, etag=store.part_sum.of(content), size_bytes=len(content)))
        content.clear()

    for chunk in store.stream(file.object_key):
        left = memoryview(chunk)
        while left:
            taken = left[: part_bytes - len(content)]
            content += taken
            left = left[len(taken) :]
            if len(content) == part_bytes:
                end_part()
    if content:
        end_part()
    return parts
