"""The job queue, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import insert

from coordinator.clock import SECOND_NS
from coordinator.database.engine import Database
from coordinator.database.tables import players
from coordinator.errors import ConflictError, InvalidError, LeaseLostError, LimitError, UnknownError
from coordinator.jobs.job import Job, JobRequest, JobState
from coordinator.jobs.listing import JobFilter
from coordinator.jobs.queue import JobQueue
from tests.support.databases import with_database


@dataclass
class Time:
    """A clock that a test sets."""

    now_ns: int = 1_800_000_000 * SECOND_NS

    def __call__(self) -> int:
        return self.now_ns

    def passes(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)


ADA, BOB, EVE = (f"player_{name:0>26}" for name in ("ada", "bob", "eve"))


def run[T](address: str, work: Callable[[JobQueue, Time], Awaitable[T]]) -> T:
    async def prepared(database: Database) -> T:
        async with database.write() as connection:
            rows = [{"id": each, "name": each, "name_key": each, "created_unix_ns": 1} for each in (ADA, BOB, EVE)]
            await connection.execute(insert(players), rows)
        time = Time()
        return await work(JobQueue(database, clock=time), time)

    return with_database(address, prepared)


def request(**values: object) -> JobRequest:
    return replace(JobRequest(kind="convert", player_id=ADA), **values)


async def take(queue: JobQueue, *, limit: int = 1, kinds: tuple[str, ...] = ("convert",)) -> list[Job]:
    return await queue.lease(worker="w", kinds=kinds, limit=limit, lease_s=60)


def test_a_job_goes_from_request_to_result(database_address: str) -> None:
    async def work(queue: JobQueue, time: Time) -> None:
        job = await queue.submit(request(payload={"session": "s1", "text": "ü"}, priority=3))
        assert (job.state, job.attempts, job.priority) == (JobState.READY, 0, 3)
        time.passes(5)
        (leased,) = await take(queue)
        assert leased.id == job.id
        assert (leased.state, leased.attempts, leased.fence, leased.worker) == (JobState.LEASED, 1, 1, "w")
        assert leased.payload == {"session": "s1", "text": "ü"}
        assert await take(queue) == []
        beat = await queue.heartbeat(job.id, leased.fence, progress=0.5, progress_text="half")
        assert not beat.cancel_requested
        await queue.say(job.id, leased.fence, ["one", "two"])
        await queue.say(job.id, leased.fence, ["three"])
        time.passes(5)
        await queue.complete(job.id, leased.fence, {"episodes": 3})
        done = await queue.get(job.id)
        assert (done.state, done.result, done.progress) == (JobState.DONE, {"episodes": 3}, 1.0)
        assert done.finished_unix_ns == time.now_ns
        assert [(line.line, line.text) for line in await queue.log(job.id)] == [(1, "one"), (2, "two"), (3, "three")]
        assert [line.text for line in await queue.log(job.id, after=2)] == ["three"]
        await queue.complete(job.id, leased.fence, {"episodes": 3})  # the first answer was lost

    run(database_address, work)


def test_priority_goes_before_order_and_order_decides_the_rest(database_address: str) -> None:
    async def work(queue: JobQueue, _: Time) -> None:
        ids = [(await queue.submit(request(priority=priority))).id for priority in (0, 5, 0, -1)]
        other = await queue.submit(request(kind="train"))
        taken = [job.id for job in await take(queue, limit=10)]
        assert taken == [ids[1], ids[0], ids[2], ids[3]]
        assert [job.id for job in await take(queue, kinds=("nothing", "train"))] == [other.id]

    run(database_address, work)


def test_players_take_turns_however_many_jobs_each_has(database_address: str) -> None:
    async def work(queue: JobQueue, _: Time) -> None:
        for _number in range(20):
            await queue.submit(request(player_id=ADA))
        for job in await take(queue, limit=10):
            await queue.complete(job.id, job.fence)
        for _number in range(3):
            await queue.submit(request(player_id=BOB))
        await queue.submit(request(player_id=EVE))
        players_served = [job.player_id for job in await take(queue, limit=7)]
        assert Counter(players_served) == {BOB: 3, EVE: 1, ADA: 3}
        assert EVE in players_served[:3]
        assert players_served[:6].count(BOB) == 3 or players_served[:6].count(BOB) == 2

    run(database_address, work)


def test_a_player_who_was_away_does_not_bring_old_turns_along(database_address: str) -> None:
    async def work(queue: JobQueue, _: Time) -> None:
        for _number in range(30):
            await queue.submit(request(player_id=ADA))
        for job in await take(queue, limit=30):
            await queue.complete(job.id, job.fence)
        for _number in range(5):
            await queue.submit(request(player_id=BOB))
            await queue.submit(request(player_id=ADA))
        served = [job.player_id for job in await take(queue, limit=4)]
        assert Counter(served) == {ADA: 2, BOB: 2}

    run(database_address, work)


def test_the_same_request_twice_is_one_job(database_address: str) -> None:
    async def work(queue: JobQueue, _: Time) -> None:
        first = await queue.submit(request(idempotency_key="k", payload={"a": 1}))
        assert (await queue.submit(request(idempotency_key="k", payload={"a": 1}))).id == first.id
        assert (await queue.submit(request(idempotency_key="k", payload={"a": 1}, player_id=BOB))).id != first.id
        with pytest.raises(ConflictError, match="another"):
            await queue.submit(request(idempotency_key="k", payload={"a": 2}))
        same = await asyncio.gather(*(queue.submit(request(idempotency_key="many")) for _ in range(8)))
        assert len({job.id for job in same}) == 1

    run(database_address, work)


def test_a_job_that_failed_is_tried_again_later_and_in_the_end_is_dead_with_its_reason(database_address: str) -> None:
    async def work(queue: JobQueue, time: Time) -> None:
        job = await queue.submit(request(max_attempts=3))
        waits = []
        for attempt in (1, 2):
            (leased,) = await take(queue)
            assert await queue.fail(job.id, leased.fence, reason=f"try {attempt}") is JobState.WAITING
            waits.append(((await queue.get(job.id)).ready_unix_ns - time.now_ns) / SECOND_NS)
            await queue.keep_up()
            assert await take(queue) == []
            time.passes(waits[-1] + 0.001)
            assert (await queue.keep_up()).begun == 1
        assert 2.5 <= waits[0] <= 5
        assert 5 <= waits[1] <= 10
        (leased,) = await take(queue)
        assert await queue.fail(job.id, leased.fence, reason="try 3") is JobState.DEAD
        dead = await queue.get(job.id)
        assert (dead.state, dead.reason, dead.attempts) == (JobState.DEAD, "try 3", 3)
        assert [each.id for each in await queue.list(JobFilter(states=(JobState.DEAD,)))] == [job.id]
        again = await queue.retry(job.id)
        assert (again.state, again.attempts) == (JobState.READY, 0)
        (leased,) = await take(queue)
        assert await queue.fail(job.id, leased.fence, reason="no use", retry=False) is JobState.DEAD

    run(database_address, work)


def test_a_worker_that_lost_its_lease_can_change_nothing(database_address: str) -> None:
    async def work(queue: JobQueue, time: Time) -> None:
        job = await queue.submit(request())
        (lost,) = await take(queue)
        time.passes(61)
        assert (await queue.keep_up()).expired == 1
        assert "not heard of" in ((await queue.get(job.id)).reason or "")
        time.passes(10)
        await queue.keep_up()
        (held,) = await take(queue)
        assert held.fence == lost.fence + 1
        for report in (
            queue.complete(job.id, lost.fence),
            queue.fail(job.id, lost.fence, reason="x"),
            queue.heartbeat(job.id, lost.fence),
            queue.say(job.id, lost.fence, ["x"]),
        ):
            with pytest.raises(LeaseLostError):
                await report
        await queue.complete(job.id, held.fence)
        with pytest.raises(LeaseLostError):
            await queue.complete(job.id, lost.fence)
        with pytest.raises(UnknownError):
            await queue.complete("job_unknown", 1)

    run(database_address, work)


def test_heartbeats_keep_a_lease(database_address: str) -> None:
    async def work(queue: JobQueue, time: Time) -> None:
        job = await queue.submit(request())
        (leased,) = await take(queue)
        for _ in range(5):
            time.passes(50)
            await queue.heartbeat(job.id, leased.fence, lease_s=60)
            assert (await queue.keep_up()).expired == 0
        await queue.complete(job.id, leased.fence)

    run(database_address, work)


def test_a_job_waits_for_those_that_it_needs(database_address: str) -> None:
    async def work(queue: JobQueue, time: Time) -> None:
        first, second = await queue.submit(request()), await queue.submit(request())
        last = await queue.submit(request(kind="train", needs=(first.id, second.id, first.id)))
        assert last.state is JobState.BLOCKED
        one, two = await take(queue, limit=2)
        await queue.complete(one.id, one.fence)
        assert (await queue.get(last.id)).state is JobState.BLOCKED
        await queue.complete(two.id, two.fence)
        assert (await queue.get(last.id)).state is JobState.READY
        ready = await queue.submit(request(needs=(first.id,)))
        assert ready.state is JobState.READY
        later = await queue.submit(request(ready_unix_ns=time.now_ns + 5 * SECOND_NS))
        assert later.state is JobState.WAITING
        with pytest.raises(UnknownError):
            await queue.submit(request(needs=("job_none",)))

    run(database_address, work)


def test_cancelling_reaches_the_worker_and_what_needs_the_job(database_address: str) -> None:
    async def work(queue: JobQueue, _: Time) -> None:
        job = await queue.submit(request())
        dependent = await queue.submit(request(needs=(job.id,)))
        (leased,) = await take(queue)
        changed = await queue.cancel(job.id)
        assert {each.id for each in changed} == {job.id, dependent.id}
        assert (await queue.get(dependent.id)).state is JobState.CANCELLED
        assert (await queue.heartbeat(job.id, leased.fence)).cancel_requested
        assert await queue.fail(job.id, leased.fence, reason="stopped") is JobState.CANCELLED
        assert await queue.cancel(job.id) == []
        with pytest.raises(ConflictError, match="was cancelled"):
            await queue.retry(dependent.id)
        await queue.retry(job.id)
        assert (await queue.retry(dependent.id)).state is JobState.BLOCKED
        with pytest.raises(ConflictError, match="is ready"):
            await queue.retry(job.id)

    run(database_address, work)


def test_a_worker_that_waits_is_woken_by_a_new_job(database_address: str) -> None:
    async def work(queue: JobQueue, _: Time) -> None:
        waiting = asyncio.create_task(queue.lease(worker="w", kinds=("convert",), wait_s=20))
        await asyncio.sleep(0.1)
        job = await queue.submit(request())
        async with asyncio.timeout(5):
            assert [each.id for each in await waiting] == [job.id]
        assert await queue.lease(worker="w", kinds=("convert",), wait_s=0.05) == []

    run(database_address, work)


def test_what_makes_no_sense_is_refused_by_its_name(database_address: str) -> None:
    async def work(queue: JobQueue, _: Time) -> None:
        for wrong, words in (
            (request(kind="Bad Kind"), "kind"),
            (request(priority=5000), "priority"),
            (request(max_attempts=0), "max_attempts"),
            (request(payload={"x": float("nan")}), "payload"),
            (request(payload={"x": "\0"}), "payload"),
            (request(payload={"x": "y" * 300_000}), "payload"),
            (request(idempotency_key=""), "idempotency_key"),
        ):
            with pytest.raises(InvalidError, match=words):
                await queue.submit(wrong)
        with pytest.raises(InvalidError, match="limit"):
            await take(queue, limit=1000)
        job = await queue.submit(request())
        (leased,) = await take(queue)
        with pytest.raises(InvalidError, match="lines"):
            await queue.say(job.id, leased.fence, ["x"] * 501)
        await queue.fail(job.id, leased.fence, reason="with a \0 in it")

    run(database_address, work)


def test_a_log_has_an_end(database_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.jobs.listing.MAX_LINES", 5)

    async def work(queue: JobQueue, _: Time) -> None:
        job = await queue.submit(request())
        (leased,) = await take(queue)
        await queue.say(job.id, leased.fence, ["a", "b", "c"])
        with pytest.raises(LimitError):
            await queue.say(job.id, leased.fence, ["d", "e", "f"])

    run(database_address, work)


def test_lists_go_page_by_page_from_the_newest(database_address: str) -> None:
    async def work(queue: JobQueue, time: Time) -> None:
        ids = []
        for number in range(7):
            time.passes(number % 2)
            ids.append((await queue.submit(request(player_id=ADA if number % 3 else BOB))).id)
        newest = ids[::-1]
        first = await queue.list(JobFilter(), limit=3)
        second = await queue.list(JobFilter(), limit=3, before=first[-1])
        third = await queue.list(JobFilter(), limit=3, before=second[-1])
        assert [job.id for job in (*first, *second, *third)] == newest
        assert [job.id for job in await queue.list(JobFilter(player_id=BOB))] == [ids[6], ids[3], ids[0]]
        await take(queue, limit=2)
        assert len(await queue.list(JobFilter(states=(JobState.LEASED, JobState.DONE)))) == 2
        assert await queue.counts() == {
            JobState.BLOCKED: 0,
            JobState.WAITING: 0,
            JobState.READY: 5,
            JobState.LEASED: 2,
        }

    run(database_address, work)


def test_many_workers_at_once_do_every_job_once(database_address: str) -> None:
    async def work(queue: JobQueue, time: Time) -> None:
        count = 120
        for number in range(count):
            await queue.submit(request(player_id=random.Random(number).choice((ADA, BOB, EVE))))
        done: list[str] = []

        async def worker(seed: int) -> None:
            chance = random.Random(seed)
            while taken := await take(queue, limit=chance.randint(1, 3)):
                for job in taken:
                    await asyncio.sleep(0)
                    if chance.random() < 0.1:
                        await queue.fail(job.id, job.fence, reason="by chance")
                    else:
                        await queue.complete(job.id, job.fence)
                        done.append(job.id)

        while len(done) < count:
            await asyncio.gather(*(worker(seed) for seed in range(8)))
            time.passes(4000)
            await queue.keep_up()
        assert len(set(done)) == count
        assert await queue.counts() == dict.fromkeys(
            (JobState.BLOCKED, JobState.WAITING, JobState.READY, JobState.LEASED), 0
        )

    run(database_address, work)


def test_a_job_that_is_submitted_while_what_it_needs_is_being_completed_is_not_forgotten(
    database_address: str,
) -> None:
    async def work(queue: JobQueue, _: Time) -> None:
        for _round in range(25):
            first = await queue.submit(request())
            (leased,) = await take(queue)
            last, _done = await asyncio.gather(
                queue.submit(request(kind="train", needs=(first.id,))), queue.complete(first.id, leased.fence)
            )
            assert (await queue.get(last.id)).state is JobState.READY

    run(database_address, work)


def test_workers_of_several_kinds_who_come_at_once_each_have_what_they_asked_for(database_address: str) -> None:
    async def work(queue: JobQueue, time: Time) -> None:
        for kind, count in (("convert", 5), ("train", 2)):
            for _number in range(count):
                await queue.submit(request(kind=kind))

        async def ask(worker: str, kinds: tuple[str, ...], limit: int, lease_s: float) -> list[tuple[str, int | None]]:
            jobs = await queue.lease(worker=worker, kinds=kinds, limit=limit, lease_s=lease_s)
            assert {job.worker for job in jobs} <= {worker}
            return [(job.kind, job.lease_until_unix_ns) for job in jobs]

        def until(seconds: int) -> int:
            return time.now_ns + seconds * SECOND_NS

        answers = await asyncio.gather(
            ask("a", ("convert",), 2, 10),
            ask("b", ("train", "convert"), 3, 20),
            ask("c", ("convert",), 3, 30),
            ask("d", ("nothing",), 1, 40),
        )
        assert answers[0] == [("convert", until(10))] * 2
        assert answers[1] == [("train", until(20))] * 2, "the others were there first"
        assert answers[2] == [("convert", until(30))] * 3
        assert answers[3] == []

    run(database_address, work)


def test_one_report_that_the_database_refuses_does_not_touch_those_beside_it(database_address: str) -> None:
    async def work(queue: JobQueue, _: Time) -> None:
        for _number in range(3):
            await queue.submit(request())
        good, bad, other = await take(queue, limit=3)
        outcomes = await asyncio.gather(
            queue.complete(good.id, good.fence),
            queue.complete(bad.id, 2**70),  # no number of a database
            queue.complete(other.id, other.fence),
            return_exceptions=True,
        )
        assert (outcomes[0], outcomes[2]) == (None, None)
        assert isinstance(outcomes[1], Exception)
        assert [(await queue.get(job.id)).state for job in (good, bad, other)] == [
            JobState.DONE,
            JobState.LEASED,
            JobState.DONE,
        ]

    run(database_address, work)


def test_workers_that_wait_go_when_the_server_parts(database_address: str) -> None:
    async def work(queue: JobQueue, _: Time) -> None:
        waiting = [asyncio.create_task(queue.lease(worker="w", kinds=("convert",), wait_s=60)) for _ in range(20)]
        await asyncio.sleep(0.1)
        await queue.part()
        async with asyncio.timeout(5):
            assert await asyncio.gather(*waiting) == [[]] * 20

    run(database_address, work)


def test_whatever_workers_do_no_job_is_lost_or_done_twice(database_address: str) -> None:
    """Two coordinators' queues, workers that report, fail, fall silent or hang up, jobs that need others."""

    async def work(first: JobQueue, time: Time) -> None:
        queues = (first, JobQueue(first._database, clock=time))
        chance = random.Random(11)
        ids: list[str] = []
        needed: list[tuple[str, str]] = []
        for _number in range(60):
            needs = tuple(chance.sample(ids, min(len(ids), chance.choice((0, 0, 1, 2)))))
            player = chance.choice((ADA, BOB, EVE))
            ids.append((await first.submit(request(player_id=player, needs=needs, max_attempts=100))).id)
            needed += [(need, ids[-1]) for need in needs]
        done: Counter[str] = Counter()
        order: list[str] = []

        async def worker(seed: int) -> None:
            chance = random.Random(seed)
            while taken := await take(chance.choice(queues), limit=chance.randint(1, 4)):
                for job in taken:
                    with suppress(LeaseLostError):
                        await work_at(job, chance.choice(queues), chance.randrange(10))

        async def work_at(job: Job, queue: JobQueue, number: int) -> None:
            if number == 0:
                await queue.fail(job.id, job.fence, reason="by chance")
            elif number == 1:  # never heard of again
                time.passes(61)
                await queue.keep_up()
            else:
                if number == 2:  # its answer is lost, and it reports again
                    queue.complete(job.id, job.fence).cancel()
                await queue.complete(job.id, job.fence)
                done[job.id] += 1
                order.append(job.id)

        for _round in range(200):
            await asyncio.gather(*(worker(chance.randrange(10**6)) for _ in range(6)))
            if len(done) == len(ids):
                break
            time.passes(4000)
            await first.keep_up()
        assert (set(done), set(done.values())) == (set(ids), {1})
        assert len(needed) > 20
        assert all(order.index(before) < order.index(after) for before, after in needed)

    run(database_address, work)
