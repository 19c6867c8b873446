"""Versions of a dataset as the database knows them: which one is the newest, and where its manifest lies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import dataset_tags, dataset_versions
from coordinator.database.events import note_event
from coordinator.datasets.dataset import Dataset
from coordinator.errors import ConflictError, InvalidError, UnknownError

TAG = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
PAGE_LIMIT = 500
MAX_TAGS = 1000


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version.

    Attributes:
        dataset: its name.
        number: from 1.
        parent: the version before it; 0 for the first.
        reason: "append", "remove", "compact" or "rollback".
        manifest_key, manifest_sha256: of its manifest in the store.
        episodes, frames, size_bytes, sessions: in it.
        sessions_added, sessions_removed: since its parent.
        withdrawn_unix_ns: since when nobody may read it; None: it can be read.
        tags: its names.
    """

    dataset_id: str
    dataset: str
    number: int
    parent: int
    reason: str
    manifest_key: str
    manifest_sha256: str
    episodes: int
    frames: int
    size_bytes: int
    sessions: int
    sessions_added: int
    sessions_removed: int
    created_unix_ns: int
    withdrawn_unix_ns: int | None = None
    tags: tuple[str, ...] = ()


async def newest_version(connection: AsyncConnection, dataset: Dataset) -> Version | None:
    """The newest one; None while there is none."""
    query = _select(dataset).order_by(dataset_versions.c.number.desc()).limit(1)
    found = await _versions(connection, dataset, query)
    return found[0] if found else None


async def newest_number(connection: AsyncConnection, dataset_id: str) -> int:
    """The number of the newest one; 0 while there is none."""
    query = select(func.max(dataset_versions.c.number)).where(dataset_versions.c.dataset_id == dataset_id)
    return (await connection.execute(query)).scalar() or 0


async def version_of_manifest(connection: AsyncConnection, dataset: Dataset, manifest_key: str) -> Version | None:
    """The version that has this manifest; None: none has."""
    query = _select(dataset).where(dataset_versions.c.manifest_key == manifest_key)
    found = await _versions(connection, dataset, query)
    return found[0] if found else None


async def get_version(connection: AsyncConnection, dataset: Dataset, version: str) -> Version:
    """A version by its number or tag; the newest if that is empty. Also one that is withdrawn.

    Raises:
        UnknownError: there is no such version.
        ConflictError: the dataset has none yet.
    """
    if not version:
        newest = await newest_version(connection, dataset)
        if newest is None:
            raise ConflictError(
                f"the dataset '{dataset.name}' has no version yet", remedy="It gets one when a session has entered it"
            )
        return newest
    number = await _number(connection, dataset, version)
    query = _select(dataset).where(dataset_versions.c.number == number)
    found = await _versions(connection, dataset, query) if number else []
    if not found:
        raise UnknownError(f"version of '{dataset.name}'", version)
    return found[0]


def see_readable(version: Version) -> Version:
    """Raises: ConflictError: nobody may read it any more."""
    if version.withdrawn_unix_ns is not None:
        raise ConflictError(
            f"version {version.number} of '{version.dataset}' was withdrawn: it holds what was removed since",
            remedy="Take the newest one",
        )
    return version


async def list_versions(
    connection: AsyncConnection, dataset: Dataset, *, limit: int = PAGE_LIMIT, before: int | None = None
) -> list[Version]:
    """Versions, the newest first, the withdrawn among them.

    Args:
        connection: to the database.
        dataset: whose.
        limit: how many at most.
        before: only those with a lower number.
    """
    query = _select(dataset).order_by(dataset_versions.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(dataset_versions.c.number < before)
    return await _versions(connection, dataset, query)


async def readable_versions(connection: AsyncConnection, dataset: Dataset) -> list[Version]:
    """All that are not withdrawn, the newest first."""
    query = _select(dataset).where(dataset_versions.c.withdrawn_unix_ns.is_(None))
    return await _versions(connection, dataset, query.order_by(dataset_versions.c.number.desc()))


async def tag_version(
    connection: AsyncConnection, dataset: Dataset, tag: str, version: str, now_ns: int, *, player_id: str
) -> Version:
    """Give a version a name, which no other version of the dataset has then; an empty version takes the name away.

    Returns:
        The version that has the name now, or that had it.

    Raises:
        UnknownError: there is no such version, or nothing is called so.
        InvalidError: no version can be called so.
        ConflictError: the version is withdrawn, or there are too many tags.
    """
    if not TAG.fullmatch(tag):
        raise InvalidError(
            "tag", f"no version can be called {tag[:80]!r}", remedy="Begin with a letter; take letters, digits, . _ -"
        )
    this = (dataset_tags.c.dataset_id == dataset.id) & (dataset_tags.c.tag == tag)
    if version:
        found = see_readable(await get_version(connection, dataset, version))
        count = select(func.count()).where(dataset_tags.c.dataset_id == dataset.id)
        if (await connection.execute(count)).scalar_one() >= MAX_TAGS:
            raise ConflictError(f"'{dataset.name}' has {MAX_TAGS} tags already", remedy="Take some away")
        await connection.execute(delete(dataset_tags).where(this))
        await connection.execute(insert(dataset_tags).values(dataset_id=dataset.id, tag=tag, number=found.number))
    else:
        found = await get_version(connection, dataset, tag)
        await connection.execute(delete(dataset_tags).where(this))
    detail = {"tag": tag, "version": found.number if version else None}
    await note_event(connection, "dataset.tag", dataset.id, now_ns, player_id=player_id, detail=detail)
    return await get_version(connection, dataset, str(found.number))


async def _number(connection: AsyncConnection, dataset: Dataset, version: str) -> int | None:
    if version.isascii() and version.isdigit():
        return int(version) if len(version) < 19 else None
    query = select(dataset_tags.c.number).where(dataset_tags.c.dataset_id == dataset.id, dataset_tags.c.tag == version)
    return (await connection.execute(query)).scalar_one_or_none()


def _select(dataset: Dataset) -> Select[Any]:
    return select(dataset_versions).where(dataset_versions.c.dataset_id == dataset.id)


async def _versions(connection: AsyncConnection, dataset: Dataset, query: Select[Any]) -> list[Version]:
    rows = (await connection.execute(query)).all()
    tags = await _tags(connection, dataset) if rows else {}
    return [_version(row, dataset, tags) for row in rows]


def _version(row: Row[Any], dataset: Dataset, tags: Mapping[int, tuple[str, ...]]) -> Version:
    return Version(dataset=dataset.name, tags=tags.get(row.number, ()), **row._mapping)


async def _tags(connection: AsyncConnection, dataset: Dataset) -> dict[int, tuple[str, ...]]:
    query = select(dataset_tags).where(dataset_tags.c.dataset_id == dataset.id).order_by(dataset_tags.c.tag)
    found: dict[int, tuple[str, ...]] = {}
    for row in await connection.execute(query):
        found[row.number] = (*found.get(row.number, ()), row.tag)
    return found
