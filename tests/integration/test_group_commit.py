"""Works that are committed together, on a real SQLite file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.engine import Database
from coordinator.errors import ConflictError


async def insert(connection: AsyncConnection, number: int) -> int:
    await connection.execute(text("INSERT INTO things VALUES (:number)"), {"number": number})
    return number


async def opened(tmp_path: Path) -> tuple[Database, list[int]]:
    """A database with an empty table, and a list that grows with every commit."""
    database = await Database.open(f"sqlite:///{tmp_path / 'x.db'}")
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE things (number INTEGER PRIMARY KEY)"))
    commits: list[int] = []
    event.listen(database._writers.sync_engine, "commit", lambda _: commits.append(1))
    return database, commits


async def numbers(database: Database) -> list[int]:
    async with database.read() as connection:
        return list((await connection.execute(text("SELECT number FROM things ORDER BY number"))).scalars())


def test_works_that_come_together_are_committed_together(tmp_path: Path) -> None:
    async def work() -> None:
        database, commits = await opened(tmp_path)
        done = await asyncio.gather(
            *(database.transact(lambda connection, number=number: insert(connection, number)) for number in range(50))
        )
        assert done == list(range(50))
        assert await numbers(database) == list(range(50))
        assert len(commits) <= 3
        await database.close()

    asyncio.run(work())


def test_one_that_fails_leaves_nothing_and_does_not_touch_the_others(tmp_path: Path) -> None:
    async def half(connection: AsyncConnection, number: int) -> int:
        await insert(connection, 1000 + number)
        if number % 2:
            raise ConflictError(f"no {number}")
        return number

    async def work() -> None:
        database, _ = await opened(tmp_path)
        done = await asyncio.gather(
            *(database.transact(lambda connection, number=number: half(connection, number)) for number in range(6)),
            return_exceptions=True,
        )
        assert [str(each) for each in done] == ["0", "no 1", "2", "no 3", "4", "no 5"]
        assert await numbers(database) == [1000, 1002, 1004]
        await database.close()

    asyncio.run(work())


def test_none_is_told_that_it_is_done_when_the_commit_fails(tmp_path: Path) -> None:
    async def work() -> None:
        database, _ = await opened(tmp_path)

        def fail(_: object) -> None:
            raise OSError("the disk is full")

        event.listen(database._writers.sync_engine, "commit", fail)
        done = await asyncio.gather(
            *(database.transact(lambda connection, number=number: insert(connection, number)) for number in range(3)),
            return_exceptions=True,
        )
        assert [str(each) for each in done] == ["the disk is full"] * 3
        event.remove(database._writers.sync_engine, "commit", fail)
        assert await database.transact(lambda connection: insert(connection, 9)) == 9
        assert await numbers(database) == [9]
        await database.close()

    asyncio.run(work())


def test_a_caller_that_is_cancelled_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async def work() -> None:
        database, _ = await opened(tmp_path)
        first = asyncio.create_task(database.transact(lambda connection: insert(connection, 1)))
        second = asyncio.create_task(database.transact(lambda connection: insert(connection, 2)))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == 2
        with pytest.raises(asyncio.CancelledError):
            await first
        assert 2 in await numbers(database)
        await database.close()

    asyncio.run(work())


def test_closing_waits_for_what_was_handed_in(tmp_path: Path) -> None:
    async def work() -> None:
        database, _ = await opened(tmp_path)
        task = asyncio.create_task(database.transact(lambda connection: insert(connection, 1)))
        await asyncio.sleep(0)
        await database.close()
        assert await task == 1

    asyncio.run(work())
