"""Sessions for people to look at, a page at a time, and permissions to read their files."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy import and_, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import sessions
from coordinator.errors import ConflictError, InvalidError
from coordinator.ids import is_id
from coordinator.players.scopes import Caller
from coordinator.sessions.archive import Archive
from coordinator.sessions.session import Session, StoredFile, get_session, select_sessions, with_files
from playloom.objects.object_store import SignedRequest

PAGE_LIMIT = 500


@dataclass(frozen=True, kw_only=True)
class SessionFilter:
    """Which sessions to list; None: any.

    Attributes:
        player_id, game_id: of the sessions.
        deleted: those that can still be restored, instead of those that are there.
    """

    player_id: str | None = None
    game_id: str | None = None
    deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class SessionPage:
    """Attributes: next_page: to ask with for the next page; empty on the last."""

    sessions: tuple[Session, ...]
    next_page: str


@dataclass(frozen=True, kw_only=True)
class SignedFile:
    """A permission to read a file."""

    file: StoredFile
    request: SignedRequest


async def list_sessions(
    connection: AsyncConnection, wanted: SessionFilter, *, limit: int, page: str = ""
) -> SessionPage:
    """Sessions, the newest first, or those deleted last.

    Args:
        wanted: which; whose they are is for the caller of this to decide.
        limit: how many at most.
        page: where to go on; empty: from the beginning.

    Raises:
        InvalidError: the limit or the page is none.
    """
    if not 1 <= limit <= PAGE_LIMIT:
        raise InvalidError("page_size", f"{limit} is not within 1 and {PAGE_LIMIT}")
    # Those that are deleted come by when that was: they are few, and have an index of their own.
    when = sessions.c.deleted_unix_ns if wanted.deleted else sessions.c.created_unix_ns
    query = select_sessions().order_by(when.desc(), sessions.c.id.desc()).limit(limit + 1)
    if wanted.player_id is not None:
        query = query.where(sessions.c.player_id == wanted.player_id)
    if wanted.game_id is not None:
        query = query.where(sessions.c.game_id == wanted.game_id)
    if wanted.deleted:
        query = query.where(sessions.c.deleted_unix_ns.is_not(None), sessions.c.purged_unix_ns.is_(None))
    else:
        query = query.where(sessions.c.deleted_unix_ns.is_(None))
    if page:
        last_ns, last_id = _parse_page(page)
        query = query.where(or_(when < last_ns, and_(when == last_ns, sessions.c.id < last_id)))
        query = query.where(when <= last_ns)  # by which the index is entered
    rows = (await connection.execute(query)).all()
    found = await with_files(connection, rows[:limit])
    if len(rows) <= limit:
        return SessionPage(sessions=tuple(found), next_page="")
    last = found[-1]
    last_ns = last.deleted_unix_ns if wanted.deleted else last.created_unix_ns
    return SessionPage(sessions=tuple(found), next_page=f"{last_ns}:{last.id}")


async def sign_downloads(archive: Archive, caller: Caller, session_id: str) -> list[SignedFile]:
    """Permit a session's files to be read, for a short while.

    Raises:
        UnknownError: there is no such session.
        ConflictError: it is deleted.
    """
    async with archive.database.read() as connection:
        session = await get_session(connection, caller, session_id)
    if session.deleted_unix_ns is not None:
        raise ConflictError(f"the session {session_id} is deleted", remedy="Restore it first")

    def sign() -> list[SignedFile]:
        return [
            SignedFile(file=file, request=archive.store.sign_get(file.object_key, expires_s=archive.url_valid_s))
            for file in session.files
        ]

    return await asyncio.to_thread(sign)


def _parse_page(page: str) -> tuple[int, str]:
    last, _, last_id = page.partition(":")
    if not (last.isascii() and last.isdigit() and len(last) < 20 and is_id(last_id, "session")):
        raise InvalidError("page_token", "it is none of this server's")
    return min(int(last), (1 << 63) - 1), last_id
