"""Uploads, on SQLite with a directory and on PostgreSQL with Ceph."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from coordinator.database.tables import jobs
from coordinator.datasets.dataset import create_dataset
from coordinator.datasets.ingest import add_ingest_rule
from coordinator.errors import ConflictError, InvalidError, LimitError, UnknownError
from coordinator.sessions.archive import Archive
from coordinator.settings import DAY_S
from coordinator.uploads.abandon import abandon_upload, collect_uploads
from coordinator.uploads.begin import UploadRequest, begin_upload
from coordinator.uploads.contents import NamedFile
from coordinator.uploads.finish import finish_upload
from coordinator.uploads.parts import PartToSend, list_parts, sign_parts
from coordinator.uploads.upload import Upload, UploadState, get_upload
from playloom.objects.errors import ObjectStoreError
from playloom.objects.object_store import list_objects, read_object
from playloom.recording.content_sum import content_sha256
from tests.support.archives import (
    ADA,
    BOB,
    OPERATOR,
    WORKER,
    ArchivePlace,
    Time,
    named,
    read_files,
    send,
    upload_session,
    with_archive,
)
from tests.support.sessions import make_session

MIB = 1 << 20
THREE = ("capture.mp4", "sync.csv", "actions.bin")
REQUEST = UploadRequest(recording_id="rec-1", name="evening", files=THREE, expected_bytes=100)

type Work = Callable[[Archive, Time], Awaitable[None]]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """A small session of Playloom's, called "session"."""
    return read_files(make_session(tmp_path, frames=10, with_session_json=True, profile_name="p"))


def small(video: bytes = b"video", frames: int = 3) -> dict[str, bytes]:
    """What LeGamer's recorder leaves."""
    rows = "".join(f"{k},{1_000_000_000 + k * 500_000_000},{k}\n" for k in range(frames))
    sync = f"frame_index,monotonic_ns,pts\n{rows}".encode()
    return {"capture.mp4": video, "sync.csv": sync, "actions.bin": b"inputs"}


def test_a_recording_becomes_a_session(archive_place: ArchivePlace, files: dict[str, bytes]) -> None:
    async def work(archive: Archive, time: Time) -> None:
        request = UploadRequest(recording_id="session", name="evening", files=tuple(files), expected_bytes=1)
        upload = await begin_upload(archive, ADA, request)
        assert (upload.state, upload.recording_id, upload.name) == (UploadState.OPEN, "session", "evening")
        time.passes(10)
        send(archive, upload, files)
        session = await finish_upload(archive, ADA, upload.id, named(files))
        assert (session.id, session.player_name, session.name) == (upload.session_id, "ada", "evening")
        assert (session.game_id, session.profile_name, session.task) == ("test-game", "p", None)
        assert (session.frames, session.duration_s) == (10, 0.3)
        assert session.recorded_unix_ns == 1_760_000_000_000_000_000
        assert session.created_unix_ns == time.now_ns
        assert session.size_bytes == sum(map(len, files.values()))
        assert not session.duplicate
        for file in session.files:
            assert file.object_key == f"sessions/{session.id}/{file.name}"
            assert read_object(archive.store, file.object_key) == files[file.name]
        assert archive.store.open_uploads() == []
        assert await finish_upload(archive, ADA, upload.id, named(files)) == session
        found = await get(archive, upload.id)
        assert (found.state, found.session_id, found.reserved_bytes) == (UploadState.FINISHED, session.id, 0)

    with_archive(archive_place, work)


def test_a_session_of_three_files_is_one_too(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, time: Time) -> None:
        session = await upload_session(archive, ADA, small())
        assert (session.game_id, session.frames, session.duration_s) == (None, 3, 1.0)
        assert session.recorded_unix_ns == time.now_ns

    with_archive(archive_place, work)


