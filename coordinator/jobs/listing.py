"""Jobs and their logs, for people to look at, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import NOT_DONE, job_logs, jobs
from coordinator.errors import InvalidError, LeaseLostError, LimitError, UnknownError
from coordinator.jobs.job import OPEN, Job, JobState, job_of
from coordinator.jobs.lease import held

PAGE_LIMIT = 500
MAX_LINE = 4_000
MAX_LINES_AT_ONCE = 500
MAX_LINES = 100_000
"""Of one job. A worker that says more than that has gone mad; the rest is refused."""


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Which jobs to list; None: any.

    Attributes:
        player_id, kind, states: of the jobs.
    """

    player_id: str | None = None
    kind: str | None = None
    states: tuple[JobState, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """Attributes: line: its number, from 1; unix_ns: when; text: what the worker said."""

    line: int
    unix_ns: int
    text: str


async def get_job(connection: AsyncConnection, job_id: str) -> Job:
    """Raises: UnknownError: there is none."""
    row = (await connection.execute(select(*jobs.c).where(jobs.c.id == job_id))).one_or_none()
    if row is None:
        raise UnknownError("job", job_id)
    return job_of(row)


async def list_jobs(
    connection: AsyncConnection, wanted: JobFilter, *, limit: int, before: Job | None = None
) -> list[Job]:
    """Jobs, the newest first.

    Args:
        wanted: which.
        limit: how many at most.
        before: go on behind this one, the last of the page before.
    """
    if not 1 <= limit <= PAGE_LIMIT:
        raise InvalidError("limit", f"{limit} is not within 1 and {PAGE_LIMIT}")
    # State by state: the index that has them in order serves one. Else all jobs would be looked at to find none.
    found: list[Job] = []
    for state in wanted.states or (None,):
        query = _newest(wanted, state, before).limit(limit)
        found += [job_of(row) for row in await connection.execute(query)]
    return sorted(found, key=lambda job: (job.created_unix_ns, job.id), reverse=True)[:limit]


def _newest(wanted: JobFilter, state: JobState | None, before: Job | None) -> Select[Any]:
    query = select(*jobs.c).order_by(jobs.c.created_unix_ns.desc(), jobs.c.id.desc())
    if wanted.player_id is not None:
        query = query.where(jobs.c.player_id == wanted.player_id)
    if wanted.kind is not None:
        query = query.where(jobs.c.kind == wanted.kind)
    if state is not None:
        query = query.where(jobs.c.state == state.value)
    if state not in (None, JobState.DONE):
        query = query.where(text(NOT_DONE))
    if before is not None:
        earlier = and_(jobs.c.created_unix_ns == before.created_unix_ns, jobs.c.id < before.id)
        query = query.where(or_(jobs.c.created_unix_ns < before.created_unix_ns, earlier))
        query = query.where(jobs.c.created_unix_ns <= before.created_unix_ns)
    return query


async def count_open_jobs(connection: AsyncConnection) -> dict[JobState, int]:
    """How many jobs are in each of the states that are not final. (The others are too many to count each time.)"""
    counts: dict[JobState, int] = {}
    for state in OPEN:
        query = select(func.count()).select_from(jobs).where(jobs.c.state == state.value)
        counts[state] = (await connection.execute(query)).scalar_one()
    return counts


async def append_log(connection: AsyncConnection, job_id: str, fence: int, lines: Sequence[str], now_ns: int) -> None:
    """Keep what a worker says of its job.

    Raises:
        LeaseLostError: the worker has no lease any more.
        LimitError: the job has said too much already.
    """
    if len(lines) > MAX_LINES_AT_ONCE:
        raise InvalidError("lines", f"there are more than {MAX_LINES_AT_ONCE}", remedy="Send them in several calls")
    query = select(jobs.c.id).where(held(job_id, fence)).with_for_update()
    if (await connection.execute(query)).one_or_none() is None:
        raise LeaseLostError(job_id)
    last = (await connection.execute(select(func.max(job_logs.c.line)).where(job_logs.c.job_id == job_id))).scalar()
    first = (last or 0) + 1
    if first + len(lines) > MAX_LINES:
        raise LimitError(f"the log of {job_id} has {MAX_LINES} lines already")
    rows = [
        {"job_id": job_id, "line": first + place, "unix_ns": now_ns, "text": line[:MAX_LINE].replace("\0", "")}
        for place, line in enumerate(lines)
    ]
    if rows:
        await connection.execute(insert(job_logs), rows)


async def read_log(connection: AsyncConnection, job_id: str, *, after: int, limit: int) -> list[LogLine]:
    """The lines of a job's log behind number ``after``."""
    query = (
        select(job_logs.c.line, job_logs.c.unix_ns, job_logs.c.text)
        .where(job_logs.c.job_id == job_id, job_logs.c.line > after)
        .order_by(job_logs.c.line)
        .limit(limit)
    )
    return [LogLine(line=row.line, unix_ns=row.unix_ns, text=row.text) for row in await connection.execute(query)]
