"""A session is converted: workers are given what they need for it, and what they made waits for a version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import dataset_sessions, dataset_staged
from coordinator.database.tables import jobs
from coordinator.datasets.admission import why_kept_out
from coordinator.datasets.dataset import Dataset, find_dataset
from coordinator.datasets.profiles import MappingProfile, list_profiles
from coordinator.errors import ConflictError, InvalidError, LeaseLostError
from coordinator.jobs.lease import held
from coordinator.players.scopes import Caller
from coordinator.sessions.archive import Archive
from coordinator.sessions.session import Session, get_session
from playloom.manifest.errors import ManifestError
from playloom.manifest.keys import staged_prefix
from playloom.manifest.staged import StagedSession
from playloom.objects.errors import ObjectKeyError, ObjectMissingError
from playloom.objects.object_store import ObjectStore, read_object

MAX_STAGED_BYTES = 64 << 20


@dataclass(frozen=True, kw_only=True)
class OpenedSession:
    """What a conversion needs to know. Attributes: profiles: the player's, of the session's game."""

    session: Session
    profiles: Sequence[MappingProfile]


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A converted session.

    Attributes:
        session_id: of which.
        object_key, sha256: of its `StagedSession` in the store.
        episodes, frames: in it.
        job_id, fence: the lease under which it was converted; empty: none.
    """

    session_id: str
    object_key: str
    sha256: str
    episodes: int
    frames: int
    job_id: str = ""
    fence: int = 0


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Which conversion of a session stands.

    Attributes:
        object_key: of the one that waits; empty where none waits any more.
        added_version: the one with which the session was taken up; 0: it waits.
    """

    object_key: str = ""
    added_version: int = 0


async def open_session(
    connection: AsyncConnection, caller: Caller, session_id: str, *, game_id: str = ""
) -> OpenedSession:
    """What a conversion needs.

    Args:
        connection: to read with.
        caller: who asks.
        session_id: of the session.
        game_id: of a session that names none itself, as recordings of other programs do.

    Raises:
        UnknownError: there is no such session.
        ConflictError: it is deleted.
    """
    session = await get_session(connection, caller, session_id)
    if session.deleted_unix_ns is not None:
        raise ConflictError(f"the session {session_id} is deleted")
    game_id = session.game_id or game_id
    profiles = await list_profiles(connection, player_id=session.player_id, game_id=game_id) if game_id else ()
    return OpenedSession(session=session, profiles=profiles)


async def stage_session(archive: Archive, dataset: str, conversion: Conversion) -> Standing:
    """Let a converted session wait for a version. Doing so again is no fault; the first conversion stays.

    Raises:
        UnknownError: there is no such dataset.
        InvalidError: what is said of the conversion is not so.
        ConflictError: the session was deleted, or taken out of the dataset.
        LeaseLostError: another has the job now.
    """
    async with archive.database.read() as connection:
        found = await find_dataset(connection, dataset)
    staged = await archive.read_through(lambda: _read(archive.store, found, conversion))

    async def stage(connection: AsyncConnection) -> Standing:
        await find_dataset(connection, found.id, lock=True)
        if conversion.job_id:
            query = select(jobs.c.id).where(held(conversion.job_id, conversion.fence))
            if (await connection.execute(query)).first() is None:
                raise LeaseLostError(conversion.job_id)
        if (standing := await _standing(connection, found, conversion.session_id)) is not None:
            return standing
        if reasons := await why_kept_out(connection, found.id, [conversion.session_id]):
            raise ConflictError(reasons[conversion.session_id])
        await connection.execute(
            insert(dataset_staged).values(
                dataset_id=found.id,
                session_id=conversion.session_id,
                object_key=conversion.object_key,
                sha256=conversion.sha256,
                episodes=len(staged.pieces),
                frames=staged.frames,
                staged_unix_ns=archive.clock(),
            )
        )
        return Standing(object_key=conversion.object_key)

    return await archive.database.transact(stage)


async def _standing(connection: AsyncConnection, dataset: Dataset, session_id: str) -> Standing | None:
    inside = (dataset_sessions.c.dataset_id == dataset.id) & (dataset_sessions.c.session_id == session_id)
    query = select(dataset_sessions.c.added_version).where(inside, dataset_sessions.c.removed_version.is_(None))
    if added := (await connection.execute(query)).scalar_one_or_none():
        return Standing(added_version=added)
    waits = (dataset_staged.c.dataset_id == dataset.id) & (dataset_staged.c.session_id == session_id)
    key = (await connection.execute(select(dataset_staged.c.object_key).where(waits))).scalar_one_or_none()
    return None if key is None else Standing(object_key=key)


def _read(store: ObjectStore, dataset: Dataset, conversion: Conversion) -> StagedSession:
    """The conversion, which is as it is said to be. Blocks."""
    key = conversion.object_key
    if not key.startswith(staged_prefix(dataset.id, conversion.session_id)):
        raise InvalidError("object_key", f"{key[:200]!r} is no place for this session's conversion")
    try:
        if store.info(key).size_bytes > MAX_STAGED_BYTES:
            raise InvalidError("object_key", f"its object is larger than {MAX_STAGED_BYTES} bytes")
        content = read_object(store, key)
    except (ObjectMissingError, ObjectKeyError) as error:
        raise InvalidError("object_key", "there is no such object", remedy="Put it there first") from error
    if hashlib.sha256(content).hexdigest() != conversion.sha256:
        raise InvalidError("sha256", "the object's content has another")
    try:
        staged = StagedSession.from_bytes(content, key)
    except ManifestError as error:
        raise InvalidError("object_key", str(error)) from error
    if staged.session_id != conversion.session_id:
        raise InvalidError("session_id", f"the object holds the session {staged.session_id[:80]}")
    if (len(staged.pieces), staged.frames) != (conversion.episodes, conversion.frames) or not staged.pieces:
        raise InvalidError("episodes", f"the object holds {len(staged.pieces)} of {staged.frames} frames")
    return staged