def test_an_upload_goes_on_where_it_was_cut_off(archive_place: ArchivePlace) -> None:
    content = {**small(video=b"a" * 5 * MIB + b"b" * 5 * MIB + b"end"), "empty.log": b""}

    async def work(archive: Archive, _time: Time) -> None:
        request = replace(REQUEST, files=tuple(content))
        upload = await begin_upload(archive, ADA, request)
        video = upload.file("capture.mp4")
        put = archive.store.put_part
        send(archive, upload, {name: content[name] for name in ("sync.csv", "actions.bin")})
        put(video.object_key, video.store_upload_id, 2, b"b" * 5 * MIB)
        put(video.object_key, video.store_upload_id, 3, b"e")  # it grew since
        with pytest.raises(ConflictError, match=r"capture.mp4 lacks 2 of its 3 parts, .*: 1, 3\. List"):
            await finish_upload(archive, ADA, upload.id, named(content))
        again = await begin_upload(archive, ADA, request)
        assert (again.id, again.files) == (upload.id, upload.files)
        there = await list_parts(archive, ADA, upload.id)
        assert [(part.file, part.number, part.size_bytes) for part in there] == [
            ("actions.bin", 1, 6),
            ("capture.mp4", 2, 5 * MIB),
            ("capture.mp4", 3, 1),
            ("sync.csv", 1, len(content["sync.csv"])),
        ]
        assert there[0].etag == archive.store.part_sum.of(b"inputs")
        put(video.object_key, video.store_upload_id, 1, b"a" * 5 * MIB)
        put(video.object_key, video.store_upload_id, 3, b"end")
        session = await finish_upload(archive, ADA, upload.id, named(content))
        assert read_object(archive.store, session.files[1].object_key) == content["capture.mp4"]
        assert [file.name for file in session.files] == ["actions.bin", "capture.mp4", "empty.log", "sync.csv"]

    with_archive(archive_place, work)


def test_a_finish_that_was_cut_off_is_taken_up(archive_place: ArchivePlace) -> None:
    content = small(video=b"a" * 5 * MIB + b"end")

    async def work(archive: Archive, _time: Time) -> None:
        upload = await begin_upload(archive, ADA, REQUEST)
        send(archive, upload, content)
        video = upload.file("capture.mp4")
        parts = archive.store.list_parts(video.object_key, video.store_upload_id)
        before = await list_parts(archive, ADA, upload.id)
        archive.store.complete_upload(video.object_key, video.store_upload_id, parts)
        assert await list_parts(archive, ADA, upload.id) == before
        session = await finish_upload(archive, ADA, upload.id, named(content))
        assert session.size_bytes == sum(map(len, content.values()))

    with_archive(archive_place, work)


def test_a_file_that_is_not_what_was_named_is_sent_again(archive_place: ArchivePlace) -> None:
    content = small()

    async def work(archive: Archive, _time: Time) -> None:
        upload = await begin_upload(archive, ADA, REQUEST)
        send(archive, upload, {**content, "capture.mp4": b"VIDEO"})
        with pytest.raises(ConflictError, match=r"capture.mp4 has the SHA-256 .* Send capture.mp4 again"):
            await finish_upload(archive, ADA, upload.id, named(content))
        again = await get(archive, upload.id)
        assert again.state is UploadState.OPEN
        assert again.file("sync.csv") == upload.file("sync.csv")
        assert sorted({part.file for part in await list_parts(archive, ADA, upload.id)}) == ["actions.bin", "sync.csv"]
        assert {each.key for each in list_objects(archive.store)} == {
            upload.file(name).object_key for name in ("sync.csv", "actions.bin")
        }
        # An answer of the first upload's URL comes late, and spoils nothing.
        archive.store.put(upload.file("capture.mp4").object_key, b"VIDEO")
        send(archive, again, {"capture.mp4": b"video"})
        session = await finish_upload(archive, ADA, upload.id, named(content))
        video = next(file for file in session.files if file.name == "capture.mp4")
        assert read_object(archive.store, video.object_key) == b"video"

    with_archive(archive_place, work)


def test_a_file_that_the_store_has_lost_is_begun_anew(archive_place: ArchivePlace) -> None:
    content = small()

    async def work(archive: Archive, _time: Time) -> None:
        upload = await begin_upload(archive, ADA, REQUEST)
        send(archive, upload, content)
        video = upload.file("capture.mp4")
        archive.store.abort_upload(video.object_key, video.store_upload_id)
        with pytest.raises(ConflictError, match=r"capture.mp4 is gone from the store"):
            await finish_upload(archive, ADA, upload.id, named(content))
        once_more = (await get(archive, upload.id)).file("capture.mp4")
        archive.store.abort_upload(once_more.object_key, once_more.store_upload_id)
        assert "capture.mp4" not in {part.file for part in await list_parts(archive, ADA, upload.id)}
        send(archive, await get(archive, upload.id), {"capture.mp4": b"video"})
        assert (await finish_upload(archive, ADA, upload.id, named(content))).frames == 3

    with_archive(archive_place, work)


