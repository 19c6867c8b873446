"""The coordinator's database: opened, migrated, shared or refused."""

from __future__ import annotations

import asyncio
import warnings
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, insert, select, text

from coordinator.database.engine import Database, parse_address
from coordinator.database.migrate import alembic_config, differences, is_up_to_date, migrate
from coordinator.database.tables import metadata, server_values
from coordinator.datasets.dataset import find_dataset
from coordinator.errors import DatabaseError
from tests.support.databases import with_database


def test_the_migrations_make_the_tables_that_the_code_knows(database_address: str) -> None:
    async def work(database: Database) -> None:
        assert await is_up_to_date(database)
        assert not await migrate(database)
        async with database.read() as connection, asyncio.timeout(60):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                assert await connection.run_sync(differences) == []

    with_database(database_address, work)


def test_the_partial_indexes_are_there(database_address: str) -> None:
    query = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%WHERE%'",
        "postgresql": "SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%WHERE%' AND schemaname = 'public'",
    }

    async def work(database: Database) -> None:
        async with database.read() as connection:
            found = {row[0] for row in await connection.execute(text(query[database.dialect]))}
        option = f"{database.dialect}_where"
        expected = {
            index.name
            for table in metadata.tables.values()
            for index in table.indexes
            if index.kwargs.get(option) is not None
        }
        assert len(expected) >= 6
        assert found == expected

    with_database(database_address, work)


def test_a_database_of_a_newer_version_is_left_alone(database_address: str) -> None:
    async def work(database: Database) -> None:
        async with database.write() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(DatabaseError, match="does not know"):
            await migrate(database)

    with_database(database_address, work)


def test_datasets_of_a_database_without_versions_are_kept(database_address: str) -> None:
    def first_shape(connection: Connection) -> None:
        command.upgrade(alembic_config(connection), "0001")

    async def work() -> None:
        database = await Database.open(database_address)
        try:
            async with database.write() as connection:
                await connection.run_sync(first_shape)
                row = "INSERT INTO datasets (id, name, wish, created_unix_ns) VALUES ('dataset_x', 'old', '{}', 1)"
                await connection.execute(text(row))
            assert await migrate(database)
            async with database.read() as connection:
                found = await find_dataset(connection, "old")
            assert (found.id, found.config, await is_up_to_date(database)) == ("dataset_x", None, True)
        finally:
            await database.close()

    asyncio.run(work())


def test_a_transaction_that_fails_leaves_nothing(database_address: str) -> None:
    async def work(database: Database) -> None:
        async def fails() -> None:
            async with database.write() as connection:
                await connection.execute(insert(server_values).values(name="a", value="b"))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fails()
        async with database.read() as connection:
            assert (await connection.execute(select(server_values))).all() == []

    with_database(database_address, work)


def test_many_writers_at_once_all_succeed(database_address: str) -> None:
    async def work(database: Database) -> None:
        async def write(number: int) -> None:
            async with database.write() as connection:
                await connection.execute(insert(server_values).values(name=str(number), value="x"))
                await asyncio.sleep(0.001)

        await asyncio.gather(*(write(number) for number in range(40)))
        async with database.read() as connection:
            assert len((await connection.execute(select(server_values))).all()) == 40

    with_database(database_address, work)


def test_a_second_coordinator_on_one_sqlite_file_is_refused(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'x.db'}"

    async def work(_database: Database) -> None:
        with pytest.raises(DatabaseError, match="another coordinator works on"):
            await Database.open(address)

    with_database(address, work)
    with_database(address, lambda database: migrate(database))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nonsense", "no address"),
        ("mysql://host/x", "'mysql' is no kind"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_an_address_that_is_none_is_refused(address: str, words: str) -> None:
    with pytest.raises(DatabaseError, match=words) as caught:
        parse_address(address)
    assert "postgresql://" in str(caught.value)


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    with pytest.raises(DatabaseError, match="cannot be reached") as caught:
        asyncio.run(Database.open("postgresql://user:hidden@127.0.0.1:9/x"))
    assert "hidden" not in str(caught.value)
