"""The content of a version less some sessions: neither their rows nor their pictures, and every position right again.

What comes before the first of them stays as it is. Shards behind it get data files and episodes files for their new
positions under their old numbers; a video is touched only where it holds a removed session beside others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playloom.manifest.config import DatasetConfig
from playloom.manifest.version import DatasetVersion, Segment, SegmentRef, ShardRef
from playloom.recording.mp4_index import index_video
from workers.dataset.base import segments_of
from workers.dataset.objects import DatasetObjects, side_by_side
from workers.dataset.segment_writer import SegmentWriter
from workers.dataset.shape import video_profile_of
from workers.dataset.shard_files import (
    CopiedVideo,
    EpisodeVideo,
    SourceShard,
    episodes_in,
    own_directory,
    put_copied_video,
    put_rewritten,
    stats_in,
    video_of,
)
from workers.dataset.shard_tables import KnownEpisode, ShardPlace, ShardStats
from workers.dataset.version_files import bytes_of
from workers.dataset_shape import DatasetShape


@dataclass(frozen=True, kw_only=True)
class Remains:
    """What is left of a version.

    Attributes:
        segments, episodes, frames, stats: of it.
        shard_bytes: of all files of its shards.
        tasks: its texts; one that no episode has any more is "(removed N)".
        terms: of its sessions.
    """

    segments: tuple[SegmentRef, ...]
    episodes: int
    frames: int
    stats: ShardStats
    shard_bytes: int
    tasks: tuple[str, ...]
    terms: tuple[str, ...]


@dataclass(kw_only=True)
class Without:
    """Leaves sessions out of versions; videos that were copied for one try of a commit serve the next.

    Attributes:
        objects: of the dataset.
        config: of the dataset.
        shape: the same in the steps' words.
        gone: the sessions.
        scratch: a directory for files under way.
        checkpoint: called between shards.
    """

    objects: DatasetObjects
    config: DatasetConfig
    shape: DatasetShape
    gone: frozenset[str]
    scratch: Path
    checkpoint: Callable[[], None]
    _videos: dict[tuple[str, tuple[int, ...]], CopiedVideo] = field(default_factory=dict)

    def prepare(self, version: DatasetVersion) -> None:
        """Copy the videos that hold both what stays and what goes: what takes long, before it is our turn."""
        for segment in segments_of(self.objects, version):
            mixed = [shard for shard in segment.shards if self._loses(shard) and not self._vanishes(shard)]
            side_by_side(self._video_without, mixed)

    def remains(self, version: DatasetVersion) -> Remains:
        """Put what is left of ``version``."""
        writer = SegmentWriter(self.objects)
        touched, shard_bytes = False, 0
        lost: set[str] = set()
        found: set[str] = set()
        for ref in version.segments:
            self.checkpoint()
            segment = self.objects.read_segment(ref)
            if not touched and not any(self._loses(shard) for shard in segment.shards):
                writer.keep(ref, segment)
                shard_bytes += sum(bytes_of(shard.files) for shard in segment.shards)
                continue
            touched = True
            for moved in side_by_side(self._move, self._moves(segment, writer.episodes, writer.frames)):
                lost |= moved.lost
                if moved.shard is not None:
                    found |= moved.found
                    writer.add(moved.shard, moved.stats)
                    shard_bytes += bytes_of(moved.shard.files)
        segments = writer.finish()
        missing = self._unused(lost - found, segments)
        return Remains(
            segments=segments,
            episodes=writer.episodes,
            frames=writer.frames,
            stats=writer.stats,
            shard_bytes=shard_bytes,
            tasks=tuple(forgotten(number) if text in missing else text for number, text in enumerate(version.tasks)),
            terms=writer.terms,
        )

    def _moves(self, segment: Segment, episode: int, index: int) -> Iterator[tuple[ShardRef, ShardPlace]]:
        for shard in segment.shards:
            yield shard, ShardPlace(number=shard.number, first_episode=episode, first_index=index)
            episode += sum(one.episodes for one in shard.sessions if one.session_id not in self.gone)
            index += sum(one.frames for one in shard.sessions if one.session_id not in self.gone)

    def _move(self, one: tuple[ShardRef, ShardPlace]) -> _Moved:
        shard, place = one
        self.checkpoint()
        if self._loses(shard):
            rows = episodes_in(self.objects, shard, self.shape.fps, self.scratch)
            lost = {row.task for row in rows if row.session_id in self.gone}
            found = {row.task for row in rows if row.session_id not in self.gone}
        else:
            rows, lost, found = [], set[str](), set[str]()
        if self._vanishes(shard):
            return _Moved(lost=lost)
        if not lost and (place.first_episode, place.first_index) == (shard.first_episode, shard.first_index):
            stats = stats_in(self.objects, shard, self.shape, self.scratch)
            return _Moved(shard=shard, stats=stats)
        video = self._video_without(shard) if lost else None
        kept = kept_places(rows, self.gone) if lost else tuple(range(shard.episodes))
        moved, stats = put_rewritten(
            self.objects,
            [SourceShard(shard=shard, kept=kept)],
            self.gone,
            video=video,
            place=place,
            shape=self.shape,
            scratch=self.scratch,
        )
        return _Moved(shard=moved, stats=stats, lost=lost, found=found)

    def _video_without(self, shard: ShardRef) -> CopiedVideo:
        file = video_of(shard)
        rows = episodes_in(self.objects, shard, self.shape.fps, self.scratch)
        kept = kept_places(rows, self.gone)
        if (file.sha256, kept) not in self._videos:
            self.checkpoint()
            with own_directory(self.scratch) as directory:
                index = index_video(self.objects.fetch(file, directory))
                wanted = [
                    EpisodeVideo(index=index, first_frame=rows[at].first_frame, length=rows[at].length) for at in kept
                ]
                profile = video_profile_of(self.config)
                self._videos[file.sha256, kept] = put_copied_video(
                    self.objects, wanted, profile, file.path, self.scratch
                )
        return self._videos[file.sha256, kept]

    def _unused(self, texts: set[str], segments: Sequence[SegmentRef]) -> set[str]:
        """Which of these tasks no episode has any more."""
        left = set(texts)
        for ref in segments:
            if not left:
                break
            for shard in self.objects.read_segment(ref).shards:
                if not left:
                    break
                left -= {row.task for row in episodes_in(self.objects, shard, self.shape.fps, self.scratch)}
        return left

    def _loses(self, shard: ShardRef) -> bool:
        return any(one.session_id in self.gone for one in shard.sessions)

    def _vanishes(self, shard: ShardRef) -> bool:
        return all(one.session_id in self.gone for one in shard.sessions)


@dataclass(frozen=True, kw_only=True)
class _Moved:
    """A shard at its new place, or none where nothing of it is left; the tasks that its episodes have, and had."""

    shard: ShardRef | None = None
    stats: ShardStats = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)


def forgotten(number: int) -> str:
    """What stands for a task that no episode has any more: its text may tell of somebody."""
    return f"(removed {number})"


def kept_places(rows: Sequence[KnownEpisode], gone: frozenset[str]) -> tuple[int, ...]:
    return tuple(place for place, row in enumerate(rows) if row.session_id not in gone)