def test_content_that_is_there_is_recognised(archive_place: ArchivePlace) -> None:
    content = small()

    async def work(archive: Archive, _time: Time) -> None:
        first = await upload_session(archive, ADA, content, recording_id="one")
        second = await upload_session(archive, ADA, content, recording_id="two")
        assert (second.id, second.duplicate) == (first.id, True)
        objects = {each.key for each in list_objects(archive.store, "sessions/")}
        assert objects == {file.object_key for file in first.files}
        upload = await begin_upload(archive, ADA, replace(REQUEST, content_sha256=first.content_sha256))
        assert (upload.state, upload.session_id) == (UploadState.FINISHED, first.id)
        assert archive.store.open_uploads() == []
        bobs = await upload_session(archive, BOB, content)
        assert (bobs.duplicate, bobs.content_sha256) == (False, first.content_sha256)
        assert bobs.content_sha256 == content_sha256({file.name: file.sha256 for file in bobs.files})

    with_archive(archive_place, work)


def test_calls_that_come_at_once_give_one_upload_and_one_session(archive_place: ArchivePlace) -> None:
    content = small()

    async def work(archive: Archive, _time: Time) -> None:
        begun = await asyncio.gather(*(begin_upload(archive, ADA, REQUEST) for _ in range(8)))
        assert len({upload.id for upload in begun}) == 1
        assert len(archive.store.open_uploads()) == 3
        send(archive, begun[0], content)
        other = replace(archive, locks=type(archive.locks)())  # another coordinator's
        finished = await asyncio.gather(
            *(finish_upload(one, ADA, begun[0].id, named(content)) for one in (archive, other) * 3)
        )
        assert len({session.id for session in finished}) == 1
        assert not any(session.duplicate for session in finished)
        for file in finished[0].files:
            assert read_object(archive.store, file.object_key) == content[file.name]

    with_archive(archive_place, work)


def test_a_file_that_comes_late_joins_the_open_upload(archive_place: ArchivePlace, files: dict[str, bytes]) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        request = UploadRequest(recording_id="session", name="s", files=THREE)
        upload = await begin_upload(archive, ADA, request)
        send(archive, upload, {name: files[name] for name in THREE})
        more = await begin_upload(archive, ADA, replace(request, files=tuple(files)))
        assert more.id == upload.id
        send(archive, more, {"session.json": files["session.json"]})
        assert (await finish_upload(archive, ADA, upload.id, named(files))).game_id == "test-game"

    with_archive(archive_place, work)


def test_a_player_keeps_to_the_quota(archive_place: ArchivePlace) -> None:
    content = small(video=b"v" * 990)
    size = sum(map(len, content.values()))

    async def work(archive: Archive, _time: Time) -> None:
        with pytest.raises(LimitError, match="1001 bytes more do not fit: 0 of 1000"):
            await begin_upload(archive, ADA, replace(REQUEST, expected_bytes=1001))
        upload = await begin_upload(archive, ADA, replace(REQUEST, expected_bytes=600))
        other = replace(REQUEST, recording_id="rec-2")
        with pytest.raises(LimitError, match="600 of 1000"):
            await begin_upload(archive, ADA, replace(other, expected_bytes=500))
        second = await begin_upload(archive, ADA, replace(other, expected_bytes=300))
        sign = PartToSend(file="capture.mp4", number=1, size_bytes=701)
        with pytest.raises(LimitError):
            await sign_parts(archive, ADA, upload.id, [sign])
        assert len(await sign_parts(archive, ADA, upload.id, [replace(sign, size_bytes=700)])) == 1
        send(archive, upload, content)  # more than was asked for
        with pytest.raises(LimitError):
            await finish_upload(archive, ADA, upload.id, named(content))
        await abandon_upload(archive, ADA, second.id)
        with pytest.raises(LimitError, match=f"{size} bytes more do not fit: 0 of 1000"):
            await finish_upload(archive, ADA, upload.id, named(content))
        assert (await upload_session(archive, ADA, small())).size_bytes < 200
        assert (await upload_session(archive, BOB, content)).size_bytes == size

    with_archive(archive_place, work, quota_bytes=1000)


