"""What each player has in sessions, kept as it changes.

Adding it up when it is asked for would be as slow as there are sessions, and it is asked for with every upload and
whenever somebody looks at the players. Whoever takes a session in, deletes or restores it says so here, in the same
transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import player_rooms


@dataclass(frozen=True, kw_only=True)
class Room:
    """Attributes: sessions: how many there are, without those that are deleted; used_bytes: all of them together."""

    sessions: int
    used_bytes: int


async def read_room(connection: AsyncConnection, player_id: str) -> Room:
    """What a player has."""
    query = select(player_rooms.c.sessions, player_rooms.c.used_bytes).where(player_rooms.c.player_id == player_id)
    row = (await connection.execute(query)).one_or_none()
    return Room(sessions=0, used_bytes=0) if row is None else Room(sessions=row.sessions, used_bytes=row.used_bytes)


async def session_came(connection: AsyncConnection, player_id: str, size_bytes: int) -> None:
    """A session is there now: it is new, or restored."""
    await _change(connection, player_id, 1, size_bytes)


async def session_went(connection: AsyncConnection, player_id: str, size_bytes: int) -> None:
    """A session is deleted now."""
    await _change(connection, player_id, -1, -size_bytes)


async def _change(connection: AsyncConnection, player_id: str, sessions: int, size_bytes: int) -> None:
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(player_rooms).values(player_id=player_id, sessions=sessions, used_bytes=size_bytes)
    changed = {
        "sessions": player_rooms.c.sessions + statement.excluded.sessions,
        "used_bytes": player_rooms.c.used_bytes + statement.excluded.used_bytes,
    }
    await connection.execute(statement.on_conflict_do_update(index_elements=[player_rooms.c.player_id], set_=changed))
