"""What is taken out of a dataset stays out, whoever tries; and what learned from it is marked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from playloom.documents import document_in
from playloom.objects.errors import ObjectMissingError
from protos import coordinator_pb2 as pb
from tests.support.coordinators import PLAYER, WORKER, refusal, served
from tests.support.dataset_service import Desk

ABORTED = grpc.StatusCode.ABORTED
NOT_NOW = grpc.StatusCode.FAILED_PRECONDITION
NOT_FOUND = grpc.StatusCode.NOT_FOUND


def run(address: str, root: Path, work: Callable[[Desk], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with served(address, root) as server:
            await work(await Desk.of(server))

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


async def remove(client: Any, **what: Any) -> pb.RemoveFromDatasetResponse:
    return await client.call("Datasets.RemoveFromDataset", pb.RemoveFromDatasetRequest(dataset="arcade", **what))


async def sessions_of(desk: Desk, **which: Any) -> list[pb.DatasetSession]:
    request = pb.ListDatasetSessionsRequest(dataset="arcade", **which)
    return list((await desk.worker.call("Datasets.ListDatasetSessions", request)).sessions)


def test_a_player_takes_out_their_own_session_and_it_does_not_enter_again(
    database_address: str, tmp_path: Path
) -> None:
    async def work(desk: Desk) -> None:
        first, (session_id,) = await desk.grown()
        ada, bob = await desk.served.client("ada", PLAYER), await desk.served.client("bob", PLAYER)
        assert (await refusal(remove(bob, session_ids=[session_id])))[0] is NOT_FOUND
        assert (await refusal(remove(bob, player="ada")))[0] is NOT_FOUND

        removal = await remove(ada, session_ids=[session_id])
        assert (removal.job.kind, removal.sessions) == ("dataset.remove", 1)
        assert document_in(removal.job.payload) == {"dataset": "arcade", "session_ids": [session_id]}
        assert (await remove(ada, session_ids=[session_id])).job.id == removal.job.id, "asked twice, it is one job"
        (member,) = await sessions_of(desk)
        assert (member.session_id, member.player_name, member.added_version) == (session_id, "ada", 1)
        assert member.HasField("removed_unix_ns")
        assert not member.HasField("removed_version")

        second = await desk.commit(first, [], [(session_id, 1, 100)], reason="remove")
        assert (second.episodes, second.frames, second.sessions_removed) == (0, 0, 1)
        (member,) = await sessions_of(desk)
        assert (member.added_version, member.removed_version) == (1, 2)
        assert (await refusal(desk.stage(session_id)))[0] is NOT_NOW
        assert (await refusal(desk.commit(second, [(session_id, 1, 100)], reason="rollback")))[0] is ABORTED
        ingest = pb.IngestSessionsRequest(dataset="arcade", session_ids=[session_id])
        assert (await refusal(desk.operator.call("Datasets.IngestSessions", ingest)))[0] is NOT_NOW

    run(database_address, tmp_path, work)


def test_what_waits_is_dropped_and_who_waits_for_it_is_told(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        session_id, other = await desk.session("ada"), await desk.session("bob")
        await desk.stage(session_id)
        await desk.stage(other)
        held = await desk.take_turn(turn_s=30)
        waiting = asyncio.create_task(desk.take_turn(session_id, wait_s=30))
        await asyncio.sleep(0.05)
        removal = await remove(desk.operator, session_ids=[session_id])
        assert (removal.HasField("job"), removal.sessions) == (False, 1)
        code, details = await refusal(asyncio.wait_for(waiting, 5))
        assert (code, "was taken out of this dataset" in details) == (NOT_NOW, True)
        code, _ = await refusal(desk.commit(None, [(session_id, 1, 100), (other, 1, 100)], turn=held.turn))
        assert code is ABORTED
        again = await desk.take_turn(other)
        assert [one.session_id for one in again.staged] == [other]

    run(database_address, tmp_path, work)


def test_of_a_removed_player_nothing_enters_that_comes_later(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        rule = pb.AddIngestRuleRequest(dataset="arcade", game_id="atari-breakout")
        await desk.operator.call("Datasets.AddIngestRule", rule)
        first, _ = await desk.grown(2, "ada")
        ada = await desk.served.client("ada", PLAYER)
        queued = await desk.session("ada")
        await desk.operator.call("Datasets.IngestSessions", pb.IngestSessionsRequest(dataset="arcade"))
        removal = await remove(ada, player="ada")
        assert (removal.sessions, len(document_in(removal.job.payload)["session_ids"])) == (3, 2)
        jobs = await desk.operator.call("Jobs.ListJobs", pb.ListJobsRequest(kind="ingest"))
        assert {(one.payload["session_id"], one.state) for one in jobs.jobs} == {(queued, "cancelled")}

        late = await desk.session("ada")
        assert (await refusal(desk.stage(late)))[0] is NOT_NOW
        asked = await desk.operator.call("Datasets.IngestSessions", pb.IngestSessionsRequest(dataset="arcade"))
        assert list(asked.jobs) == []
        bobs = await desk.session("bob")
        asked = await desk.operator.call("Datasets.IngestSessions", pb.IngestSessionsRequest(dataset="arcade"))
        assert [one.payload["session_id"] for one in asked.jobs] == [bobs]
        assert first.number == 1

    run(database_address, tmp_path, work)


def test_a_removed_recording_that_is_sent_again_stays_out(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        session_id = await desk.session("ada", content="the same")
        await desk.stage(session_id)
        await remove(desk.operator, session_ids=[session_id], delete_recordings=True)
        again = await desk.session("ada", content="the same")
        assert (await refusal(desk.stage(again)))[0] is NOT_NOW
        other = await desk.session("bob", content="the same")
        assert (await desk.stage(other)).object_key

    run(database_address, tmp_path, work)


def test_a_removal_that_races_with_a_commit_keeps_the_session_out_or_queues_its_removal(
    database_address: str, tmp_path: Path
) -> None:
    async def work(desk: Desk) -> None:
        newest: pb.DatasetVersion | None = None
        for _ in range(5):
            session_id = await desk.session()
            await desk.stage(session_id)
            commit = desk.worker.call("Datasets.CommitVersion", desk.proposal(newest, [(session_id, 1, 100)]))
            made, removal = await asyncio.gather(
                commit, remove(desk.operator, session_ids=[session_id]), return_exceptions=True
            )
            assert isinstance(removal, pb.RemoveFromDatasetResponse), removal
            entered = isinstance(made, pb.DatasetVersion)
            assert removal.HasField("job") == entered, (made, removal)
            newest = made if isinstance(made, pb.DatasetVersion) else newest

    run(database_address, tmp_path, work)


def test_recordings_are_deleted_at_once_where_that_is_asked_for(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        _, (gone, stays) = await desk.grown(2, "ada")
        store = desk.served.server.context.store
        await remove(desk.operator, session_ids=[gone], delete_recordings=True)
        with pytest.raises(ObjectMissingError):
            store.info(f"sessions/{gone}/capture.mp4")
        assert store.info(f"sessions/{stays}/capture.mp4").size_bytes == 5
        code, _ = await refusal(desk.worker.call("Datasets.OpenSession", pb.OpenSessionRequest(session_id=gone)))
        assert code is NOT_FOUND
        await remove(desk.operator, session_ids=[gone], delete_recordings=True)  # again is no fault

    run(database_address, tmp_path, work)


def test_checkpoints_that_learned_from_it_are_marked_through_their_parents(
    database_address: str, tmp_path: Path
) -> None:
    async def work(desk: Desk) -> None:
        first, (session_id,) = await desk.grown()
        other = await desk.session("bob")
        await desk.stage(other)
        second = await desk.commit(first, [(other, 1, 100)])

        async def register(name: str, *versions: int, parents: tuple[str, ...] = ()) -> pb.Checkpoint:
            sources = [pb.CheckpointSource(dataset="arcade", version=version) for version in versions]
            request = pb.RegisterCheckpointRequest(
                name=name, location=f"s3://models/{name}", sources=sources, parent_ids=parents
            )
            return await desk.worker.call("Datasets.RegisterCheckpoint", request)

        base = await register("base", 1)
        child = await register("child", parents=(base.id,))
        clean = await register("clean")
        assert not any(one.HasField("marked_unix_ns") for one in (base, child, clean))
        removal = await remove(desk.operator, session_ids=[other])
        assert list(removal.checkpoints) == [], "version 1 does not hold it"
        removal = await remove(desk.operator, session_ids=[session_id])
        assert {one.name for one in removal.checkpoints} == {"base", "child"}
        reasons = {one.name: one.marked_reason for one in removal.checkpoints}
        assert reasons["base"] == "it learned from sessions that were removed from 'arcade'"
        assert reasons["child"] == f"it began with 'base' ({base.id}), which is marked"

        assert (await register("late", 2)).HasField("marked_unix_ns")
        assert (await register("grandchild", parents=(child.id,))).HasField("marked_unix_ns")
        listed = await desk.worker.call("Datasets.ListCheckpoints", pb.ListCheckpointsRequest(marked=True))
        assert [one.name for one in listed.checkpoints] == ["grandchild", "late", "child", "base"]
        listed = await desk.worker.call("Datasets.ListCheckpoints", pb.ListCheckpointsRequest(dataset="arcade"))
        assert len(listed.checkpoints) == 4
        assert second.number == 2
        code, _ = await refusal(register("wrong", 9))
        assert code is NOT_FOUND

    run(database_address, tmp_path, work)


def test_versions_that_hold_what_was_removed_are_withdrawn_after_the_grace_time(
    database_address: str, tmp_path: Path
) -> None:
    async def work(desk: Desk) -> None:
        first, (session_id,) = await desk.grown()
        other = await desk.session("bob")
        await desk.stage(other)
        second = await desk.commit(first, [(other, 1, 100)])
        await remove(desk.operator, session_ids=[other])
        removed_ns = desk.served.time()
        third = await desk.commit(second, [], [(other, 1, 100)], reason="remove")
        waiting = await desk.session("cleo")
        staged = await desk.stage(waiting)

        async def withdraw(before_ns: int) -> pb.WithdrawVersionsResponse:
            request = pb.WithdrawVersionsRequest(dataset="arcade", removed_before_unix_ns=before_ns)
            return await desk.worker.call("Datasets.WithdrawVersions", request)

        early = await withdraw(removed_ns)
        assert [one.number for one in early.withdrawn] == []
        done = await withdraw(removed_ns + 1)
        assert [one.number for one in done.withdrawn] == [2]
        assert [one.number for one in done.versions] == [3, 1]
        assert list(done.staged_keys) == [staged.object_key]
        assert [one.number for one in (await withdraw(removed_ns + 1)).withdrawn] == []

        reader, second_one = (
            await desk.served.client("rae", PLAYER),
            pb.GetVersionRequest(dataset="arcade", version="2"),
        )
        code, details = await refusal(reader.call("Datasets.GetVersion", second_one))
        assert (code, "was withdrawn" in details) == (NOT_NOW, True)
        assert (await desk.worker.call("Datasets.GetVersion", second_one)).HasField("withdrawn_unix_ns")
        tag = pb.TagVersionRequest(dataset="arcade", tag="old", version="2")
        assert (await refusal(desk.operator.call("Datasets.TagVersion", tag)))[0] is NOT_NOW
        assert (third.number, session_id != other) == (3, True)

    run(database_address, tmp_path, work)


def test_a_rollback_takes_out_what_came_and_brings_back_what_had_gone(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        first, (ada,) = await desk.grown()
        bob = await desk.session("bob")
        await desk.stage(bob)
        second = await desk.commit(first, [(bob, 1, 100)])
        back = await desk.commit(second, [], [(bob, 1, 100)], reason="rollback")
        assert (back.number, back.frames) == (3, 100)
        code, details = await refusal(desk.commit(back, [(bob, 1, 100)]))
        assert (code, "does not wait to enter" in details) == (ABORTED, True), "only a rollback brings it back"
        forth = await desk.commit(back, [(bob, 1, 100)], reason="rollback")
        assert (forth.number, forth.frames) == (4, 200)
        found = {
            one.session_id: (one.added_version, one.HasField("removed_version")) for one in await sessions_of(desk)
        }
        assert found == {ada: (1, False), bob: (4, False)}

    run(database_address, tmp_path, work)


def test_sessions_are_queued_by_name_and_again_after_a_rollback(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        session_id = await desk.session("ada", game_id="another")

        async def ingest() -> list[pb.Job]:
            request = pb.IngestSessionsRequest(dataset="arcade", session_ids=[session_id])
            return list((await desk.operator.call("Datasets.IngestSessions", request)).jobs)

        (job,) = await ingest()
        assert (job.kind, job.payload["session_id"], job.payload["dataset"]) == ("ingest", session_id, "arcade")
        assert [one.id for one in await ingest()] == [job.id]
        found = await desk.operator.call("Datasets.GetDataset", pb.GetDatasetRequest(dataset="arcade"))
        assert (found.pending, found.staged) == (1, 0)
        lease = pb.LeaseJobsRequest(worker="w", kinds=["ingest"])
        (leased,) = (await desk.worker.call("Jobs.LeaseJobs", lease)).jobs
        staging = desk.staged(session_id)
        staging.job_id, staging.fence = leased.id, leased.fence
        await desk.worker.call("Datasets.StageSession", staging)
        assert await ingest() == []
        first = await desk.commit(None, [(session_id, 1, 100)])
        await desk.worker.call("Jobs.CompleteJob", pb.CompleteJobRequest(job_id=leased.id, fence=leased.fence))
        assert await ingest() == []
        await desk.commit(first, [], [(session_id, 1, 100)], reason="rollback")
        (again,) = await ingest()
        assert (again.id != job.id, again.state) == (True, "ready")

    run(database_address, tmp_path, work)


def test_who_deletes_a_session_is_told_which_datasets_hold_it(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        _, (session_id,) = await desk.grown()
        ada = await desk.served.client("ada", PLAYER)
        deleted = await ada.call("Sessions.DeleteSession", pb.DeleteSessionRequest(session_id=session_id))
        assert list(deleted.datasets) == ["arcade"]

    run(database_address, tmp_path, work)


def test_players_submit_no_jobs_that_change_datasets(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        both = await desk.served.client("ada", PLAYER, WORKER)
        for kind in ("ingest", "dataset.rollback", "dataset.gc"):
            code, details = await refusal(both.call("Jobs.SubmitJob", pb.SubmitJobRequest(kind=kind)))
            assert (code, "for operators" in details) == (grpc.StatusCode.PERMISSION_DENIED, True)
        await desk.operator.call("Jobs.SubmitJob", pb.SubmitJobRequest(kind="dataset.gc"))

    run(database_address, tmp_path, work)
