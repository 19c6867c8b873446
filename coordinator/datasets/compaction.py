"""Files are put together by themselves: every session brings files of its own, and many of them open slowly."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import dataset_versions
from coordinator.database.tables import tokens
from coordinator.datasets.dataset import Dataset
from coordinator.jobs.job import Job, JobRequest
from coordinator.jobs.submit import submit_job
from coordinator.players.scopes import Scope

COMPACT = "dataset.compact"

COMPACT_AFTER = 128
"""Sessions that enter between two compactions. LeRobot spends some 14 ms on each file of episodes when it opens a
dataset for the first time, so an uncompacted tail of this many costs it under two seconds."""


async def queue_compaction(connection: AsyncConnection, dataset: Dataset, now_ns: int) -> Job | None:
    """Queue a compaction where enough has come since the last; once for each `COMPACT_AFTER` sessions.

    It is an operator's job, whoever's session brought it about; without an operator there is none.
    """
    of = dataset_versions.c.dataset_id == dataset.id
    latest = select(func.max(dataset_versions.c.number)).where(of, dataset_versions.c.reason == "compact")
    last = (await connection.execute(latest)).scalar() or 0
    since = select(func.sum(dataset_versions.c.sessions_added)).where(of, dataset_versions.c.number > last)
    sessions = int((await connection.execute(since)).scalar() or 0)
    if sessions < COMPACT_AFTER:
        return None
    query = (
        select(tokens.c.player_id)
        .where(tokens.c.scopes.contains(Scope.OPERATOR.value), tokens.c.revoked_unix_ns.is_(None))
        .order_by(tokens.c.created_unix_ns, tokens.c.id)
        .limit(1)
    )
    operator = (await connection.execute(query)).scalar()
    if operator is None:
        return None
    request = JobRequest(
        kind=COMPACT,
        player_id=operator,
        payload={"dataset": dataset.name},
        priority=-1,
        idempotency_key=f"compact:{dataset.id}:{last}:{sessions // COMPACT_AFTER}",
    )
    return await submit_job(connection, request, now_ns)
