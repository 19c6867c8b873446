"""Which sessions may enter a dataset: those that are there, and that nobody has taken out of it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import dataset_removals
from coordinator.database.tables import sessions


def is_removed(dataset_id: ColumnElement[str] | str) -> ColumnElement[bool]:
    """That a row of `sessions` must not be in a dataset: it was taken out, or its content under another id, or all
    of its player's.
    """
    mine = dataset_removals.c.player_id == sessions.c.player_id
    matches = or_(
        dataset_removals.c.session_id == sessions.c.id,
        and_(mine, dataset_removals.c.session_id.is_(None)),
        and_(mine, dataset_removals.c.content_sha256 == sessions.c.content_sha256),
    )
    of_dataset = dataset_removals.c.dataset_id == dataset_id
    return exists(select(dataset_removals.c.id).where(of_dataset, matches).correlate_except(dataset_removals))


def may_enter(dataset_id: ColumnElement[str] | str) -> ColumnElement[bool]:
    """That a row of `sessions` may enter a dataset."""
    return and_(sessions.c.deleted_unix_ns.is_(None), ~is_removed(dataset_id))


async def why_kept_out(connection: AsyncConnection, dataset_id: str, session_ids: Iterable[str]) -> dict[str, str]:
    """Of these sessions those that may not enter, each with a reason."""
    wanted = list(dict.fromkeys(session_ids))
    query = select(sessions.c.id, sessions.c.deleted_unix_ns, is_removed(dataset_id).label("removed")).where(
        sessions.c.id.in_(wanted)
    )
    rows = {row.id: row for row in await connection.execute(query)} if wanted else {}
    reasons: dict[str, str] = {}
    for session_id in wanted:
        row = rows.get(session_id)
        if row is None:
            reasons[session_id] = f"there is no session '{session_id[:80]}'"
        elif row.removed:
            reasons[session_id] = f"the session {session_id} was taken out of this dataset, and does not enter again"
        elif row.deleted_unix_ns is not None:
            reasons[session_id] = f"the session {session_id} is deleted"
    return reasons
