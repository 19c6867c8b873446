"""The version that the next one is built on: its manifest, and its segments as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from playloom.manifest.version import DatasetVersion, Segment, ShardRef
from workers.dataset.coordinator import DatasetFacts, VersionPointer
from workers.dataset.objects import DatasetObjects


@dataclass(frozen=True, kw_only=True)
class Base:
    """What is built on.

    Attributes:
        facts: of the dataset.
        objects: of the dataset.
        version: the newest; None: there is none.
    """

    facts: DatasetFacts
    objects: DatasetObjects
    version: DatasetVersion | None

    @property
    def number(self) -> int:
        """Of the version; 0: there is none."""
        return 0 if self.version is None else self.version.number

    @property
    def tasks(self) -> tuple[str, ...]:
        return () if self.version is None else self.version.tasks

    @property
    def next_shard(self) -> int:
        return 0 if self.version is None else self.version.next_shard

    def segments(self) -> Iterator[Segment]:
        """In order, one at a time."""
        return segments_of(self.objects, self.version)


def open_base(objects: DatasetObjects, facts: DatasetFacts, pointer: VersionPointer | None) -> Base:
    """Read a version's manifest, if there is one."""
    return Base(facts=facts, objects=objects, version=None if pointer is None else objects.read_version(pointer))


def segments_of(objects: DatasetObjects, version: DatasetVersion | None) -> Iterator[Segment]:
    """The segments of a version, in order, one at a time."""
    for ref in () if version is None else version.segments:
        yield objects.read_segment(ref)


def shards_of(objects: DatasetObjects, version: DatasetVersion | None) -> Iterator[ShardRef]:
    """The shards of a version, in order."""
    for segment in segments_of(objects, version):
        yield from segment.shards


def session_counts(shards: Iterator[ShardRef]) -> dict[str, tuple[int, int]]:
    """(episodes, frames) of every session, by id."""
    counts: dict[str, tuple[int, int]] = {}
    for shard in shards:
        for one in shard.sessions:
            episodes, frames = counts.get(one.session_id, (0, 0))
            counts[one.session_id] = (episodes + one.episodes, frames + one.frames)
    return counts
