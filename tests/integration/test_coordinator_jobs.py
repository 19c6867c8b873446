"""Jobs over real gRPC, on SQLite and on PostgreSQL: people see their own, workers lease, logs are followed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
from sqlalchemy import insert

from coordinator.database.tables import sessions
from coordinator.ids import new_id
from coordinator.jobs.listing import get_job
from coordinator.rpc.jobs_service import PAGE_BYTES
from coordinator.settings import CallLimits
from playloom.documents import document_in
from protos import coordinator_pb2 as pb
from tests.support.coordinators import OPERATOR, PLAYER, WORKER, Client, Served, refusal, served

NOT_FOUND = grpc.StatusCode.NOT_FOUND


def run(address: str, root: Path, work: Callable[[Served], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with served(address, root) as server:
            await work(server)

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


async def submit(client: Client, **values: Any) -> pb.Job:
    request = pb.SubmitJobRequest(kind="convert")
    for name, value in values.items():
        if name == "payload":
            request.payload.update(value)
        elif name == "needs":
            request.needs.extend(value)
        else:
            setattr(request, name, value)
    return await client.call("Jobs.SubmitJob", request)


async def lease(client: Client, **values: Any) -> list[pb.Job]:
    request = pb.LeaseJobsRequest(worker="w", kinds=["convert"], **values)
    return list((await client.call("Jobs.LeaseJobs", request)).jobs)


def test_a_job_goes_from_a_player_to_a_worker_and_back(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, worker = await server.client("ada", PLAYER), await server.client("rig", WORKER)
        job = await submit(ada, payload={"text": "ü", "list": [1, 2.5, None, {"a": True}]}, priority=7)
        assert (job.state, job.priority, job.max_attempts, job.fence) == ("ready", 7, 5, 0)
        (leased,) = await lease(worker, limit=3, lease_s=60)
        assert (leased.id, leased.fence, leased.worker, leased.attempts) == (job.id, 1, "w", 1)
        assert leased.payload == job.payload
        report = {"job_id": job.id, "fence": 1}
        beat = await worker.call("Jobs.Heartbeat", pb.HeartbeatRequest(**report, lease_s=90, progress=0.5))
        assert (beat.lease_until_unix_ns, beat.cancel_requested) == (server.time() + 90 * 10**9, False)
        await worker.call("Jobs.AppendLog", pb.AppendLogRequest(**report, lines=["one", "two"]))
        done = pb.CompleteJobRequest(**report)
        done.result.update({"episodes": 3})
        await worker.call("Jobs.CompleteJob", done)
        found = await ada.call("Jobs.GetJob", pb.GetJobRequest(job_id=job.id))
        assert (found.state, dict(found.result), found.progress) == ("done", {"episodes": 3.0}, 1.0)
        lines = [line.text async for line in ada.begin("Jobs.ReadLog", pb.ReadLogRequest(job_id=job.id))]
        assert lines == ["one", "two"]
        rest = ada.begin("Jobs.ReadLog", pb.ReadLogRequest(job_id=job.id, after_line=1))
        assert [line.line async for line in rest] == [2]

    run(database_address, tmp_path, work)


def test_a_player_reaches_only_own_jobs_and_an_operator_all(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, bob = await server.client("ada", PLAYER), await server.client("bob", PLAYER)
        operator = await server.client("olga", OPERATOR)
        job = await submit(ada)
        own = await submit(bob)
        for call in (
            lambda: bob.call("Jobs.GetJob", pb.GetJobRequest(job_id=job.id)),
            lambda: bob.call("Jobs.CancelJob", pb.CancelJobRequest(job_id=job.id)),
            lambda: bob.call("Jobs.RetryJob", pb.RetryJobRequest(job_id=job.id)),
            lambda: bob.begin("Jobs.ReadLog", pb.ReadLogRequest(job_id=job.id, follow=True)),
            lambda: submit(bob, needs=[job.id]),
        ):
            assert await refusal(call()) == (NOT_FOUND, f"there is no job '{job.id}'")
        assert [each.id for each in (await bob.call("Jobs.ListJobs", pb.ListJobsRequest())).jobs] == [own.id]
        assert await refusal(bob.call("Jobs.ListJobs", pb.ListJobsRequest(player="ada"))) == (
            NOT_FOUND,
            "there is no player 'ada'",
        )
        assert len((await bob.call("Jobs.ListJobs", pb.ListJobsRequest(player="BOB"))).jobs) == 1
        code, _ = await refusal(bob.call("Jobs.ListJobs", pb.ListJobsRequest(page_token=job.id)))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert len((await operator.call("Jobs.ListJobs", pb.ListJobsRequest())).jobs) == 2
        (listed,) = (await operator.call("Jobs.ListJobs", pb.ListJobsRequest(player="ada"))).jobs
        assert listed.id == job.id
        (cancelled,) = (await operator.call("Jobs.CancelJob", pb.CancelJobRequest(job_id=job.id))).jobs
        assert cancelled.state == "cancelled"
        assert (await ada.call("Jobs.RetryJob", pb.RetryJobRequest(job_id=job.id))).state == "ready"

    run(database_address, tmp_path, work)


def test_a_job_names_only_sessions_that_are_its_players(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, bob = await server.client("ada", PLAYER), await server.client("bob", PLAYER)
        operator = await server.client("olga", OPERATOR)
        session_id = await session_of(server, await ada.call("Players.WhoAmI", pb.WhoAmIRequest()))
        await submit(ada, payload={"sessions": [{"id": session_id}]})
        for payload in ({"sessions": [{"id": session_id}]}, {session_id: 1}, {"session_id": new_id("session")}):
            assert (await refusal(submit(bob, payload=payload)))[0] is NOT_FOUND
        await submit(operator, payload={"session": session_id})

    run(database_address, tmp_path, work)


async def session_of(server: Served, player: pb.Caller) -> str:
    session_id = new_id("session")
    row = {
        "id": session_id,
        "player_id": player.player_id,
        "recording_id": "r",
        "name": "n",
        "recorded_unix_ns": 1,
        "duration_s": 1.0,
        "frames": 60,
        "size_bytes": 10,
        "content_sha256": "0" * 64,
        "info": {},
        "created_unix_ns": 1,
    }
    async with server.server.context.database.write() as connection:
        await connection.execute(insert(sessions).values(row))
    return session_id


def test_pages_of_jobs_join_without_gaps_and_end_early_where_jobs_are_large(
    database_address: str, tmp_path: Path
) -> None:
    async def work(server: Served) -> None:
        ada = await server.client("ada", PLAYER)
        large = PAGE_BYTES // 5
        jobs = [(await submit(ada, payload={"x": "y" * (large if number % 2 else 1)})).id for number in range(12)]
        found, sizes, token = [], [], ""
        while True:
            page = await ada.call("Jobs.ListJobs", pb.ListJobsRequest(page_size=8, page_token=token, states=["ready"]))
            found += [job.id for job in page.jobs]
            sizes.append(page.ByteSize())
            token = page.next_page_token
            if not token:
                break
        assert found == jobs[::-1]
        assert max(sizes) < 1.2 * PAGE_BYTES
        code, details = await refusal(ada.call("Jobs.ListJobs", pb.ListJobsRequest(states=["asleep"])))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert "waiting" in details

    run(database_address, tmp_path, work)


def test_a_worker_that_waits_has_the_job_as_soon_as_it_is_there(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, worker = await server.client("ada", PLAYER), await server.client("rig", WORKER)
        begin_s = time.monotonic()
        waiting = asyncio.create_task(lease(worker, wait_s=30))
        await asyncio.sleep(1.3)
        job = await submit(ada)
        assert [each.id for each in await waiting] == [job.id]
        assert time.monotonic() - begin_s < 20
        assert await lease(worker, wait_s=0.2) == []
        assert await lease(worker, wait_s=float("nan")) == []

    run(database_address, tmp_path, work)


def test_a_worker_that_lost_its_lease_is_told_so_whatever_it_reports(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, worker = await server.client("ada", PLAYER), await server.client("rig", WORKER)
        job = await submit(ada)
        await lease(worker)
        for fence in (0, 2, 2**63 - 1):
            report = {"job_id": job.id, "fence": fence}
            for call in (
                worker.call("Jobs.Heartbeat", pb.HeartbeatRequest(**report)),
                worker.call("Jobs.CompleteJob", pb.CompleteJobRequest(**report)),
                worker.call("Jobs.FailJob", pb.FailJobRequest(**report)),
                worker.call("Jobs.AppendLog", pb.AppendLogRequest(**report, lines=["x"])),
            ):
                assert (await refusal(call))[0] is grpc.StatusCode.ABORTED
        code, _ = await refusal(worker.call("Jobs.Heartbeat", pb.HeartbeatRequest(job_id=job.id, fence=2**64 - 1)))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        failed = await worker.call("Jobs.FailJob", pb.FailJobRequest(job_id=job.id, fence=1, reason="no", retry=False))
        assert failed.state == "dead"
        assert (await ada.call("Jobs.GetJob", pb.GetJobRequest(job_id=job.id))).reason == "no"

    run(database_address, tmp_path, work)


def test_a_log_is_followed_until_the_job_has_ended(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, worker = await server.client("ada", PLAYER), await server.client("rig", WORKER)
        job = await submit(ada)
        await lease(worker)
        told: list[str] = []

        async def follow() -> None:
            async for line in ada.begin("Jobs.ReadLog", pb.ReadLogRequest(job_id=job.id, follow=True)):
                told.append(line.text)

        following = asyncio.create_task(follow())
        report = {"job_id": job.id, "fence": 1}
        for text in ("one", "two"):
            await worker.call("Jobs.AppendLog", pb.AppendLogRequest(**report, lines=[text]))
            while text not in told:
                assert not following.done()
                await asyncio.sleep(0.05)
        await worker.call("Jobs.AppendLog", pb.AppendLogRequest(**report, lines=["last"]))
        await worker.call("Jobs.CompleteJob", pb.CompleteJobRequest(**report))
        await asyncio.wait_for(following, 10)
        assert told == ["one", "two", "last"]

    run(database_address, tmp_path, work)


def test_several_jobs_are_reported_done_and_the_next_ones_taken_in_one_call(
    database_address: str, tmp_path: Path
) -> None:
    async def work(server: Served) -> None:
        ada, worker = await server.client("ada", PLAYER), await server.client("rig", WORKER)
        jobs = [(await submit(ada, payload={"epochs": number})).id for number in range(5)]
        first, second, third = await lease(worker, limit=3)
        request = pb.CompleteJobsRequest(
            done=[
                pb.CompleteJobRequest(job_id=first.id, fence=first.fence),
                pb.CompleteJobRequest(job_id=second.id, fence=second.fence + 1),
                pb.CompleteJobRequest(job_id=third.id, fence=third.fence),
                pb.CompleteJobRequest(job_id="job_no", fence=1),
            ],
            then_lease=pb.LeaseJobsRequest(worker="w", kinds=["convert"], limit=2, lease_s=60),
        )
        request.done[0].result.update({"episodes": 3})
        request.done[2].result["x"] = float("nan")
        answer = await worker.call("Jobs.CompleteJobs", request)
        assert [(one.job_id, one.why) for one in answer.refused] == [
            (second.id, "lease_lost"),
            (third.id, "invalid"),
            ("job_no", "unknown"),
        ]
        assert [job.id for job in answer.jobs] == jobs[3:]
        done = await ada.call("Jobs.GetJob", pb.GetJobRequest(job_id=first.id))
        assert (done.state, dict(done.result)) == ("done", {"episodes": 3})
        for job in (second, third):
            assert (await ada.call("Jobs.GetJob", pb.GetJobRequest(job_id=job.id))).state == "leased"
        again = await worker.call("Jobs.CompleteJobs", pb.CompleteJobsRequest(done=request.done[:1]))
        assert (list(again.refused), list(again.jobs)) == ([], [])  # the first answer was lost
        code, _ = await refusal(worker.call("Jobs.CompleteJobs", pb.CompleteJobsRequest(done=[request.done[0]] * 101)))
        assert code is grpc.StatusCode.INVALID_ARGUMENT

    run(database_address, tmp_path, work)


def test_a_player_appeals_against_quality_gates_and_the_job_knows(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, worker = await server.client("ada", PLAYER), await server.client("rig", WORKER)
        job = await submit(ada, payload={"frames": 12, "rate": 0.5}, idempotency_key="once")

        async def refused_by_gate() -> dict[str, Any]:
            (leased,) = await lease(worker)
            failed = pb.FailJobRequest(job_id=job.id, fence=leased.fence, reason="too_short: 3 s", retry=False)
            await worker.call("Jobs.FailJob", failed)
            return document_in(leased.payload)

        assert await refused_by_gate() == {"frames": 12, "rate": 0.5}
        await ada.call("Jobs.RetryJob", pb.RetryJobRequest(job_id=job.id, accept=["too_short"]))
        assert (await refused_by_gate())["accept"] == ["too_short"]
        retry = pb.RetryJobRequest(job_id=job.id, accept=["gaps", "too_short"])
        again = await ada.call("Jobs.RetryJob", retry)
        assert document_in(again.payload) == {"accept": ["too_short", "gaps"], "frames": 12, "rate": 0.5}
        assert (await submit(ada, payload={"frames": 12, "rate": 0.5}, idempotency_key="once")).id == job.id
        await refused_by_gate()
        for name in ("", "../x", "Too short", "a" * 65):
            code, details = await refusal(ada.call("Jobs.RetryJob", pb.RetryJobRequest(job_id=job.id, accept=[name])))
            assert (code, details[:6]) == (grpc.StatusCode.INVALID_ARGUMENT, "accept")

    run(database_address, tmp_path, work)


def test_a_player_may_have_so_many_jobs_open_and_no_more(database_address: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with served(database_address, tmp_path, limits=CallLimits(open_jobs=3)) as server:
            ada, worker = await server.client("ada", PLAYER), await server.client("rig", WORKER)
            jobs = [(await submit(ada, idempotency_key=f"{number}")).id for number in range(3)]
            assert await refusal(submit(ada)) == (
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "3 jobs of this player have not ended yet, and more may not be open. "
                "Wait until some are done, or cancel some",
            )
            assert (await submit(ada, idempotency_key="0")).id == jobs[0], "it is no new one"
            await submit(await server.client("bob", PLAYER))
            (leased,) = await lease(worker)
            assert (await refusal(submit(ada)))[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
            await worker.call("Jobs.CompleteJob", pb.CompleteJobRequest(job_id=leased.id, fence=leased.fence))
            await ada.call("Jobs.CancelJob", pb.CancelJobRequest(job_id=jobs[1]))
            await submit(ada)
            await submit(ada)
            retry = ada.call("Jobs.RetryJob", pb.RetryJobRequest(job_id=jobs[1]))
            assert (await refusal(retry))[0] is grpc.StatusCode.RESOURCE_EXHAUSTED

    asyncio.run(asyncio.wait_for(work(), 60))


def test_whole_numbers_of_a_payload_are_kept_whole(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada = await server.client("ada", PLAYER)
        job = await submit(ada, payload={"n": 3, "x": 0.25, "deep": [{"m": -(2**52)}]})
        async with server.server.context.database.read() as connection:
            kept = await get_job(connection, job.id)
        assert repr(kept.payload["n"]) == "3"
        assert repr(kept.payload["deep"]) == "[{'m': -4503599627370496}]"

    run(database_address, tmp_path, work)


def test_numbers_and_names_that_cannot_be_are_refused(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, worker = await server.client("ada", PLAYER), await server.client("rig", WORKER)
        for values in (
            {"kind": ""},
            {"kind": "../x"},
            {"priority": 100_000},
            {"max_attempts": 4_000_000},
            {"idempotency_key": "k" * 201},
        ):
            code, details = await refusal(submit(ada, **values))
            assert code is grpc.StatusCode.INVALID_ARGUMENT, values
            assert details.startswith(next(iter(values)))
        request = pb.SubmitJobRequest(kind="convert")
        request.payload.fields["x"].number_value = float("inf")
        assert (await refusal(ada.call("Jobs.SubmitJob", request)))[0] is grpc.StatusCode.INVALID_ARGUMENT
        for values in ({"lease_s": 0.1}, {"lease_s": float("nan")}, {"limit": 4_000_000_000}):
            assert (await refusal(lease(worker, **values)))[0] is grpc.StatusCode.INVALID_ARGUMENT, values
        code, _ = await refusal(worker.call("Jobs.LeaseJobs", pb.LeaseJobsRequest(worker="", kinds=["convert"])))
        assert code is grpc.StatusCode.INVALID_ARGUMENT

    run(database_address, tmp_path, work)


def test_callers_who_hang_up_in_the_middle_leave_nothing_half_done(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, worker = await server.client("ada", PLAYER), await server.client("rig", WORKER)
        await submit(ada)

        async def impatient(number: int) -> None:
            await asyncio.sleep(number * 0.003)
            request = pb.SubmitJobRequest(kind="convert", idempotency_key=f"key {number}")
            call = ada.begin("Jobs.SubmitJob", request)
            await asyncio.sleep(0.002 * (number % 10))
            call.cancel()
            await asyncio.wait([call] if isinstance(call, asyncio.Future) else [asyncio.ensure_future(call.code())])

        await asyncio.gather(*map(impatient, range(80)))
        for number in range(80):  # whichever of them were taken in before
            request = pb.SubmitJobRequest(kind="convert", idempotency_key=f"key {number}")
            await ada.call("Jobs.SubmitJob", request, timeout=20)
        taken = await lease(worker, limit=100)
        assert len({job.id for job in taken}) == 81
        for job in taken:
            await worker.call("Jobs.CompleteJob", pb.CompleteJobRequest(job_id=job.id, fence=job.fence), timeout=20)

    run(database_address, tmp_path, work)
