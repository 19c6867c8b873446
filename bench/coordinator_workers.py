"""Workers that lease jobs over gRPC from a coordinator in a process of its own, and do nothing but report them done.

Three ways to call: two calls a job, LeaseJobs and CompleteJob; one call a job, CompleteJobs, which reports it and takes
the next; and one process with as many slots as there are workers, which reports and takes for all of them together.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import grpc

from coordinator.clock import system_clock
from coordinator.jobs.job import JobRequest
from coordinator.players.player import create_player
from coordinator.players.scopes import Scope
from coordinator.players.token import make_token
from coordinator.server import running
from coordinator.settings import CallLimits, embedded_settings
from protos import coordinator_pb2 as pb
from protos.coordinator_pb2_grpc import JobsStub


class Way(StrEnum):
    """How workers call."""

    TWO_CALLS = "two calls a job"
    ONE_CALL = "one call a job"
    SLOTS = "one process with 16 slots"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Attributes: a_second: jobs leased and completed; call_p99_ms: of single calls."""

    a_second: float
    call_p99_ms: float


def job_rate(address: str, root: Path, *, jobs: int, workers: int, way: Way) -> Rate:
    """Serve the database at ``address`` in a process of its own, and let ``workers`` do its ``jobs``."""
    command = [sys.executable, "-m", "bench.coordinator_workers", address, str(root), str(jobs)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            served = json.loads(server.stdout.readline())
            return asyncio.run(_work(served["address"], served["token"], jobs, workers, way))
        finally:
            server.stdin.close()
            server.wait(60)


async def _work(address: str, token: str, jobs: int, workers: int, way: Way) -> Rate:
    calls: list[float] = []
    metadata = (("authorization", f"Bearer {token}"),)

    async def timed[T](call: Awaitable[T]) -> T:
        begin = time.perf_counter()
        answer = await call
        calls.append(time.perf_counter() - begin)
        return answer

    async def two_calls(stub: JobsStub, want: pb.LeaseJobsRequest) -> int:
        done = 0
        while (taken := await timed(stub.LeaseJobs(want, metadata=metadata))).jobs:
            job = taken.jobs[0]
            await timed(stub.CompleteJob(pb.CompleteJobRequest(job_id=job.id, fence=job.fence), metadata=metadata))
            done += 1
        return done

    async def one_call(stub: JobsStub, want: pb.LeaseJobsRequest) -> int:
        done = 0
        held = (await timed(stub.LeaseJobs(want, metadata=metadata))).jobs
        while held:
            reports = [pb.CompleteJobRequest(job_id=job.id, fence=job.fence) for job in held]
            request = pb.CompleteJobsRequest(done=reports, then_lease=want)
            answer = await timed(stub.CompleteJobs(request, metadata=metadata))
            assert not answer.refused, answer.refused
            done, held = done + len(reports), answer.jobs
        return done

    async def work(number: int) -> int:
        async with grpc.aio.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            limit = workers if way is Way.SLOTS else 1
            want = pb.LeaseJobsRequest(worker=f"w{number}", kinds=["bench"], limit=limit, lease_s=60)
            return await (two_calls if way is Way.TWO_CALLS else one_call)(JobsStub(channel), want)

    begin = time.perf_counter()
    done = await asyncio.gather(*(work(number) for number in range(1 if way is Way.SLOTS else workers)))
    seconds = time.perf_counter() - begin
    assert sum(done) == jobs, (done, jobs)
    return Rate(a_second=jobs / seconds, call_p99_ms=1000 * sorted(calls)[int(0.99 * (len(calls) - 1))])


async def _serve(address: str, root: Path, jobs: int) -> None:
    settings = replace(embedded_settings(root), database=address, listen="127.0.0.1:0", http="127.0.0.1:0")
    settings = replace(settings, limits=CallLimits(worker_calls_per_s=1e6, worker_burst=10**6))
    async with running(settings) as server:
        async with server.context.database.write() as connection:
            player = await create_player(connection, "bench", system_clock())
            scopes = frozenset({Scope.WORKER})
            made = await make_token(connection, player.id, scopes, system_clock(), label="bench")
        for _ in range(jobs):
            await server.context.jobs.submit(JobRequest(kind="bench", player_id=player.id))
        print(json.dumps({"address": server.address, "token": made.secret}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
