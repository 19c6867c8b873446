"""What was done that somebody may ask about later: a row each, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import events
from coordinator.ids import new_id


async def note_event(
    connection: AsyncConnection,
    action: str,
    subject: str,
    now_ns: int,
    *,
    player_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Note that something was done, in the transaction that does it.

    Args:
        action: as in "session.delete".
        subject: the id of what it was done to.
        now_ns: when.
        player_id: by whom; None: by the server itself.
        detail: what else there is to say.
    """
    row = {"id": new_id("event"), "unix_ns": now_ns, "player_id": player_id, "action": action, "subject": subject}
    await connection.execute(insert(events).values(row | {"detail": None if detail is None else dict(detail)}))
