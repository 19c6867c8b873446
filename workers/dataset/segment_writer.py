"""Shards on their way into segments: full ones are put as they fill, and none is held longer than that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from playloom.manifest.version import SEGMENT_SHARDS, Segment, SegmentRef, ShardRef
from workers.dataset.objects import DatasetObjects
from workers.dataset.shard_tables import ShardStats
from workers.stats import merge, stats_from_json, stats_to_json


class SegmentWriter:
    """Takes shards in order and gives segments.

    Attributes:
        refs: the segments so far.
        episodes, frames: of all shards so far.
        terms: of their sessions, each once; those of segments that were kept unread are not known.
    """

    def __init__(self, objects: DatasetObjects) -> None:
        self._objects = objects
        self._shards: list[ShardRef] = []
        self._stats: list[ShardStats] = []
        self._segment_stats: list[ShardStats] = []
        self.refs: list[SegmentRef] = []
        self.episodes = self.frames = 0
        self._terms: dict[str, None] = {}

    def keep(self, ref: SegmentRef, segment: Segment | None = None) -> None:
        """Take a segment over as it is; without its content the statistics of all are not known."""
        assert not self._shards, "a segment is kept between segments"
        self.refs.append(ref)
        self.episodes += ref.episodes
        self.frames += ref.frames
        if segment is not None:
            self._segment_stats.append(stats_of_json(segment.stats))
            self._note_terms(segment.shards)

    def resume(self, segment: Segment) -> None:
        """Go on with a segment that is not full."""
        assert not self._shards, "a segment is resumed between segments"
        self._shards.extend(segment.shards)
        self._stats.append(stats_of_json(segment.stats))
        self._note_terms(segment.shards)
        self.episodes += sum(shard.episodes for shard in segment.shards)
        self.frames += sum(shard.frames for shard in segment.shards)

    def add(self, shard: ShardRef, stats: ShardStats) -> None:
        """Take a shard."""
        self._shards.append(shard)
        self._note_terms([shard])
        self._stats.append(stats)
        self.episodes += shard.episodes
        self.frames += shard.frames
        if len(self._shards) == SEGMENT_SHARDS:
            self._flush()

    def finish(self) -> tuple[SegmentRef, ...]:
        """All segments."""
        if self._shards:
            self._flush()
        return tuple(self.refs)

    @property
    def stats(self) -> ShardStats:
        """Of all segments, where none was kept unread."""
        return merged(self._segment_stats)

    @property
    def terms(self) -> tuple[str, ...]:
        return tuple(self._terms)

    def _note_terms(self, shards: Sequence[ShardRef]) -> None:
        for shard in shards:
            for session in shard.sessions:
                self._terms |= dict.fromkeys(session.terms)

    def _flush(self) -> None:
        stats = merged(self._stats)
        self.refs.append(self._objects.put_segment(Segment(shards=tuple(self._shards), stats=stats_as_json(stats))))
        self._segment_stats.append(stats)
        self._shards, self._stats = [], []


def merged(parts: Sequence[ShardStats]) -> ShardStats:
    """The statistics of several parts of a dataset together; of none, none."""
    return {feature: merge([part[feature] for part in parts]) for feature in parts[0]} if parts else {}


def stats_of_json(stats: Mapping[str, Mapping[str, list]]) -> ShardStats:
    return {feature: stats_from_json(values) for feature, values in stats.items()}


def stats_as_json(stats: ShardStats) -> dict[str, dict[str, list]]:
    return {feature: stats_to_json(values) for feature, values in stats.items()}
