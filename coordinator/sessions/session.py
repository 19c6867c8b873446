"""What a session is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import players, session_files, sessions
from coordinator.errors import UnknownError
from coordinator.ids import is_id
from coordinator.players.scopes import Caller, Scope

_ROW_NAMES = tuple(name for name in sessions.c.keys() if name not in ("node_id", "info"))  # noqa: SIM118


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file of a session.

    Attributes:
        name: in the session's directory.
        object_key: in the store.
        size_bytes, sha256: of its content; hexadecimal.
    """

    name: str
    object_key: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session that is there, or was until it was deleted; see the table for the meaning.

    Attributes:
        duplicate: whether an upload brought what was there already.
    """

    id: str
    player_id: str
    player_name: str
    recording_id: str
    name: str
    game_id: str | None
    profile_name: str | None
    task: str | None
    recorded_unix_ns: int
    duration_s: float
    frames: int
    size_bytes: int
    content_sha256: str
    created_unix_ns: int
    deleted_unix_ns: int | None
    purged_unix_ns: int | None
    files: tuple[StoredFile, ...] = ()
    duplicate: bool = False


def select_sessions() -> Select[Any]:
    """Rows that `with_files` takes."""
    return select(*(sessions.c[name] for name in _ROW_NAMES), players.c.name.label("player_name")).join(
        players, players.c.id == sessions.c.player_id
    )


async def with_files(connection: AsyncConnection, rows: Iterable[Row[Any]]) -> list[Session]:
    """The sessions of these rows, with their files by name."""
    found = [Session(**row._mapping) for row in rows]
    files: Mapping[str, list[StoredFile]] = {each.id: [] for each in found}
    query = (
        select(session_files)
        .where(session_files.c.session_id.in_(list(files)))
        .order_by(session_files.c.session_id, session_files.c.name)
    )
    for row in await connection.execute(query) if found else ():
        files[row.session_id].append(
            StoredFile(name=row.name, object_key=row.object_key, size_bytes=row.size_bytes, sha256=row.sha256)
        )
    return [replace(each, files=tuple(files[each.id])) for each in found]


async def find_session(
    connection: AsyncConnection, condition: ColumnElement[bool], *, lock: bool = False
) -> Session | None:
    """The one session of which this holds."""
    query = select_sessions().where(condition)
    if lock:
        query = query.with_for_update(of=sessions)
    found = await with_files(connection, (await connection.execute(query)).all())
    return found[0] if found else None


async def get_session(connection: AsyncConnection, caller: Caller, session_id: str, *, lock: bool = False) -> Session:
    """A session that is the caller's business: one's own; for operators and workers everyone's.

    Raises:
        UnknownError: there is none, or it is another's, or nothing is left of it.
    """
    if not is_id(session_id, "session"):
        raise UnknownError("session", session_id)
    session = await find_session(connection, sessions.c.id == session_id, lock=lock)
    if session is None or session.purged_unix_ns is not None or not may_see(caller, session.player_id):
        raise UnknownError("session", session_id)
    return session


def may_see(caller: Caller, player_id: str) -> bool:
    """Whether a session of this player may be read by the caller."""
    return caller.is_operator or Scope.WORKER in caller.scopes or caller.player_id == player_id
