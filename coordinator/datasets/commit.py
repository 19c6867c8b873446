"""A version becomes the next one of its dataset: the pointer is moved last, and only from the version built on.

All files, segments and the manifest lie in the store before. Whoever loses a race has changed nothing; whoever does not
hear the answer asks which version stands, or commits again: the same manifest is the same version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import dataset_sessions, dataset_staged, dataset_versions
from coordinator.database.events import note_event
from coordinator.datasets.admission import why_kept_out
from coordinator.datasets.compaction import queue_compaction
from coordinator.datasets.dataset import Dataset, find_dataset
from coordinator.datasets.turns import end_turn
from coordinator.datasets.version import Version, get_version, newest_version, version_of_manifest
from coordinator.errors import InvalidError, MovedOnError
from coordinator.sessions.archive import Archive
from playloom.manifest.config import DatasetConfig
from playloom.manifest.errors import ManifestError
from playloom.manifest.keys import dataset_prefix
from playloom.manifest.version import DatasetVersion
from playloom.objects.errors import ObjectKeyError, ObjectMissingError
from playloom.objects.object_store import ObjectStore, read_object

MAX_MANIFEST_BYTES = 64 << 20
MAX_SESSIONS = 10_000
"""That a version adds or removes; more are so many that something is wrong."""

CHUNK = 500
"""Sessions asked about in one statement."""

REASONS = ("append", "remove", "compact", "rollback")


@dataclass(frozen=True, kw_only=True)
class SessionIn:
    """A session that a version adds, with what it has of it."""

    session_id: str
    episodes: int
    frames: int


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A version that is to be the next one.

    Attributes:
        parent: the version that it was built on; 0: none.
        reason: see `REASONS`.
        manifest_key, manifest_sha256: of its manifest, which lies in the store.
        episodes, frames, size_bytes: in it.
        added: sessions that its parent does not have.
        removed: sessions that only its parent has.
        turn: ends with it; 0: none.
    """

    parent: int
    reason: str
    manifest_key: str
    manifest_sha256: str
    episodes: int
    frames: int
    size_bytes: int
    added: tuple[SessionIn, ...] = ()
    removed: tuple[str, ...] = ()
    turn: int = 0

    @property
    def number(self) -> int:
        return self.parent + 1


async def commit_version(archive: Archive, dataset: str, proposal: Proposal) -> Version:
    """Make a version the next one. Doing so again with the same manifest gives the same version.

    Raises:
        UnknownError: there is no such dataset.
        MovedOnError: the dataset's newest version is another than the parent, or a session may not enter any more, or
            has entered. Nothing was changed: build again on what is there now.
        InvalidError: what is said of the version is not so.
    """
    _check(proposal)
    async with archive.database.read() as connection:
        found = await find_dataset(connection, dataset)
        if (there := await version_of_manifest(connection, found, proposal.manifest_key)) is not None:
            return there
        _see_newest(found, await newest_version(connection, found), proposal)  # before much is read
    await archive.read_through(lambda: _check_manifest(archive.store, found, proposal))
    return await archive.database.transact(lambda connection: _commit(connection, archive, found, proposal))


async def _commit(connection: AsyncConnection, archive: Archive, dataset: Dataset, proposal: Proposal) -> Version:
    await find_dataset(connection, dataset.id, lock=True)
    if (there := await version_of_manifest(connection, dataset, proposal.manifest_key)) is not None:
        return there
    parent = await newest_version(connection, dataset)
    _see_newest(dataset, parent, proposal)
    leaving = await _leaving(connection, dataset, proposal)
    await _see_may_enter(connection, dataset, proposal)
    _see_sums(proposal, parent, leaving)
    now_ns, sessions_before = archive.clock(), 0 if parent is None else parent.sessions
    row = {
        "dataset_id": dataset.id,
        "number": proposal.number,
        "parent": proposal.parent,
        "reason": proposal.reason,
        "manifest_key": proposal.manifest_key,
        "manifest_sha256": proposal.manifest_sha256,
        "episodes": proposal.episodes,
        "frames": proposal.frames,
        "size_bytes": proposal.size_bytes,
        "sessions": sessions_before + len(proposal.added) - len(proposal.removed),
        "sessions_added": len(proposal.added),
        "sessions_removed": len(proposal.removed),
        "created_unix_ns": now_ns,
    }
    try:
        await connection.execute(insert(dataset_versions).values(row))
        await _move_sessions(connection, dataset, proposal)
    except IntegrityError as error:  # where the lock was none: the keys have the last word
        raise MovedOnError(dataset.name, "another version came first") from error
    if proposal.turn:
        await end_turn(connection, dataset.id, proposal.turn)
    detail = {name: row[name] for name in ("number", "reason", "sessions_added", "sessions_removed")}
    await note_event(connection, "dataset.commit", dataset.id, now_ns, detail=detail)
    if proposal.reason == "append":
        await queue_compaction(connection, dataset, now_ns)
    return await get_version(connection, dataset, str(proposal.number))


