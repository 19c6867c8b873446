"""A version in which runs of small neighbouring shards are one: the same episodes in the same order, in fewer files.

The work is done before it is our turn, on whatever is the newest version then; in our turn only what came meanwhile is
looked at. A shard that is half as large as one may be stays, or every compaction would write it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playloom.manifest.config import DatasetConfig
from playloom.manifest.version import DatasetVersion, ShardRef
from playloom.objects.object_store import ObjectStore
from playloom.recording.mp4_index import index_video
from workers.dataset.base import open_base, shards_of
from workers.dataset.commit import Committing, commit_next, committing, go_on, turn_s_for
from workers.dataset.coordinator import DatasetCoordinator, NewVersion, Turn
from workers.dataset.objects import DatasetObjects, side_by_side
from workers.dataset.segment_writer import SegmentWriter
from workers.dataset.shape import shape_of, video_profile_of
from workers.dataset.shard_files import (
    EpisodeVideo,
    SourceShard,
    episodes_of,
    own_directory,
    put_copied_video,
    put_rewritten,
    stats_in,
    video_of,
)
from workers.dataset.shard_tables import ShardPlace, ShardStats, read_episode_rows
from workers.dataset.version_files import bytes_of, put_version
from workers.dataset_shape import DatasetShape
from workers.options import MAX_FILE_S
from workers.video.copy import can_share_file

type _Merged = tuple[ShardRef, ShardStats | None]
"""A shard of the new version; None: it stays as it is, its statistics were not asked for."""


def compact_dataset(
    coordinator: DatasetCoordinator,
    store: ObjectStore,
    *,
    dataset: str,
    worker: str,
    scratch: Path,
    checkpoint: Callable[[], None] = go_on,
) -> int:
    """Make a version of fewer, larger shards; returns its number, or the newest one's if nothing can be put together.

    Raises:
        As `commit_staged`.
    """
    with committing(
        coordinator, store, dataset=dataset, worker=worker, scratch=scratch, checkpoint=checkpoint
    ) as place:
        compaction = _Compaction(
            objects=place.objects,
            config=place.facts.config,
            shape=shape_of(place.facts.config),
            scratch=place.scratch,
            checkpoint=place.checkpoint,
        )
        newest = open_base(place.objects, place.facts, coordinator.version(place.facts.id, None)).version
        if newest is None:
            return 0
        if not compaction.prepare(newest):
            return newest.number
        return commit_next(place, lambda turn: _build(place, compaction, turn), turn_s=turn_s_for(newest))


@dataclass(kw_only=True)
class _Compaction:
    """Puts runs of shards together, each once.

    Attributes:
        objects, config, shape: of the dataset.
        scratch: a directory for files under way.
        checkpoint: called between runs.
    """

    objects: DatasetObjects
    config: DatasetConfig
    shape: DatasetShape
    scratch: Path
    checkpoint: Callable[[], None]
    _done: dict[tuple[ShardRef, ...], list[_Merged]] = field(default_factory=dict)

    def prepare(self, version: DatasetVersion) -> bool:
        """Put together all that can be; whether there is anything."""
        shorter = [len(self.merged(run)) < len(run) for run in self.runs(version)]
        return any(shorter)

    def runs(self, version: DatasetVersion) -> Iterator[tuple[ShardRef, ...]]:
        """Neighbouring shards that by their sizes could be one; one that could not, alone."""
        run: list[ShardRef] = []
        for shard in shards_of(self.objects, version):
            if run and not (self._is_small(run[-1]) and self._is_small(shard) and self._fits([*run, shard])):
                yield tuple(run)
                run = []
            run.append(shard)
        if run:
            yield tuple(run)

    def merged(self, run: tuple[ShardRef, ...]) -> list[_Merged]:
        """The run as fewer shards; those that cannot share a file stay apart."""
        if len(run) == 1:
            return [(run[0], None)]
        if run not in self._done:
            self.checkpoint()
            self._done[run] = self._merge(run)
        return self._done[run]

    def _merge(self, run: Sequence[ShardRef]) -> list[_Merged]:
        with own_directory(self.scratch) as directory:
            paths = side_by_side(lambda shard: self.objects.fetch(video_of(shard), directory), run)
            indexes = side_by_side(index_video, paths)
            tables = side_by_side(lambda shard: self.objects.fetch(episodes_of(shard), directory), run)
            episodes = side_by_side(lambda table: read_episode_rows(table, self.shape.fps), tables)
            groups: list[list[int]] = []
            frames = 0
            for place, index in enumerate(indexes):
                frames += index.frames
                if (
                    not groups
                    or frames > MAX_FILE_S * self.shape.fps
                    or not can_share_file(indexes[groups[-1][-1]], index)
                ):
                    groups.append([])
                    frames = index.frames
                groups[-1].append(place)
            merged: list[_Merged] = []
            for group in groups:
                self.checkpoint()
                if len(group) == 1:
                    merged.append((run[group[0]], None))
                    continue
                wanted = [
                    EpisodeVideo(index=indexes[place], first_frame=row.first_frame, length=row.length)
                    for place in group
                    for row in episodes[place]
                ]
                first = run[group[0]]
                profile = video_profile_of(self.config)
                video = put_copied_video(self.objects, wanted, profile, video_of(first).path, self.scratch)
                merged.append(
                    put_rewritten(
                        self.objects,
                        [SourceShard(shard=run[at], kept=tuple(range(run[at].episodes))) for at in group],
                        frozenset(),
                        video=video,
                        place=ShardPlace(
                            number=first.number, first_episode=first.first_episode, first_index=first.first_index
                        ),
                        shape=self.shape,
                        scratch=self.scratch,
                    )
                )
        return merged

    def _is_small(self, shard: ShardRef) -> bool:
        return 2 * video_of(shard).size_bytes <= self._max_bytes and 2 * shard.frames <= MAX_FILE_S * self.shape.fps

    def _fits(self, shards: Sequence[ShardRef]) -> bool:
        return (
            sum(video_of(shard).size_bytes for shard in shards) <= self._max_bytes
            and sum(shard.frames for shard in shards) <= MAX_FILE_S * self.shape.fps
        )

    @property
    def _max_bytes(self) -> int:
        return self.config.max_shard_mb << 20


def _build(place: Committing, compaction: _Compaction, turn: Turn) -> NewVersion | None:
    base = place.base(turn)
    if base.version is None:
        return None
    writer = SegmentWriter(place.objects)
    shard_bytes, before, after = 0, 0, 0
    for run in compaction.runs(base.version):
        merged = compaction.merged(run)
        unread = [shard for shard, stats in merged if stats is None]
        read = dict(
            zip(
                (shard.number for shard in unread),
                side_by_side(lambda one: stats_in(place.objects, one, compaction.shape, place.scratch), unread),
                strict=True,
            )
        )
        for shard, stats in merged:
            writer.add(shard, read[shard.number] if stats is None else stats)
            shard_bytes += bytes_of(shard.files)
        before, after = before + len(run), after + len(merged)
    if before == after:
        return None
    return put_version(
        base,
        reason="compact",
        tasks=base.tasks,
        next_shard=base.next_shard,
        segments=writer.finish(),
        episodes=writer.episodes,
        frames=writer.frames,
        stats=writer.stats,
        shard_bytes=shard_bytes,
        terms=writer.terms,
        added=(),
        removed=(),
        scratch=place.scratch,
    )
