"""What nodes say, gathered and written together: a thousand nodes cost the database one transaction in a while."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from coordinator.clock import Clock
from coordinator.database.engine import Database
from coordinator.nodes.node import NodeSighting, note_gone, note_sightings

WRITE_EVERY_S = 2.0

BATCH = 500
"""Rows of one transaction at most: others want to write, too."""


class Sightings:
    """Gathers what the nodes of this process say.

    Args:
        database: where it is written.
        clock: the time.
        process_id: of this process.
    """

    def __init__(self, database: Database, clock: Clock, process_id: str) -> None:
        self._database, self._clock, self._process_id = database, clock, process_id
        self._seen: dict[str, NodeSighting] = {}
        self._gone: set[str] = set()

    def note(self, node_id: str, status: Mapping[str, Any] | None = None) -> None:
        """A node has said something; without a status only that it is there."""
        before = self._seen.get(node_id)
        version = None if status is None else str(status.get("version") or "")
        if status is None and before is not None:
            status, version = before.status, before.version
        self._gone.discard(node_id)
        self._seen[node_id] = NodeSighting(
            node_id=node_id, process_id=self._process_id, seen_unix_ns=self._clock(), status=status, version=version
        )

    def note_gone(self, node_id: str) -> None:
        """A node's stream has ended."""
        self._gone.add(node_id)

    async def write(self) -> None:
        """Write all that is new. What cannot be written now is kept for the next time, unless there is newer."""
        seen, self._seen = self._seen, {}
        gone, self._gone = self._gone, set()
        rows = list(seen.values())
        try:
            for begin in range(0, len(rows), BATCH):
                batch = rows[begin : begin + BATCH]
                await self._database.transact(lambda connection, batch=batch: note_sightings(connection, batch))
                for one in batch:
                    seen.pop(one.node_id)
            if gone:
                await self._database.transact(lambda connection: note_gone(connection, sorted(gone), self._process_id))
        except BaseException:
            self._seen = seen | self._seen
            self._gone |= gone - set(self._seen)
            raise

    async def keep_writing(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            await self.write()