async def _move_sessions(connection: AsyncConnection, dataset: Dataset, proposal: Proposal) -> None:
    for some in _chunks(proposal.removed):
        there = (dataset_sessions.c.dataset_id == dataset.id) & dataset_sessions.c.session_id.in_(some)
        statement = update(dataset_sessions).where(there, dataset_sessions.c.removed_version.is_(None))
        await connection.execute(statement.values(removed_version=proposal.number))
    rows = [
        {
            "dataset_id": dataset.id,
            "session_id": one.session_id,
            "added_version": proposal.number,
            "episodes": one.episodes,
            "frames": one.frames,
        }
        for one in proposal.added
    ]
    if rows:
        await connection.execute(insert(dataset_sessions), rows)
    for some in _chunks([one.session_id for one in proposal.added]):
        waits = (dataset_staged.c.dataset_id == dataset.id) & dataset_staged.c.session_id.in_(some)
        await connection.execute(delete(dataset_staged).where(waits))


async def _leaving(connection: AsyncConnection, dataset: Dataset, proposal: Proposal) -> tuple[int, int]:
    """Episodes and frames of the sessions that leave."""
    episodes = frames = 0
    for some in _chunks(proposal.removed):
        found = await _inside(connection, dataset, some)
        for session_id in some:
            if session_id not in found:
                raise MovedOnError(dataset.name, f"the session {session_id} is not in it")
            episodes, frames = episodes + found[session_id][0], frames + found[session_id][1]
    return episodes, frames


async def _see_may_enter(connection: AsyncConnection, dataset: Dataset, proposal: Proposal) -> None:
    wanted = {one.session_id: one for one in proposal.added}
    for some in _chunks(list(wanted)):
        if reasons := await why_kept_out(connection, dataset.id, some):
            raise MovedOnError(dataset.name, next(iter(reasons.values())))
        inside = await _inside(connection, dataset, some)
        for session_id in some:
            if session_id in inside:
                raise MovedOnError(dataset.name, f"the session {session_id} is in it already")
        known = await _staged(connection, dataset, some)
        if proposal.reason == "rollback":  # what was in it before may come back
            known = await _had(connection, dataset, some) | known
        for session_id in some:
            one = wanted[session_id]
            if session_id not in known:
                raise MovedOnError(dataset.name, f"the session {session_id} does not wait to enter")
            if known[session_id] != (one.episodes, one.frames):
                raise InvalidError("added", f"the session {session_id} has {known[session_id]} episodes and frames")


async def _inside(connection: AsyncConnection, dataset: Dataset, some: Sequence[str]) -> dict[str, tuple[int, int]]:
    there = (dataset_sessions.c.dataset_id == dataset.id) & dataset_sessions.c.session_id.in_(some)
    query = select(dataset_sessions).where(there, dataset_sessions.c.removed_version.is_(None))
    return {row.session_id: (row.episodes, row.frames) for row in await connection.execute(query)}


async def _had(connection: AsyncConnection, dataset: Dataset, some: Sequence[str]) -> dict[str, tuple[int, int]]:
    there = (dataset_sessions.c.dataset_id == dataset.id) & dataset_sessions.c.session_id.in_(some)
    columns = (dataset_sessions.c.session_id, func.max(dataset_sessions.c.added_version).label("latest"))
    latest = select(*columns).where(there).group_by(dataset_sessions.c.session_id).subquery()
    query = select(dataset_sessions).join(
        latest,
        (latest.c.session_id == dataset_sessions.c.session_id) & (latest.c.latest == dataset_sessions.c.added_version),
    )
    rows = await connection.execute(query.where(there))
    return {row.session_id: (row.episodes, row.frames) for row in rows}


