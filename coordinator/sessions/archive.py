"""Where sessions are kept: their rows in the database, their files in the object store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from coordinator.clock import Clock, system_clock
from coordinator.database.engine import Database
from coordinator.settings import DAY_S, MEBIBYTE
from playloom.objects.object_store import ObjectStore

READ_AT_ONCE = 4
"""Files that are read through at the same time: more would keep small calls from the threads that they need."""


@dataclass(frozen=True, kw_only=True)
class Archive:
    """What uploads and sessions stand on.

    Attributes:
        database: open.
        store: its calls block; they are made in threads and outside of transactions.
        clock: the time.
        part_bytes: of the parts of an upload.
        url_valid_s: how long a permission to read or write lasts.
        restorable_s: how long a deleted session can be restored.
        abandoned_s: an upload that was not touched for so long is collected.
        reading: held while a file is read through.
        locks: of what goes on once at a time in this process, by name.
    """

    database: Database
    store: ObjectStore
    clock: Clock = system_clock
    part_bytes: int = 8 * MEBIBYTE
    url_valid_s: int = 900
    restorable_s: int = 30 * DAY_S
    abandoned_s: int = 7 * DAY_S
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READ_AT_ONCE))
    locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def lock(self, name: str) -> asyncio.Lock:
        """The lock of this name."""
        found = self.locks.get(name)
        if found is None:
            found = self.locks[name] = asyncio.Lock()
        return found

    async def read_through[T](self, work: Callable[[], T]) -> T:
        """Do something in a thread that may take as long as a large file takes to read."""
        async with self.reading:
            return await asyncio.to_thread(work)
