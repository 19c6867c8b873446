"""A coordinator's database and store held against each other, without the coordinator."""

from __future__ import annotations

import asyncio

from coordinator.database.engine import Database
from coordinator.database.migrate import migrate
from coordinator.datasets.consistency import check_datasets
from coordinator.sessions.archive import Archive
from coordinator.sessions.consistency import Finding, check_archive
from coordinator.settings import CoordinatorSettings
from playloom.objects.open_store import open_store


async def check_coordinator(settings: CoordinatorSettings, *, mend: bool) -> list[Finding]:
    """What differs, see `check_archive` and `check_datasets`.

    Raises:
        DatabaseError: the database cannot be reached, or on SQLite a coordinator works on it.
        ObjectStoreError: the store cannot be read.
        ConflictError: mending, and the store is another one.
    """
    database = await Database.open(settings.database)
    try:
        await migrate(database)
        archive = Archive(
            database=database,
            store=await asyncio.to_thread(open_store, settings.store),
            part_bytes=settings.part_bytes,
            url_valid_s=settings.url_valid_s,
            restorable_s=settings.restorable_s,
            abandoned_s=settings.abandoned_s,
        )
        return [*await check_archive(archive, mend=mend), *await check_datasets(archive, mend=mend)]
    finally:
        await database.close()
