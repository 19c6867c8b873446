"""Jobs that are done, many at once: what they found is kept, and those that waited for them go on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, String, bindparam, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from coordinator.database.tables import Document, job_needs, jobs
from coordinator.errors import CoordinatorError, LeaseLostError, UnknownError
from coordinator.jobs.job import JobState
from coordinator.jobs.rows_given import GIVEN, is_in_state, rows_given
from coordinator.jobs.submit import check_document


@dataclass(frozen=True, kw_only=True)
class Completion:
    """A worker's word that a job is done. Attributes: job_id, fence: of its lease; result: what it found, as JSON."""

    job_id: str
    fence: int
    result: str | None

    @classmethod
    def of(cls, job_id: str, fence: int, result: Mapping[str, Any] | None) -> Completion:
        """Raises: InvalidError: the result cannot be kept."""
        return cls(job_id=job_id, fence=fence, result=None if result is None else check_document("result", result))


@dataclass(frozen=True, kw_only=True)
class Completed:
    """What became of completions.

    Attributes:
        refusals: why each was not taken, in their order; None: it is done.
        opened: whether jobs that waited for these can be taken now.
    """

    refusals: tuple[CoordinatorError | None, ...]
    opened: bool


def _complete_statement(dialect: str) -> ReturningUpdate[Any, Any]:
    given = rows_given(dialect, Column("id", String), Column("fence", BigInteger), Column("result", Document))
    return (
        update(jobs)
        .where(jobs.c.id == given.c.id, jobs.c.fence == given.c.fence, is_in_state(JobState.LEASED))
        .values(
            state=JobState.DONE.value,
            result=given.c.result,
            reason=None,
            progress=1.0,
            lease_until_unix_ns=None,
            finished_unix_ns=bindparam("_now"),
        )
        .returning(jobs.c.id, jobs.c.fence)
    )


def _open_statement(dialect: str) -> ReturningUpdate[Any]:
    given = rows_given(dialect, Column("id", String))
    met = (
        select(job_needs.c.job_id, func.count().label("count"))
        .where(job_needs.c.needs_id.in_(select(given.c.id)))
        .group_by(job_needs.c.job_id)
        .subquery("met")
    )
    left = jobs.c.open_needs - met.c.count
    state = case(
        (left > 0, JobState.BLOCKED.value),
        (jobs.c.ready_unix_ns > bindparam("_now"), JobState.WAITING.value),
        else_=JobState.READY.value,
    )
    return (
        update(jobs)
        .where(jobs.c.id == met.c.job_id, is_in_state(JobState.BLOCKED))
        .values(open_needs=left, state=state)
        .returning(jobs.c.state)
    )


# Made once: putting a statement together costs more than the database takes to run it.
_COMPLETE = {dialect: _complete_statement(dialect) for dialect in ("sqlite", "postgresql")}
_OPEN = {dialect: _open_statement(dialect) for dialect in ("sqlite", "postgresql")}


async def complete_jobs(connection: AsyncConnection, completions: Sequence[Completion], now_ns: int) -> Completed:
    """Note that jobs are done. Doing so again with the same fence changes nothing: the first answer may have been lost.

    A completion whose worker has no lease any more is refused with `LeaseLostError`, one of a job that is not there
    with `UnknownError`; the others are not touched by that.
    """
    if not completions:
        return Completed(refusals=(), opened=False)
    dialect = connection.dialect.name
    # Sorted: two coordinators that meet at the same rows do not wait for each other.
    ordered = sorted(completions, key=lambda one: one.job_id)
    values = {GIVEN: _rows(ordered), "_now": now_ns}
    done = {(row.id, row.fence) for row in await connection.execute(_COMPLETE[dialect], values)}
    opened = False
    if done:
        # In a statement of its own, which sees jobs that were submitted while the one before waited for their locks.
        values = {GIVEN: json.dumps([{"id": job_id} for job_id, _ in sorted(done)]), "_now": now_ns}
        opened = any(row.state == JobState.READY for row in await connection.execute(_OPEN[dialect], values))
    missed = [one for one in completions if (one.job_id, one.fence) not in done]
    refused = await _refusals(connection, missed) if missed else {}
    return Completed(refusals=tuple(refused.get((one.job_id, one.fence)) for one in completions), opened=opened)


async def _refusals(
    connection: AsyncConnection, missed: Sequence[Completion]
) -> dict[tuple[str, int], CoordinatorError | None]:
    query = select(jobs.c.id, jobs.c.state, jobs.c.fence).where(jobs.c.id.in_({one.job_id for one in missed}))
    found = {row.id: (row.state, row.fence) for row in await connection.execute(query)}
    refusals: dict[tuple[str, int], CoordinatorError | None] = {}
    for one in missed:
        stands = found.get(one.job_id)
        if stands is None:
            refusal = UnknownError("job", one.job_id)
        else:
            refusal = None if stands == (JobState.DONE, one.fence) else LeaseLostError(one.job_id)
        refusals[one.job_id, one.fence] = refusal
    return refusals


def _rows(completions: Sequence[Completion]) -> str:
    """The results are JSON already."""
    rows = (
        f'{{"id": {json.dumps(one.job_id)}, "fence": {one.fence}, "result": {one.result or "null"}}}'
        for one in completions
    )
    return f"[{', '.join(rows)}]"
