"""Ingest rules: a finished session of a game is queued for the datasets that want it. Others are queued by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import dataset_sessions, dataset_staged
from coordinator.database.tables import datasets, ingest_rules, jobs, sessions
from coordinator.datasets.admission import may_enter, why_kept_out
from coordinator.datasets.dataset import Dataset, find_dataset
from coordinator.errors import ConflictError, InvalidError, UnknownError
from coordinator.ids import new_id
from coordinator.jobs.control import retry_job
from coordinator.jobs.job import Job, JobRequest, job_of
from coordinator.jobs.states import JobState
from coordinator.jobs.submit import submit_job
from coordinator.sessions.session import Session

INGEST = "ingest"
"""The kind of these jobs. Their payload is the session's id and the dataset's name."""

MAX_GAME_ID = 200
MAX_NAMED = 1000
"""Sessions that can be named at once."""

ATTEMPTS = 20
"""What another try cannot help fails at once; the others are to outlast a store or a cluster that is away for hours."""

AT_ONCE = 100
"""Sessions queued in one transaction, where nobody names them."""


@dataclass(frozen=True, kw_only=True)
class IngestRule:
    """Attributes: dataset: its name; game_id: of the sessions that it wants."""

    id: str
    dataset: str
    game_id: str


async def add_ingest_rule(connection: AsyncConnection, dataset: str, game_id: str, now_ns: int) -> IngestRule:
    """Let sessions of a game that are finished from now on be queued for a dataset.

    Raises:
        UnknownError: there is no such dataset.
        InvalidError: no game is called so.
        ConflictError: there is this rule.
    """
    found = await find_dataset(connection, dataset)
    if not game_id.strip() or len(game_id) > MAX_GAME_ID or not game_id.isprintable():
        raise InvalidError("game_id", f"{game_id[:80]!r} is no game's id")
    row = {"id": new_id("rule"), "dataset_id": found.id, "game_id": game_id, "created_unix_ns": now_ns}
    try:
        await connection.execute(insert(ingest_rules).values(row))
    except IntegrityError as error:
        raise ConflictError(f"the dataset '{found.name}' takes '{game_id}' already") from error
    return IngestRule(id=str(row["id"]), dataset=found.name, game_id=game_id)


async def remove_ingest_rule(connection: AsyncConnection, rule_id: str) -> IngestRule:
    """Remove a rule; what was queued by it stays.

    Raises:
        UnknownError: there is none.
    """
    found = [rule for rule in await list_ingest_rules(connection) if rule.id == rule_id]
    if not found:
        raise UnknownError("ingest rule", rule_id)
    await connection.execute(delete(ingest_rules).where(ingest_rules.c.id == rule_id))
    return found[0]


async def list_ingest_rules(connection: AsyncConnection, dataset: str = "") -> list[IngestRule]:
    """The rules of a dataset, or of all, by dataset and game.

    Raises:
        UnknownError: there is no such dataset.
    """
    query = (
        select(ingest_rules.c.id, datasets.c.name.label("dataset"), ingest_rules.c.game_id)
        .join(datasets, datasets.c.id == ingest_rules.c.dataset_id)
        .order_by(datasets.c.name, ingest_rules.c.game_id)
    )
    if dataset:
        query = query.where(datasets.c.id == (await find_dataset(connection, dataset)).id)
    return [IngestRule(**row._mapping) for row in await connection.execute(query)]


async def submit_ingest_jobs(connection: AsyncConnection, session: Session, now_ns: int) -> list[Job]:
    """Queue a session for the datasets that want its game and from which neither it nor its player was removed."""
    if session.game_id is None:
        return []
    query = (
        select(datasets)
        .join(ingest_rules, datasets.c.id == ingest_rules.c.dataset_id)
        .join(sessions, sessions.c.id == session.id)
        .where(ingest_rules.c.game_id == session.game_id, may_enter(datasets.c.id))
        .order_by(datasets.c.name)
    )
    wanted = [Dataset(**row._mapping) for row in (await connection.execute(query)).all()]
    return [await _submit(connection, dataset, session.id, session.player_id, now_ns) for dataset in wanted]


async def ingest_named(
    connection: AsyncConnection, dataset: Dataset, session_ids: Sequence[str], now_ns: int
) -> list[Job]:
    """Queue sessions, whatever their game; what had failed or been cancelled is tried again.

    Returns:
        Their jobs; none for a session that is in the dataset, or converted and waits.

    Raises:
        UnknownError: a session is not there.
        ConflictError: it is deleted, or was taken out of the dataset.
        InvalidError: these are too many.
    """
    wanted = list(dict.fromkeys(session_ids))
    if len(wanted) > MAX_NAMED:
        raise InvalidError("session_ids", f"there are more than {MAX_NAMED}", remedy="Name them in several calls")
    owners = select(sessions.c.id, sessions.c.player_id).where(sessions.c.id.in_(wanted))
    players = {row.id: row.player_id for row in await connection.execute(owners)}
    for session_id in wanted:
        if session_id not in players:
            raise UnknownError("session", session_id)
    if reasons := await why_kept_out(connection, dataset.id, wanted):
        raise ConflictError(next(iter(reasons.values())))
    there = set(
        (await connection.execute(select(sessions.c.id).where(sessions.c.id.in_(wanted), _has(dataset)))).scalars()
    )
    return [
        await _again(connection, dataset, session_id, players[session_id], now_ns)
        for session_id in wanted
        if session_id not in there
    ]


async def ingest_wanted(connection: AsyncConnection, dataset: Dataset, now_ns: int) -> list[Job]:
    """Queue some sessions of the games that a dataset wants and that were never queued for it, the oldest first.

    Returns:
        Their jobs; none: there are no more.

    Raises:
        ConflictError: the dataset wants no game.
    """
    games = [rule.game_id for rule in await list_ingest_rules(connection, dataset.id)]
    if not games:
        raise ConflictError(
            f"no rule says whose sessions '{dataset.name}' takes",
            remedy=f"Name sessions, or add a rule: playloom datasets rules add {dataset.name} GAME_ID",
        )
    queued = exists().where(
        jobs.c.player_id == sessions.c.player_id, jobs.c.idempotency_key == _key(dataset) + sessions.c.id
    )
    query = (
        select(sessions.c.id, sessions.c.player_id)
        .where(sessions.c.game_id.in_(games), may_enter(dataset.id), ~queued, ~_has(dataset))
        .order_by(sessions.c.created_unix_ns, sessions.c.id)
        .limit(AT_ONCE)
    )
    rows = (await connection.execute(query)).all()
    return [await _submit(connection, dataset, row.id, row.player_id, now_ns) for row in rows]


def _has(dataset: Dataset) -> ColumnElement[bool]:
    """That a row of `sessions` is in a dataset, or waits for its next version."""
    inside = exists().where(
        dataset_sessions.c.dataset_id == dataset.id,
        dataset_sessions.c.session_id == sessions.c.id,
        dataset_sessions.c.removed_version.is_(None),
    )
    waits = exists().where(dataset_staged.c.dataset_id == dataset.id, dataset_staged.c.session_id == sessions.c.id)
    return inside | waits


async def _again(connection: AsyncConnection, dataset: Dataset, session_id: str, player_id: str, now_ns: int) -> Job:
    """Queue a session; one that has been queued before is tried again."""
    mine = jobs.c.idempotency_key.startswith(_key(dataset) + session_id, autoescape=True)
    query = select(*jobs.c).where(jobs.c.player_id == player_id, mine).order_by(jobs.c.id)
    before = [job_of(row) for row in (await connection.execute(query)).all()]
    if not before:
        return await _submit(connection, dataset, session_id, player_id, now_ns)
    last = before[-1]
    if last.state in (JobState.DEAD, JobState.CANCELLED):
        return await retry_job(connection, last.id, now_ns)
    if last.state is not JobState.DONE:
        return last
    # It was in the dataset, and a rollback took it out.
    return await _submit(connection, dataset, session_id, player_id, now_ns, again=len(before))


async def _submit(
    connection: AsyncConnection, dataset: Dataset, session_id: str, player_id: str, now_ns: int, *, again: int = 0
) -> Job:
    request = JobRequest(
        kind=INGEST,
        player_id=player_id,
        payload={"session_id": session_id, "dataset": dataset.name},
        idempotency_key=f"{_key(dataset)}{session_id}" + (f":{again}" if again else ""),
        max_attempts=ATTEMPTS,
    )
    return await submit_job(connection, request, now_ns)


def _key(dataset: Dataset) -> str:
    return f"{INGEST}:{dataset.id}:"
