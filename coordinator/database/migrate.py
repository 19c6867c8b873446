"""The tables brought to the shape that this version of Playloom knows."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from coordinator.database import dataset_tables
from coordinator.database.engine import Database
from coordinator.database.tables import metadata
from coordinator.errors import DatabaseError

del dataset_tables  # imported so that the metadata knows them

_ADVISORY_LOCK = 0x506C_6179_6C6F_6F6D
"""Held on PostgreSQL while the tables change: two coordinators may start at once."""


async def migrate(database: Database) -> bool:
    """Bring the tables up to date; returns whether there was something to do.

    Raises:
        DatabaseError: the tables were made by a newer version of Playloom.
    """
    async with database.write() as connection:
        if database.dialect == "postgresql":
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
        return await connection.run_sync(_migrate)


async def is_up_to_date(database: Database) -> bool:
    """Whether the tables have the shape that this version knows."""
    async with database.read() as connection:
        return await connection.run_sync(lambda sync: _current(sync) == _scripts().get_current_head())


def differences(connection: Connection) -> list[object]:
    """Where the tables of the database differ from those that the code knows."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
    return list(compare_metadata(context, metadata))


def _migrate(connection: Connection) -> bool:
    scripts = _scripts()
    current = _current(connection)
    if current == scripts.get_current_head():
        return False
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseError(
            f"the database has the shape '{current}', which this version of Playloom does not know",
            remedy="Install the version that made it, or a newer one",
        )
    command.upgrade(alembic_config(connection), "head")
    return True


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def alembic_config(connection: Connection | None = None) -> Config:
    """What Alembic is run with, on a connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())
