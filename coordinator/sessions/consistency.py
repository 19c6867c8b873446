"""Whether database and store say the same, and what to do where they do not.

They differ after a crash between the two, after someone has changed the store by hand, and after one of them was
restored from a backup. Sessions that the store holds whole and the database has forgotten are taken in again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.clock import SECOND_NS
from coordinator.database.events import note_event
from coordinator.database.tables import session_files, sessions, upload_files, uploads
from coordinator.errors import ConflictError
from coordinator.sessions.adoption import adopt_session, is_there_again, why_not_whole
from coordinator.sessions.archive import Archive
from coordinator.sessions.deletion import mark_deleted, missing_files
from coordinator.sessions.record import RECORD_FOLDER, record_key, write_record
from coordinator.sessions.session import Session, find_session
from coordinator.settings import DAY_S
from coordinator.uploads.upload import UploadState
from playloom.objects.object_store import ObjectInfo, PartUpload, list_objects

SESSION_FOLDER = "sessions/"
YOUNG_S = DAY_S
"""What is younger may belong to something that goes on just now."""


class FindingKind(StrEnum):
    BROKEN = "broken"  # a session's file is gone or has another size: it is deleted, and restorable if that comes back
    FORGOTTEN = "forgotten"  # a session lies in the store, unknown to the database: it is taken in again
    UNRECORDED = "unrecorded"  # a session of which the store keeps no record: it is written
    ORPHAN = "orphan"  # an object that nothing knows: it is removed
    STRAY = "stray"  # parts that no upload knows: they are removed
    VERSION = "version"  # a dataset's version of which something is gone: an earlier one is named that is whole
    STAGED = "staged"  # a converted session whose conversion is gone: it is queued again


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A difference.

    Attributes:
        kind: of which kind, and how it is mended.
        subject: the session's id, the object's key, or the dataset and the version's number.
        detail: in words.
        mended: whether it was.
    """

    kind: FindingKind
    subject: str
    detail: str
    mended: bool


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """What the store holds. Attributes: objects: by key."""

    objects: dict[str, ObjectInfo]
    parts: list[PartUpload]


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the database knows.

    Attributes:
        ids: of all sessions that ever were.
        purged: of those of which nothing is left.
        sizes: of the files of the others, by session and object key.
        uploads: ids of the store's uploads that open ones, and abandoned ones not yet cleared, consist of.
        coming: their object keys.
    """

    ids: set[str]
    purged: set[str]
    sizes: dict[str, dict[str, int]]
    uploads: set[str]
    coming: set[str]


async def check_archive(archive: Archive, *, mend: bool = False) -> list[Finding]:
    """Hold database and store against each other. May be done while coordinators serve.

    Args:
        archive: both of them.
        mend: whether to do something about it.

    Raises:
        ConflictError: mending, and the store holds none of the sessions' files: it is another store, or empty.
        ObjectStoreError: the store cannot be read.
    """
    stored = await archive.read_through(lambda: _read_store(archive))  # first: then what comes now is known
    async with archive.database.read() as connection:
        known = await _read_database(connection)
    if mend and known.sizes and not any(key in stored.objects for files in known.sizes.values() for key in files):
        raise ConflictError(
            f"the store {archive.store.url} holds nothing of {len(known.sizes)} sessions",
            remedy="See that it is the right one, and that it is there",
        )
    findings = await _broken(archive, known, stored, mend=mend)
    forgotten, theirs = await _forgotten(archive, known, stored, mend=mend)
    findings += forgotten
    findings += await _unrecorded(archive, known, stored, mend=mend)
    findings += await _orphans(archive, known, stored, theirs, mend=mend)
    findings += await _strays(archive, known, stored, mend=mend)
    return findings


def _read_store(archive: Archive) -> _Stored:
    parts = archive.store.open_uploads(SESSION_FOLDER)
    objects = {
        found.key: found for folder in (SESSION_FOLDER, RECORD_FOLDER) for found in list_objects(archive.store, folder)
    }
    return _Stored(objects=objects, parts=parts)


async def _read_database(connection: AsyncConnection) -> _Known:
    ids = {row.id: row.purged_unix_ns for row in await connection.execute(select(sessions))}
    sizes: dict[str, dict[str, int]] = {session_id: {} for session_id, purged in ids.items() if purged is None}
    for row in await connection.execute(select(session_files)):
        if row.session_id in sizes:
            sizes[row.session_id][row.object_key] = row.size_bytes
    coming = (
        select(upload_files)
        .join(uploads, uploads.c.id == upload_files.c.upload_id)
        .where(uploads.c.state.in_([UploadState.OPEN.value, UploadState.ABANDONED.value]))
    )
    rows = (await connection.execute(coming)).all()
    return _Known(
        ids=set(ids),
        purged={session_id for session_id, purged in ids.items() if purged is not None},
        sizes=sizes,
        uploads={row.store_upload_id for row in rows},
        coming={row.object_key for row in rows},
    )


async def _broken(archive: Archive, known: _Known, stored: _Stored, *, mend: bool) -> list[Finding]:
    findings: list[Finding] = []
    for session_id, files in sorted(known.sizes.items()):
        if all(key in stored.objects and stored.objects[key].size_bytes == size for key, size in files.items()):
            continue
        async with archive.database.read() as connection:
            session = await find_session(connection, sessions.c.id == session_id)
        if session is None or session.purged_unix_ns is not None:
            continue
        # Asked once more: it may have come after the store was listed.
        if missing := await asyncio.to_thread(missing_files, archive.store, session):
            detail = f"{', '.join(missing)} of {session.player_name}'s '{session.name}' is gone or has another size"
            if mend and session.deleted_unix_ns is None:
                await _mark_broken(archive, session, missing)
            findings.append(Finding(kind=FindingKind.BROKEN, subject=session_id, detail=detail, mended=mend))
    return findings


async def _mark_broken(archive: Archive, session: Session, missing: list[str]) -> None:
    """Delete it: as long as it stands there, the player's machine, which may still have it, need not send it again."""

    async def mark(connection: AsyncConnection) -> None:
        now_ns = archive.clock()
        await mark_deleted(connection, session.id, now_ns)
        await note_event(connection, "session.broken", session.id, now_ns, detail={"missing": missing})

    await archive.database.transact(mark)


