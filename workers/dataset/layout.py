"""A version's files in a directory, as LeRobot reads it."""

from __future__ import annotations

from pathlib import Path

from playloom.manifest.keys import file_key
from playloom.manifest.reading import read_files
from playloom.manifest.version import DatasetVersion
from playloom.objects.object_store import ObjectStore
from workers.dataset.objects import DatasetObjects, side_by_side


def lay_out(store: ObjectStore, version: DatasetVersion, directory: Path) -> Path:
    """Fetch all files of a version into an empty directory, each held against its sum; returns the directory."""
    objects = DatasetObjects(store, version.dataset_id)

    def fetch(path: str, sha256: str) -> None:
        objects.fetch_object(file_key(version.dataset_id, sha256, path), sha256, directory / path)

    files = list(read_files(objects.read, version))
    side_by_side(lambda file: fetch(file.path, file.sha256), files)
    return directory
