"""A session that the store holds whole and the database has forgotten is taken in again."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.events import note_event
from coordinator.database.tables import players, session_files, sessions, uploads
from coordinator.datasets.ingest import submit_ingest_jobs
from coordinator.players.room import session_came
from coordinator.sessions.archive import Archive
from coordinator.sessions.record import read_record
from coordinator.sessions.session import Session, StoredFile, find_session
from coordinator.uploads.quota import lock_player
from coordinator.uploads.upload import UploadState
from playloom.objects.errors import ObjectMissingError


async def why_not_whole(archive: Archive, session_id: str) -> str | None:
    """Why a session cannot be taken in from its record in the store; None: it can."""
    row = await asyncio.to_thread(read_record, archive.store, session_id)
    if row is None:
        return "its record cannot be read"
    files: list[StoredFile] = row["files"]

    def missing() -> list[str]:
        return [file.name for file in files if not _is_there(archive, file)]

    if gone := await asyncio.to_thread(missing):
        return f"{', '.join(gone)} is gone"
    async with archive.database.read() as connection:
        query = select(players.c.id).where(players.c.id == row["player_id"])
        if (await connection.execute(query)).one_or_none() is None:
            return f"its player {row['player_id']} is unknown"
    return None


async def is_there_again(archive: Archive, session_id: str) -> bool:
    """Whether the recording of which the store has this record was sent again, and is there as another session."""
    row = await asyncio.to_thread(read_record, archive.store, session_id)
    if row is None:
        return False
    async with archive.database.read() as connection:
        same = (sessions.c.player_id == row["player_id"]) & (sessions.c.content_sha256 == row["content_sha256"])
        return await find_session(connection, same & sessions.c.deleted_unix_ns.is_(None)) is not None


async def adopt_session(archive: Archive, session_id: str) -> Session:
    """Take in a session of which `why_not_whole` says nothing; it is queued for datasets as a new one would be."""
    row = await asyncio.to_thread(read_record, archive.store, session_id)
    assert row is not None

    async def adopt(connection: AsyncConnection) -> Session:
        await lock_player(connection, row["player_id"])
        files: list[StoredFile] = row["files"]
        values: dict[str, Any] = {name: value for name, value in row.items() if name in sessions.c and name != "files"}
        await connection.execute(insert(sessions).values(values | {"info": {}}))
        await session_came(connection, row["player_id"], row["size_bytes"])
        await connection.execute(
            insert(session_files),
            [
                {
                    "session_id": session_id,
                    "name": file.name,
                    "object_key": file.object_key,
                    "size_bytes": file.size_bytes,
                    "sha256": file.sha256,
                }
                for file in files
            ],
        )
        unfinished = (uploads.c.session_id == session_id) & (uploads.c.state == UploadState.OPEN.value)
        closed = {"state": UploadState.FINISHED.value, "reserved_bytes": 0}
        await connection.execute(update(uploads).where(unfinished).values(closed))
        session = await find_session(connection, sessions.c.id == session_id)
        assert session is not None
        now_ns = archive.clock()
        await note_event(connection, "session.adopt", session_id, now_ns)
        await submit_ingest_jobs(connection, session, now_ns)
        return session

    return await archive.database.transact(adopt)


def _is_there(archive: Archive, file: StoredFile) -> bool:
    try:
        return archive.store.info(file.object_key).size_bytes == file.size_bytes
    except ObjectMissingError:
        return False
