"""Uploads that come to nothing: given up by the player, or not touched for long."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.clock import SECOND_NS
from coordinator.database.tables import upload_files, uploads
from coordinator.errors import ConflictError
from coordinator.players.scopes import Caller
from coordinator.sessions.archive import Archive
from coordinator.uploads.anew import remove_objects
from coordinator.uploads.begin import abort_files
from coordinator.uploads.upload import Upload, UploadState, find_upload, get_upload, touch

AT_ONCE = 50


async def abandon_upload(archive: Archive, caller: Caller, upload_id: str) -> Upload:
    """Give an upload up and throw its parts away. Again is no fault.

    Raises:
        UnknownError: there is no such upload.
        ConflictError: it is finished.
    """

    async def close(connection: AsyncConnection) -> Upload:
        upload = await get_upload(connection, caller, upload_id, lock=True)
        if upload.state is UploadState.FINISHED:
            raise ConflictError(f"the upload {upload_id} is finished", remedy="Delete the session instead")
        if upload.state is UploadState.OPEN:
            await _close(connection, archive, upload, "given up by the player")
        return upload

    upload = await archive.database.transact(close)
    await _clear(archive, upload)
    async with archive.database.read() as connection:
        return await get_upload(connection, caller, upload_id)


async def collect_uploads(archive: Archive) -> int:
    """Give up what was not touched for long, and clear what is left of others; returns how many were given up."""
    limit_ns = archive.clock() - archive.abandoned_s * SECOND_NS
    old = (uploads.c.state == UploadState.OPEN.value) & (uploads.c.touched_unix_ns < limit_ns)

    async def close(connection: AsyncConnection) -> list[Upload]:
        query = select(uploads.c.id).where(old).order_by(uploads.c.touched_unix_ns).limit(AT_ONCE)
        closed: list[Upload] = []
        for upload_id in (await connection.execute(query)).scalars().all():
            upload = await find_upload(connection, old & (uploads.c.id == upload_id), lock=True)
            if upload is not None:  # not touched meanwhile
                await _close(connection, archive, upload, f"not touched for {archive.abandoned_s} s")
                closed.append(upload)
        return closed

    closed = await archive.database.transact(close)
    for upload in await _uncleared(archive):
        await _clear(archive, upload)
    return len(closed)


async def _close(connection: AsyncConnection, archive: Archive, upload: Upload, reason: str) -> None:
    values = {"state": UploadState.ABANDONED.value, "reserved_bytes": 0, "reason": reason}
    await touch(connection, upload, archive.clock(), **values)


async def _uncleared(archive: Archive) -> list[Upload]:
    """Abandoned uploads of which the store may still hold something: their files have rows."""
    async with archive.database.read() as connection:
        query = (
            select(uploads.c.id)
            .where(uploads.c.state == UploadState.ABANDONED.value)
            .where(uploads.c.id.in_(select(upload_files.c.upload_id)))
            .order_by(uploads.c.touched_unix_ns)
            .limit(AT_ONCE)
        )
        ids = (await connection.execute(query)).scalars().all()
        found = [await find_upload(connection, uploads.c.id == upload_id) for upload_id in ids]
    return [upload for upload in found if upload is not None]


async def _clear(archive: Archive, upload: Upload) -> None:
    if not upload.files:
        return
    cleared = await abort_files(archive, upload.files)
    if not (await remove_objects(archive, [file.object_key for file in upload.files]) and cleared):
        return  # the store is away: another time

    async def forget(connection: AsyncConnection) -> None:
        await connection.execute(delete(upload_files).where(upload_files.c.upload_id == upload.id))

    await archive.database.transact(forget)
