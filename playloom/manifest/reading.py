"""Reading a version: its manifest, its segments, its files, through whatever hands out objects by their key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping

from playloom.manifest.errors import ManifestError
from playloom.manifest.keys import segment_key
from playloom.manifest.version import DatasetVersion, FileRef, Segment, SegmentRef, ShardRef

type Fetch = Callable[[str], bytes]
"""The content of the object of a key: `lambda key: read_object(store, key)`, or a download by a signed URL."""


def read_version(fetch: Fetch, key: str, sha256: str) -> DatasetVersion:
    """A version's manifest.

    Args:
        fetch: how to come by it.
        key: where it lies.
        sha256: what its content has, as the coordinator says.

    Raises:
        ManifestError: it is damaged, or none.
    """
    return DatasetVersion.from_bytes(_checked(fetch(key), key, sha256), key)


def read_segments(fetch: Fetch, version: DatasetVersion) -> Iterator[Segment]:
    """Its segments, in order, one at a time.

    Raises:
        ManifestError: one is damaged, or none.
    """
    for ref in version.segments:
        yield _segment(fetch, version, ref)


def read_shards(
    fetch: Fetch, version: DatasetVersion, known: Mapping[str, tuple[ShardRef, ...]] | None = None
) -> Iterator[ShardRef]:
    """All its shards, in order.

    Args:
        fetch: how to come by segments.
        version: whose.
        known: shards by the SHA-256 of a segment that need not be fetched any more.

    Raises:
        ManifestError: a segment is damaged, or none.
    """
    for ref in version.segments:
        shards = (known or {}).get(ref.sha256)
        yield from _segment(fetch, version, ref).shards if shards is None else shards


def read_files(fetch: Fetch, version: DatasetVersion) -> Iterator[FileRef]:
    """All its files: those of the shards, then those that belong to none."""
    for shard in read_shards(fetch, version):
        yield from shard.files
    yield from version.meta_files


def _segment(fetch: Fetch, version: DatasetVersion, ref: SegmentRef) -> Segment:
    key = segment_key(version.dataset_id, ref.sha256)
    return Segment.from_bytes(_checked(fetch(key), key, ref.sha256), key)


def _checked(content: bytes, key: str, sha256: str) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ManifestError(key, f"has the SHA-256 {found}, not {sha256}")
    return content
