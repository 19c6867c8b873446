"""A dataset read straight from the object store, by who has its keys: a program of a worker's cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from playloom.datasets.server_dataset import Permission
from playloom.manifest.reading import read_version
from playloom.manifest.version import DatasetVersion
from playloom.objects.object_store import ObjectStore, read_object


@dataclass(frozen=True, kw_only=True)
class StoredVersion:
    """A version as the coordinator named it. Attributes: as its messages say."""

    number: int
    manifest_key: str
    manifest_sha256: str

    def HasField(self, name: str) -> bool:  # noqa: N802  (as the server's messages have it)
        """Whether it was withdrawn: the coordinator names those only that may be read."""
        return name != "withdrawn_unix_ns"


@dataclass(frozen=True, kw_only=True)
class StoredDataset:
    """One version of a dataset, for `pull_version`.

    Attributes:
        store: where it lies.
        found: the version that is wanted.
        readable: the numbers of all that may be read: others of a local copy are dropped.
    """

    store: ObjectStore
    found: StoredVersion
    readable: Sequence[int] = field(default=())

    @property
    def address(self) -> str:
        return self.store.url

    def version(self, version: str = "") -> StoredVersion:
        return self.found

    def versions(self) -> Iterator[Any]:
        for number in self.readable:
            yield StoredVersion(number=number, manifest_key="", manifest_sha256="")

    def manifest(self, version: StoredVersion) -> DatasetVersion:
        return read_version(self.fetch, version.manifest_key, version.manifest_sha256)

    def fetch(self, key: str) -> bytes:
        return read_object(self.store, key)

    def permissions(self, keys: Sequence[str]) -> Mapping[str, Permission]:
        return {key: Permission(url=key, headers={}) for key in keys}

    def stream(self, permission: Permission, begin: int = 0) -> Iterator[bytes]:
        return self.store.stream(permission.url, begin=begin)