def test_a_session_is_queued_for_the_datasets_that_want_its_game(
    archive_place: ArchivePlace, files: dict[str, bytes]
) -> None:
    async def work(archive: Archive, time: Time) -> None:
        async with archive.database.write() as connection:
            for name in ("all", "other", "walks"):
                await create_dataset(connection, name, {}, time.now_ns)
            for name, game in (("all", "test-game"), ("walks", "test-game"), ("other", "chess")):
                await add_ingest_rule(connection, name, game, time.now_ns)
        session = await upload_session(archive, ADA, files)
        await upload_session(archive, ADA, small())
        async with archive.database.read() as connection:
            rows = (await connection.execute(select(jobs).order_by(jobs.c.id))).all()
        assert [(row.kind, row.state, row.player_id, row.payload) for row in rows] == [
            ("ingest", "ready", ADA.player_id, {"session_id": session.id, "dataset": name}) for name in ("all", "walks")
        ]

    with_archive(archive_place, work)


def test_a_session_json_that_is_not_its_own_is_refused(archive_place: ArchivePlace, files: dict[str, bytes]) -> None:
    info = json.loads(files["session.json"])
    more_files = {**info["files"], "more.bin": info["files"]["sync.csv"]}
    wrong: list[tuple[object, str]] = [
        ({**info, "session_id": "another"}, "session.json is of the recording 'another'"),
        ({**info, "files": more_files}, "session.json names the file 'more.bin', which was not sent"),
        ({**info, "game_id": "g" * 201}, "more than 200 characters"),
        ({**info, "task": "a\0b"}, "session.json holds a NUL character"),
        ({**info, "sync": {"a\0": 1}}, "it holds a NUL character"),
        ({**info, "sync": {"a": float("inf")}}, "cannot be used"),
        ({**info, "window": "\ud800"}, "a lone surrogate"),
        ({**info, "sync": {"\ud800": 1}}, "a lone surrogate"),
        ({**info, "format_version": 99}, "this Playloom reads up to 1"),
        ({**info, "sync": {f"key {k}": 1 for k in range(30_000)}}, "more than 262144 bytes"),
        ([], "must hold a JSON object"),
    ]

    async def work(archive: Archive, _time: Time) -> None:
        request = UploadRequest(recording_id="session", name="s", files=tuple(files))
        upload = await begin_upload(archive, ADA, request)
        send(archive, upload, files)
        for values, message in wrong:
            changed = {**files, "session.json": json.dumps(values).encode()}
            send(archive, upload, {"session.json": changed["session.json"]})
            with pytest.raises(ConflictError, match=message):
                await finish_upload(archive, ADA, upload.id, named(changed))
            upload = await get(archive, upload.id)
        send(archive, upload, {"session.json": files["session.json"]})
        assert (await finish_upload(archive, ADA, upload.id, named(files))).frames == 10

    with_archive(archive_place, work)


def test_a_session_json_with_other_sums_is_refused(archive_place: ArchivePlace, files: dict[str, bytes]) -> None:
    changed = {**files, "actions.bin": b"other"}

    async def work(archive: Archive, _time: Time) -> None:
        with pytest.raises(ConflictError, match=r"session.json gives actions.bin another size or sum than it has"):
            await upload_session(archive, ADA, changed)

    with_archive(archive_place, work)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../capture.mp4", "a/b", "a\\b", "/etc/passwd", ".hidden", "a\0b", "a\n", "capture.mp4\n"),
        *("x" * 101, "é", "a\u202eb", "ｃapture", "a b", "con", "NUL.txt", "a.", "-rf", "CAPTURE.mp4", "~", "C:x"),
    ],
)
def test_names_of_files_are_plain(name: str, tmp_path: Path) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        with pytest.raises(InvalidError):
            await begin_upload(archive, ADA, replace(REQUEST, files=(*THREE, name)))
        assert archive.store.open_uploads() == []

    with_archive(embedded(tmp_path), work)


