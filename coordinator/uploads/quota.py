"""How much a player may keep: sessions that are there, and what open uploads have reserved."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import players, uploads
from coordinator.errors import LimitError
from coordinator.players.room import read_room


async def lock_player(connection: AsyncConnection, player_id: str) -> int | None:
    """Let what is decided on a player's room be decided one after the other; returns the quota in bytes, if any."""
    # A weaker lock than "for update": jobs may still be submitted for the player meanwhile.
    query = select(players.c.quota_bytes).where(players.c.id == player_id).with_for_update(key_share=True)
    return (await connection.execute(query)).scalar_one()


async def check_room(connection: AsyncConnection, player_id: str, more_bytes: int, *, besides: str = "") -> None:
    """See that a player may keep so much more.

    Args:
        player_id: whose.
        more_bytes: how much.
        besides: an upload whose reservation does not count, because it is the one that asks.

    Raises:
        LimitError: it is too much.
    """
    quota = await lock_player(connection, player_id)
    if quota is None:
        return
    coming = select(func.coalesce(func.sum(uploads.c.reserved_bytes), 0)).where(
        uploads.c.player_id == player_id, uploads.c.state == "open", uploads.c.id != besides
    )
    room = await read_room(connection, player_id)
    used = room.used_bytes + int((await connection.execute(coming)).scalar_one())
    if used + more_bytes > quota:
        raise LimitError(
            f"{more_bytes} bytes more do not fit: {used} of {quota} bytes are in use or on their way",
            remedy="Delete sessions that are not needed, or ask the operator for more room",
        )
