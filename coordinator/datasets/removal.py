"""Sessions are taken out of a dataset, and stay out: first they may not enter any more, then a job makes the version.

What the earlier versions hold of them is gone once these are withdrawn and their objects collected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, union
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import dataset_removals, dataset_sessions, dataset_staged
from coordinator.database.events import note_event
from coordinator.database.tables import jobs, sessions
from coordinator.datasets.checkpoints import Checkpoint, mark_checkpoints
from coordinator.datasets.dataset import Dataset, find_dataset
from coordinator.datasets.ingest import INGEST
from coordinator.datasets.version import newest_number
from coordinator.errors import InvalidError, UnknownError
from coordinator.ids import new_id
from coordinator.jobs.control import cancel_job, retry_job
from coordinator.jobs.job import Job, JobRequest
from coordinator.jobs.states import FINAL, JobState
from coordinator.jobs.submit import submit_job
from coordinator.players.scopes import Caller
from coordinator.sessions.archive import Archive
from coordinator.sessions.deletion import purge_session

REMOVE = "dataset.remove"
"""The kind of these jobs. Their payload is the dataset's name and the sessions' ids."""

MAX_NAMED = 1000
SESSIONS_OF_JOB = 2000
"""A job's payload has its limit; more sessions are several jobs, one after the other."""

CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What was done.

    Attributes:
        job: makes the version, or the last of several; None: nothing had entered.
        session_ids: of all that are out: they were in it, or on their way.
        checkpoints: learned from them; marked.
    """

    job: Job | None
    session_ids: tuple[str, ...]
    checkpoints: tuple[Checkpoint, ...]


async def remove_from_dataset(
    archive: Archive,
    caller: Caller,
    dataset: str,
    *,
    session_ids: Sequence[str] = (),
    player_id: str | None = None,
    delete_recordings: bool = False,
) -> Removal:
    """Take sessions out of a dataset, for good. Doing so again is no fault.

    Args:
        archive: both database and store.
        caller: whose sessions they are, or an operator.
        dataset: its id or name.
        session_ids: which.
        player_id: all of this player's, those to come included; None: of none.
        delete_recordings: whether the recordings themselves are deleted, at once and for good.

    Raises:
        UnknownError: there is no such dataset, or a session is not there or another's.
        InvalidError: nothing is named, or too much.
    """
    wanted = list(dict.fromkeys(session_ids))
    if len(wanted) > MAX_NAMED:
        raise InvalidError("session_ids", f"there are more than {MAX_NAMED}", remedy="Name them in several calls")
    if not wanted and player_id is None:
        raise InvalidError("session_ids", "none is named", remedy="Name sessions or a player")

    async def remove(connection: AsyncConnection) -> Removal:
        found = await find_dataset(connection, dataset, lock=True)
        return await _remove(connection, caller, found, wanted, player_id, archive.clock())

    removal = await archive.database.transact(remove)
    if delete_recordings:
        for session_id in removal.session_ids:
            await purge_session(archive, session_id, player_id=caller.player_id)
    return removal


async def _remove(
    connection: AsyncConnection, caller: Caller, dataset: Dataset, wanted: list[str], player_id: str | None, now_ns: int
) -> Removal:
    await _see_own(connection, caller, wanted)
    out = set(wanted)
    if player_id is not None:
        out |= await _of_player(connection, dataset, player_id)
    out |= await _same_content(connection, dataset, sorted(out))
    ids = sorted(out)
    await _forbid(connection, dataset, ids, player_id, now_ns)
    waiting = await _drop_staged(connection, dataset, ids)
    stopped = await _cancel_jobs(connection, dataset, ids, now_ns)
    inside = await _inside(connection, dataset, ids)
    marked = await mark_checkpoints(connection, dataset, ids, now_ns)
    job = await _submit(connection, caller, dataset, inside, now_ns) if inside else None
    detail = {"sessions": len(ids), "in_it": len(inside), "waiting": len(waiting), "queued": len(stopped)}
    detail |= {} if player_id is None else {"player_id": player_id}
    await note_event(connection, "dataset.remove", dataset.id, now_ns, player_id=caller.player_id, detail=detail)
    return Removal(job=job, session_ids=tuple(ids), checkpoints=tuple(marked))


async def _see_own(connection: AsyncConnection, caller: Caller, session_ids: list[str]) -> None:
    """Also of sessions of which nothing is left: what came of them may still be in the dataset."""
    query = select(sessions.c.id, sessions.c.player_id).where(sessions.c.id.in_(session_ids))
    owners = {row.id: row.player_id for row in await connection.execute(query)} if session_ids else {}
    for session_id in session_ids:
        if session_id not in owners or not (caller.is_operator or owners[session_id] == caller.player_id):
            raise UnknownError("session", session_id)


async def _of_player(connection: AsyncConnection, dataset: Dataset, player_id: str) -> set[str]:
    """The player's sessions that are or were in a dataset, or on their way into it."""
    ids: set[str] = set()
    for table in (dataset_sessions, dataset_staged):
        query = select(table.c.session_id).join(sessions, sessions.c.id == table.c.session_id)
        query = query.where(table.c.dataset_id == dataset.id, sessions.c.player_id == player_id)
        ids |= set((await connection.execute(query)).scalars())
    queued = select(jobs.c.payload["session_id"].as_string()).where(
        jobs.c.player_id == player_id, jobs.c.kind == INGEST, jobs.c.payload["dataset"].as_string() == dataset.name
    )
    query = select(sessions.c.id).where(sessions.c.id.in_(queued), sessions.c.player_id == player_id)
    return ids | set((await connection.execute(query)).scalars())