async def _forgotten(archive: Archive, known: _Known, stored: _Stored, *, mend: bool) -> tuple[list[Finding], set[str]]:
    """Sessions with a record but no row, and the ids of those that are left alone, whatever lies in their folders."""
    findings: list[Finding] = []
    left: set[str] = set()
    for key in stored.objects:
        session_id = key.removeprefix(RECORD_FOLDER).removesuffix(".json")
        if not key.startswith(RECORD_FOLDER) or session_id in known.ids:
            continue
        if await is_there_again(archive, session_id):
            continue  # what lies here is of no use any more
        problem = await why_not_whole(archive, session_id)
        if problem is None and mend:
            await adopt_session(archive, session_id)
        detail = "it lies whole in the store" if problem is None else problem
        mended = mend and problem is None
        findings.append(Finding(kind=FindingKind.FORGOTTEN, subject=session_id, detail=detail, mended=mended))
        left.add(session_id)
    return findings, left


async def _unrecorded(archive: Archive, known: _Known, stored: _Stored, *, mend: bool) -> list[Finding]:
    findings: list[Finding] = []
    for session_id in sorted(known.sizes):
        if record_key(session_id) in stored.objects:
            continue
        async with archive.database.read() as connection:
            session = await find_session(connection, sessions.c.id == session_id)
        assert session is not None
        mended = mend and await write_record(archive, session)
        detail = "the store keeps no record of it"
        findings.append(Finding(kind=FindingKind.UNRECORDED, subject=session_id, detail=detail, mended=mended))
    return findings


async def _orphans(archive: Archive, known: _Known, stored: _Stored, theirs: set[str], *, mend: bool) -> list[Finding]:
    used = known.coming | {key for files in known.sizes.values() for key in files}
    used |= {record_key(session_id) for session_id in known.ids - known.purged}
    limit_ns = archive.clock() - YOUNG_S * SECOND_NS
    orphans = [
        found
        for key, found in sorted(stored.objects.items())
        if key not in used and _session_of(key) not in theirs and found.modified_unix_ns < limit_ns
    ]
    if mend:
        await asyncio.to_thread(archive.store.delete, [found.key for found in orphans])
    return [
        Finding(
            kind=FindingKind.ORPHAN,
            subject=found.key,
            detail=f"{found.size_bytes} bytes that no session has",
            mended=mend,
        )
        for found in orphans
    ]


async def _strays(archive: Archive, known: _Known, stored: _Stored, *, mend: bool) -> list[Finding]:
    limit_ns = archive.clock() - YOUNG_S * SECOND_NS
    findings: list[Finding] = []
    for parts in stored.parts:
        if parts.upload_id in known.uploads or parts.begun_unix_ns >= limit_ns:
            continue
        if mend:
            await asyncio.to_thread(archive.store.abort_upload, parts.key, parts.upload_id)
        detail = "parts that no upload knows"
        findings.append(Finding(kind=FindingKind.STRAY, subject=parts.key, detail=detail, mended=mend))
    return findings


def _session_of(key: str) -> str:
    """The session in whose folder an object lies, or whose record it is."""
    return key.removeprefix(RECORD_FOLDER).removesuffix(".json").removeprefix(SESSION_FOLDER).partition("/")[0]
