"""Database against store, embedded and on servers: what is found where they differ, and how it is mended."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from coordinator.clock import system_clock
from coordinator.database.engine import Database
from coordinator.database.tables import events, jobs, session_files, sessions, upload_files, uploads
from coordinator.datasets.dataset import create_dataset
from coordinator.datasets.ingest import add_ingest_rule
from coordinator.errors import ConflictError
from coordinator.sessions.archive import Archive
from coordinator.sessions.consistency import Finding, check_archive
from coordinator.sessions.deletion import delete_session, purge_sessions, restore_session
from coordinator.sessions.listing import SessionFilter, list_sessions
from coordinator.sessions.record import record_key
from coordinator.sessions.session import Session
from coordinator.settings import DAY_S
from coordinator.uploads.abandon import abandon_upload
from coordinator.uploads.begin import UploadRequest, begin_upload
from playloom.objects.object_store import list_objects, read_object
from tests.support.archives import ADA, BOB, ArchivePlace, Time, read_files, send, upload_session, with_archive
from tests.support.sessions import make_session

THREE = ("capture.mp4", "sync.csv", "actions.bin")


def content(number: int = 0) -> dict[str, bytes]:
    sync = b"frame_index,monotonic_ns,pts\n0,1000000000,0\n1,3000000000,1\n"
    return {"capture.mp4": b"video %d" % number, "sync.csv": sync, "actions.bin": b"inputs"}


def said(findings: list[Finding]) -> list[tuple[str, str, bool]]:
    return [(finding.kind.value, finding.subject, finding.mended) for finding in findings]


async def forget(archive: Archive, session: Session) -> None:
    """What a database restored from an older backup does not know."""
    async with archive.database.write() as connection:
        await connection.execute(delete(session_files).where(session_files.c.session_id == session.id))
        await connection.execute(delete(jobs))
        await connection.execute(delete(upload_files))
        await connection.execute(delete(uploads))
        await connection.execute(delete(sessions).where(sessions.c.id == session.id))


async def there(archive: Archive) -> list[Session]:
    async with archive.database.read() as connection:
        return list((await list_sessions(connection, SessionFilter(), limit=100)).sessions)


def test_where_database_and_store_agree_nothing_is_found(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, time: Time) -> None:
        await upload_session(archive, ADA, content())
        await upload_session(archive, ADA, content(), recording_id="duplicate")
        gone = await upload_session(archive, ADA, content(1), recording_id="gone")
        await delete_session(archive, ADA, gone.id)
        time.passes(31 * DAY_S)
        assert await purge_sessions(archive) == 1
        deleted = await upload_session(archive, ADA, content(2), recording_id="deleted")
        await delete_session(archive, ADA, deleted.id)
        upload = await begin_upload(archive, ADA, UploadRequest(recording_id="open", name="o", files=THREE))
        send(archive, upload, content(3))
        given_up = await begin_upload(archive, ADA, UploadRequest(recording_id="given up", name="o", files=THREE))
        await abandon_upload(archive, ADA, given_up.id)
        assert await check_archive(archive) == []

    with_archive(archive_place, work)


def test_a_session_whose_file_is_gone_is_marked_and_may_be_sent_again(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        whole = await upload_session(archive, BOB, content())
        broken = await upload_session(archive, ADA, content())
        key = broken.files[0].object_key
        archive.store.put(key, b"short")
        assert said(await check_archive(archive)) == [("broken", broken.id, False)]
        assert {session.id for session in await there(archive)} == {whole.id, broken.id}
        (finding,) = await check_archive(archive, mend=True)
        assert finding.detail == "actions.bin of ada's 'session' is gone or has another size"
        assert [session.id for session in await there(archive)] == [whole.id]
        async with archive.database.read() as connection:
            row = (await connection.execute(select(events).where(events.c.action == "session.broken"))).one()
        assert (row.subject, row.detail) == (broken.id, {"missing": ["actions.bin"]})
        archive.store.put(key, b"inputs")  # found on another disk
        assert (await restore_session(archive, ADA, broken.id)).id == broken.id
        assert await check_archive(archive) == []

    with_archive(archive_place, work)


def test_a_session_that_the_database_has_forgotten_is_taken_in_again(
    archive_place: ArchivePlace, tmp_path: Path
) -> None:
    files = read_files(make_session(tmp_path, frames=5, with_session_json=True))

    async def work(archive: Archive, time: Time) -> None:
        async with archive.database.write() as connection:
            await create_dataset(connection, "all", {}, time.now_ns)
            await add_ingest_rule(connection, "all", "test-game", time.now_ns)
        session = await upload_session(archive, ADA, files)
        await forget(archive, session)
        assert said(await check_archive(archive)) == [("forgotten", session.id, False)]
        assert said(await check_archive(archive, mend=True)) == [("forgotten", session.id, True)]
        assert await there(archive) == [session]
        assert await check_archive(archive) == []
        async with archive.database.read() as connection:
            (job,) = (await connection.execute(select(jobs))).all()
        assert job.payload == {"session_id": session.id, "dataset": "all"}
        assert (await upload_session(archive, ADA, files)).duplicate

    with_archive(archive_place, work)


def test_what_cannot_be_taken_in_is_left_alone(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        session = await upload_session(archive, ADA, content())
        await forget(archive, session)
        record = read_object(archive.store, record_key(session.id))
        archive.store.put(record_key(session.id), record.replace(ADA.player_id.encode(), b"player_unknown"))
        for mend in (False, True):
            (finding,) = await check_archive(archive, mend=mend)
            assert (finding.kind, finding.detail) == ("forgotten", "its player player_unknown is unknown")
            assert not finding.mended
        archive.store.put(record_key(session.id), b"{")
        (finding,) = await check_archive(archive, mend=True)
        assert finding.detail == "its record cannot be read"
        assert len(list(list_objects(archive.store, f"sessions/{session.id}/"))) == 3
        archive.store.put(record_key(session.id), record)
        again = await upload_session(archive, ADA, content())  # the player's machine still had it
        assert {finding.kind.value for finding in await check_archive(archive, mend=True)} == {"orphan"}
        assert await check_archive(archive) == []
        assert await there(archive) == [again]

    with_archive(archive_place, work)


def test_objects_and_parts_that_nothing_knows_are_collected_when_they_are_old(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        session = await upload_session(archive, ADA, content())
        archive.store.put("sessions/session_nobody/capture.mp4", b"x")
        archive.store.put("datasets/not/ours", b"x")
        stray = archive.store.begin_upload("sessions/session_nobody/sync.csv")
        archive.store.begin_upload("datasets/not/ours")
        archive.store.delete([record_key(session.id)])
        young = replace(archive, clock=system_clock)
        assert said(await check_archive(young)) == [("unrecorded", session.id, False)]
        expected = [
            ("unrecorded", session.id),
            ("orphan", "sessions/session_nobody/capture.mp4"),
            ("stray", "sessions/session_nobody/sync.csv"),
        ]
        assert [finding[:2] for finding in said(await check_archive(archive))] == expected
        assert said(await check_archive(archive, mend=True)) == [(*finding, True) for finding in expected]
        assert await check_archive(archive) == []
        assert stray not in {parts.upload_id for parts in archive.store.open_uploads()}
        assert {found.key for found in list_objects(archive.store)} == {
            "datasets/not/ours",
            record_key(session.id),
            *(file.object_key for file in session.files),
        }

    with_archive(archive_place, work)


def test_nothing_is_mended_on_a_store_that_is_another_one(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        session = await upload_session(archive, ADA, content())
        archive.store.delete([file.object_key for file in session.files])
        assert [finding[0] for finding in said(await check_archive(archive))] == ["broken"]
        with pytest.raises(ConflictError, match="holds nothing of 1 sessions"):
            await check_archive(archive, mend=True)
        assert await there(archive) == [session]

    with_archive(archive_place, work)


def test_yesterdays_database_and_todays_store_are_brought_together(tmp_path: Path) -> None:
    place = ArchivePlace(database=f"sqlite:///{tmp_path / 'c.db'}", store=(tmp_path / "objects").as_uri())
    backup = tmp_path / "backup.db"

    async def before(archive: Archive, time: Time) -> list[str]:
        kept = await upload_session(archive, ADA, content(0), recording_id="kept")
        removed = await upload_session(archive, ADA, content(1), recording_id="removed")
        half = await begin_upload(archive, ADA, UploadRequest(recording_id="half", name="half", files=THREE))
        with sqlite3.connect(tmp_path / "c.db") as source, sqlite3.connect(backup) as target:
            source.backup(target)
        source.close()
        target.close()
        # Since the backup: one is cleared away, one that was on its way is finished, and one comes anew.
        await delete_session(archive, ADA, removed.id)
        time.passes(31 * DAY_S)
        assert await purge_sessions(archive) == 1
        finished = await upload_session(archive, ADA, content(2), recording_id="half")
        assert finished.id == half.session_id
        new = await upload_session(archive, ADA, content(3), recording_id="new")
        return [kept.id, finished.id, new.id]

    expected = with_archive(place, before)
    restored = ArchivePlace(database=f"sqlite:///{backup}", store=place.store)

    async def after(archive: Archive) -> None:
        findings = await check_archive(archive, mend=True)
        assert sorted(finding.kind.value for finding in findings if finding.mended) == [
            *("broken", "forgotten", "forgotten", "unrecorded")
        ]
        assert sorted(session.id for session in await there(archive)) == sorted(expected)
        for session in await there(archive):
            for file in session.files:
                assert len(read_object(archive.store, file.object_key)) == file.size_bytes

    _on(restored, after)


def _on(place: ArchivePlace, work: Callable[[Archive], Awaitable[None]]) -> None:
    import asyncio

    from playloom.objects.open_store import open_store

    async def run() -> None:
        database = await Database.open(place.database)
        try:
            await work(Archive(database=database, store=open_store(place.store), clock=Time()))
        finally:
            await database.close()

    asyncio.run(run())
