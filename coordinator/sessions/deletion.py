"""Sessions are deleted, restored within the grace time, and behind it cleared away."""

from __future__ import annotations

import asyncio

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.clock import SECOND_NS
from coordinator.database.events import note_event
from coordinator.database.tables import session_files, sessions
from coordinator.errors import ConflictError, UnknownError
from coordinator.players.room import session_came, session_went
from coordinator.players.scopes import Caller
from coordinator.sessions.archive import Archive
from coordinator.sessions.record import record_key
from coordinator.sessions.session import Session, find_session, get_session
from coordinator.uploads.quota import check_room
from playloom.objects.errors import ObjectMissingError
from playloom.objects.object_store import ObjectStore

AT_ONCE = 50

SKEW_S = 3600
"""Nothing is cleared away so soon behind the grace time: another coordinator's clock may be late."""


def restorable_until_ns(archive: Archive, session: Session) -> int | None:
    """Until when a deleted session can be restored; None: it is not deleted."""
    deleted_ns = session.deleted_unix_ns
    return None if deleted_ns is None else deleted_ns + archive.restorable_s * SECOND_NS


async def delete_session(archive: Archive, caller: Caller, session_id: str) -> Session:
    """Delete a session; its files stay for the grace time. Again is no fault.

    Raises:
        UnknownError: there is no such session of the caller's, or for operators of anyone's.
    """

    async def mark(connection: AsyncConnection) -> Session:
        session = await _own_session(connection, caller, session_id)
        now_ns = archive.clock()
        if not await mark_deleted(connection, session_id, now_ns):
            return session
        await note_event(connection, "session.delete", session_id, now_ns, player_id=caller.player_id)
        return await get_session(connection, caller, session_id)

    return await archive.database.transact(mark)


async def restore_session(archive: Archive, caller: Caller, session_id: str) -> Session:
    """Take a deletion back. Of one that is not deleted nothing changes.

    Raises:
        UnknownError: there is no such session, or nothing is left of it.
        ConflictError: the grace time is over, its content was sent again meanwhile, or a file is missing.
        LimitError: there is no room for it any more.
    """
    async with archive.database.read() as connection:
        session = await _own_session(connection, caller, session_id)
    missing = await asyncio.to_thread(missing_files, archive.store, session)
    if missing:
        raise ConflictError(f"the session {session_id} cannot be restored: {', '.join(missing)} is gone")

    async def unmark(connection: AsyncConnection) -> Session:
        session = await _own_session(connection, caller, session_id)
        until_ns, now_ns = restorable_until_ns(archive, session), archive.clock()
        if until_ns is None:
            return session
        if now_ns > until_ns:
            raise ConflictError(f"the time to restore the session {session_id} is over")
        await check_room(connection, session.player_id, session.size_bytes)
        same = (sessions.c.player_id == session.player_id) & (sessions.c.content_sha256 == session.content_sha256)
        there = await find_session(connection, same & sessions.c.deleted_unix_ns.is_(None))
        if there is not None:
            raise ConflictError(f"the same recording is there again, as the session {there.id}")
        await connection.execute(update(sessions).where(sessions.c.id == session_id).values(deleted_unix_ns=None))
        await session_came(connection, session.player_id, session.size_bytes)
        await note_event(connection, "session.restore", session_id, now_ns, player_id=caller.player_id)
        return await get_session(connection, caller, session_id)

    return await archive.database.transact(unmark)


async def purge_sessions(archive: Archive) -> int:
    """Clear away what was deleted longer ago than the grace time: the objects first. Returns how many."""
    limit_ns = archive.clock() - (archive.restorable_s + SKEW_S) * SECOND_NS
    due = (sessions.c.deleted_unix_ns < limit_ns) & sessions.c.purged_unix_ns.is_(None)
    query = select(sessions.c.id).where(due).order_by(sessions.c.deleted_unix_ns).limit(AT_ONCE)
    async with archive.database.read() as connection:
        ids = (await connection.execute(query)).scalars().all()
    for session_id in ids:
        await _clear_away(archive, session_id)
    return len(ids)


async def purge_session(archive: Archive, session_id: str, *, player_id: str) -> None:
    """Delete a session for good, without a grace time. One of which nothing is left is no fault.

    Args:
        archive: where it is kept.
        session_id: which.
        player_id: who wants it so.
    """

    async def mark(connection: AsyncConnection) -> None:
        now_ns = archive.clock()
        if await mark_deleted(connection, session_id, now_ns):
            await note_event(connection, "session.delete", session_id, now_ns, player_id=player_id)

    await archive.database.transact(mark)
    await _clear_away(archive, session_id)


async def mark_deleted(connection: AsyncConnection, session_id: str, now_ns: int) -> bool:
    """Let a session be deleted from now on; False: it is not there, or is deleted already."""
    there = (sessions.c.id == session_id) & sessions.c.deleted_unix_ns.is_(None)
    statement = update(sessions).where(there).values(deleted_unix_ns=now_ns)
    row = (await connection.execute(statement.returning(sessions.c.player_id, sessions.c.size_bytes))).one_or_none()
    if row is not None:
        await session_went(connection, row.player_id, row.size_bytes)
    return row is not None


async def _clear_away(archive: Archive, session_id: str) -> None:
    async with archive.database.read() as connection:
        session = await find_session(connection, sessions.c.id == session_id)
    if session is None or session.purged_unix_ns is not None:
        return
    keys = [file.object_key for file in session.files] + [record_key(session_id)]
    await asyncio.to_thread(archive.store.delete, keys)

    async def mark(connection: AsyncConnection) -> None:
        now_ns = archive.clock()
        await connection.execute(delete(session_files).where(session_files.c.session_id == session_id))
        await connection.execute(update(sessions).where(sessions.c.id == session_id).values(purged_unix_ns=now_ns))
        await note_event(connection, "session.purge", session_id, now_ns)

    await archive.database.transact(mark)


def missing_files(store: ObjectStore, session: Session) -> list[str]:
    """Names of files whose objects are not there or have another size."""
    missing: list[str] = []
    for file in session.files:
        try:
            if store.info(file.object_key).size_bytes != file.size_bytes:
                missing.append(file.name)
        except ObjectMissingError:
            missing.append(file.name)
    return missing


async def _own_session(connection: AsyncConnection, caller: Caller, session_id: str) -> Session:
    """A session that the caller may change: workers read those of others, and no more."""
    session = await get_session(connection, caller, session_id, lock=True)
    if not caller.is_operator and session.player_id != caller.player_id:
        raise UnknownError("session", session_id)
    return session
