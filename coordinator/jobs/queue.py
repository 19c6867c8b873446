"""The queue as the services use it: each call a transaction, and workers that wait are woken."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from coordinator.clock import Clock, system_clock
from coordinator.database.engine import Database
from coordinator.jobs.completing import Completion
from coordinator.jobs.control import cancel_job, retry_job
from coordinator.jobs.desk import Desk
from coordinator.jobs.job import Job, JobRequest, JobState
from coordinator.jobs.lease import Heartbeat, fail_job, heartbeat_job
from coordinator.jobs.listing import JobFilter, LogLine, append_log, count_open_jobs, get_job, list_jobs, read_log
from coordinator.jobs.submit import submit_job
from coordinator.jobs.taking import Taking, is_any_ready
from coordinator.jobs.upkeep import Upkeep, give_grace, keep_up

POLL_S = 1.0
"""A worker that waits looks this often for jobs that another coordinator took in."""

SHARED_S = 0.5
"""What was found is true for so long, unless this process did something meanwhile."""

UPKEEP_S = 0.5


@dataclass(frozen=True, kw_only=True)
class _Look:
    """Attributes: told: what was known when it began; begun_s: when; answer: whether a job can be taken."""

    told: int
    begun_s: float
    answer: asyncio.Task[bool]


class JobQueue:
    """Durable jobs in a database; safe to use from several coordinators on one PostgreSQL.

    Args:
        database: where they are.
        clock: the time by which leases go.
        grace_s: workers whom nobody could hear for a while have so long to be heard again.
    """

    def __init__(self, database: Database, *, clock: Clock = system_clock, grace_s: float = 0.0) -> None:
        self._grace_s = grace_s
        self._database, self._clock = database, clock
        self._desk = Desk(database, clock, self.wake)
        self._news = asyncio.Condition()
        self._told = 0
        self._parting = False
        self._looks: dict[tuple[str, ...], _Look] = {}

    async def submit(self, request: JobRequest, *, open_limit: int | None = None) -> Job:
        """See `submit_job`."""
        job = await self._database.transact(
            lambda connection: submit_job(connection, request, self._clock(), open_limit=open_limit)
        )
        if job.state is JobState.READY:
            await self.wake()
        return job

    async def lease(
        self, *, worker: str, kinds: Sequence[str], limit: int = 1, lease_s: float = 60.0, wait_s: float = 0.0
    ) -> list[Job]:
        """See `take_jobs`. Where there is none, wait up to ``wait_s`` seconds for some.

        Raises:
            InvalidError: a number is out of its range.
        """
        taking = Taking.of(worker=worker, kinds=kinds, limit=limit, lease_s=lease_s)
        end_s = asyncio.get_running_loop().time() + wait_s
        looks = True
        while True:
            seen = self._told
            taken = await self._desk.take(taking) if looks else []
            left_s = end_s - asyncio.get_running_loop().time()
            if taken or left_s <= 0 or self._parting:
                return taken
            async with self._news:
                with suppress(TimeoutError):
                    await asyncio.wait_for(
                        self._news.wait_for(lambda seen=seen: self._told != seen), min(left_s, POLL_S)
                    )
            # Hundreds of workers that wait must not write to the database every second, nor ask one by one.
            looks = not self._parting and await self._is_any_ready(taking.kinds)

    async def part(self) -> None:
        """Let nobody wait any more: the server is about to end."""
        self._parting = True
        await self.wake()

    async def heartbeat(
        self,
        job_id: str,
        fence: int,
        *,
        lease_s: float = 60.0,
        progress: float | None = None,
        progress_text: str | None = None,
    ) -> Heartbeat:
        """See `heartbeat_job`."""
        return await self._database.transact(
            lambda connection: heartbeat_job(
                connection,
                job_id,
                fence,
                lease_s=lease_s,
                now_ns=self._clock(),
                progress=progress,
                progress_text=progress_text,
            )
        )

    def complete(self, job_id: str, fence: int, result: Mapping[str, Any] | None = None) -> asyncio.Future[None]:
        """See `complete_jobs`. It is begun at once, and served together with what else is asked in this moment.

        Raises:
            InvalidError: the result cannot be kept.
            LeaseLostError: when waited for: the worker has no lease any more.
            UnknownError: when waited for: there is no such job.
        """
        return self._desk.complete(Completion.of(job_id, fence, result))

    async def fail(self, job_id: str, fence: int, *, reason: str, retry: bool = True) -> JobState:
        """See `fail_job`."""
        return await self._database.transact(
            lambda connection: fail_job(connection, job_id, fence, reason=reason, retry=retry, now_ns=self._clock())
        )

    async def cancel(self, job_id: str) -> list[Job]:
        """See `cancel_job`."""
        return await self._database.transact(lambda connection: cancel_job(connection, job_id, self._clock()))

    async def retry(self, job_id: str, *, accept: Sequence[str] = (), open_limit: int | None = None) -> Job:
        """See `retry_job`."""
        job = await self._database.transact(
            lambda connection: retry_job(connection, job_id, self._clock(), accept=accept, open_limit=open_limit)
        )
        await self.wake()
        return job

    async def get(self, job_id: str) -> Job:
        """See `get_job`."""
        async with self._database.read() as connection:
            return await get_job(connection, job_id)

    async def list(self, wanted: JobFilter, *, limit: int = 50, before: Job | None = None) -> list[Job]:
        """See `list_jobs`."""
        async with self._database.read() as connection:
            return await list_jobs(connection, wanted, limit=limit, before=before)

    async def counts(self) -> dict[JobState, int]:
        """See `count_open_jobs`."""
        async with self._database.read() as connection:
            return await count_open_jobs(connection)

    async def say(self, job_id: str, fence: int, lines: Sequence[str]) -> None:
        """See `append_log`."""
        await self._database.transact(lambda connection: append_log(connection, job_id, fence, lines, self._clock()))

    async def log(self, job_id: str, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """See `read_log`."""
        async with self._database.read() as connection:
            await get_job(connection, job_id)
            return await read_log(connection, job_id, after=after, limit=limit)

    async def keep_up(self) -> Upkeep:
        """See `keep_up`."""
        done = await self._database.transact(lambda connection: keep_up(connection, self._clock()))
        if done.begun or done.expired:
            await self.wake()
        return done

    async def keep_up_forever(self) -> None:
        """Do so until cancelled. At its beginning workers may have been without a coordinator for long."""
        await self._database.transact(lambda connection: give_grace(connection, self._clock(), self._grace_s))
        while True:
            await self.keep_up()
            await asyncio.sleep(UPKEEP_S)

    async def _is_any_ready(self, kinds: tuple[str, ...]) -> bool:
        """See `is_any_ready`. Those who ask at the same time share an answer."""
        now_s = asyncio.get_running_loop().time()
        look = self._looks.get(kinds)
        if look is None or look.told != self._told or now_s - look.begun_s > SHARED_S:
            self._looks = {kinds: look for kinds, look in self._looks.items() if now_s - look.begun_s <= SHARED_S}
            answer = asyncio.create_task(self._look(kinds))
            look = self._looks[kinds] = _Look(told=self._told, begun_s=now_s, answer=answer)
        return await asyncio.shield(look.answer)

    async def _look(self, kinds: tuple[str, ...]) -> bool:
        async with self._database.read() as connection:
            return await is_any_ready(connection, kinds)

    async def wake(self) -> None:
        """Let workers that wait look for jobs: some were put into the queue by a transaction of others."""
        async with self._news:
            self._told += 1
            self._news.notify_all()
