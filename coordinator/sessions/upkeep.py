"""What happens to uploads and sessions without anyone asking: the abandoned are collected, the deleted cleared away."""

from __future__ import annotations

import asyncio

from coordinator.sessions.archive import Archive
from coordinator.sessions.deletion import AT_ONCE, purge_sessions
from coordinator.uploads.abandon import collect_uploads
from playloom.objects.directory_store import DirectoryStore

EVERY_S = 600.0
LEFTOVER_S = 24 * 3600.0
"""No object takes so long to be written."""


async def keep_archive(archive: Archive) -> None:
    """Do what is due, until cancelled. Several coordinators may do so at once."""
    while True:
        await collect_uploads(archive)
        while await purge_sessions(archive) == AT_ONCE:
            await asyncio.sleep(0)
        if isinstance(archive.store, DirectoryStore):
            await asyncio.to_thread(archive.store.remove_leftovers, older_than_s=LEFTOVER_S)
        await asyncio.sleep(EVERY_S)
