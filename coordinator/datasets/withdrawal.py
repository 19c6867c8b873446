"""Versions that hold what was removed are withdrawn: nobody is let read them, and their objects can be collected."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import dataset_removals, dataset_sessions, dataset_staged, dataset_versions
from coordinator.database.events import note_event
from coordinator.database.tables import sessions
from coordinator.datasets.dataset import Dataset
from coordinator.datasets.version import Version, get_version, newest_number, readable_versions


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """What was done, and what is left.

    Attributes:
        withdrawn: the versions that this call has withdrawn.
        versions: all that can be read, the newest first.
        staged_keys: objects of sessions that wait.
    """

    withdrawn: tuple[Version, ...]
    versions: tuple[Version, ...]
    staged_keys: tuple[str, ...]


async def withdraw_versions(
    connection: AsyncConnection, dataset: Dataset, *, removed_before_ns: int, now_ns: int
) -> Withdrawal:
    """Withdraw the versions that hold what was removed before a time. The newest one stays, whatever it holds."""
    newest = await newest_number(connection, dataset.id)
    removed = select(dataset_removals.c.session_id).where(
        dataset_removals.c.dataset_id == dataset.id,
        dataset_removals.c.session_id.is_not(None),
        dataset_removals.c.removed_unix_ns < removed_before_ns,
    )
    holds = exists().where(
        dataset_sessions.c.dataset_id == dataset.id,
        dataset_sessions.c.added_version <= dataset_versions.c.number,
        or_(
            dataset_sessions.c.removed_version.is_(None),
            dataset_sessions.c.removed_version > dataset_versions.c.number,
        ),
        dataset_sessions.c.session_id.in_(removed),
    )
    due = (
        (dataset_versions.c.dataset_id == dataset.id)
        & dataset_versions.c.withdrawn_unix_ns.is_(None)
        & (dataset_versions.c.number < newest)
        & holds
    )
    query = select(dataset_versions.c.number).where(due).order_by(dataset_versions.c.number)
    numbers = list((await connection.execute(query)).scalars())
    for number in numbers:
        this = (dataset_versions.c.dataset_id == dataset.id) & (dataset_versions.c.number == number)
        await connection.execute(update(dataset_versions).where(this).values(withdrawn_unix_ns=now_ns))
    if numbers:
        await note_event(connection, "dataset.withdraw", dataset.id, now_ns, detail={"versions": numbers})
    gone = select(sessions.c.id).where(sessions.c.purged_unix_ns.is_not(None))
    never = (dataset_staged.c.dataset_id == dataset.id) & dataset_staged.c.session_id.in_(gone)
    await connection.execute(delete(dataset_staged).where(never))
    waits = select(dataset_staged.c.object_key).where(dataset_staged.c.dataset_id == dataset.id)
    return Withdrawal(
        withdrawn=tuple([await get_version(connection, dataset, str(number)) for number in numbers]),
        versions=tuple(await readable_versions(connection, dataset)),
        staged_keys=tuple((await connection.execute(waits.order_by(dataset_staged.c.session_id))).scalars()),
    )
