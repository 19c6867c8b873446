"""The coordinator's queue and lists: jobs a second beside procrastinate, and answers from a full database."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.coordinator_data import SESSIONS, fill
from bench.coordinator_nodes import node_rows
from bench.coordinator_procrastinate import procrastinate_rate
from bench.coordinator_workers import Rate, Way, job_rate
from bench.harness import Row, Rows, Settings, figure, main
from coordinator.database.engine import Database
from coordinator.database.migrate import migrate
from coordinator.jobs.job import Job, JobRequest, JobState
from coordinator.jobs.listing import JobFilter
from coordinator.jobs.queue import JobQueue
from coordinator.players.player import list_players
from coordinator.sessions.listing import SessionFilter, list_sessions
from tests.support.postgres import Postgres, postgres_server

WORKERS = 16
ROUNDS = 3


@contextmanager
def _postgres() -> Iterator[tuple[Path, Postgres]]:
    """A directory, and a server."""
    # PostgreSQL's own user must be able to come to its directory: not one below ours.
    root, data = (Path(tempfile.mkdtemp(prefix="playloom-bench-")) for _ in range(2))
    try:
        with postgres_server(data) as postgres:
            yield root, postgres
    finally:
        shutil.rmtree(root, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)


def job_rows(settings: Settings) -> Iterator[Row]:
    """Jobs a second."""
    with _postgres() as (root, postgres):
        yield from _rate_rows(settings, root, postgres)


def connected_rows(settings: Settings) -> Iterator[Row]:
    """Many nodes at once."""
    with tempfile.TemporaryDirectory(prefix="playloom-bench-") as root:
        yield from node_rows(settings, Path(root))


def full_rows(settings: Settings) -> Iterator[Row]:
    """A full database."""
    with _postgres() as (root, postgres):
        yield from _full_rows(settings, root, postgres)


PARTS: Mapping[str, Rows] = {"jobs": job_rows, "nodes": connected_rows, "full": full_rows}


def _rate_rows(settings: Settings, root: Path, postgres: Postgres) -> Iterator[Row]:
    jobs, rounds = (200, 1) if settings.quick else (3000, ROUNDS)
    ours: dict[Way, list[Rate]] = {way: [] for way in Way}
    theirs: list[float] = []
    for number in range(rounds):  # in turns: what else the machine does is the same for all
        for way, rates in ours.items():
            at = root / f"server-{way.name}-{number}"
            rates.append(job_rate(_new_database(postgres), at, jobs=jobs, workers=WORKERS, way=way))
        theirs.append(procrastinate_rate(_new_database(postgres), jobs=jobs, concurrency=WORKERS))
    peer = f"procrastinate, one worker, concurrency {WORKERS}: {max(theirs):,.0f} jobs/s"
    for way, rates in ours.items():
        best = max(rates, key=lambda rate: rate.a_second)
        what = f"PostgreSQL, {WORKERS} workers, {way}"
        goal = None if way is Way.TWO_CALLS else 1.5
        yield figure(f"{what}: leased and completed over gRPC", best.a_second, "jobs/s", peer=peer)
        yield figure(f"{what}: / procrastinate", best.a_second / max(theirs), "× peer", peer=peer, at_least=goal)
        yield figure(f"{what}: a call, p99", best.call_p99_ms, "ms", at_most=100)
    for way in Way:
        address = f"sqlite:///{root / f'jobs-{way.name}.db'}"
        rate = job_rate(address, root / f"sqlite-{way.name}", jobs=jobs, workers=WORKERS, way=way)
        what = f"SQLite, {WORKERS} workers, {way}"
        yield figure(f"{what}: leased and completed over gRPC", rate.a_second, "jobs/s", at_least=200)
        yield figure(f"{what}: a call, p99", rate.call_p99_ms, "ms", at_most=100)


def _full_rows(settings: Settings, root: Path, postgres: Postgres) -> Iterator[Row]:
    share = 0.01 if settings.quick else 1.0
    for address in (f"sqlite:///{root / 'full.db'}", _new_database(postgres)):
        yield from asyncio.run(_full(address, share, rounds=20 if settings.quick else 300))


async def _full(address: str, share: float, rounds: int) -> list[Row]:
    database = await Database.open(address)
    try:
        await migrate(database)
        players = await fill(database, share)
        queue = JobQueue(database)
        newest = await queue.list(JobFilter(), limit=50)

        async def sessions(player: str | None, game: str | None = None) -> object:
            async with database.read() as connection:
                return await list_sessions(connection, SessionFilter(player_id=player, game_id=game), limit=50)

        async def all_players() -> object:
            async with database.read() as connection:
                return await list_players(connection, limit=100)

        open_jobs: list[Job] = []

        async def submit() -> object:
            return await queue.submit(JobRequest(kind="bench", player_id=players[0]))

        async def lease() -> object:
            open_jobs.extend(leased := await queue.lease(worker="w", kinds=("bench",)))
            return leased

        async def complete() -> object:
            job = open_jobs.pop()
            return await queue.complete(job.id, job.fence)

        asked: dict[str, Callable[[], Awaitable[object]]] = {
            "sessions of all players": lambda: sessions(None),
            "sessions of one player": lambda: sessions(players[3]),
            "jobs, newest": lambda: queue.list(JobFilter(), limit=50),
            "jobs, next page": lambda: queue.list(JobFilter(), limit=50, before=newest[-1]),
            "jobs of one player that are dead": lambda: queue.list(
                JobFilter(player_id=players[3], states=(JobState.DEAD,)), limit=50
            ),
            "jobs of a kind that are dead": lambda: queue.list(
                JobFilter(kind="train", states=(JobState.DEAD,)), limit=50
            ),
            "jobs that are open, listed": lambda: queue.list(
                JobFilter(states=(JobState.BLOCKED, JobState.WAITING, JobState.READY, JobState.LEASED)), limit=50
            ),
            "sessions of one game": lambda: sessions(None, "game-7"),
            "jobs of a kind that nobody submitted": lambda: queue.list(JobFilter(kind="nothing"), limit=50),
            "jobs that are open, counted": queue.counts,
            "players with what they have": all_players,
            "a job submitted": submit,
            "a job leased": lease,
            "a job completed": complete,
        }
        shown = f"{database.dialect}, {int(SESSIONS * share):,} sessions and {int(10 * SESSIONS * share):,} jobs"
        rows: list[Row] = []
        for name, ask in asked.items():
            await ask()  # once before: not the disk is measured
            rows.append(figure(f"{shown}: {name}, p99", await _p99_ms(ask, rounds), "ms", at_most=50))
        return rows
    finally:
        await database.close()


async def _p99_ms(ask: Callable[[], Awaitable[object]], rounds: int) -> float:
    times: list[float] = []
    for _ in range(rounds):
        begin = time.perf_counter()
        await ask()
        times.append(time.perf_counter() - begin)
    return 1000 * sorted(times)[int(0.99 * (len(times) - 1))]


def _new_database(postgres: Postgres) -> str:
    return postgres.create_database(f"bench_{secrets.token_hex(6)}")


if __name__ == "__main__":
    main("bench.coordinator", __doc__, PARTS)
