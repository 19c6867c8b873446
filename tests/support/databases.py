"""Databases for the coordinator's tests: a SQLite file, and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from coordinator.database.engine import Database
from coordinator.database.migrate import migrate
from tests.support.postgres import Postgres

KINDS = ("sqlite", "postgresql")


def new_database_address(kind: str, tmp_path: Path, postgres: Callable[[], Postgres]) -> str:
    """The address of an empty database."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'coordinator.db'}"
    return postgres().create_database(f"test_{secrets.token_hex(8)}")


def with_database[T](address: str, work: Callable[[Database], Awaitable[T]]) -> T:
    """Open a database, bring its tables up to date and run ``work`` on it."""

    async def run() -> T:
        database = await Database.open(address)
        try:
            await migrate(database)
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())
