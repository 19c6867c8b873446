"""A database as a server has it after years: many players' sessions, and jobs that were done long ago."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.clock import SECOND_NS, system_clock
from coordinator.database.engine import Database
from coordinator.database.tables import jobs, players, sessions
from coordinator.ids import new_id

PLAYERS = 200
SESSIONS = 100_000
JOBS = 1_000_000


async def fill(database: Database, share: float) -> list[str]:
    """Fill a database with that share of it all; gives the players' ids.

    In bulk, and without the indexes, which are made when everything is there: a hundred times faster than as it came.
    """
    chance = random.Random(4)
    now_ns = system_clock()
    ids = [new_id("player") for _ in range(PLAYERS)]
    async with database.write() as connection:
        rows = [{"id": each, "name": each, "name_key": each, "created_unix_ns": now_ns} for each in ids]
        await connection.execute(insert(players), rows)
    for table, count, make in ((sessions, SESSIONS, _session), (jobs, JOBS, _job)):

        def rows_of(count: int, make: Callable[..., dict[str, object]] = make) -> Iterator[tuple[object, ...]]:
            for _ in range(count):
                row = make(chance, chance.choice(ids), now_ns - chance.randrange(10**9) * 10**8)
                yield tuple(row.values())

        columns = list(make(chance, ids[0], now_ns))
        async with database.write() as connection:
            for index in table.indexes:
                await connection.run_sync(index.drop)
            await _insert(connection, table.name, columns, rows_of(int(count * share)))
            for index in table.indexes:
                await connection.run_sync(index.create)
    async with database.write() as connection:
        await connection.execute(
            text(
                "INSERT INTO player_rooms (player_id, sessions, used_bytes)"
                " SELECT player_id, COUNT(*), CAST(SUM(size_bytes) AS BIGINT) FROM sessions GROUP BY player_id"
            )
        )
        await connection.execute(
            text(
                "INSERT INTO job_shares (player_id, last_share)"
                " SELECT player_id, MAX(share) FROM jobs GROUP BY player_id"
            )
        )
    async with database.write() as connection:
        # As it is on a server that has run for a while: PostgreSQL does so by itself.
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        await raw.execute("VACUUM ANALYZE" if database.dialect == "postgresql" else "ANALYZE")
    return ids


async def _insert(
    connection: AsyncConnection, table: str, columns: list[str], rows: Iterator[tuple[object, ...]]
) -> None:
    raw = (await connection.get_raw_connection()).driver_connection
    assert raw is not None
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT 1"))  # the driver's transaction begins with the first statement
        await raw.copy_records_to_table(table, records=rows, columns=columns)
        return
    places = ", ".join("?" * len(columns))
    await raw.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)


def _session(chance: random.Random, player_id: str, created_ns: int) -> dict[str, object]:
    session_id = new_id("session")
    return {
        "id": session_id,
        "player_id": player_id,
        "recording_id": session_id,
        "name": session_id,
        "game_id": f"game-{chance.randrange(30)}",
        "recorded_unix_ns": created_ns,
        "duration_s": chance.uniform(10, 3600),
        "frames": chance.randrange(600, 216_000),
        "size_bytes": chance.randrange(10**6, 10**10),
        "content_sha256": f"{chance.getrandbits(256):064x}",
        "info": "{}",
        "created_unix_ns": created_ns,
    }


def _job(chance: random.Random, player_id: str, created_ns: int) -> dict[str, object]:
    dead = chance.random() < 0.01
    return {
        "id": new_id("job"),
        "kind": chance.choice(("ingest", "convert", "train")),
        "player_id": player_id,
        "state": "dead" if dead else "done",
        "rank": 0,
        "share": chance.randrange(10**6),
        "payload": "{}",
        "attempts": 1,
        "max_attempts": 5,
        "open_needs": 0,
        "ready_unix_ns": created_ns,
        "fence": 1,
        "cancel_requested": False,
        "created_unix_ns": created_ns,
        "started_unix_ns": created_ns,
        "finished_unix_ns": created_ns + chance.randrange(1, 3600) * SECOND_NS,
    }
