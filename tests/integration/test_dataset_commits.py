"""Versions of datasets over real gRPC, on SQLite and on PostgreSQL: staged, taken in turn, committed once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from coordinator.ids import new_id
from protos import coordinator_pb2 as pb
from tests.support.coordinators import PLAYER, WORKER, refusal, served
from tests.support.dataset_service import CONFIG, Desk, struct
from tests.support.postgres import Postgres

ABORTED = grpc.StatusCode.ABORTED
INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_NOW = grpc.StatusCode.FAILED_PRECONDITION
NOT_FOUND = grpc.StatusCode.NOT_FOUND


def run(address: str, root: Path, work: Callable[[Desk], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with served(address, root) as server:
            await work(await Desk.of(server))

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


@pytest.fixture
def sqlite_address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'coordinator.db'}"


def test_a_dataset_is_created_with_what_it_is_to_be(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        found = await desk.operator.call("Datasets.GetDataset", pb.GetDatasetRequest(dataset="arcade"))
        assert (found.config["fps"], found.config["codec"], list(found.config["class_ids"])) == (
            30,
            "h264",
            ["default"],
        )
        assert (found.version, found.sessions, found.staged, found.pending) == (0, 0, 0, 0)
        listed = await desk.operator.call("Datasets.ListDatasets", pb.ListDatasetsRequest())
        assert [one.name for one in listed.datasets] == ["arcade"]

    run(database_address, tmp_path, work)


def test_a_session_is_staged_taken_up_and_readable(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        session_id = await desk.session()
        standing = await desk.stage(session_id, (100, 50))
        assert standing.object_key.endswith("staged.json")
        again = await desk.worker.call("Datasets.StageSession", desk.staged(session_id, (7,), mark="2"))
        assert again.object_key == standing.object_key, "the first stays"

        turn = await desk.take_turn(session_id)
        assert (turn.turn, turn.added_version, turn.HasField("base")) == (1, 0, False)
        assert [(one.session_id, one.object_key) for one in turn.staged] == [(session_id, standing.object_key)]

        made = await desk.commit(None, [(session_id, 2, 150)], turn=turn.turn)
        assert (made.number, made.parent, made.episodes, made.frames, made.sessions_added) == (1, 0, 2, 150, 1)
        assert (await desk.take_turn(session_id)).added_version == 1
        staged = await desk.worker.call("Datasets.StageSession", desk.staged(session_id))
        assert (staged.added_version, staged.object_key) == (1, "")

        reader = await desk.served.client("rae", PLAYER)
        newest = await reader.call("Datasets.GetVersion", pb.GetVersionRequest(dataset="arcade"))
        assert newest == made
        signed = await reader.call(
            "Datasets.SignDatasetObjects",
            pb.SignDatasetObjectsRequest(dataset="arcade", keys=[made.manifest_key]),
        )
        assert signed.objects[0].key == made.manifest_key
        assert signed.objects[0].url.startswith("http://")
        found = await reader.call("Datasets.GetDataset", pb.GetDatasetRequest(dataset="arcade"))
        assert (found.version, found.sessions, found.episodes, found.frames, found.staged) == (1, 1, 2, 150, 0)

    run(database_address, tmp_path, work)


def test_of_two_versions_on_one_base_the_second_is_told_that_the_dataset_moved_on(
    database_address: str, tmp_path: Path
) -> None:
    async def work(desk: Desk) -> None:
        ada, bob = await desk.session("ada"), await desk.session("bob")
        await desk.stage(ada)
        await desk.stage(bob)
        first, second = desk.proposal(None, [(ada, 1, 100)]), desk.proposal(None, [(bob, 1, 100)])
        made = await desk.worker.call("Datasets.CommitVersion", first)
        code, details = await refusal(desk.worker.call("Datasets.CommitVersion", second))
        assert (code, "moved on" in details) == (ABORTED, True)
        assert await desk.worker.call("Datasets.CommitVersion", first) == made, "the same manifest is the same version"
        waiting = await desk.take_turn(bob)
        assert (waiting.base.number, [one.session_id for one in waiting.staged]) == (1, [bob])
        code, _ = await refusal(desk.commit(made, [(ada, 1, 100)]))
        assert code is ABORTED, "a session enters once"
        assert (await desk.commit(made, [(bob, 1, 100)])).number == 2

    run(database_address, tmp_path, work)


async def enter(desk: Desk, session_id: str) -> int:
    """Commit a session as often as it takes; how often another was faster."""
    lost = 0
    while True:
        try:
            newest = await desk.worker.call("Datasets.GetVersion", pb.GetVersionRequest(dataset="arcade"))
        except grpc.aio.AioRpcError:
            newest = None
        try:
            await desk.commit(newest, [(session_id, 1, 100)])
            return lost
        except grpc.aio.AioRpcError as error:
            if error.code() is not ABORTED:
                raise
            lost += 1


async def see_ten_versions(desk: Desk) -> None:
    listed = await desk.worker.call("Datasets.ListVersions", pb.ListVersionsRequest(dataset="arcade"))
    assert [one.number for one in listed.versions] == list(range(10, 0, -1))
    assert (listed.versions[0].episodes, listed.versions[0].frames) == (10, 1000)
    found = await desk.operator.call("Datasets.GetDataset", pb.GetDatasetRequest(dataset="arcade"))
    assert (found.sessions, found.staged) == (10, 0)


def test_ten_committers_racing_make_ten_versions_with_each_session_once(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        ids = [await desk.session() for _ in range(10)]
        for session_id in ids:
            await desk.stage(session_id)
        lost = await asyncio.gather(*(enter(desk, session_id) for session_id in ids))
        assert sum(lost) > 0
        await see_ten_versions(desk)

    run(database_address, tmp_path, work)


def test_two_coordinators_on_one_database_make_one_line_of_versions(postgres: Postgres, tmp_path: Path) -> None:
    address = postgres.create_database("two_coordinators")

    async def all_of_it() -> None:
        async with (
            served(address, tmp_path / "a") as one,
            served(address, tmp_path / "b", store=one.settings.store) as other,
        ):
            here = await Desk.of(one)
            there = replace(here, served=other, worker=await other.client("wes", WORKER))
            ids = [await here.session() for _ in range(10)]
            for session_id in ids:
                await there.stage(session_id)
            await asyncio.gather(*(enter((here, there)[place % 2], one) for place, one in enumerate(ids)))
            await see_ten_versions(there)

            turn = await here.take_turn(turn_s=30)
            waiting = asyncio.create_task(there.take_turn(wait_s=20))
            await asyncio.sleep(0.05)
            newest = await here.worker.call("Datasets.GetVersion", pb.GetVersionRequest(dataset="arcade"))
            await here.commit(newest, reason="compact", turn=turn.turn)
            found = await asyncio.wait_for(waiting, 10)
            assert (found.turn, found.base.number) == (turn.turn + 1, 11)

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


def test_a_manifest_that_is_not_what_is_said_of_it_becomes_no_version(sqlite_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        session_id = await desk.session()
        await desk.stage(session_id)
        added = [(session_id, 1, 100)]
        for changes, words in [
            ({"number": 7}, "version.number: the manifest says 7, not 1"),
            ({"dataset_id": "other"}, "version.dataset_id"),
            ({"size_bytes": 5}, "version.size_bytes"),
            ({"segments": ()}, "the manifest's segments do not make its sum"),
        ]:
            code, details = await refusal(desk.commit(None, added, **changes))
            assert (code, words in details) == (INVALID, True), details
        good = desk.proposal(None, added)
        for field, value, words in [
            ("manifest_key", "datasets/other/versions/1.json", "no place of this dataset"),
            ("manifest_key", good.version.manifest_key + "x", "there is no such object"),
            ("manifest_sha256", "0" * 64, "the object's content has another"),
            ("reason", "magic", "there are append, remove, compact, rollback"),
            ("reason", "compact", "no 'compact' adds"),
            ("parent", 4, "there is no version 4"),
        ]:
            request = pb.CommitVersionRequest.FromString(good.SerializeToString())
            setattr(request.version, field, value)
            code, details = await refusal(desk.worker.call("Datasets.CommitVersion", request))
            assert (code, words in details) == (INVALID, True), details
        code, details = await refusal(desk.commit(None, [(session_id, 3, 100)]))
        assert (code, "has (1, 100) episodes and frames" in details) == (INVALID, True)
        assert (await desk.worker.call("Datasets.CommitVersion", good)).number == 1

    run(sqlite_address, tmp_path, work)


def test_a_turn_is_one_workers_until_it_commits_or_the_time_is_over(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        ada, bob = await desk.session("ada"), await desk.session("bob")
        await desk.stage(ada)
        await desk.stage(bob)
        first = await desk.take_turn(ada, turn_s=30)
        assert first.turn == 1
        assert (await desk.take_turn(bob, turn_s=30)).turn == 0
        waiting = asyncio.create_task(desk.take_turn(bob, wait_s=20, turn_s=30))
        made = await desk.commit(None, [(ada, 1, 100), (bob, 1, 100)], turn=first.turn)
        assert (await asyncio.wait_for(waiting, 5)).added_version == made.number

        abandoned = await desk.take_turn(turn_s=30)
        assert abandoned.turn == 2
        assert (await desk.take_turn(turn_s=30)).turn == 0
        desk.served.time.passes(31)
        assert (await desk.take_turn(turn_s=30)).turn == 3

        refused = desk.proposal(None, [(ada, 1, 100)], turn=3)
        assert (await refusal(desk.worker.call("Datasets.CommitVersion", refused)))[0] is ABORTED
        assert (await desk.take_turn()).turn == 4, "who was refused has no turn any more"

    run(database_address, tmp_path, work)


def test_what_is_staged_must_be_there_and_be_what_it_is_said_to_be(sqlite_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        session_id, other = await desk.session(), await desk.session()
        good = desk.staged(session_id)
        for changes, words in [
            ({"object_key": good.object_key + "x"}, "there is no such object"),
            ({"object_key": desk.staged(other).object_key}, "no place for this session's conversion"),
            ({"sha256": "1" * 64}, "the object's content has another"),
            ({"frames": 5}, "the object holds 1 of 100 frames"),
        ]:
            request = pb.StageSessionRequest.FromString(good.SerializeToString())
            for name, value in changes.items():
                setattr(request, name, value)
            code, details = await refusal(desk.worker.call("Datasets.StageSession", request))
            assert (code, words in details) == (INVALID, True), details
        unknown = desk.staged(new_id("session"))
        assert (await refusal(desk.worker.call("Datasets.StageSession", unknown)))[0] is NOT_NOW
        good.job_id, good.fence = new_id("job"), 1
        assert (await refusal(desk.worker.call("Datasets.StageSession", good)))[0] is ABORTED, "the lease is lost"

    run(sqlite_address, tmp_path, work)


def test_a_session_that_is_deleted_while_it_waits_does_not_enter(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        session_id = await desk.session("ada")
        await desk.stage(session_id)
        ada = await desk.served.client("ada", PLAYER)
        await ada.call("Sessions.DeleteSession", pb.DeleteSessionRequest(session_id=session_id))
        code, details = await refusal(desk.commit(None, [(session_id, 1, 100)]))
        assert (code, "is deleted" in details) == (ABORTED, True)
        assert (await refusal(desk.take_turn(session_id)))[0] is NOT_NOW
        assert list((await desk.take_turn()).staged) == []
        await refusal(desk.worker.call("Datasets.OpenSession", pb.OpenSessionRequest(session_id=session_id)))

    run(database_address, tmp_path, work)


def test_objects_are_signed_for_versions_of_this_dataset_alone(sqlite_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        session_id, prefix, sha256 = await desk.session(), f"datasets/{desk.dataset.id}/", "ab" * 32
        staged = desk.staged(session_id).object_key
        reader = await desk.served.client("rae", PLAYER)

        async def sign(*keys: str) -> object:
            request = pb.SignDatasetObjectsRequest(dataset="arcade", keys=keys)
            return await reader.call("Datasets.SignDatasetObjects", request)

        await sign(f"{prefix}files/ab/{sha256}.mp4", f"{prefix}segments/{sha256}.json")
        for key in (
            staged,
            "sessions/x/capture.mp4",
            f"{prefix}files/../staged/x",
            f"{prefix}files/cd/{sha256}.mp4",
            f"datasets/dataset_other/segments/{sha256}.json",
            "",
        ):
            code, details = await refusal(sign(key))
            assert (code, "is no object of a version of 'arcade'" in details) == (INVALID, True), key
        code, _ = await refusal(sign(*[f"{prefix}segments/{sha256}.json"] * 1001))
        assert code is INVALID

    run(sqlite_address, tmp_path, work)


def test_players_and_readers_commit_nothing(sqlite_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        player = await desk.served.client("ada", PLAYER)
        for method, request in [
            ("CommitVersion", pb.CommitVersionRequest()),
            ("StageSession", pb.StageSessionRequest()),
            ("TakeTurn", pb.TakeTurnRequest()),
            ("OpenSession", pb.OpenSessionRequest()),
            ("WithdrawVersions", pb.WithdrawVersionsRequest()),
            ("CreateDataset", pb.CreateDatasetRequest(name="mine", config=struct(CONFIG))),
            ("TagVersion", pb.TagVersionRequest()),
            ("IngestSessions", pb.IngestSessionsRequest()),
        ]:
            code, _ = await refusal(player.call(f"Datasets.{method}", request))
            assert code is grpc.StatusCode.PERMISSION_DENIED, method

    run(sqlite_address, tmp_path, work)


def test_versions_have_names_and_come_a_page_at_a_time(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        code, details = await refusal(desk.worker.call("Datasets.GetVersion", pb.GetVersionRequest(dataset="arcade")))
        assert (code, "has no version yet" in details) == (NOT_NOW, True)
        first, _ = await desk.grown()
        second_session = await desk.session()
        await desk.stage(second_session)
        second = await desk.commit(first, [(second_session, 1, 100)])

        tag = pb.TagVersionRequest(dataset="arcade", tag="paper", version="1")
        assert list((await desk.operator.call("Datasets.TagVersion", tag)).tags) == ["paper"]
        by_tag = pb.GetVersionRequest(dataset="arcade", version="paper")
        assert (await desk.worker.call("Datasets.GetVersion", by_tag)).number == 1
        tag.version = "2"
        assert (await desk.operator.call("Datasets.TagVersion", tag)).number == 2
        assert (await desk.worker.call("Datasets.GetVersion", by_tag)).number == second.number
        tag.version = ""
        assert list((await desk.operator.call("Datasets.TagVersion", tag)).tags) == []
        assert (await refusal(desk.worker.call("Datasets.GetVersion", by_tag)))[0] is NOT_FOUND
        tag.tag, tag.version = "7", "1"
        assert (await refusal(desk.operator.call("Datasets.TagVersion", tag)))[0] is INVALID

        page = pb.ListVersionsRequest(dataset="arcade", page_size=1)
        newest = await desk.worker.call("Datasets.ListVersions", page)
        page.page_token = newest.next_page_token
        oldest = await desk.worker.call("Datasets.ListVersions", page)
        assert [one.number for one in (*newest.versions, *oldest.versions)] == [2, 1]
        assert oldest.next_page_token == ""

    run(database_address, tmp_path, work)


def test_a_worker_opens_a_session_with_its_objects_and_its_players_profiles(
    database_address: str, tmp_path: Path
) -> None:
    profile = "game_id: atari-breakout\nclass_ids: [default]\nprofile_name: {}\nactions: {{}}\n"

    async def work(desk: Desk) -> None:
        session_id = await desk.session("ada")
        ada, bob = await desk.served.client("ada", PLAYER), await desk.served.client("bob", PLAYER)
        for name in ("pad", "keys", "pad"):
            kept = await ada.call(
                "Datasets.PutMappingProfile", pb.PutMappingProfileRequest(content=profile.format(name))
            )
        await bob.call("Datasets.PutMappingProfile", pb.PutMappingProfileRequest(content=profile.format("bobs")))
        opened = await desk.worker.call("Datasets.OpenSession", pb.OpenSessionRequest(session_id=session_id))
        assert opened.session.id == session_id
        assert [(one.file.name, one.object_key) for one in opened.objects] == [
            ("capture.mp4", f"sessions/{session_id}/capture.mp4")
        ]
        assert [one.profile_name for one in opened.profiles] == ["keys", "pad"]
        assert opened.profiles[1].content == profile.format("pad")

        mine = await ada.call("Datasets.ListMappingProfiles", pb.ListMappingProfilesRequest())
        assert [one.profile_name for one in mine.profiles] == ["keys", "pad"]
        every = await desk.operator.call("Datasets.ListMappingProfiles", pb.ListMappingProfilesRequest())
        assert [one.player_name for one in every.profiles] == ["ada", "ada", "bob"]
        removal = pb.DeleteMappingProfileRequest(profile_id=kept.id)
        assert (await refusal(bob.call("Datasets.DeleteMappingProfile", removal)))[0] is NOT_FOUND
        await ada.call("Datasets.DeleteMappingProfile", removal)
        code, details = await refusal(
            ada.call("Datasets.PutMappingProfile", pb.PutMappingProfileRequest(content="game_id: [x"))
        )
        assert (code, "the profile" in details) == (INVALID, True)

    run(database_address, tmp_path, work)
