"""What players have is kept beside their sessions, and always what their sessions add up to."""

from __future__ import annotations

import asyncio

from alembic import command
from sqlalchemy import Connection, text

from coordinator.database.engine import Database
from coordinator.database.migrate import alembic_config, migrate
from coordinator.players.player import list_players

_PLAYER = "INSERT INTO players (id, name, name_key, created_unix_ns) VALUES (:id, :id, :id, 1)"
_SESSION = (
    "INSERT INTO sessions (id, player_id, recording_id, name, recorded_unix_ns, duration_s, frames, size_bytes,"
    " content_sha256, info, created_unix_ns, deleted_unix_ns)"
    " VALUES (:id, :player, 'r', 'n', 1, 1.0, 1, :bytes, :id, '{}', 1, :deleted)"
)


def test_sessions_that_were_there_before_are_added_up_once(database_address: str) -> None:
    def shape_before(connection: Connection) -> None:
        command.upgrade(alembic_config(connection), "0006")

    async def work() -> list[tuple[str, int, int]]:
        database = await Database.open(database_address)
        try:
            async with database.write() as connection:
                await connection.run_sync(shape_before)
                for player in ("ada", "bob", "eve"):
                    await connection.execute(text(_PLAYER), {"id": player})
                for row in (
                    {"id": "s1", "player": "ada", "bytes": 5_000_000_000, "deleted": None},
                    {"id": "s2", "player": "ada", "bytes": 7, "deleted": None},
                    {"id": "s3", "player": "ada", "bytes": 100, "deleted": 9},
                    {"id": "s4", "player": "eve", "bytes": 100, "deleted": 9},
                ):
                    await connection.execute(text(_SESSION), row)
            assert await migrate(database)
            async with database.read() as connection:
                return [(each.id, each.sessions, each.used_bytes) for each in await list_players(connection)]
        finally:
            await database.close()

    assert asyncio.run(work()) == [("ada", 2, 5_000_000_007), ("bob", 0, 0), ("eve", 0, 0)]