@pytest.mark.parametrize(
    "change",
    [
        *({"files": files} for files in ((), THREE[:2], (*THREE, "sync.csv"), (*THREE, *(f"{k}" for k in range(50))))),
        *({"name": name} for name in ("", "..", "a/b", "a\\b", "a\0", "x" * 201, "a\u202eb", "nul", " a", ".a")),
        *({"recording_id": one} for one in ("", " ", "x" * 201, "a\0", "a\nb", "\ud800")),
        *({"expected_bytes": size} for size in (-1, 1 << 60)),
        *({"content_sha256": text} for text in ("", "0" * 63, "G" * 64, "A" * 64)),
    ],
)
def test_an_upload_that_cannot_be_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        with pytest.raises(InvalidError):
            await begin_upload(archive, ADA, replace(REQUEST, **change))

    with_archive(embedded(tmp_path), work)


@pytest.mark.parametrize(
    ("part", "error"),
    [
        (PartToSend(file="capture.mp4", number=0, size_bytes=1), InvalidError),
        (PartToSend(file="capture.mp4", number=10_001, size_bytes=1), InvalidError),
        (PartToSend(file="capture.mp4", number=1, size_bytes=0), InvalidError),
        (PartToSend(file="capture.mp4", number=1, size_bytes=5 * MIB + 1), InvalidError),
        (PartToSend(file="session.json", number=4, size_bytes=2 * MIB), InvalidError),
        (PartToSend(file="../capture.mp4", number=1, size_bytes=1), UnknownError),
        (PartToSend(file="other", number=1, size_bytes=1), UnknownError),
    ],
)
def test_parts_that_cannot_be_are_not_permitted(part: PartToSend, error: type[Exception], tmp_path: Path) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        upload = await begin_upload(archive, ADA, replace(REQUEST, files=(*THREE, "session.json")))
        with pytest.raises(error):
            await sign_parts(archive, ADA, upload.id, [part])
        good = PartToSend(file="capture.mp4", number=1, size_bytes=1)
        for number in (0, 101):
            with pytest.raises(InvalidError, match="not 1 to 100"):
                await sign_parts(archive, ADA, upload.id, [good] * number)
        (signed,) = await sign_parts(archive, ADA, upload.id, [good])
        assert signed.request.method == "PUT"

    with_archive(embedded(tmp_path), work)


