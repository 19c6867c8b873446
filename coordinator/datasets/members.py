"""Which sessions entered a dataset, with which version, and which left it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import dataset_removals, dataset_sessions, dataset_staged
from coordinator.database.tables import datasets, players, sessions
from coordinator.datasets.dataset import Dataset

PAGE_LIMIT = 1000


@dataclass(frozen=True, kw_only=True)
class Member:
    """A session as a dataset sees it.

    Attributes:
        name: of the session.
        episodes, frames: of it in the dataset.
        added_version: with which version it came last; 0: it has not.
        removed_version: with which version it went; None: it has not.
        removed_unix_ns: since when it must not be in the dataset; None: it may.
        staged: whether it is converted and waits.
    """

    session_id: str
    player_id: str
    player_name: str
    name: str
    episodes: int
    frames: int
    added_version: int
    removed_version: int | None
    removed_unix_ns: int | None
    staged: bool


async def list_members(
    connection: AsyncConnection, dataset: Dataset, *, player_id: str | None = None, limit: int, after: str = ""
) -> list[Member]:
    """Sessions that are or were in a dataset, wait, or must not enter; by their ids, which is by their age.

    Args:
        connection: to the database.
        dataset: which.
        player_id: of this player only; None: of all.
        limit: how many at most.
        after: only those behind this id.
    """
    known = union(
        *(
            select(table.c.session_id).where(table.c.dataset_id == dataset.id, table.c.session_id > after)
            for table in (dataset_sessions, dataset_staged, dataset_removals)
        )
    ).subquery()
    query = (
        select(sessions.c.id, sessions.c.player_id, sessions.c.name, players.c.name.label("player_name"))
        .join(known, known.c.session_id == sessions.c.id)
        .join(players, players.c.id == sessions.c.player_id)
        .order_by(sessions.c.id)
        .limit(limit)
    )
    if player_id is not None:
        query = query.where(sessions.c.player_id == player_id)
    page = (await connection.execute(query)).all()
    # A page at a time from each table: joined to each other, they would be looked through for each of its rows.
    ids = [row.id for row in page]
    entered = {row.session_id: row for row in await _of(connection, dataset, dataset_sessions, ids)}  # the last entry
    staged = {row.session_id: row for row in await _of(connection, dataset, dataset_staged, ids)}
    removed = {row.session_id: row for row in await _of(connection, dataset, dataset_removals, ids)}
    shut_out = await _shut_out(connection, dataset)
    found: list[Member] = []
    for row in page:
        there, waits, out = entered.get(row.id), staged.get(row.id), removed.get(row.id)
        counts = there or waits
        found.append(
            Member(
                session_id=row.id,
                player_id=row.player_id,
                player_name=row.player_name,
                name=row.name,
                episodes=0 if counts is None else counts.episodes,
                frames=0 if counts is None else counts.frames,
                added_version=0 if there is None else there.added_version,
                removed_version=None if there is None else there.removed_version,
                removed_unix_ns=shut_out.get(row.player_id) if out is None else out.removed_unix_ns,
                staged=waits is not None,
            )
        )
    return found


async def _of(connection: AsyncConnection, dataset: Dataset, table: Table, ids: list[str]) -> Sequence[Row[Any]]:
    """The rows of these sessions, an earlier entry before a later one."""
    query = select(table).where(table.c.dataset_id == dataset.id, table.c.session_id.in_(ids))
    if table is dataset_sessions:
        query = query.order_by(dataset_sessions.c.added_version)
    return (await connection.execute(query)).all() if ids else ()


async def _shut_out(connection: AsyncConnection, dataset: Dataset) -> dict[str, int]:
    """Since when nothing of a player may enter, by the player's id."""
    query = select(dataset_removals.c.player_id, dataset_removals.c.removed_unix_ns).where(
        dataset_removals.c.dataset_id == dataset.id, dataset_removals.c.session_id.is_(None)
    )
    return {row.player_id: row.removed_unix_ns for row in await connection.execute(query)}


async def datasets_with(connection: AsyncConnection, session_id: str) -> list[str]:
    """The names of the datasets whose newest version holds a session."""
    query = (
        select(datasets.c.name)
        .join(dataset_sessions, dataset_sessions.c.dataset_id == datasets.c.id)
        .where(dataset_sessions.c.session_id == session_id, dataset_sessions.c.removed_version.is_(None))
        .order_by(datasets.c.name)
    )
    return list((await connection.execute(query)).scalars())
