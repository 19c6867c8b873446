"""A file of an upload is begun anew: what came of it cannot be used, or the store has lost it."""

from __future__ import annotations

import asyncio
import secrets

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import upload_files, uploads
from coordinator.sessions.archive import Archive
from coordinator.uploads.begin import abort_files, begin_files
from coordinator.uploads.upload import Upload, UploadFile, UploadState, find_upload
from playloom.errors import PlayloomError


async def begin_anew(archive: Archive, upload: Upload, file: UploadFile) -> UploadFile:
    """Throw away what came of a file and open another store upload for it.

    It gets another object key: a call that still works on the old one can then spoil nothing. Where the upload was
    closed or the file begun anew by another call meanwhile, that stands.
    """
    key = f"sessions/{upload.session_id}/{secrets.token_hex(8)}/{file.name}"
    (begun,) = await begin_files(archive, {file.name: key}, upload.part_bytes)

    async def replace(connection: AsyncConnection) -> UploadFile:
        locked = await find_upload(connection, uploads.c.id == upload.id, lock=True)
        assert locked is not None
        locked.see_open()
        assert locked.state is UploadState.OPEN
        if locked.file(file.name).store_upload_id != file.store_upload_id:
            return locked.file(file.name)
        statement = (
            update(upload_files)
            .where(upload_files.c.upload_id == upload.id, upload_files.c.name == file.name)
            .values(object_key=begun.object_key, store_upload_id=begun.store_upload_id, size_bytes=None)
        )
        await connection.execute(statement)
        return begun

    try:
        now = await archive.database.transact(replace)
    except BaseException:
        await abort_files(archive, [begun])
        raise
    if now is not begun:
        await abort_files(archive, [begun])
        return now
    await abort_files(archive, [file])
    await remove_objects(archive, [file.object_key])
    return begun


async def remove_objects(archive: Archive, keys: list[str]) -> bool:
    """Remove objects; returns whether the store did it. What is left, `playloom coordinator check` finds."""

    def remove() -> bool:
        try:
            archive.store.delete(keys)
        except PlayloomError:
            return False
        return True

    return await asyncio.to_thread(remove)
