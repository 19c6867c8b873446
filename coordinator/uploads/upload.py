"""What an upload is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import upload_files, uploads
from coordinator.errors import ConflictError, UnknownError
from coordinator.ids import is_id
from coordinator.players.scopes import Caller


class UploadState(StrEnum):
    OPEN = "open"  # parts may come
    FINISHED = "finished"  # the session is there
    ABANDONED = "abandoned"  # given up by the player, or collected


@dataclass(frozen=True, kw_only=True)
class UploadFile:
    """A file on its way.

    Attributes:
        name: in the session's directory.
        object_key: what it will be in the store.
        store_upload_id: the store's own upload of its parts; another one after its parts were thrown away.
        size_bytes: what permissions were given for, or once the recording has ended its size; None: nothing yet.
    """

    name: str
    object_key: str
    store_upload_id: str
    size_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An upload; see the table for the meaning.

    Attributes:
        session_id: of the session to be, or once it is finished the one that is there.
        files: by name.
    """

    id: str
    player_id: str
    node_id: str | None
    session_id: str
    recording_id: str
    name: str
    state: UploadState
    part_bytes: int
    reserved_bytes: int
    created_unix_ns: int
    touched_unix_ns: int
    reason: str | None
    files: tuple[UploadFile, ...]

    def file(self, name: str) -> UploadFile:
        """Raises: UnknownError: the upload has no such file."""
        for file in self.files:
            if file.name == name:
                return file
        raise UnknownError("file of this upload", name)

    def see_open(self) -> None:
        """Raises: ConflictError: it is not open any more."""
        if self.state is not UploadState.OPEN:
            remedy = "Begin the upload again" if self.state is UploadState.ABANDONED else "The session is there"
            raise ConflictError(f"the upload {self.id} is {self.state}", remedy=remedy)


async def get_upload(connection: AsyncConnection, caller: Caller, upload_id: str, *, lock: bool = False) -> Upload:
    """An upload that is the caller's business: one's own, for operators everyone's.

    Raises:
        UnknownError: there is none, or it is another's.
    """
    if not is_id(upload_id, "upload"):
        raise UnknownError("upload", upload_id)
    upload = await find_upload(connection, uploads.c.id == upload_id, lock=lock)
    if upload is None or not (caller.is_operator or upload.player_id == caller.player_id):
        raise UnknownError("upload", upload_id)
    return upload


async def find_upload(
    connection: AsyncConnection, condition: ColumnElement[bool], *, lock: bool = False
) -> Upload | None:
    """The newest upload of which this holds."""
    query = select(uploads).where(condition).order_by(uploads.c.id.desc()).limit(1)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    values.pop("manifest_sha256")
    values["state"] = UploadState(values["state"])
    return Upload(**values, files=await _files(connection, row.id))


async def touch(connection: AsyncConnection, upload: Upload, now_ns: int, **values: Any) -> None:
    """Note that an upload goes on, and change what is named."""
    await connection.execute(update(uploads).where(uploads.c.id == upload.id).values(touched_unix_ns=now_ns, **values))


async def _files(connection: AsyncConnection, upload_id: str) -> tuple[UploadFile, ...]:
    query = select(upload_files).where(upload_files.c.upload_id == upload_id).order_by(upload_files.c.name)
    return tuple(
        UploadFile(
            name=row.name,
            object_key=row.object_key,
            store_upload_id=row.store_upload_id,
            size_bytes=row.size_bytes,
        )
        for row in await connection.execute(query)
    )
