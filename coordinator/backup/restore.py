"""A backup is put back. What was there is set aside, not thrown away."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import time
from pathlib import Path

from sqlalchemy import inspect

from coordinator.backup.contents import DUMP_FILE, SQLITE_FILE, Manifest, read_manifest
from coordinator.backup.postgres_dump import dump_postgres, restore_postgres, see_that_nobody_else_uses
from coordinator.backup.sqlite_copy import database_file
from coordinator.database.engine import Database, lock_sqlite, parse_address
from coordinator.errors import ConflictError
from coordinator.settings import CoordinatorSettings, embedded_settings
from coordinator.settings_file import load_settings
from playloom.errors import OutputError
from playloom.private_files import make_private_directory

_BESIDE = ("", "-wal", "-shm")
"""SQLite's files: a log that does not belong to its database would spoil it."""


def restore_backup(directory: Path, root: Path, *, replace: bool = False) -> tuple[Manifest, Path | None]:
    """Put a backup back into a coordinator's directory, and into its database.

    Args:
        directory: of the backup.
        root: the coordinator's directory; no coordinator may run on it.
        replace: whether a coordinator that is there already is set aside.

    Returns:
        What stands in the backup, and where the files that were there before are now; None: there were none.

    Raises:
        FileError: it is no backup, or is damaged.
        ConflictError: a coordinator runs, or one is there and is not to be replaced.
        OutputError: it cannot be written.
        ProcessError: PostgreSQL's program is not there, or fails.
    """
    manifest = read_manifest(directory)
    settings = _settings_to_be(directory, root)
    url = parse_address(settings.database)
    if url.get_backend_name() != manifest.dialect:
        raise ConflictError(
            f"the backup is of {manifest.dialect}, and the settings name {url.get_backend_name()}",
            remedy="Correct 'database' in coordinator.yaml",
        )
    before = [root / name for name in manifest.sha256 if (root / name).exists()]
    if manifest.dialect == "sqlite":
        database = database_file(url)
        before += [path for path in _with_logs(database) if path.exists() and path not in before]
    _see_that_it_may(before, root, replace=replace)
    try:
        make_private_directory(root)
        if manifest.dialect == "sqlite":
            with lock_sqlite(database_file(url)):
                aside = _set_aside(before, root)
                _copy_private(directory / SQLITE_FILE, database_file(url))
        else:
            aside = asyncio.run(_restore_postgres(settings, directory / DUMP_FILE, before, replace=replace))
        for name in manifest.sha256:
            if name not in (SQLITE_FILE, DUMP_FILE):
                _copy_private(directory / name, root / name)
    except OSError as error:
        raise OutputError(root, f"cannot be written: {error.strerror or error}") from error
    return manifest, aside


def _see_that_it_may(before: list[Path], root: Path, *, replace: bool) -> None:
    if before and not replace:
        raise ConflictError(f"{root} holds a coordinator already", remedy="To set it aside, add --replace")


def _settings_to_be(directory: Path, root: Path) -> CoordinatorSettings:
    """The settings in the backup, or an embedded coordinator's, as they will hold in ``root``."""
    found = load_settings(directory)
    at_home, here = embedded_settings(root), embedded_settings(directory)
    return dataclasses.replace(
        found, root=root, database=at_home.database if found.database == here.database else found.database
    )


async def _restore_postgres(
    settings: CoordinatorSettings, dump: Path, before: list[Path], *, replace: bool
) -> Path | None:
    """The tables that are there are set aside as another dump."""
    database = await Database.open(settings.database)
    try:
        await see_that_nobody_else_uses(database)
        async with database.read() as connection:
            tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        url = database.url
    finally:
        await database.close()
    if tables and not replace:
        raise ConflictError(
            f"the database {url.database} holds tables already", remedy="To set them aside, add --replace"
        )
    aside = _set_aside(before, settings.root, even_nothing=bool(tables))
    if tables and aside is not None:
        await asyncio.to_thread(dump_postgres, url, aside / DUMP_FILE)
    await asyncio.to_thread(restore_postgres, url, dump)
    return aside


def _with_logs(database: Path) -> list[Path]:
    return [database.with_name(f"{database.name}{ending}") for ending in _BESIDE]


def _set_aside(files: list[Path], root: Path, *, even_nothing: bool = False) -> Path | None:
    if not files and not even_nothing:
        return None
    aside = root / f"before-restore-{time.strftime('%Y%m%d-%H%M%S')}"
    make_private_directory(aside)
    for file in files:
        target = aside / (file.relative_to(root) if file.is_relative_to(root) else file.name)
        make_private_directory(target.parent)
        shutil.move(file, target)
    return aside


def _copy_private(source: Path, target: Path) -> None:
    """Through a name of its own: a copy that was cut off is never taken for the whole."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = target.with_name(f".{target.name}.restoring")
    shutil.copy2(source, partial)
    partial.chmod(0o600)
    partial.replace(target)
