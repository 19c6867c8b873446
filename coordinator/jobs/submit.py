"""Jobs come into the queue, and find their turn.

Players take turns whatever number of jobs each submits: start-time fair queuing (Goyal, Vin and Cheng, 1996). A job's
*share* is one more than that of its player's job before it, and never behind the share that is being served now; the
lowest share is served next. A player who comes with one job does not wait for another's thousand.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, insert, literal_column, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import NOT_DONE, job_needs, job_shares, jobs
from coordinator.errors import ConflictError, InvalidError, LimitError, UnknownError
from coordinator.ids import new_id
from coordinator.jobs.job import (
    ACCEPT,
    JOB_KIND,
    MAX_DOCUMENT_BYTES,
    MAX_PRIORITY,
    OPEN,
    Job,
    JobRequest,
    JobState,
    job_of,
)


async def submit_job(
    connection: AsyncConnection, request: JobRequest, now_ns: int, *, open_limit: int | None = None
) -> Job:
    """Put a job into the queue, or find the one that this request has put there before.

    Args:
        request: the job.
        now_ns: the time.
        open_limit: so many jobs of the player may be open; None: any number.

    Raises:
        LimitError: so many are.
        InvalidError: the request makes no sense.
        UnknownError: a job that it needs is not there.
        ConflictError: a job that it needs was cancelled, or its key belongs to another request.
    """
    check_request(request)
    # The player's row is taken first: two requests of one player go one after the other.
    last_share = await _lock_share(connection, request.player_id)
    if request.idempotency_key is not None:
        found = await _find(connection, request)
        if found is not None:
            return found
    if open_limit is not None:
        await see_that_few_are_open(connection, request.player_id, open_limit)
    open_needs = await _open_needs(connection, request.needs)
    share = max(last_share, await _served_share(connection)) + 1
    ready_ns = max(now_ns, request.ready_unix_ns or 0)
    begin = JobState.WAITING if ready_ns > now_ns else JobState.READY
    state = JobState.BLOCKED if open_needs else begin
    values = {
        "id": new_id("job"),
        "kind": request.kind,
        "player_id": request.player_id,
        "state": state.value,
        "rank": -request.priority,
        "share": share,
        "payload": dict(request.payload),
        "idempotency_key": request.idempotency_key,
        "attempts": 0,
        "max_attempts": request.max_attempts,
        "open_needs": open_needs,
        "ready_unix_ns": ready_ns,
        "fence": 0,
        "cancel_requested": False,
        "created_unix_ns": now_ns,
    }
    row = (await connection.execute(insert(jobs).values(values).returning(*jobs.c))).one()
    if request.needs:
        needs = [{"job_id": values["id"], "needs_id": need} for need in dict.fromkeys(request.needs)]
        await connection.execute(insert(job_needs), needs)
    await connection.execute(
        update(job_shares).where(job_shares.c.player_id == request.player_id).values(last_share=share)
    )
    return job_of(row)


async def see_that_few_are_open(connection: AsyncConnection, player_id: str, open_limit: int) -> None:
    """See that a player may have one more job that has not ended.

    Raises:
        LimitError: there are ``open_limit`` already.
    """
    is_open = jobs.c.state.in_([state.value for state in OPEN])
    of_player = select(jobs.c.id).where(jobs.c.player_id == player_id, is_open, text(NOT_DONE))
    if (await connection.execute(of_player.offset(open_limit - 1).limit(1))).first() is not None:
        raise LimitError(
            f"{open_limit} jobs of this player have not ended yet, and more may not be open",
            remedy="Wait until some are done, or cancel some",
        )


def check_request(request: JobRequest) -> None:
    """Raises: InvalidError: the request makes no sense."""
    if not JOB_KIND.fullmatch(request.kind):
        raise InvalidError(
            "kind", f"'{request.kind[:80]}' is no kind of job", remedy="Write letters, digits and dashes"
        )
    if abs(request.priority) > MAX_PRIORITY:
        raise InvalidError("priority", f"{request.priority} is not within -{MAX_PRIORITY} and {MAX_PRIORITY}")
    if not 1 <= request.max_attempts <= 100:
        raise InvalidError("max_attempts", f"{request.max_attempts} is not within 1 and 100")
    if request.idempotency_key is not None and not 1 <= len(request.idempotency_key) <= 200:
        raise InvalidError("idempotency_key", "it is empty or longer than 200 characters")
    check_document("payload", request.payload)


def check_document(name: str, document: object) -> str:
    """See that a document can be kept; gives it as JSON.

    Raises:
        InvalidError: it holds what JSON cannot say, or too much.
    """
    try:
        text = json.dumps(document, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidError(name, "it holds what JSON cannot say") from error
    if len(text) > MAX_DOCUMENT_BYTES:
        raise InvalidError(name, f"it has more than {MAX_DOCUMENT_BYTES} bytes", remedy="Put large things into a file")
    if "\\u0000" in text:
        raise InvalidError(name, "it holds a NUL character")
    return text


async def _find(connection: AsyncConnection, request: JobRequest) -> Job | None:
    query = select(*jobs.c).where(
        jobs.c.player_id == request.player_id, jobs.c.idempotency_key == request.idempotency_key
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    job = job_of(row)
    payload = dict(job.payload)
    if ACCEPT not in request.payload:  # it came to the job later, by an appeal
        payload.pop(ACCEPT, None)
    if (job.kind, payload) != (request.kind, dict(request.payload)):
        raise ConflictError(
            f"the key '{request.idempotency_key}' belongs to the job {job.id}, which is another",
            remedy="Take a key of its own for each job",
        )
    return job


async def _open_needs(connection: AsyncConnection, needs: Sequence[str]) -> int:
    """How many of these jobs are not done. They are held until this job is there, so that none is done unseen."""
    wanted = list(dict.fromkeys(needs))
    if not wanted:
        return 0
    query = select(jobs.c.id, jobs.c.state).where(jobs.c.id.in_(wanted)).order_by(jobs.c.id).with_for_update()
    states = {row.id: row.state for row in await connection.execute(query)}
    for need in wanted:
        if need not in states:
            raise UnknownError("job", need)
        if states[need] == JobState.CANCELLED:
            raise ConflictError(f"the job {need}, which this one needs, was cancelled")
    return sum(state != JobState.DONE for state in states.values())


async def _lock_share(connection: AsyncConnection, player_id: str) -> int:
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values: dict[str, Any] = {"player_id": player_id, "last_share": 0}
    statement = make(job_shares).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=[job_shares.c.player_id], set_={"last_share": job_shares.c.last_share}
    ).returning(job_shares.c.last_share)
    return (await connection.execute(statement)).scalar_one()


async def _served_share(connection: AsyncConnection) -> int:
    """The share that is being served: the lowest that waits, or where nothing waits the highest there was."""
    return (await connection.execute(_SERVED_SHARE)).scalar_one()


_SERVED_SHARE = select(
    func.coalesce(
        # No parameter: the index of jobs that are ready serves a plan that is made once.
        select(func.min(jobs.c.share) - 1).where(jobs.c.state == literal_column("'ready'")).scalar_subquery(),
        select(func.max(job_shares.c.last_share)).scalar_subquery(),
        0,
    )
)
