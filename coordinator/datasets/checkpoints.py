"""What models were trained on which versions; those that learned from what was removed since are marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import (
    checkpoint_parents,
    checkpoint_sources,
    checkpoints,
    dataset_removals,
    dataset_sessions,
    dataset_versions,
)
from coordinator.database.events import note_event
from coordinator.database.tables import datasets
from coordinator.datasets.dataset import Dataset, find_dataset
from coordinator.errors import InvalidError, UnknownError
from coordinator.ids import new_id

MAX_NAME, MAX_LOCATION = 200, 2000
MAX_SOURCES = 100
CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a model was trained on. Attributes: dataset: its name; version: its number."""

    dataset: str
    version: int


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A model as it was kept.

    Attributes:
        name, location: what it is called, and where it lies.
        player_id: who registered it.
        sources: what it was trained on.
        parent_ids: the checkpoints that it began with.
        marked_unix_ns, marked_reason: since when it is known to have learned from what was removed, and how.
    """

    id: str
    name: str
    player_id: str
    location: str
    created_unix_ns: int
    marked_unix_ns: int | None
    marked_reason: str | None
    sources: tuple[Source, ...] = ()
    parent_ids: tuple[str, ...] = ()


async def register_checkpoint(
    connection: AsyncConnection,
    player_id: str,
    *,
    name: str,
    location: str,
    sources: Sequence[Source],
    parent_ids: Sequence[str],
    now_ns: int,
) -> Checkpoint:
    """Keep what a model was trained on; it is marked at once if part of that was removed meanwhile.

    The same of the same player again is the checkpoint that is there.

    Raises:
        InvalidError: it cannot be called so, or lies nowhere, or has too many sources.
        UnknownError: a version or a parent is not there.
    """
    for field, text, most in (("name", name, MAX_NAME), ("location", location, MAX_LOCATION)):
        if not text.strip() or len(text) > most or not text.isprintable():
            raise InvalidError(field, f"it is empty or longer than {most} characters")
    if len(sources) > MAX_SOURCES or len(parent_ids) > MAX_SOURCES:
        raise InvalidError("sources", f"there are more than {MAX_SOURCES}")
    same = await _same(connection, player_id, name, location, sources, parent_ids)
    if same is not None:
        return same
    checkpoint_id = new_id("checkpoint")
    row = {"id": checkpoint_id, "name": name, "player_id": player_id, "location": location, "created_unix_ns": now_ns}
    await connection.execute(insert(checkpoints).values(row))
    for source in dict.fromkeys(sources):
        # Held while the mark is decided: a removal that goes on now sees this checkpoint, or is seen by it.
        dataset = await find_dataset(connection, source.dataset, lock=True)
        this = (dataset_versions.c.dataset_id == dataset.id) & (dataset_versions.c.number == source.version)
        if (await connection.execute(select(dataset_versions.c.number).where(this))).first() is None:
            raise UnknownError(f"version of '{dataset.name}'", str(source.version))
        values = {"checkpoint_id": checkpoint_id, "dataset_id": dataset.id, "version": source.version}
        await connection.execute(insert(checkpoint_sources).values(values))
        learned = select(checkpoint_sources.c.checkpoint_id).where(
            checkpoint_sources.c.checkpoint_id == checkpoint_id,
            checkpoint_sources.c.dataset_id == dataset.id,
            _held_removed(dataset.id),
        )
        if (await connection.execute(learned.limit(1))).first() is not None:
            await _mark(connection, [checkpoint_id], _reason(dataset), now_ns)
    for parent_id in dict.fromkeys(parent_ids):
        parent = await _get(connection, parent_id)
        await connection.execute(insert(checkpoint_parents).values(checkpoint_id=checkpoint_id, parent_id=parent_id))
        if parent.marked_unix_ns is not None:
            await _mark(connection, [checkpoint_id], _reason_of_parent(parent), now_ns)
    return await _get(connection, checkpoint_id)


async def _same(
    connection: AsyncConnection,
    player_id: str,
    name: str,
    location: str,
    sources: Sequence[Source],
    parent_ids: Sequence[str],
) -> Checkpoint | None:
    """What this was registered as before."""
    called = (checkpoints.c.player_id == player_id) & (checkpoints.c.name == name)
    query = select(checkpoints.c.id).where(called, checkpoints.c.location == location)
    wanted = {((await find_dataset(connection, one.dataset)).name, one.version) for one in sources}
    for found in await _checkpoints(connection, list((await connection.execute(query)).scalars())):
        known = {(one.dataset, one.version) for one in found.sources}
        if (known, set(found.parent_ids)) == (wanted, set(parent_ids)):
            return found
    return None


async def mark_checkpoints(
    connection: AsyncConnection, dataset: Dataset, session_ids: Sequence[str], now_ns: int
) -> list[Checkpoint]:
    """Mark all that learned from these sessions, and all that began with one of those; returns them."""
    first: set[str] = set()
    for start in range(0, len(session_ids), CHUNK):
        some = session_ids[start : start + CHUNK]
        query = (
            select(checkpoint_sources.c.checkpoint_id)
            .distinct()
            .where(checkpoint_sources.c.dataset_id == dataset.id, _held(dataset_sessions.c.session_id.in_(some)))
        )
        first |= set((await connection.execute(query)).scalars())
    await _mark(connection, sorted(first), _reason(dataset), now_ns)
    seen, frontier = set(first), sorted(first)
    while frontier:
        parents = {parent.id: parent for parent in await _checkpoints(connection, frontier)}
        query = select(checkpoint_parents).where(checkpoint_parents.c.parent_id.in_(frontier))
        children = {row.checkpoint_id: row.parent_id for row in await connection.execute(query)}
        frontier = sorted(child for child in children if child not in seen)
        for child in frontier:
            await _mark(connection, [child], _reason_of_parent(parents[children[child]]), now_ns)
        seen |= set(frontier)
    return await _checkpoints(connection, sorted(seen))


async def list_checkpoints(
    connection: AsyncConnection, *, dataset: Dataset | None = None, marked: bool = False
) -> list[Checkpoint]:
    """Checkpoints, the newest first.

    Args:
        connection: to the database.
        dataset: only those that learned from it, themselves or through what they began with.
        marked: only those that are marked.
    """
    wanted: set[str] | None = None
    if dataset is not None:
        query = select(checkpoint_sources.c.checkpoint_id).where(checkpoint_sources.c.dataset_id == dataset.id)
        wanted = await _with_children(connection, set((await connection.execute(query)).scalars()))
    found = await _checkpoints(connection, None if wanted is None else sorted(wanted))
    chosen = [one for one in found if not marked or one.marked_unix_ns is not None]
    return sorted(chosen, key=lambda one: (one.created_unix_ns, one.id), reverse=True)


async def _with_children(connection: AsyncConnection, ids: set[str]) -> set[str]:
    frontier = sorted(ids)
    while frontier:
        query = select(checkpoint_parents.c.checkpoint_id).where(checkpoint_parents.c.parent_id.in_(frontier))
        frontier = sorted(set((await connection.execute(query)).scalars()) - ids)
        ids |= set(frontier)
    return ids


def _held(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """That the version of a row of `checkpoint_sources` holds a session of which this is true."""
    there = and_(
        dataset_sessions.c.dataset_id == checkpoint_sources.c.dataset_id,
        dataset_sessions.c.added_version <= checkpoint_sources.c.version,
        or_(
            dataset_sessions.c.removed_version.is_(None),
            dataset_sessions.c.removed_version > checkpoint_sources.c.version,
        ),
    )
    return exists(select(dataset_sessions.c.session_id).where(there, condition).correlate(checkpoint_sources))


def _held_removed(dataset_id: str) -> ColumnElement[bool]:
    removed = select(dataset_removals.c.session_id).where(
        dataset_removals.c.dataset_id == dataset_id, dataset_removals.c.session_id.is_not(None)
    )
    return _held(dataset_sessions.c.session_id.in_(removed))


async def _mark(connection: AsyncConnection, ids: Iterable[str], reason: str, now_ns: int) -> None:
    for checkpoint_id in ids:
        this = (checkpoints.c.id == checkpoint_id) & checkpoints.c.marked_unix_ns.is_(None)
        statement = update(checkpoints).where(this).values(marked_unix_ns=now_ns, marked_reason=reason)
        if (await connection.execute(statement)).rowcount:
            await note_event(connection, "checkpoint.mark", checkpoint_id, now_ns, detail={"reason": reason})


def _reason(dataset: Dataset) -> str:
    return f"it learned from sessions that were removed from '{dataset.name}'"


def _reason_of_parent(parent: Checkpoint) -> str:
    return f"it began with '{parent.name}' ({parent.id}), which is marked"


async def _get(connection: AsyncConnection, checkpoint_id: str) -> Checkpoint:
    found = await _checkpoints(connection, [checkpoint_id])
    if not found:
        raise UnknownError("checkpoint", checkpoint_id)
    return found[0]


async def _checkpoints(connection: AsyncConnection, ids: Sequence[str] | None) -> list[Checkpoint]:
    """Those of these ids, or all."""
    rows = select(checkpoints)
    sources = (
        select(checkpoint_sources, datasets.c.name)
        .join(datasets, datasets.c.id == checkpoint_sources.c.dataset_id)
        .order_by(datasets.c.name, checkpoint_sources.c.version)
    )
    parents = select(checkpoint_parents).order_by(checkpoint_parents.c.parent_id)
    if ids is not None:
        rows = rows.where(checkpoints.c.id.in_(ids))
        sources = sources.where(checkpoint_sources.c.checkpoint_id.in_(ids))
        parents = parents.where(checkpoint_parents.c.checkpoint_id.in_(ids))
    by_source: dict[str, tuple[Source, ...]] = {}
    for row in await connection.execute(sources):
        one = Source(dataset=row.name, version=row.version)
        by_source[row.checkpoint_id] = (*by_source.get(row.checkpoint_id, ()), one)
    by_parent: dict[str, tuple[str, ...]] = {}
    for row in await connection.execute(parents):
        by_parent[row.checkpoint_id] = (*by_parent.get(row.checkpoint_id, ()), row.parent_id)
    return [
        Checkpoint(**row._mapping, sources=by_source.get(row.id, ()), parent_ids=by_parent.get(row.id, ()))
        for row in await connection.execute(rows.order_by(checkpoints.c.id))
    ]
