"""Datasets: what they are, and what they ask of recordings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import datasets
from coordinator.datasets.config import check_config
from coordinator.errors import ConflictError, InvalidError, UnknownError
from coordinator.ids import is_id, new_id
from coordinator.jobs.submit import check_document

DATASET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset.

    Attributes:
        id, name: the name is part of paths.
        wish: what it asks of recordings: "capture_profile", and further keys.
        created_unix_ns: since when.
        config: what it is, see `playloom.manifest.config`; None: that was not decided, and nothing can enter it.
    """

    id: str
    name: str
    wish: Mapping[str, Any]
    created_unix_ns: int
    config: Mapping[str, Any] | None = None


async def create_dataset(
    connection: AsyncConnection,
    name: str,
    wish: Mapping[str, Any],
    now_ns: int,
    *,
    config: Mapping[str, Any] | None = None,
) -> Dataset:
    """Begin a dataset.

    Args:
        connection: of the transaction.
        name: what it is called.
        wish: what it asks of recordings.
        now_ns: the time.
        config: what it is; None: nothing can enter it.

    Raises:
        InvalidError: it cannot be called so, or the wish or the config cannot be kept; names the field.
        ConflictError: there is one of this name.
    """
    if not DATASET_NAME.fullmatch(name) or name.endswith(".") or is_id(name, "dataset"):
        raise InvalidError(
            "name", f"no dataset can be called {name[:80]!r}", remedy="Take small letters, digits, dots and dashes"
        )
    check_document("wish", wish)
    kept = None if config is None else check_config(config).to_json()
    row = {"id": new_id("dataset"), "name": name, "wish": dict(wish), "created_unix_ns": now_ns, "config": kept}
    try:
        await connection.execute(insert(datasets).values(row))
    except IntegrityError as error:
        raise ConflictError(f"there is a dataset '{name}' already", remedy="Choose another name") from error
    return await find_dataset(connection, name)


async def find_dataset(connection: AsyncConnection, dataset: str, *, lock: bool = False) -> Dataset:
    """A dataset by id or name.

    Args:
        connection: of the transaction.
        dataset: its id or name.
        lock: whether nobody else may change what is in it until the transaction ends.

    Raises:
        UnknownError: there is none.
    """
    query = select(datasets).where((datasets.c.id == dataset) | (datasets.c.name == dataset))
    if lock:
        query = query.with_for_update(key_share=True)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise UnknownError("dataset", dataset)
    return Dataset(**row._mapping)


async def list_datasets(connection: AsyncConnection) -> list[Dataset]:
    """All of them, by name."""
    return [Dataset(**row._mapping) for row in await connection.execute(select(datasets).order_by(datasets.c.name))]
