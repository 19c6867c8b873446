"""What happens to jobs without anyone asking: times come, leases run out, old logs go."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.clock import SECOND_NS
from coordinator.database.tables import jobs
from coordinator.jobs.job import JobState, job_of
from coordinator.jobs.lease import MAX_LEASE_S, release

AT_ONCE = 500
"""Jobs looked after in one transaction: it must not keep workers waiting."""


@dataclass(frozen=True, kw_only=True)
class Upkeep:
    """Attributes: begun: jobs whose time has come; expired: jobs whose worker was not heard of."""

    begun: int
    expired: int


async def give_grace(connection: AsyncConnection, now_ns: int, grace_s: float) -> int:
    """Let workers whom nobody could hear for a while report before their leases end; returns how many.

    A lease that ends later than any can is one of a clock that was put back since: it ends as late as any may.
    """
    grace_ns, latest_ns = now_ns + int(grace_s * SECOND_NS), now_ns + int(MAX_LEASE_S * SECOND_NS)
    until = jobs.c.lease_until_unix_ns
    changed = 0
    for wrong, until_ns in ((until < grace_ns, grace_ns), (until > latest_ns, latest_ns)):
        statement = update(jobs).where(jobs.c.state == "leased", wrong).values(lease_until_unix_ns=until_ns)
        changed += (await connection.execute(statement)).rowcount
    return changed


async def keep_up(connection: AsyncConnection, now_ns: int) -> Upkeep:
    """Do what is due. Several coordinators may do so at once."""
    due = (
        select(jobs.c.id)
        .where(jobs.c.state == "waiting", jobs.c.ready_unix_ns <= now_ns)
        .order_by(jobs.c.ready_unix_ns)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        update(jobs)
        .where(jobs.c.id.in_(select(due.c.id)), jobs.c.state == "waiting")
        .values(state=JobState.READY.value)
        .returning(jobs.c.id)  # SQLite counts no rows of a statement that begins with WITH
    )
    begun = len((await connection.execute(statement)).all())
    silent = (
        select(*jobs.c)
        .where(jobs.c.state == "leased", jobs.c.lease_until_unix_ns < now_ns)
        .order_by(jobs.c.lease_until_unix_ns)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    expired = 0
    for row in (await connection.execute(silent)).all():
        job = job_of(row)
        reason = f"the worker {job.worker} was not heard of any more (try {job.attempts} of {job.max_attempts})"
        await release(connection, job, reason=reason, retry=True, now_ns=now_ns)
        expired += 1
    return Upkeep(begun=begun, expired=expired)
