"""What is in a dataset, and what is on its way into it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import dataset_staged, dataset_versions
from coordinator.database.tables import datasets, jobs, sessions
from coordinator.datasets.admission import may_enter
from coordinator.datasets.dataset import Dataset
from coordinator.datasets.ingest import INGEST
from coordinator.jobs.states import FINAL, JobState


@dataclass(frozen=True, kw_only=True)
class DatasetFigures:
    """How much there is.

    Attributes:
        version: the newest one's number; 0: there is none.
        episodes, frames, size_bytes, sessions: in it.
        staged: sessions that are converted and wait.
        pending: sessions that are queued, or being converted.
    """

    version: int = 0
    episodes: int = 0
    frames: int = 0
    size_bytes: int = 0
    sessions: int = 0
    staged: int = 0
    pending: int = 0


async def dataset_figures(connection: AsyncConnection, *only: Dataset) -> dict[str, DatasetFigures]:
    """By the dataset's id; of all, or of those that are named."""
    wanted = [one.id for one in only]
    newest = (
        select(dataset_versions.c.dataset_id, func.max(dataset_versions.c.number).label("number"))
        .group_by(dataset_versions.c.dataset_id)
        .subquery()
    )
    query = select(datasets.c.id, datasets.c.name, dataset_versions).select_from(
        datasets.outerjoin(newest, newest.c.dataset_id == datasets.c.id).outerjoin(
            dataset_versions,
            (dataset_versions.c.dataset_id == newest.c.dataset_id) & (dataset_versions.c.number == newest.c.number),
        )
    )
    if wanted:
        query = query.where(datasets.c.id.in_(wanted))
    rows = (await connection.execute(query)).all()
    staged, pending = await _staged(connection), await _pending(connection)
    return {
        row.id: DatasetFigures(
            version=row.number or 0,
            episodes=row.episodes or 0,
            frames=row.frames or 0,
            size_bytes=row.size_bytes or 0,
            sessions=row.sessions or 0,
            staged=staged.get(row.id, 0),
            pending=max(0, pending.get(row.name, 0)),
        )
        for row in rows
    }


async def _staged(connection: AsyncConnection) -> dict[str, int]:
    query = (
        select(dataset_staged.c.dataset_id, func.count().label("count"))
        .join(sessions, sessions.c.id == dataset_staged.c.session_id)
        .where(may_enter(dataset_staged.c.dataset_id))
        .group_by(dataset_staged.c.dataset_id)
    )
    return {row.dataset_id: row[1] for row in await connection.execute(query)}


async def _pending(connection: AsyncConnection) -> dict[str, int]:
    """By the dataset's name."""
    is_open = jobs.c.state.in_([state.value for state in JobState if state not in FINAL])
    name = jobs.c.payload["dataset"].as_string()
    query = select(name.label("name"), func.count().label("count")).where(is_open, jobs.c.kind == INGEST).group_by(name)
    return {row.name: row[1] for row in await connection.execute(query) if row.name is not None}
