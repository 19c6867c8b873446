"""A backup is made, while the coordinator runs or not."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import create_engine, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from coordinator.backup.contents import DUMP_FILE, KEPT_FILES, SQLITE_FILE, Manifest, sha256_of, write_manifest
from coordinator.backup.postgres_dump import dump_postgres
from coordinator.backup.sqlite_copy import copy_sqlite, database_file
from coordinator.clock import Clock, system_clock
from coordinator.database.engine import Database, parse_address
from coordinator.database.tables import server_values
from coordinator.errors import DatabaseError
from coordinator.logs import without_secrets
from coordinator.server_values import server_id
from coordinator.settings import CoordinatorSettings
from playloom.errors import OutputError
from playloom.private_files import make_private_directory


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup. Attributes: directory: where it lies; size_bytes: of all its files; manifest: what stands in it."""

    directory: Path
    size_bytes: int
    manifest: Manifest


def make_backup(settings: CoordinatorSettings, directory: Path, *, clock: Clock = system_clock) -> Backup:
    """Copy what a coordinator knows into a new directory, which is there whole or not at all.

    Args:
        settings: of the coordinator; it may run meanwhile.
        directory: where the backup will lie; it must not be there yet.
        clock: the time.

    Raises:
        OutputError: the directory is there, or cannot be written.
        DatabaseError: the database cannot be read.
        ProcessError: PostgreSQL's program is not there, or fails.
    """
    directory = directory.absolute()
    if directory.exists():
        raise OutputError(directory, "is there already", remedy="Name a folder that is not there yet")
    url = parse_address(settings.database)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))  # for this user alone
    except OSError as error:
        raise OutputError(directory, f"cannot be written: {error.strerror or error}") from error
    try:
        manifest = _fill(settings, url, partial, clock)
        partial.rename(directory)
    except OSError as error:
        raise OutputError(directory, f"cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    size_bytes = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    return Backup(directory=directory, size_bytes=size_bytes, manifest=manifest)


def _fill(settings: CoordinatorSettings, url: URL, partial: Path, clock: Clock) -> Manifest:
    made_ns = clock()
    if url.get_backend_name() == "sqlite":
        database = partial / SQLITE_FILE
        copy_sqlite(database_file(url), database)
        database.chmod(0o600)
        identity = _server_id_in(database)
    else:
        database = partial / DUMP_FILE
        identity = asyncio.run(_server_id_at(settings.database))
        dump_postgres(url, database)
    files = [database]
    for name in KEPT_FILES:
        source = settings.root / name
        if source.is_file():
            make_private_directory((partial / name).parent)
            files.append(Path(shutil.copy2(source, partial / name)))
    manifest = Manifest(
        version=version("playloom"),
        dialect=url.get_backend_name(),
        server_id=identity,
        made_unix_ns=made_ns,
        store=without_secrets(settings.store),
        sha256={str(file.relative_to(partial)): sha256_of(file) for file in files},
    )
    write_manifest(partial, manifest)
    return manifest


async def _server_id_at(address: str) -> str:
    database = await Database.open(address)
    try:
        return await database.transact(server_id)
    finally:
        await database.close()


def _server_id_in(file: Path) -> str:
    """Of a copy, which no coordinator locks."""
    engine = create_engine(f"sqlite:///{file}")
    try:
        with engine.connect() as connection:
            query = select(server_values.c.value).where(server_values.c.name == "server_id")
            return connection.execute(query).scalar_one_or_none() or ""
    except SQLAlchemyError as error:
        raise DatabaseError(
            f"{file.name} holds no coordinator's tables", remedy="See that --directory is right"
        ) from error
    finally:
        engine.dispose()