def test_a_size_bomb_behind_a_signed_part_is_thrown_away(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        upload = await begin_upload(archive, ADA, REQUEST)
        send(archive, upload, small())
        video = upload.file("capture.mp4")
        archive.store.put_part(video.object_key, video.store_upload_id, 1, bytes(6 * MIB))
        with pytest.raises(ConflictError, match=r"capture.mp4 has a part 1 of 6291456 bytes"):
            await finish_upload(archive, ADA, upload.id, named(small()))
        again = await get(archive, upload.id)
        send(archive, again, {"capture.mp4": b"video"})
        huge = NamedFile(name="capture.mp4", size_bytes=10_001 * 5 * MIB, sha256="0" * 64)
        with pytest.raises(InvalidError):
            await finish_upload(archive, ADA, upload.id, [huge, *named(small())[1:]])
        assert (await finish_upload(archive, ADA, upload.id, named(small()))).frames == 3

    with_archive(archive_place, work)


def test_nobody_touches_another_players_upload(archive_place: ArchivePlace) -> None:
    part = PartToSend(file="capture.mp4", number=1, size_bytes=5)

    async def work(archive: Archive, _time: Time) -> None:
        upload = await begin_upload(archive, ADA, REQUEST)
        send(archive, upload, small())
        for stranger in (BOB, WORKER):
            for call in (
                get(archive, upload.id, stranger),
                sign_parts(archive, stranger, upload.id, [part]),
                list_parts(archive, stranger, upload.id),
                finish_upload(archive, stranger, upload.id, named(small())),
                abandon_upload(archive, stranger, upload.id),
            ):
                with pytest.raises(UnknownError, match=f"there is no upload '{upload.id}'"):
                    await call
        mine = await begin_upload(archive, BOB, REQUEST)
        assert mine.id != upload.id
        assert (await get(archive, upload.id, OPERATOR)).id == upload.id
        assert len(await list_parts(archive, ADA, upload.id)) == 3
        for nothing in ("", "upload_none", "x" * 5000, "a\ud800"):
            with pytest.raises(UnknownError):
                await get(archive, nothing)

    with_archive(archive_place, work)


def test_an_upload_is_given_up(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, _time: Time) -> None:
        upload = await begin_upload(archive, ADA, REQUEST)
        send(archive, upload, small())
        assert (await abandon_upload(archive, ADA, upload.id)).state is UploadState.ABANDONED
        assert (await abandon_upload(archive, ADA, upload.id)).reason == "given up by the player"
        assert archive.store.open_uploads() == []
        part = PartToSend(file="capture.mp4", number=1, size_bytes=5)
        for call in (
            sign_parts(archive, ADA, upload.id, [part]),
            list_parts(archive, ADA, upload.id),
            finish_upload(archive, ADA, upload.id, named(small())),
        ):
            with pytest.raises(ConflictError, match="is abandoned"):
                await call
        again = await begin_upload(archive, ADA, REQUEST)
        assert again.id != upload.id
        send(archive, again, small())
        await finish_upload(archive, ADA, again.id, named(small()))
        with pytest.raises(ConflictError, match="is finished"):
            await abandon_upload(archive, ADA, again.id)

    with_archive(archive_place, work)


def test_uploads_that_nobody_goes_on_with_are_collected(archive_place: ArchivePlace) -> None:
    async def work(archive: Archive, time: Time) -> None:
        left = await begin_upload(archive, ADA, REQUEST)
        kept = await begin_upload(archive, ADA, replace(REQUEST, recording_id="rec-2"))
        send(archive, left, small())
        time.passes(6 * DAY_S)
        await sign_parts(archive, ADA, kept.id, [PartToSend(file="capture.mp4", number=1, size_bytes=5)])
        assert await collect_uploads(archive) == 0
        time.passes(2 * DAY_S)
        assert await collect_uploads(archive) == 1
        assert await collect_uploads(archive) == 0
        assert (await get(archive, left.id)).state is UploadState.ABANDONED
        assert (await get(archive, kept.id)).state is UploadState.OPEN
        assert {each.upload_id for each in archive.store.open_uploads()} == {
            file.store_upload_id for file in kept.files
        }

    with_archive(archive_place, work)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_on_a_full_disk_nothing_that_was_sent_is_lost(tmp_path: Path, small_disk: Path) -> None:
    place = replace(embedded(tmp_path), store=(small_disk / "objects").as_uri())
    content = small(video=b"a" * 5 * MIB + b"b" * 3 * MIB)

    async def work(archive: Archive, _time: Time) -> None:
        upload = await begin_upload(archive, ADA, REQUEST)
        file = upload.file("capture.mp4")
        archive.store.put_part(file.object_key, file.store_upload_id, 1, b"a" * 5 * MIB)
        (small_disk / "filler").write_bytes(bytes(17 * MIB))
        for _ in range(2):
            with pytest.raises(ObjectStoreError, match="has room"):
                send(archive, upload, content)
            assert [part.number for part in await list_parts(archive, ADA, upload.id)] == [1]
        (small_disk / "filler").unlink()
        send(archive, upload, content)
        # Completing needs no room.
        (small_disk / "filler").write_bytes(bytes(14 * MIB))
        session = await finish_upload(archive, ADA, upload.id, named(content))
        assert read_object(archive.store, session.files[1].object_key) == content["capture.mp4"]
        assert list((small_disk / "objects" / "partial").iterdir()) == []

    with_archive(place, work)


def embedded(tmp_path: Path) -> ArchivePlace:
    return ArchivePlace(database=f"sqlite:///{tmp_path / 'c.db'}", store=(tmp_path / "objects").as_uri())


async def get(archive: Archive, upload_id: str, caller: object = ADA) -> Upload:
    assert caller in (ADA, BOB, OPERATOR, WORKER)
    async with archive.database.read() as connection:
        return await get_upload(connection, caller, upload_id)  # pyright: ignore[reportArgumentType]
