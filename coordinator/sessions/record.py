"""What the store itself says of a session: enough to take it in again where the database has forgotten it.

A database that is restored from yesterday's backup does not know what came since. The record lies beside the objects,
so that a session whose owner has cleared the recorded files is not lost with its row.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Any

from coordinator.sessions.archive import Archive
from coordinator.sessions.session import Session, StoredFile
from playloom.errors import PlayloomError
from playloom.objects.object_store import ObjectStore, read_object

RECORD_FOLDER = "session-records/"
FORMAT_VERSION = 1


def record_key(session_id: str) -> str:
    return f"{RECORD_FOLDER}{session_id}.json"


async def write_record(archive: Archive, session: Session) -> bool:
    """Write a session's record. What the store does not do now is done by `playloom coordinator check --mend`."""
    values = asdict(session)
    for name in ("player_name", "deleted_unix_ns", "purged_unix_ns", "duplicate"):
        del values[name]
    content = json.dumps({"format_version": FORMAT_VERSION, **values}, ensure_ascii=False, indent=2).encode()

    def write() -> bool:
        try:
            archive.store.put(record_key(session.id), content)
        except PlayloomError:
            return False
        return True

    return await asyncio.to_thread(write)


def read_record(store: ObjectStore, session_id: str) -> dict[str, Any] | None:
    """The columns of a session's row, and under ``files`` its `StoredFile`s; None if there is no such record."""
    try:
        values = json.loads(read_object(store, record_key(session_id)))
        if values.pop("format_version") != FORMAT_VERSION or values["id"] != session_id:
            return None
        return values | {"files": [StoredFile(**file) for file in values["files"]]}
    except (PlayloomError, ValueError, KeyError, TypeError, AttributeError):
        return None
