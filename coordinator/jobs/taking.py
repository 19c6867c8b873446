"""Workers take jobs, many workers at once: one statement gives each the jobs whose turn it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, String, bindparam, collate, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from coordinator.database.tables import jobs
from coordinator.errors import InvalidError
from coordinator.jobs.job import Job, JobState, job_of
from coordinator.jobs.lease import lease_ns
from coordinator.jobs.rows_given import GIVEN, is_in_state, rows_given

MAX_LEASES = 100
_READY = literal_column(f"'{JobState.READY.value}'")
"""No parameter: the index of jobs that are ready serves a plan that is made once."""


@dataclass(frozen=True, kw_only=True)
class Taking:
    """A worker's wish for jobs.

    Attributes:
        worker: who takes them, for people to read.
        kinds: what it can do; an earlier kind goes first.
        limit: how many at most.
        lease_ns: for how long, unless it sends heartbeats.
    """

    worker: str
    kinds: tuple[str, ...]
    limit: int
    lease_ns: int

    @classmethod
    def of(cls, *, worker: str, kinds: Sequence[str], limit: int, lease_s: float) -> Taking:
        """Raises: InvalidError: a number is out of its range."""
        if not 1 <= limit <= MAX_LEASES:
            raise InvalidError("limit", f"{limit} is not within 1 and {MAX_LEASES}")
        return cls(worker=worker, kinds=tuple(dict.fromkeys(kinds)), limit=limit, lease_ns=lease_ns(lease_s))


def _take_statement(dialect: str) -> ReturningUpdate[Any]:
    """Gives the first jobs to the places that are given, in order."""
    first = (
        select(jobs.c.id, jobs.c.rank, jobs.c.share)
        .where(jobs.c.state == _READY, jobs.c.kind == bindparam("_kind"))
        .order_by(jobs.c.rank, jobs.c.share, jobs.c.id)
        .limit(bindparam("_most"))
        .with_for_update(skip_locked=True)
        .cte("first_jobs")  # evaluated once: a subquery in place could lock more rows than it gives
    )
    by_letters = collate(first.c.id, "C") if dialect == "postgresql" else first.c.id  # as Python sorts
    place = func.row_number().over(order_by=(first.c.rank, first.c.share, by_letters))
    placed = select(first.c.id, place.label("place")).cte("placed")
    given = rows_given(
        dialect, Column("place", BigInteger), Column("worker", String), Column("until_unix_ns", BigInteger)
    )
    return (
        update(jobs)
        .where(jobs.c.id == placed.c.id, placed.c.place == given.c.place, is_in_state(JobState.READY))
        .values(
            state=JobState.LEASED.value,
            fence=jobs.c.fence + 1,
            attempts=jobs.c.attempts + 1,
            worker=given.c.worker,
            lease_until_unix_ns=given.c.until_unix_ns,
            started_unix_ns=func.coalesce(jobs.c.started_unix_ns, bindparam("_now")),
            progress=None,
            progress_text=None,
        )
        .returning(*jobs.c)
    )


_TAKE = {dialect: _take_statement(dialect) for dialect in ("sqlite", "postgresql")}


async def take_jobs(connection: AsyncConnection, takings: Sequence[Taking], now_ns: int) -> list[list[Job]]:
    """Give each of these workers the next jobs, those who asked first the first ones.

    Returns:
        For each taking its jobs, none where none is left.
    """
    taken: list[list[Job]] = [[] for _ in takings]
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, taking in enumerate(takings):
        groups.setdefault(taking.kinds, []).extend([index] * taking.limit)
    for kinds, places in groups.items():
        left = places
        for kind in kinds:
            given = [
                {
                    "place": place,
                    "worker": takings[index].worker,
                    "until_unix_ns": now_ns + takings[index].lease_ns,
                }
                for place, index in enumerate(left, start=1)
            ]
            values = {GIVEN: json.dumps(given), "_kind": kind, "_most": len(left), "_now": now_ns}
            rows = (await connection.execute(_TAKE[connection.dialect.name], values)).all()
            for index, row in zip(left, sorted(rows, key=lambda row: (row.rank, row.share, row.id)), strict=False):
                taken[index].append(job_of(row))
            left = left[len(rows) :]
            if not left:
                break
    return taken


async def is_any_ready(connection: AsyncConnection, kinds: Sequence[str]) -> bool:
    """Whether there is a job to take, without taking it."""
    query = select(jobs.c.id).where(jobs.c.state == _READY, jobs.c.kind.in_(list(kinds))).limit(1)
    return (await connection.execute(query)).first() is not None