async def _staged(connection: AsyncConnection, dataset: Dataset, some: Sequence[str]) -> dict[str, tuple[int, int]]:
    waits = (dataset_staged.c.dataset_id == dataset.id) & dataset_staged.c.session_id.in_(some)
    rows = await connection.execute(select(dataset_staged).where(waits))
    return {row.session_id: (row.episodes, row.frames) for row in rows}


def _see_newest(dataset: Dataset, newest: Version | None, proposal: Proposal) -> None:
    number = 0 if newest is None else newest.number
    if number > proposal.parent:
        raise MovedOnError(dataset.name, f"its newest version is {number}, and this one builds on {proposal.parent}")
    if number < proposal.parent:
        raise InvalidError("version.parent", f"there is no version {proposal.parent}")


def _see_sums(proposal: Proposal, parent: Version | None, leaving: tuple[int, int]) -> None:
    """What is in a version is what was in its parent, less what leaves, and what comes."""
    before = (0, 0) if parent is None else (parent.episodes, parent.frames)
    coming = sum(one.episodes for one in proposal.added), sum(one.frames for one in proposal.added)
    for place, name in enumerate(("episodes", "frames")):
        said, expected = getattr(proposal, name), before[place] - leaving[place] + coming[place]
        if said != expected:
            raise InvalidError(f"version.{name}", f"{said}, and its parent and its sessions make {expected}")


def _check(proposal: Proposal) -> None:
    if proposal.reason not in REASONS:
        raise InvalidError("version.reason", f"there are {', '.join(REASONS)}")
    ids = [one.session_id for one in proposal.added]
    if len(set(ids)) != len(ids) or len(set(proposal.removed)) != len(proposal.removed):
        raise InvalidError("added", "a session is named twice")
    if max(len(ids), len(proposal.removed)) > MAX_SESSIONS:
        raise InvalidError("added", f"these are more than {MAX_SESSIONS} sessions")
    if set(ids) & set(proposal.removed):
        raise InvalidError("added", "a session is added and removed")
    fits: Mapping[str, bool] = {
        "append": bool(ids) and not proposal.removed,
        "remove": not ids,
        "compact": not ids and not proposal.removed,
        "rollback": True,
    }
    if not fits[proposal.reason]:
        raise InvalidError("version.reason", f"no '{proposal.reason}' adds and removes such sessions")


def _check_manifest(store: ObjectStore, dataset: Dataset, proposal: Proposal) -> None:
    """See that the manifest lies where it should, and says what is said of it. Blocks."""
    key = proposal.manifest_key
    if not key.startswith(f"{dataset_prefix(dataset.id)}versions/"):
        raise InvalidError("version.manifest_key", f"{key[:200]!r} is no place of this dataset's versions")
    try:
        if store.info(key).size_bytes > MAX_MANIFEST_BYTES:
            raise InvalidError("version.manifest_key", f"its object is larger than {MAX_MANIFEST_BYTES} bytes")
        content = read_object(store, key)
    except (ObjectMissingError, ObjectKeyError) as error:
        raise InvalidError("version.manifest_key", "there is no such object", remedy="Put it there first") from error
    if hashlib.sha256(content).hexdigest() != proposal.manifest_sha256:
        raise InvalidError("version.manifest_sha256", "the object's content has another")
    try:
        manifest = DatasetVersion.from_bytes(content, key)
    except ManifestError as error:
        raise InvalidError("version.manifest_key", str(error)) from error
    for name, expected in {
        "dataset_id": dataset.id,
        "dataset": dataset.name,
        "number": proposal.number,
        "parent": proposal.parent,
        "reason": proposal.reason,
        "episodes": proposal.episodes,
        "frames": proposal.frames,
        "size_bytes": proposal.size_bytes,
    }.items():
        if getattr(manifest, name) != expected:
            raise InvalidError(f"version.{name}", f"the manifest says {getattr(manifest, name)!r}, not {expected!r}")
    if dataset.config is None or manifest.config != DatasetConfig.from_json(dataset.config):
        raise InvalidError("version.config", f"the manifest's config is not that of '{dataset.name}'")
    for name in ("episodes", "frames"):
        if sum(getattr(segment, name) for segment in manifest.segments) != getattr(manifest, name):
            raise InvalidError(f"version.{name}", "the manifest's segments do not make its sum")


def _chunks(items: Sequence[str]) -> list[Sequence[str]]:
    return [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