async def _same_content(connection: AsyncConnection, dataset: Dataset, ids: list[str]) -> set[str]:
    """Sessions of the dataset that are the same recordings, sent again under another id."""
    contents: dict[str, set[str]] = {}
    for some in _chunks(ids):
        query = select(sessions.c.player_id, sessions.c.content_sha256).where(sessions.c.id.in_(some))
        for row in await connection.execute(query):
            contents.setdefault(row.player_id, set()).add(row.content_sha256)
    here = union(
        *(
            select(table.c.session_id).where(table.c.dataset_id == dataset.id)
            for table in (dataset_sessions, dataset_staged)
        )
    )
    same: set[str] = set()
    for player_id, wanted in contents.items():
        query = select(sessions.c.id, sessions.c.content_sha256)
        query = query.where(sessions.c.player_id == player_id, sessions.c.id.in_(here))
        same |= {row.id for row in await connection.execute(query) if row.content_sha256 in wanted}
    return same


async def _forbid(
    connection: AsyncConnection, dataset: Dataset, ids: list[str], player_id: str | None, now_ns: int
) -> None:
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    common = {"dataset_id": dataset.id, "removed_unix_ns": now_ns}
    for some in _chunks(ids):
        query = select(sessions.c.id, sessions.c.player_id, sessions.c.content_sha256).where(sessions.c.id.in_(some))
        rows = [
            common
            | {
                "id": new_id("removal"),
                "session_id": row.id,
                "player_id": row.player_id,
                "content_sha256": row.content_sha256,
            }
            for row in (await connection.execute(query)).all()
        ]
        if rows:
            await connection.execute(make(dataset_removals).on_conflict_do_nothing(), rows)
    if player_id is not None:
        row = common | {"id": new_id("removal"), "player_id": player_id}
        await connection.execute(make(dataset_removals).values(row).on_conflict_do_nothing())


async def _drop_staged(connection: AsyncConnection, dataset: Dataset, ids: list[str]) -> list[str]:
    dropped: list[str] = []
    for some in _chunks(ids):
        waits = (dataset_staged.c.dataset_id == dataset.id) & dataset_staged.c.session_id.in_(some)
        statement = delete(dataset_staged).where(waits).returning(dataset_staged.c.session_id)
        dropped += (await connection.execute(statement)).scalars()
    return dropped


async def _cancel_jobs(connection: AsyncConnection, dataset: Dataset, ids: list[str], now_ns: int) -> list[str]:
    """Cancel what would convert these sessions for the dataset."""
    cancelled: list[str] = []
    is_open = jobs.c.state.in_([state.value for state in JobState if state not in FINAL])
    for some in _chunks(ids):
        query = (
            select(jobs.c.id)
            .where(is_open, jobs.c.kind == INGEST, jobs.c.payload["dataset"].as_string() == dataset.name)
            .where(jobs.c.payload["session_id"].as_string().in_(some))
            .order_by(jobs.c.id)
            .with_for_update()
        )
        for job_id in (await connection.execute(query)).scalars().all():
            cancelled += [job.id for job in await cancel_job(connection, job_id, now_ns)]
    return cancelled


async def _inside(connection: AsyncConnection, dataset: Dataset, ids: list[str]) -> list[str]:
    inside: list[str] = []
    for some in _chunks(ids):
        there = (dataset_sessions.c.dataset_id == dataset.id) & dataset_sessions.c.session_id.in_(some)
        query = select(dataset_sessions.c.session_id).where(there, dataset_sessions.c.removed_version.is_(None))
        inside += (await connection.execute(query.order_by(dataset_sessions.c.session_id))).scalars()
    return inside


async def _submit(connection: AsyncConnection, caller: Caller, dataset: Dataset, ids: list[str], now_ns: int) -> Job:
    number = await newest_number(connection, dataset.id)
    job: Job | None = None
    for start in range(0, len(ids), SESSIONS_OF_JOB):
        some = ids[start : start + SESSIONS_OF_JOB]
        sum_ = hashlib.sha256(" ".join(some).encode()).hexdigest()[:32]
        needs = () if job is None or job.state in FINAL else (job.id,)
        job = await submit_job(
            connection,
            JobRequest(
                kind=REMOVE,
                player_id=caller.player_id,
                payload={"dataset": dataset.name, "session_ids": some},
                idempotency_key=f"{REMOVE}:{dataset.id}:{number}:{sum_}",  # asked for twice, it is one job
                needs=needs,
            ),
            now_ns,
        )
        if job.state in (JobState.DEAD, JobState.CANCELLED):
            job = await retry_job(connection, job.id, now_ns)
    assert job is not None
    return job


def _chunks(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
