"""Whether the store has what the database says of datasets. What no version names is `gc`'s affair, and no fault."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import dataset_staged
from coordinator.database.events import note_event
from coordinator.database.tables import sessions
from coordinator.datasets.admission import may_enter
from coordinator.datasets.dataset import Dataset, list_datasets
from coordinator.datasets.ingest import ingest_named
from coordinator.datasets.version import Version, readable_versions
from coordinator.sessions.archive import Archive
from coordinator.sessions.consistency import Finding, FindingKind
from playloom.manifest.errors import ManifestError
from playloom.manifest.keys import dataset_prefix, file_key
from playloom.manifest.reading import read_files, read_version
from playloom.objects.errors import ObjectMissingError
from playloom.objects.object_store import ObjectStore, list_objects, read_object

NAMED_FILES = 3


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    """A row of `dataset_staged` whose session may still enter."""

    session_id: str
    object_key: str


async def check_datasets(archive: Archive, *, mend: bool = False) -> list[Finding]:
    """Hold what the database says of datasets against the store. May be done while coordinators serve.

    Of the newest version everything it names is looked for; of earlier ones their manifests, and everything only to
    find the newest that is whole.

    Args:
        archive: both of them.
        mend: whether sessions whose conversion is gone are queued again.

    Raises:
        ObjectStoreError: the store cannot be read.
    """
    findings: list[Finding] = []
    async with archive.database.read() as connection:
        found = await list_datasets(connection)
    for dataset in found:
        async with archive.database.read() as connection:
            versions = await readable_versions(connection, dataset)
            waiting = await _waiting(connection, dataset)
        if not versions and not waiting:
            continue
        sizes = await asyncio.to_thread(_sizes, archive.store, dataset)
        findings += await asyncio.to_thread(_check_versions, archive.store, dataset, versions, sizes)
        for one in waiting:
            if one.object_key not in sizes and await _is_gone(archive, one.object_key):
                if mend:
                    await _queue_again(archive, dataset, one)
                detail = f"converted for '{dataset.name}', and the conversion is gone"
                findings.append(Finding(kind=FindingKind.STAGED, subject=one.session_id, detail=detail, mended=mend))
    return findings


def _sizes(store: ObjectStore, dataset: Dataset) -> dict[str, int]:
    return {found.key: found.size_bytes for found in list_objects(store, dataset_prefix(dataset.id))}


def _check_versions(
    store: ObjectStore, dataset: Dataset, versions: list[Version], sizes: dict[str, int]
) -> list[Finding]:
    problems: dict[int, str] = {}
    whole: int | None = None
    for version in versions:  # the newest first
        if whole is None:
            if problem := _problem(store, version, sizes):
                problems[version.number] = problem
            else:
                whole = version.number
        elif version.manifest_key not in sizes:
            problems[version.number] = f"its manifest {version.manifest_key} is gone"
    offer = "none is whole" if whole is None else f"version {whole} is the newest that is whole"
    return [
        Finding(
            kind=FindingKind.VERSION,
            subject=f"{dataset.name} {number}",
            detail=f"{problem}; {offer}" if whole is None or number > whole else problem,
            mended=False,
        )
        for number, problem in problems.items()
    ]


def _problem(store: ObjectStore, version: Version, sizes: dict[str, int]) -> str | None:
    """What is wrong with a version; None: it is whole, as far as sizes tell."""

    def fetch(key: str) -> bytes:
        return read_object(store, key)

    try:
        manifest = read_version(fetch, version.manifest_key, version.manifest_sha256)
    except ObjectMissingError:
        return f"its manifest {version.manifest_key} is gone"
    except ManifestError as error:
        return str(error)
    gone: list[str] = []

    def look() -> Iterator[str]:
        for file in read_files(fetch, manifest):
            if sizes.get(file_key(version.dataset_id, file.sha256, file.path)) != file.size_bytes:
                yield file.path

    try:
        gone.extend(look())
    except ObjectMissingError as error:
        return f"a segment is gone: {error}"
    except ManifestError as error:
        return str(error)
    if not gone:
        return None
    more = f" and {len(gone) - NAMED_FILES} more" if len(gone) > NAMED_FILES else ""
    return f"{', '.join(gone[:NAMED_FILES])}{more} is gone or has another size"


async def _waiting(connection: AsyncConnection, dataset: Dataset) -> list[_Waiting]:
    query = (
        select(dataset_staged.c.session_id, dataset_staged.c.object_key)
        .join(sessions, sessions.c.id == dataset_staged.c.session_id)
        .where(dataset_staged.c.dataset_id == dataset.id, may_enter(dataset.id))
        .order_by(dataset_staged.c.session_id)
    )
    return [_Waiting(**row._mapping) for row in await connection.execute(query)]


async def _is_gone(archive: Archive, key: str) -> bool:
    """Asked once more: it may have come after the store was listed."""
    try:
        await asyncio.to_thread(archive.store.info, key)
    except ObjectMissingError:
        return True
    return False


async def _queue_again(archive: Archive, dataset: Dataset, waiting: _Waiting) -> None:
    async def queue(connection: AsyncConnection) -> None:
        this = (dataset_staged.c.dataset_id == dataset.id) & (dataset_staged.c.session_id == waiting.session_id)
        await connection.execute(delete(dataset_staged).where(this, dataset_staged.c.object_key == waiting.object_key))
        await ingest_named(connection, dataset, [waiting.session_id], archive.clock())
        await note_event(
            connection, "dataset.unstage", dataset.id, archive.clock(), detail={"session": waiting.session_id}
        )

    await archive.database.transact(queue)
