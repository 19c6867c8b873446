"""A job is a worker's for a while: kept by heartbeats, given back when it fails.

A lease has a number, its *fence*, which counts up each time a job is taken. Whoever reports on a job names the fence:
a worker that lost its lease (it was cut off, the job was given to another) can change nothing any more.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.clock import SECOND_NS
from coordinator.database.tables import jobs
from coordinator.errors import InvalidError, LeaseLostError
from coordinator.jobs.job import Job, JobState, job_of

MIN_LEASE_S, MAX_LEASE_S = 1.0, 3600.0
BACKOFF_S, MAX_BACKOFF_S = 5.0, 3600.0
MAX_REASON = 10_000


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """The answer to a worker that is still at a job.

    Attributes:
        lease_until_unix_ns: when the lease now runs out.
        cancel_requested: whether the worker is to stop and report the job as failed.
    """

    lease_until_unix_ns: int
    cancel_requested: bool


async def heartbeat_job(
    connection: AsyncConnection,
    job_id: str,
    fence: int,
    *,
    lease_s: float,
    now_ns: int,
    progress: float | None = None,
    progress_text: str | None = None,
) -> Heartbeat:
    """Say that a worker is still at a job, and how far it is.

    Raises:
        LeaseLostError: it has no lease any more.
    """
    if progress is not None and not 0 <= progress <= 1:
        raise InvalidError("progress", f"{progress} is not within 0 and 1")
    until_ns = now_ns + lease_ns(lease_s)
    values: dict[str, Any] = {"lease_until_unix_ns": until_ns}
    if progress is not None:
        values["progress"] = progress
    if progress_text is not None:
        values["progress_text"] = progress_text[:200]
    statement = update(jobs).where(held(job_id, fence)).values(values).returning(jobs.c.cancel_requested)
    cancelled = (await connection.execute(statement)).scalar_one_or_none()
    if cancelled is None:
        raise LeaseLostError(job_id)
    return Heartbeat(lease_until_unix_ns=until_ns, cancel_requested=cancelled)


async def fail_job(
    connection: AsyncConnection, job_id: str, fence: int, *, reason: str, retry: bool, now_ns: int
) -> JobState:
    """Report that a job failed; it is tried again later, unless it was tried too often or a retry is no use.

    Raises:
        LeaseLostError: the worker has no lease any more.
    """
    row = (await connection.execute(select(*jobs.c).where(held(job_id, fence)).with_for_update())).one_or_none()
    if row is None:
        raise LeaseLostError(job_id)
    return await release(connection, job_of(row), reason=reason, retry=retry, now_ns=now_ns)


async def release(connection: AsyncConnection, job: Job, *, reason: str, retry: bool, now_ns: int) -> JobState:
    """Take a leased job from its worker: for another try, or for good."""
    values: dict[str, Any] = {"reason": reason[:MAX_REASON].replace("\0", ""), "lease_until_unix_ns": None}
    if job.cancel_requested:
        state = JobState.CANCELLED
    elif retry and job.attempts < job.max_attempts:
        state = JobState.WAITING
        values["ready_unix_ns"] = now_ns + backoff_ns(job.attempts)
    else:
        state = JobState.DEAD
    if state is not JobState.WAITING:
        values["finished_unix_ns"] = now_ns
    await connection.execute(update(jobs).where(jobs.c.id == job.id).values(state=state.value, **values))
    return state


def backoff_ns(attempts: int) -> int:
    """How long to wait after so many tries: twice as long each time, and not all at the same moment."""
    longest_s = min(BACKOFF_S * 2 ** min(attempts - 1, 30), MAX_BACKOFF_S)
    return int(random.uniform(longest_s / 2, longest_s) * SECOND_NS)


def held(job_id: str, fence: int) -> ColumnElement[bool]:
    """That a job is leased under this fence."""
    # Not whether the lease has run out: until another has the job, who still works on it may finish it.
    return and_(jobs.c.id == job_id, jobs.c.fence == fence, jobs.c.state == JobState.LEASED.value)


def lease_ns(lease_s: float) -> int:
    """Raises: InvalidError: no lease lasts so long."""
    if not MIN_LEASE_S <= lease_s <= MAX_LEASE_S:
        raise InvalidError("lease_s", f"{lease_s:g} is not within {MIN_LEASE_S:g} and {MAX_LEASE_S:g}")
    return int(lease_s * SECOND_NS)
