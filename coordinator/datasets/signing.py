"""Permissions to read a dataset's objects: readers have no keys of the store."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from coordinator.datasets.dataset import find_dataset
from coordinator.errors import InvalidError
from coordinator.sessions.archive import Archive
from playloom.manifest.keys import dataset_prefix
from playloom.objects.object_store import SignedRequest

MAX_KEYS = 1000
_READABLE = re.compile(
    r"files/([0-9a-f]{2})/\1[0-9a-f]{62}(\.[A-Za-z0-9]{1,16})?"
    r"|segments/[0-9a-f]{64}\.json"
    r"|versions/[0-9]{8,19}-[0-9a-f]{16}\.json"
)
"""Behind the dataset's prefix: what versions consist of, and not what waits to enter one."""


async def sign_objects(archive: Archive, dataset: str, keys: Sequence[str]) -> list[SignedRequest]:
    """Permit objects to be read, for a short while; in the order of their keys. Whether they are there is not asked.

    Raises:
        UnknownError: there is no such dataset.
        InvalidError: a key is none of a version's, or these are too many.
    """
    if len(keys) > MAX_KEYS:
        raise InvalidError("keys", f"there are more than {MAX_KEYS}", remedy="Ask for them in several calls")
    async with archive.database.read() as connection:
        found = await find_dataset(connection, dataset)
    prefix = dataset_prefix(found.id)
    for key in keys:
        if not key.startswith(prefix) or not _READABLE.fullmatch(key.removeprefix(prefix)):
            raise InvalidError("keys", f"{key[:200]!r} is no object of a version of '{found.name}'")

    def sign() -> list[SignedRequest]:
        return [archive.store.sign_get(key, expires_s=archive.url_valid_s) for key in keys]

    return await asyncio.to_thread(sign)
