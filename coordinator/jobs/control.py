"""What people do with jobs: stop them, try them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import job_needs, jobs
from coordinator.errors import ConflictError, InvalidError, UnknownError
from coordinator.jobs.job import ACCEPT, FINAL, GATE_NAME, MAX_ACCEPTED, Job, JobState, job_of
from coordinator.jobs.submit import check_document, see_that_few_are_open


async def cancel_job(connection: AsyncConnection, job_id: str, now_ns: int) -> list[Job]:
    """Cancel a job and those that need it. One that a worker has is told so with its next heartbeat.

    Returns:
        The jobs that were changed; none if this one is cancelled already.

    Raises:
        UnknownError: there is none.
        ConflictError: it is done or dead.
    """
    first = await _locked(connection, job_id)
    if first.state in (JobState.DONE, JobState.DEAD):
        raise ConflictError(f"the job {job_id} is {first.state} already")
    changed: list[Job] = []
    waiting, seen = [job_id], {job_id}
    while waiting:
        job = await _locked(connection, waiting.pop())
        if job.state in FINAL:
            continue
        if job.state is JobState.LEASED:
            values = {"cancel_requested": True}
        else:
            values = {"state": JobState.CANCELLED.value, "finished_unix_ns": now_ns, "reason": "cancelled"}
        await connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))
        changed.append(await _locked(connection, job.id))
        dependents = await connection.execute(select(job_needs.c.job_id).where(job_needs.c.needs_id == job.id))
        for dependent in sorted(dependents.scalars()):
            if dependent not in seen:
                seen.add(dependent)
                waiting.append(dependent)
    return changed


async def retry_job(
    connection: AsyncConnection,
    job_id: str,
    now_ns: int,
    *,
    accept: Sequence[str] = (),
    open_limit: int | None = None,
) -> Job:
    """Let a job that is dead or cancelled be tried again, as often as at first.

    Args:
        accept: quality gates that it is to pass whatever they find; they are added to those of its payload.
        open_limit: so many jobs of the player may be open; None: any number.

    Raises:
        LimitError: so many are.
        UnknownError: there is none.
        InvalidError: no gate can be called so.
        ConflictError: it is neither dead nor cancelled, or needs one that was cancelled.
    """
    job = await _locked(connection, job_id)
    if job.state not in (JobState.DEAD, JobState.CANCELLED):
        raise ConflictError(
            f"the job {job_id} is {job.state}", remedy="Only one that is dead or cancelled is tried again"
        )
    if open_limit is not None:
        await see_that_few_are_open(connection, job.player_id, open_limit)
    needed = (
        select(jobs.c.id, jobs.c.state)
        .join(job_needs, job_needs.c.needs_id == jobs.c.id)
        .where(job_needs.c.job_id == job_id)
        .order_by(jobs.c.id)
        .with_for_update()
    )
    states = {row.id: row.state for row in await connection.execute(needed)}
    for need, state in states.items():
        if state == JobState.CANCELLED:
            raise ConflictError(f"the job {need}, which this one needs, was cancelled", remedy="Retry that one first")
    open_needs = sum(state != JobState.DONE for state in states.values())
    values: dict[str, Any] = {
        "state": (JobState.BLOCKED if open_needs else JobState.READY).value,
        "open_needs": open_needs,
        "attempts": 0,
        "ready_unix_ns": now_ns,
        "cancel_requested": False,
        "finished_unix_ns": None,
        "progress": None,
        "progress_text": None,
    }
    if accept:
        values["payload"] = _accepting(job.payload, accept)
    await connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))
    return await _locked(connection, job_id)


def _accepting(payload: Mapping[str, Any], accept: Sequence[str]) -> dict[str, Any]:
    before = payload.get(ACCEPT, [])
    if not isinstance(before, list):
        raise InvalidError("accept", f"the job's payload holds a '{ACCEPT}' that is no list")
    for name in accept:
        if not GATE_NAME.fullmatch(name):
            raise InvalidError(
                "accept", f"'{name[:80]}' is no name of a quality gate", remedy="The job's reason names the gate"
            )
    names = list(dict.fromkeys([*before, *accept]))
    if len(names) > MAX_ACCEPTED:
        raise InvalidError("accept", f"these are more than {MAX_ACCEPTED} gates")
    accepting = {**payload, ACCEPT: names}
    check_document("payload", accepting)
    return accepting


async def _locked(connection: AsyncConnection, job_id: str) -> Job:
    row = (await connection.execute(select(*jobs.c).where(jobs.c.id == job_id).with_for_update())).one_or_none()
    if row is None:
        raise UnknownError("job", job_id)
    return job_of(row)
