"""A recording becomes a session: once every file is there with its size and its sum."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import session_files, sessions, uploads
from coordinator.datasets.ingest import submit_ingest_jobs
from coordinator.errors import ConflictError, InvalidError, UnknownError
from coordinator.players.room import session_came
from coordinator.players.scopes import Caller
from coordinator.sessions.archive import Archive
from coordinator.sessions.record import write_record
from coordinator.sessions.session import Session, find_session
from coordinator.uploads.anew import begin_anew, remove_objects
from coordinator.uploads.begin import abort_files
from coordinator.uploads.contents import (
    Contents,
    FaultyFileError,
    NamedFile,
    check_info,
    complete_file,
    kept_info,
    read_file,
)
from coordinator.uploads.names import check_file_names, check_sha256
from coordinator.uploads.parts import MAX_FILE_BYTES
from coordinator.uploads.quota import check_room, lock_player
from coordinator.uploads.upload import Upload, UploadState, get_upload, touch
from playloom.recording.content_sum import content_sha256
from playloom.recording.session import INPUTS_FILE, SESSION_FILES


async def finish_upload(archive: Archive, caller: Caller, upload_id: str, files: Sequence[NamedFile]) -> Session:
    """Make the session of what was sent. Doing so again gives the same session.

    A file whose content is not what was named is thrown away, and may be sent again: the upload stays open.

    Raises:
        UnknownError: there is no such upload, or it has no such file.
        InvalidError: what is named cannot be.
        ConflictError: parts are missing, a file is not what was named, or the upload was abandoned.
        LimitError: so much does not fit the player's quota.
    """
    named = _checked(files)
    async with archive.lock(upload_id):
        upload = await archive.database.transact(
            lambda connection: _reserve(connection, archive, caller, upload_id, named)
        )
        if upload.state is UploadState.FINISHED:
            return await _session_of(archive, upload)
        try:
            contents = await _verify(archive, upload, named)
        except (FaultyFileError, ConflictError) as error:
            async with archive.database.read() as connection:
                now = await get_upload(connection, caller, upload_id)
            if now.state is UploadState.FINISHED:  # by another coordinator, which took away the parts
                return await _session_of(archive, now)
            if not isinstance(error, FaultyFileError):
                raise
            await begin_anew(archive, upload, upload.file(error.name))
            raise ConflictError(
                f"{error}: what was sent of it is thrown away", remedy=f"Send {error.name} again, then finish again"
            ) from error
        session = await archive.database.transact(
            lambda connection: _insert(connection, archive, caller, upload, named, contents)
        )
        known = {file.name for file in named}
        await abort_files(archive, [file for file in upload.files if file.name not in known])
        if session.duplicate:
            await remove_objects(archive, [file.object_key for file in upload.files])
        else:
            await write_record(archive, session)
        return session


def _checked(files: Sequence[NamedFile]) -> tuple[NamedFile, ...]:
    check_file_names([file.name for file in files])
    for file in files:
        check_sha256(f"files, {file.name}", file.sha256)
        if file.size_bytes < 0 or file.size_bytes > MAX_FILE_BYTES.get(file.name, file.size_bytes):
            raise InvalidError("files", f"{file.name} cannot have {file.size_bytes} bytes")
        if file.size_bytes == 0 and file.name in SESSION_FILES and file.name != INPUTS_FILE:
            raise InvalidError("files", f"{file.name} is empty", remedy="The recording did not get that far")
    return tuple(sorted(files, key=lambda file: file.name))


async def _reserve(
    connection: AsyncConnection, archive: Archive, caller: Caller, upload_id: str, named: Sequence[NamedFile]
) -> Upload:
    """See that the upload may be finished so, and that there is room for it."""
    upload = await get_upload(connection, caller, upload_id, lock=True)
    if upload.state is UploadState.FINISHED:
        return upload
    upload.see_open()
    most = archive.store.part_limits.max_parts * upload.part_bytes
    for file in named:
        upload.file(file.name)
        if file.size_bytes > most:
            raise InvalidError("files", f"{file.name} cannot have {file.size_bytes} bytes: {most} are the most")
    total = sum(file.size_bytes for file in named)
    await check_room(connection, upload.player_id, total, besides=upload.id)
    await touch(connection, upload, archive.clock(), reserved_bytes=total)
    return upload


async def _verify(archive: Archive, upload: Upload, named: Sequence[NamedFile]) -> Contents:
    """Make objects of all files and read them through.

    Raises:
        FaultyFileError: one is not what was named.
        ConflictError: parts are missing.
    """
    store = archive.store

    def complete(file: NamedFile) -> bool:
        return complete_file(store, upload.file(file.name), file, upload.part_bytes)

    completed = await asyncio.gather(
        *(archive.read_through(lambda file=file: complete(file)) for file in named), return_exceptions=True
    )
    _raise_first(completed)
    unseen = [file for file, seen in zip(named, completed, strict=True) if not seen]
    read = await asyncio.gather(
        *(archive.read_through(lambda file=file: read_file(store, upload.file(file.name), file)) for file in unseen),
        return_exceptions=True,
    )
    _raise_first(read)
    found = [each for each in read if isinstance(each, Contents)]
    info = next((each.info for each in found if each.info is not None), None)
    if info is not None:
        check_info(info, upload.recording_id, named)
    return Contents(sync=next(each.sync for each in found if each.sync is not None), info=info)


def _raise_first(results: Sequence[object]) -> None:
    """Raise what went wrong: a file to be sent anew before parts that are only missing."""
    errors = [each for each in results if isinstance(each, BaseException)]
    for error in sorted(errors, key=lambda error: not isinstance(error, FaultyFileError)):
        raise error


async def _insert(
    connection: AsyncConnection,
    archive: Archive,
    caller: Caller,
    verified: Upload,
    named: Sequence[NamedFile],
    contents: Contents,
) -> Session:
    """Take the session in, close the upload and queue what is to follow: all of it or nothing."""
    await lock_player(connection, verified.player_id)
    upload = await get_upload(connection, caller, verified.id, lock=True)
    if upload.state is UploadState.FINISHED:
        return await _find(connection, upload)
    upload.see_open()
    if upload.files != verified.files:
        raise ConflictError("a file was begun anew meanwhile", remedy="Send what is missing, then finish again")
    content = content_sha256({file.name: file.sha256 for file in named})
    same = (sessions.c.player_id == upload.player_id) & (sessions.c.content_sha256 == content)
    there = await find_session(connection, same & sessions.c.deleted_unix_ns.is_(None))
    now_ns = archive.clock()
    session_id = upload.session_id if there is None else there.id
    closed = {"state": UploadState.FINISHED.value, "reserved_bytes": 0, "session_id": session_id}
    statement = update(uploads).where(uploads.c.id == upload.id)
    await connection.execute(statement.values(**closed, touched_unix_ns=now_ns, manifest_sha256=content))
    if there is not None:
        return replace(there, duplicate=True)
    row = _row(upload, named, contents, content, now_ns)
    await connection.execute(insert(sessions).values(row))
    await session_came(connection, upload.player_id, row["size_bytes"])
    rows = [
        {
            "session_id": session_id,
            "name": file.name,
            "object_key": upload.file(file.name).object_key,
            "size_bytes": file.size_bytes,
            "sha256": file.sha256,
        }
        for file in named
    ]
    await connection.execute(insert(session_files), rows)
    session = await find_session(connection, sessions.c.id == session_id)
    assert session is not None
    await submit_ingest_jobs(connection, session, now_ns)
    return session


def _row(upload: Upload, named: Sequence[NamedFile], contents: Contents, content: str, now_ns: int) -> dict[str, Any]:
    info, sync = contents.info, contents.sync
    assert sync is not None
    return {
        "id": upload.session_id,
        "player_id": upload.player_id,
        "node_id": upload.node_id,
        "recording_id": upload.recording_id,
        "name": upload.name,
        "game_id": None if info is None else info.game_id,
        "profile_name": None if info is None else info.profile_name,
        "task": None if info is None else info.task,
        # Without session.json nothing says when it was; it is sent soon after, or while it goes on.
        "recorded_unix_ns": upload.created_unix_ns if info is None else info.clock.started_unix_ns,
        "duration_s": sync.duration_s,
        "frames": sync.frames if info is None else info.counts.frames,
        "size_bytes": sum(file.size_bytes for file in named),
        "content_sha256": content,
        "info": kept_info(info),
        "created_unix_ns": now_ns,
    }


async def _session_of(archive: Archive, upload: Upload) -> Session:
    async with archive.database.read() as connection:
        return await _find(connection, upload)


async def _find(connection: AsyncConnection, upload: Upload) -> Session:
    """The session of a finished upload, also where it was deleted since."""
    session = await find_session(connection, sessions.c.id == upload.session_id)
    if session is None:
        raise UnknownError("session", upload.session_id)
    ours = f"sessions/{upload.session_id}/"
    return replace(session, duplicate=not any(file.object_key.startswith(ours) for file in upload.files))
