"""An upload begins: checked, room reserved, and a store upload opened for every file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import sessions, upload_files, uploads
from coordinator.errors import ConflictError, InvalidError, LimitError
from coordinator.ids import new_id
from coordinator.players.scopes import Caller
from coordinator.sessions.archive import Archive
from coordinator.settings import MEBIBYTE
from coordinator.uploads.names import check_file_names, check_recording_id, check_recording_name, check_sha256
from coordinator.uploads.quota import check_room, lock_player
from coordinator.uploads.upload import Upload, UploadFile, UploadState, find_upload, touch
from playloom.errors import PlayloomError

MAX_OPEN = 1000
"""Open uploads of one player."""

MAX_EXPECTED_BYTES = 1 << 50


@dataclass(frozen=True, kw_only=True)
class UploadRequest:
    """An upload to be.

    Attributes:
        recording_id: the id in its session.json; a player has one open upload of each.
        name: of the session's directory.
        files: names of its files; some may still grow.
        expected_bytes: how much it will be at least.
        content_sha256: of a recording that has ended, see `playloom.recording.content_sum`; None: it has not.
    """

    recording_id: str
    name: str
    files: tuple[str, ...]
    expected_bytes: int = 0
    content_sha256: str | None = None


async def begin_upload(archive: Archive, caller: Caller, request: UploadRequest) -> Upload:
    """Begin an upload, or find the open one of the same recording. One whose content is there is finished at once.

    Raises:
        InvalidError: a name or a number cannot be.
        LimitError: there is no room for it, or too many are open.
        ObjectStoreError: the store does not answer.
    """
    request = _checked(request)
    found = await archive.database.transact(lambda connection: _find(connection, archive, caller, request))
    new_names = request.files
    if found is not None:
        known = {file.name for file in found.files}
        new_names = tuple(name for name in request.files if name not in known)
        if not new_names or found.state is not UploadState.OPEN:
            return found
    upload = found or _new_upload(archive, caller, request)
    keys = {name: f"sessions/{upload.session_id}/{name}" for name in new_names}
    files = await begin_files(archive, keys, upload.part_bytes)
    try:
        kept = await archive.database.transact(
            lambda connection: _insert(connection, archive, caller, request, upload, files)
        )
    except BaseException:
        await abort_files(archive, files)
        raise
    ours = {file.store_upload_id for file in kept.files}
    await abort_files(archive, [file for file in files if file.store_upload_id not in ours])
    return kept


async def begin_files(archive: Archive, keys: dict[str, str], part_bytes: int) -> list[UploadFile]:
    """Open a store upload of such parts for each file, by its name; all of them or none."""

    def begin(name: str, key: str) -> UploadFile:
        store_upload_id = archive.store.begin_upload(key, part_bytes=part_bytes)
        return UploadFile(name=name, object_key=key, store_upload_id=store_upload_id, size_bytes=None)

    begun = await asyncio.gather(
        *(asyncio.to_thread(begin, name, key) for name, key in keys.items()), return_exceptions=True
    )
    files = [each for each in begun if isinstance(each, UploadFile)]
    for error in begun:
        if isinstance(error, BaseException):
            await abort_files(archive, files)
            raise error
    return files


async def abort_files(archive: Archive, files: Sequence[UploadFile]) -> bool:
    """Throw parts away; returns whether the store did it. What is left, `playloom coordinator check` finds."""
    done = await asyncio.gather(*(asyncio.to_thread(_abort, archive, file) for file in files))
    return all(done)


def _abort(archive: Archive, file: UploadFile) -> bool:
    try:
        archive.store.abort_upload(file.object_key, file.store_upload_id)
    except PlayloomError:
        return False
    return True


def _checked(request: UploadRequest) -> UploadRequest:
    if not 0 <= request.expected_bytes <= MAX_EXPECTED_BYTES:
        raise InvalidError("expected_bytes", f"{request.expected_bytes} is not within 0 and {MAX_EXPECTED_BYTES}")
    content = request.content_sha256
    return UploadRequest(
        recording_id=check_recording_id(request.recording_id),
        name=check_recording_name(request.name),
        files=check_file_names(request.files),
        expected_bytes=request.expected_bytes,
        content_sha256=None if content is None else check_sha256("content_sha256", content),
    )


def _new_upload(archive: Archive, caller: Caller, request: UploadRequest) -> Upload:
    limits = archive.store.part_limits
    # A file that needs more parts than the store takes gets larger ones, in whole MiB.
    needed = -(-request.expected_bytes // limits.max_parts)
    part_bytes = max(archive.part_bytes, limits.min_bytes, -(-needed // MEBIBYTE) * MEBIBYTE)
    now_ns = archive.clock()
    return Upload(
        id=new_id("upload"),
        player_id=caller.player_id,
        node_id=caller.node_id,
        session_id=new_id("session"),
        recording_id=request.recording_id,
        name=request.name,
        state=UploadState.OPEN,
        part_bytes=part_bytes,
        reserved_bytes=request.expected_bytes,
        created_unix_ns=now_ns,
        touched_unix_ns=now_ns,
        reason=None,
        files=(),
    )


async def _find(connection: AsyncConnection, archive: Archive, caller: Caller, request: UploadRequest) -> Upload | None:
    """What is there of this recording; and see that there is room where nothing is."""
    if request.content_sha256 is not None:
        there = (sessions.c.player_id == caller.player_id) & (sessions.c.content_sha256 == request.content_sha256)
        query = select(sessions.c.id).where(there, sessions.c.deleted_unix_ns.is_(None))
        session_id = (await connection.execute(query)).scalar_one_or_none()
        if session_id is not None:
            return await _finished(connection, archive, caller, request, session_id)
    upload = await _open_one(connection, caller, request)
    if upload is None:
        await check_room(connection, caller.player_id, request.expected_bytes)
        return None
    if request.expected_bytes > upload.reserved_bytes:
        await check_room(connection, caller.player_id, request.expected_bytes, besides=upload.id)
    reserved = max(upload.reserved_bytes, request.expected_bytes)
    await touch(connection, upload, archive.clock(), reserved_bytes=reserved)
    return await _open_one(connection, caller, request)


async def _finished(
    connection: AsyncConnection, archive: Archive, caller: Caller, request: UploadRequest, session_id: str
) -> Upload:
    """A finished upload of a session that is there."""
    same = (uploads.c.player_id == caller.player_id) & (uploads.c.session_id == session_id)
    found = await find_upload(connection, same & (uploads.c.state == UploadState.FINISHED.value))
    if found is not None:
        return found
    upload = _new_upload(archive, caller, request)
    values = _row(upload) | {"session_id": session_id, "state": UploadState.FINISHED.value, "reserved_bytes": 0}
    await connection.execute(insert(uploads).values(values))
    found = await find_upload(connection, uploads.c.id == upload.id)
    assert found is not None
    return found


async def _open_one(connection: AsyncConnection, caller: Caller, request: UploadRequest) -> Upload | None:
    same = (uploads.c.player_id == caller.player_id) & (uploads.c.recording_id == request.recording_id)
    return await find_upload(connection, same & (uploads.c.state == UploadState.OPEN.value))


async def _insert(
    connection: AsyncConnection,
    archive: Archive,
    caller: Caller,
    request: UploadRequest,
    upload: Upload,
    files: list[UploadFile],
) -> Upload:
    """Take the upload in, unless another call has begun one of the same recording meanwhile: then that one."""
    await lock_player(connection, caller.player_id)
    found = await _open_one(connection, caller, request)
    if upload.files and (found is None or found.id != upload.id):
        raise ConflictError(f"the upload {upload.id} was closed meanwhile", remedy="Begin it again")
    if found is None:
        await check_room(connection, caller.player_id, request.expected_bytes)
        await _check_count(connection, caller)
        await connection.execute(insert(uploads).values(_row(upload)))
    known = set() if found is None else {file.name for file in found.files}
    if found is None or found.id == upload.id:
        rows = [
            {
                "upload_id": upload.id,
                "name": file.name,
                "object_key": file.object_key,
                "store_upload_id": file.store_upload_id,
            }
            for file in files
            if file.name not in known
        ]
        if rows:
            await connection.execute(insert(upload_files), rows)
    kept = await _open_one(connection, caller, request)
    assert kept is not None
    return kept


async def _check_count(connection: AsyncConnection, caller: Caller) -> None:
    query = select(func.count()).where(
        uploads.c.player_id == caller.player_id, uploads.c.state == UploadState.OPEN.value
    )
    if (await connection.execute(query)).scalar_one() >= MAX_OPEN:
        raise LimitError(f"{MAX_OPEN} uploads are open", remedy="Finish or abandon some of them first")


def _row(upload: Upload) -> dict[str, object]:
    names = ("id", "player_id", "node_id", "session_id", "recording_id", "name", "part_bytes", "reserved_bytes")
    values: dict[str, object] = {name: getattr(upload, name) for name in names}
    times = {"created_unix_ns": upload.created_unix_ns, "touched_unix_ns": upload.touched_unix_ns}
    return values | times | {"state": upload.state.value}
