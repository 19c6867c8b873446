"""Sessions that are there, on SQLite with a directory and on PostgreSQL with Ceph."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coordinator.errors import ConflictError, InvalidError, LimitError, UnknownError
from coordinator.players.room import Room, read_room
from coordinator.players.scopes import Caller
from coordinator.sessions.archive import Archive
from coordinator.sessions.deletion import (
    delete_session,
    purge_session,
    purge_sessions,
    restorable_until_ns,
    restore_session,
)
from coordinator.sessions.listing import SessionFilter, list_sessions, sign_downloads
from coordinator.sessions.session import Session, get_session
from coordinator.settings import DAY_S
from playloom.objects.object_store import list_objects
from tests.support.archives import ADA, BOB, OPERATOR, WORKER, ArchivePlace, Time, upload_session, with_archive


def content(number: int = 0) -> dict[str, bytes]:
    sync = b"frame_index,monotonic_ns,pts\n0,1000000000,0\n1,3000000000,1\n"
    return {"capture.mp4": b"video %d" % number, "sync.csv": sync, "actions.bin": b"inputs"}


async def get(archive: Archive, session_id: str, caller: Caller = ADA) -> Session:
    async with archive.database.read() as connection:
        return await get_session(connection, caller, session_id)


async def listed(archive: Archive, wanted: SessionFilter, limit: int = 500, page: str = "") -> tuple[list[str], str]:
    async with archive.database.read() as connection:
        found = await list_sessions(connection, wanted, limit=limit, page=page)
    return [session.id for session in found.sessions], found.next_page


def test_sessions_are_listed_the_newest_first_page_by_page(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, time: Time) -> None:
        ids: list[str] = []
        for number in range(5):
            session = await upload_session(archive, ADA, content(number), recording_id=f"rec-{number}")
            ids.insert(0, session.id)
            time.passes(number % 2)  # some at the same moment
        bobs = await upload_session(archive, BOB, content())
        mine = SessionFilter(player_id=ADA.player_id)
        assert await listed(archive, mine) == (ids, "")
        first, page = await listed(archive, mine, limit=2)
        second, page = await listed(archive, mine, limit=2, page=page)
        third, page = await listed(archive, mine, limit=2, page=page)
        assert (first, second, third, page) == (ids[:2], ids[2:4], ids[4:], "")
        assert await listed(archive, SessionFilter()) == ([bobs.id, *ids], "")
        assert await listed(archive, replace(mine, game_id="chess")) == ([], "")
        for deleted in (ids[3], ids[1], ids[2]):
            await delete_session(archive, ADA, deleted)
            time.passes(1)
        gone = replace(mine, deleted=True)
        first, page = await listed(archive, gone, limit=2)
        second, page = await listed(archive, gone, limit=2, page=page)
        assert (first, second, page) == ([ids[2], ids[1]], [ids[3]], "")
        for nonsense in ("x", "1", "1:", f"{'9' * 30}:a", "1\u0663:a", f"1:{'a' * 50}", "-1:a"):
            with pytest.raises(InvalidError):
                await listed(archive, mine, page=nonsense)
        for limit in (0, 501):
            with pytest.raises(InvalidError):
                await listed(archive, mine, limit=limit)

    with_archive(archive_place, work)


def test_a_deleted_session_is_restored_within_the_grace_time(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, time: Time) -> None:
        session = await upload_session(archive, ADA, content())
        deleted = await delete_session(archive, ADA, session.id)
        assert deleted.deleted_unix_ns == time.now_ns
        assert restorable_until_ns(archive, deleted) == time.now_ns + 30 * DAY_S * 10**9
        time.passes(1)
        assert await delete_session(archive, ADA, session.id) == deleted
        mine = SessionFilter(player_id=ADA.player_id)
        assert (await listed(archive, mine))[0] == []
        assert (await listed(archive, replace(mine, deleted=True)))[0] == [session.id]
        with pytest.raises(ConflictError, match="is deleted"):
            await sign_downloads(archive, ADA, session.id)
        time.passes(29 * DAY_S)
        assert await purge_sessions(archive) == 0
        assert await restore_session(archive, ADA, session.id) == session
        assert await restore_session(archive, ADA, session.id) == session
        assert (await listed(archive, mine))[0] == [session.id]

    with_archive(archive_place, work)


def test_a_players_room_is_what_is_there(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, time: Time) -> None:
        async def room(caller: Caller = ADA) -> Room:
            async with archive.database.read() as connection:
                return await read_room(connection, caller.player_id)

        assert await room() == Room(sessions=0, used_bytes=0)
        one = await upload_session(archive, ADA, content(1))
        two = await upload_session(archive, ADA, content(2))
        await upload_session(archive, BOB, content(1))
        both = Room(sessions=2, used_bytes=one.size_bytes + two.size_bytes)
        assert await room() == both
        await upload_session(archive, ADA, content(2))  # it is there already
        assert await room() == both
        for _ in range(2):
            await delete_session(archive, ADA, one.id)
            assert await room() == Room(sessions=1, used_bytes=two.size_bytes)
        for _ in range(2):
            await restore_session(archive, ADA, one.id)
            assert await room() == both
        for _ in range(2):
            await purge_session(archive, one.id, player_id=OPERATOR.player_id)
            assert await room() == Room(sessions=1, used_bytes=two.size_bytes)
        await delete_session(archive, ADA, two.id)
        time.passes(40 * DAY_S)
        assert await purge_sessions(archive) == 1
        assert await room() == Room(sessions=0, used_bytes=0)
        assert await room(BOB) == Room(sessions=1, used_bytes=one.size_bytes)

    with_archive(archive_place, work)


def test_a_session_deleted_long_ago_is_cleared_away(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, time: Time) -> None:
        session = await upload_session(archive, ADA, content())
        kept = await upload_session(archive, ADA, content(1), recording_id="kept")
        await delete_session(archive, ADA, session.id)
        time.passes(30 * DAY_S + 1)
        with pytest.raises(ConflictError, match="is over"):
            await restore_session(archive, ADA, session.id)
        time.passes(3600)
        assert await purge_sessions(archive) == 1
        assert await purge_sessions(archive) == 0
        assert {each.key.split("/")[1].removesuffix(".json") for each in list_objects(archive.store)} == {kept.id}
        for call in (get(archive, session.id), restore_session(archive, ADA, session.id)):
            with pytest.raises(UnknownError):
                await call
        assert (await upload_session(archive, ADA, content())).id != session.id

    with_archive(archive_place, work)


def test_a_session_that_was_sent_again_is_not_restored_beside_itself(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        session = await upload_session(archive, ADA, content())
        await delete_session(archive, ADA, session.id)
        again = await upload_session(archive, ADA, content())
        assert (again.id != session.id, again.duplicate) == (True, False)
        with pytest.raises(ConflictError, match=f"as the session {again.id}"):
            await restore_session(archive, ADA, session.id)

    with_archive(archive_place, work)


def test_what_does_not_fit_any_more_or_is_gone_is_not_restored(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        session = await upload_session(archive, ADA, content())
        await delete_session(archive, ADA, session.id)
        await upload_session(archive, ADA, content(1), recording_id="other")
        with pytest.raises(LimitError):
            await restore_session(archive, ADA, session.id)
        archive.store.delete([session.files[0].object_key])
        with pytest.raises(ConflictError, match=r"actions.bin is gone"):
            await restore_session(archive, ADA, session.id)

    with_archive(archive_place, work, quota_bytes=100)


def test_nobody_touches_another_players_session(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        session = await upload_session(archive, ADA, content())
        for call in (
            get(archive, session.id, BOB),
            sign_downloads(archive, BOB, session.id),
            delete_session(archive, BOB, session.id),
            delete_session(archive, WORKER, session.id),
            restore_session(archive, BOB, session.id),
            restore_session(archive, WORKER, session.id),
        ):
            with pytest.raises(UnknownError, match=f"there is no session '{session.id}'"):
                await call
        for reader in (OPERATOR, WORKER):
            assert await get(archive, session.id, reader) == session
            assert [signed.file.name for signed in await sign_downloads(archive, reader, session.id)] == [
                "actions.bin",
                "capture.mp4",
                "sync.csv",
            ]
        assert (await delete_session(archive, OPERATOR, session.id)).deleted_unix_ns is not None
        assert (await restore_session(archive, OPERATOR, session.id)) == session
        for nothing in ("", "session_none", "x" * 5000, "a\0", "a\ud800", "session_' OR 1=1 --"):
            with pytest.raises(UnknownError):
                await get(archive, nothing, OPERATOR)

    with_archive(archive_place, work)
