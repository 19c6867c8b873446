"""What a pull fetches: what is new, and of the lists of what there is only those that have changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playloom.datasets.local_copy import LocalCopy
from playloom.datasets.pulling import pull_version
from playloom.datasets.server_dataset import Permission
from playloom.manifest.keys import file_key, segment_key
from playloom.manifest.version import SEGMENT_SHARDS, DatasetVersion
from tests.support.dataset_versions import DATASET_ID, content_of, session_of, shards_of, version_of


@dataclass(frozen=True, kw_only=True)
class Number:
    """A server's word on a version. Attributes: number: which."""

    number: int

    def HasField(self, name: str) -> bool:  # noqa: N802  (as the server's messages have it)
        return False


@dataclass(kw_only=True)
class RememberedDataset:
    """Versions in memory, and the keys that were asked for."""

    newest: DatasetVersion
    objects: dict[str, bytes]
    asked: list[str] = field(default_factory=list)
    address: str = "memory"

    def version(self, version: str = "") -> Number:
        return Number(number=self.newest.number)

    def versions(self) -> Iterator[Number]:
        return (Number(number=number + 1) for number in range(self.newest.number))

    def manifest(self, version: Number) -> DatasetVersion:
        return self.newest

    def fetch(self, key: str) -> bytes:
        self.asked.append(key)
        return self.objects[key]

    def permissions(self, keys: Sequence[str]) -> Mapping[str, Permission]:
        return {key: Permission(url=key, headers={}) for key in keys}

    def stream(self, permission: Permission, begin: int = 0) -> Iterator[bytes]:
        yield self.fetch(permission.url)[begin:]


def dataset_of(sessions: int, number: int) -> RememberedDataset:
    """A version of so many sessions, a shard each."""
    shards = shards_of(*(session_of(f"s{place}") for place in range(sessions)))
    version, segments = version_of(shards, number)
    objects = {
        segment_key(DATASET_ID, ref.sha256): segment.to_bytes()
        for ref, segment in zip(version.segments, segments, strict=True)
    }
    for file in (file for shard in shards for file in shard.files):
        objects[file_key(DATASET_ID, file.sha256, file.path)] = content_of(file.path)
    (info,) = version.meta_files
    objects[file_key(DATASET_ID, info.sha256, info.path)] = content_of(f"info of {number}")
    return RememberedDataset(newest=version, objects=objects)


def test_the_next_version_costs_its_new_files_and_the_segments_that_have_changed(tmp_path: Path) -> None:
    copy = LocalCopy(tmp_path)
    pull_version(dataset_of(SEGMENT_SHARDS + 1, 1), copy)

    grown = dataset_of(SEGMENT_SHARDS + 2, 2)
    report = pull_version(grown, copy)

    (unchanged, changed), (shard, *_) = grown.newest.segments, report.local.shards[-1:]
    wanted = [file_key(DATASET_ID, file.sha256, file.path) for file in (*shard.files, *grown.newest.meta_files)]
    assert sorted(grown.asked) == sorted([segment_key(DATASET_ID, changed.sha256), *wanted])
    assert segment_key(DATASET_ID, unchanged.sha256) not in grown.asked
    assert (report.new_files, len(report.local.shards)) == (3, SEGMENT_SHARDS + 2)
    assert copy.load(2).shards == report.local.shards


def test_a_damaged_note_of_an_earlier_version_holds_up_no_later_one(tmp_path: Path) -> None:
    copy = LocalCopy(tmp_path)
    pull_version(dataset_of(1, 1), copy)
    (tmp_path / "versions/1.json").write_text("{}")

    assert len(pull_version(dataset_of(2, 2), copy).local.shards) == 2
