"""A shared dataset in a directory's store, and what a version of it holds when it is laid out and decoded."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from playloom.manifest.keys import dataset_prefix, file_key, segment_key
from playloom.manifest.reading import read_files, read_segments
from playloom.manifest.version import DatasetVersion
from playloom.objects.directory_store import DirectoryStore
from playloom.objects.object_store import ObjectStore, list_objects, read_object
from tests.support.conversions import read_episodes
from tests.support.memory_coordinator import MemoryCoordinator
from tests.support.numbered_sessions import expected_action
from tests.support.staged_sessions import FACTS, Recorded, expected_agent, stage
from workers.dataset.collect import Collected, collect_garbage
from workers.dataset.commit import commit_staged
from workers.dataset.compact import compact_dataset
from workers.dataset.coordinator import DatasetCoordinator
from workers.dataset.layout import lay_out
from workers.dataset.objects import DatasetObjects
from workers.dataset.remove import remove_sessions
from workers.dataset.rollback import roll_back


@dataclass(kw_only=True)
class SharedDataset:
    """What can be done with a dataset called 'test', whatever coordinates it."""

    directory: Path
    store: ObjectStore
    coordinator: DatasetCoordinator
    turn_s: float = 30.0

    def stage(self, *sessions: Recorded, lead_in: int = 0) -> None:
        """Convert sessions and let them wait."""
        raise NotImplementedError

    def forbid(self, *session_ids: str) -> None:
        """They must not enter, and have to leave."""
        raise NotImplementedError

    def commit(self, session_id: str) -> int:
        return commit_staged(
            self.coordinator,
            self.store,
            dataset="test",
            session_id=session_id,
            worker="w",
            scratch=self.scratch,
            wait_s=5.0,
            turn_s=self.turn_s,
        )

    def append(self, *sessions: Recorded, lead_in: int = 0) -> int:
        self.stage(*sessions, lead_in=lead_in)
        return self.commit(sessions[0].session_id)

    def remove(self, *session_ids: str) -> int:
        self.forbid(*session_ids)
        return remove_sessions(self.coordinator, self.store, dataset="test", worker="w", scratch=self.scratch)

    def compact(self) -> int:
        return compact_dataset(self.coordinator, self.store, dataset="test", worker="w", scratch=self.scratch)

    def roll_back(self, to: int) -> int:
        return roll_back(self.coordinator, self.store, dataset="test", to=to, worker="w", scratch=self.scratch)

    def collect(self, grace_s: float = 0.0, withdraw_after_s: float = 0.0) -> Collected:
        time.sleep(0.002)  # what was just written is older than no grace at all
        return collect_garbage(
            self.coordinator,
            self.store,
            dataset="test",
            worker="w",
            scratch=self.scratch,
            grace_s=grace_s,
            withdraw_after_s=withdraw_after_s,
        )

    @property
    def scratch(self) -> Path:
        return self.directory / "scratch"

    def version(self, number: int | None = None) -> DatasetVersion:
        return version_of(self.coordinator, self.store, number)

    def laid_out(self, number: int | None = None) -> Path:
        version = self.version(number)
        directory = self.directory / f"laid-out-{version.number}-{time.monotonic_ns()}"
        return lay_out(self.store, version, directory)


@dataclass(kw_only=True)
class MemoryDataset(SharedDataset):
    """A dataset whose coordinator is in memory."""

    memory: MemoryCoordinator

    @classmethod
    def within(cls, directory: Path) -> MemoryDataset:
        memory = MemoryCoordinator(dataset=FACTS)
        return cls(directory=directory, store=DirectoryStore(directory / "store"), coordinator=memory, memory=memory)

    def stage(self, *sessions: Recorded, lead_in: int = 0) -> None:
        for session in sessions:
            ref = stage(self.store, FACTS, session, self.directory / "staging", lead_in=lead_in)
            self.memory.stage(ref, len(session.episodes), session.frames)

    def forbid(self, *session_ids: str) -> None:
        self.memory.remove(session_ids)


def version_of(coordinator: DatasetCoordinator, store: ObjectStore, number: int | None = None) -> DatasetVersion:
    pointer = coordinator.version("test", number)
    assert pointer is not None
    return DatasetObjects(store, coordinator.facts("test").id).read_version(pointer)


def see_whole(store: ObjectStore, version: DatasetVersion, directory: Path, sessions: Sequence[Recorded]) -> None:
    """See that a version holds the episodes of these sessions in this order: every frame, every position, every sum."""
    wanted = [(one, numbers) for one in sessions for numbers in one.episodes]
    lay_out(store, version, directory)
    segments = list(read_segments(lambda key: read_object(store, key), version))
    shards = [shard for segment in segments for shard in segment.shards]
    assert [len(segment.shards) for segment in segments] == [ref.shards for ref in version.segments]
    assert [shard.number for shard in shards] == sorted({shard.number for shard in shards})
    assert all(shard.number < version.next_shard for shard in shards)
    episode = index = 0
    for shard in shards:
        assert (shard.first_episode, shard.first_index) == (episode, index)
        assert shard.episodes == sum(one.episodes for one in shard.sessions)
        assert shard.frames == sum(one.frames for one in shard.sessions)
        episode, index = episode + shard.episodes, index + shard.frames
    assert (version.episodes, version.frames) == (episode, index) == (len(wanted), sum(len(n) for _, n in wanted))
    files = list(read_files(lambda key: read_object(store, key), version))
    assert version.size_bytes == sum(file.size_bytes for file in files)
    info = json.loads((directory / "meta/info.json").read_text())
    assert (info["total_episodes"], info["total_frames"]) == (episode, index)
    assert info["total_tasks"] == len(version.tasks)
    if not wanted:
        assert not shards
        return
    found = read_episodes(directory)
    rows = [
        row
        for path in sorted((directory / "meta/episodes").rglob("*.parquet"))
        for row in pq.read_table(path).to_pylist()
    ]
    assert len(found) == len(rows) == len(wanted)
    for place, ((session, numbers), episode, row) in enumerate(zip(wanted, found, rows, strict=True)):
        assert row["session_id"] == session.session_id
        assert row["episode_index"] == place
        assert (row["player"], row["player_id"], row["label_source"]) == (
            session.player,
            f"pl_{session.player}",
            "recorded",
        )
        assert row["tasks"] == [session.task]
        assert episode.numbers == list(numbers)
        np.testing.assert_array_equal(episode.action, np.array([expected_action(n) for n in numbers], np.float32))
        assert episode.columns["action.agent"] == [expected_agent(n) for n in numbers]
        assert [version.tasks[task] for task in set(episode.columns["task_index"])] == [session.task]
        for name, values in {"index": episode.columns["index"], "episode_index": [place]}.items():
            assert row[f"stats/{name}/min"] == [min(values)]
            assert row[f"stats/{name}/max"] == [max(values)]
    stats = json.loads((directory / "meta/stats.json").read_text())
    actions = np.concatenate([episode.action for episode in found]).astype(np.float64)
    np.testing.assert_allclose(stats["action"]["mean"], actions.mean(axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(stats["action"]["std"], actions.std(axis=0), rtol=1e-6, atol=1e-9)
    assert (stats["action"]["count"], stats["index"]["max"]) == ([index], [index - 1])
    assert version.stats == stats


def objects_of(store: ObjectStore, dataset_id: str) -> dict[str, bytes]:
    return {one.key: read_object(store, one.key) for one in list_objects(store, dataset_prefix(dataset_id))}


def named_keys(store: ObjectStore, pointers: Iterable[tuple[str, DatasetVersion]]) -> set[str]:
    """Everything that versions name, their manifests included."""
    keys: set[str] = set()
    for key, version in pointers:
        keys.add(key)
        keys |= {segment_key(version.dataset_id, ref.sha256) for ref in version.segments}
        keys |= {
            file_key(version.dataset_id, file.sha256, file.path)
            for file in read_files(lambda name: read_object(store, name), version)
        }
    return keys
