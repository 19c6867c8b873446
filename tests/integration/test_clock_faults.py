"""Clocks that go wrong: of a node, of a coordinator, of two coordinators on one database, of a store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import insert

from coordinator.clock import SECOND_NS
from coordinator.database.engine import Database
from coordinator.database.migrate import migrate
from coordinator.database.shared_clock import SharedClock
from coordinator.database.tables import players
from coordinator.errors import LeaseLostError
from coordinator.jobs.job import Job, JobRequest, JobState
from coordinator.jobs.queue import JobQueue
from tests.support.postgres import Postgres

HOUR_S = 3600
ADA = "player_ada"


@dataclass
class Machine:
    """A machine's calendar, set by a test, and its clock that nobody can set."""

    ahead_s: float = 0.0
    passed_s: float = 0.0

    def unix_ns(self) -> int:
        return time.time_ns() + int((self.ahead_s + self.passed_s) * SECOND_NS)

    def monotonic_ns(self) -> int:
        return time.monotonic_ns() + int(self.passed_s * SECOND_NS)


@asynccontextmanager
async def queue_on(database: Database, machine: Machine, *, grace_s: float = 0.0) -> AsyncIterator[JobQueue]:
    """A coordinator's queue, as its server puts it together, that looks after its jobs when `keep_up` is called."""
    clock = SharedClock(machine.unix_ns, monotonic_ns=machine.monotonic_ns)
    await clock.agree(database)
    yield JobQueue(database, clock=clock, grace_s=grace_s)


def on_database(address: str, work: Callable[[Database], Awaitable[None]]) -> None:
    async def run() -> None:
        database = await Database.open(address)
        try:
            await migrate(database)
            async with database.write() as connection:
                row = {"id": ADA, "name": "ada", "name_key": "ada", "created_unix_ns": 1}
                await connection.execute(insert(players).values(row))
            await work(database)
        finally:
            await database.close()

    asyncio.run(run())


async def leased(queue: JobQueue, *, lease_s: float = 60.0) -> Job:
    await queue.submit(JobRequest(kind="convert", player_id=ADA))
    (job,) = await queue.lease(worker="w", kinds=["convert"], lease_s=lease_s)
    return job


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S, 24 * HOUR_S, -24 * HOUR_S])
def test_a_coordinator_whose_clock_is_set_takes_no_lease_early_and_notices_lost_workers_all_the_same(
    database_address: str, by_s: float
) -> None:
    async def work(database: Database) -> None:
        machine = Machine()
        async with queue_on(database, machine) as queue:
            job = await leased(queue)
            machine.ahead_s = by_s
            machine.passed_s = 50
            assert (await queue.keep_up()).expired == 0
            await queue.heartbeat(job.id, job.fence)
            machine.passed_s = 100
            assert (await queue.keep_up()).expired == 0
            assert (await queue.get(job.id)).state is JobState.LEASED
            machine.passed_s = 200
            assert (await queue.keep_up()).expired == 1
            with pytest.raises(LeaseLostError):
                await queue.complete(job.id, job.fence)

    on_database(database_address, work)


def test_two_coordinators_whose_clocks_are_apart_take_each_others_leases_for_good(
    postgres: Postgres, tmp_path: Path
) -> None:
    async def work(database: Database) -> None:
        behind, ahead = Machine(ahead_s=-5), Machine(ahead_s=5)
        async with queue_on(database, behind) as first, queue_on(database, ahead) as second:
            job = await leased(first, lease_s=4)
            assert (await second.keep_up()).expired == 0
            beat = await second.heartbeat(job.id, job.fence, lease_s=4)
            assert abs(beat.lease_until_unix_ns - time.time_ns() - 4 * SECOND_NS) < 2 * SECOND_NS
            assert (await first.keep_up()).expired == 0
            assert await second.lease(worker="other", kinds=["convert"]) == []
            behind.passed_s = 10  # for one of them the worker was silent for so long
            assert (await first.keep_up()).expired == 1
            with pytest.raises(LeaseLostError):
                await second.complete(job.id, job.fence)

    on_database(postgres.create_database(f"clocks_{tmp_path.name}"), work)


def test_workers_that_had_no_coordinator_for_long_keep_their_jobs_if_they_come_back_soon(database_address: str) -> None:
    async def work(database: Database) -> None:
        async with queue_on(database, Machine()) as queue:
            kept, lost = await leased(queue, lease_s=1), await leased(queue, lease_s=1)
        await asyncio.sleep(1.2)
        after = Machine()
        async with queue_on(database, after, grace_s=30) as queue:
            looking_after = asyncio.create_task(queue.keep_up_forever())
            try:
                await asyncio.sleep(0.2)
                await queue.heartbeat(kept.id, kept.fence)
                assert (await queue.get(lost.id)).state is JobState.LEASED
                after.passed_s += 31
                async with asyncio.timeout(10):
                    while (await queue.get(lost.id)).state is JobState.LEASED:
                        await asyncio.sleep(0.05)
                await queue.complete(kept.id, kept.fence)
            finally:
                looking_after.cancel()

    on_database(database_address, work)


def test_after_a_restart_with_a_clock_put_back_a_lost_worker_is_noticed_within_the_longest_lease(
    database_address: str,
) -> None:
    async def work(database: Database) -> None:
        async with queue_on(database, Machine(ahead_s=24 * HOUR_S)) as queue:
            job = await leased(queue)
        machine = Machine()
        async with queue_on(database, machine) as queue:
            looking_after = asyncio.create_task(queue.keep_up_forever())
            await asyncio.sleep(0.2)
            looking_after.cancel()
            machine.passed_s = HOUR_S + 1
            await queue.keep_up()
            assert (await queue.get(job.id)).state is JobState.WAITING

    on_database(database_address, work)
