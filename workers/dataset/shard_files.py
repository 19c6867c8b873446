"""A shard's files out of other shards' files: other positions, fewer episodes, or several shards in one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from playloom.manifest.version import FileRef, ShardRef
from playloom.recording.mp4_index import VideoIndex
from workers.dataset.objects import DatasetObjects
from workers.dataset.shard_tables import (
    KnownEpisode,
    ShardPart,
    ShardPlace,
    ShardStats,
    read_episode_rows,
    read_shard_stats,
    rewrite_shard,
)
from workers.dataset_shape import DatasetShape
from workers.lerobot_files import DATA_PATH, EPISODES_PATH, numbered
from workers.video.copy import copy_packets
from workers.video.segment import VideoProfile, VideoSegment


@dataclass(frozen=True, kw_only=True)
class CopiedVideo:
    """A video of several episodes, in the store. Attributes: first_frames: where each episode begins in it."""

    sha256: str
    size_bytes: int
    first_frames: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class EpisodeVideo:
    """Where the pictures of one episode are. Attributes: index: of a local file; first_frame, length: in it."""

    index: VideoIndex
    first_frame: int
    length: int


def video_of(shard: ShardRef) -> FileRef:
    return _file(shard, ".mp4")


def data_of(shard: ShardRef) -> FileRef:
    return _file(shard, "data/")


def episodes_of(shard: ShardRef) -> FileRef:
    return _file(shard, "meta/episodes/")


def _file(shard: ShardRef, sign: str) -> FileRef:
    return next(file for file in shard.files if file.path.startswith(sign) or file.path.endswith(sign))


@contextmanager
def own_directory(scratch: Path) -> Iterator[Path]:
    """A directory for one piece of work, gone afterwards."""
    directory = Path(tempfile.mkdtemp(dir=scratch))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def episodes_in(objects: DatasetObjects, shard: ShardRef, fps: int, scratch: Path) -> list[KnownEpisode]:
    """The episodes of a shard."""
    with own_directory(scratch) as directory:
        return read_episode_rows(objects.fetch(episodes_of(shard), directory), fps)


def stats_in(objects: DatasetObjects, shard: ShardRef, shape: DatasetShape, scratch: Path) -> ShardStats:
    """The statistics of a shard that stays as it is."""
    with own_directory(scratch) as directory:
        return read_shard_stats(objects.fetch(episodes_of(shard), directory), shape.features)


def put_copied_video(
    objects: DatasetObjects, episodes: Sequence[EpisodeVideo], profile: VideoProfile, path: str, scratch: Path
) -> CopiedVideo:
    """Packets of these episodes, and of no others, as one video file in the store; ``path`` gives its suffix."""
    with own_directory(scratch) as directory:
        segments = [
            VideoSegment(
                path=one.index.path,
                index=one.index,
                frames=np.arange(one.first_frame, one.first_frame + one.length, dtype=np.int64),
            )
            for one in episodes
        ]
        video = directory / "video.mp4"
        written = copy_packets(video, segments, profile.fps)
        file = objects.put_file(video, path)
    first_frames = tuple(segment.first_frame for segment in written)
    return CopiedVideo(sha256=file.sha256, size_bytes=file.size_bytes, first_frames=first_frames)


@dataclass(frozen=True, kw_only=True)
class SourceShard:
    """Episodes of a shard that a rewritten one takes over. Attributes: kept: their places in it, ascending."""

    shard: ShardRef
    kept: tuple[int, ...]


def put_rewritten(
    objects: DatasetObjects,
    sources: Sequence[SourceShard],
    gone: frozenset[str],
    *,
    video: CopiedVideo | None,
    place: ShardPlace,
    shape: DatasetShape,
    scratch: Path,
) -> tuple[ShardRef, ShardStats]:
    """Put the data file and the episodes file of a shard that holds episodes of others.

    Args:
        objects: of the dataset.
        sources: where the episodes come from, in order.
        gone: sessions that are in it no more.
        video: the video, where it is another than the only source's.
        place: of the new shard.
        shape: of the dataset.
        scratch: a directory for files under way.
    """
    first_video = video_of(sources[0].shard)
    with own_directory(scratch) as directory:
        parts, start = [], 0
        for source in sources:
            end = start + len(source.kept)
            parts.append(
                ShardPart(
                    data=objects.fetch(data_of(source.shard), directory),
                    episodes=objects.fetch(episodes_of(source.shard), directory),
                    kept=source.kept,
                    first_frames=None if video is None else video.first_frames[start:end],
                )
            )
            start = end
        data, episodes = directory / "data.new", directory / "episodes.new"
        stats = rewrite_shard(data, episodes, parts, place=place, features=shape.features, fps=shape.fps)
        files = (
            replace(first_video, sha256=video.sha256, size_bytes=video.size_bytes)
            if video is not None
            else first_video,
            objects.put_file(data, numbered(DATA_PATH, place.number)),
            objects.put_file(episodes, numbered(EPISODES_PATH, place.number)),
        )
    sessions = {}
    for source in sources:
        for share in source.shard.sessions:
            if share.session_id in gone:
                continue
            before = sessions.get(share.session_id)
            sessions[share.session_id] = (
                share
                if before is None
                else replace(before, episodes=before.episodes + share.episodes, frames=before.frames + share.frames)
            )
    shares = tuple(sessions.values())
    shard = ShardRef(
        number=place.number,
        first_episode=place.first_episode,
        first_index=place.first_index,
        episodes=sum(share.episodes for share in shares),
        frames=sum(share.frames for share in shares),
        sessions=shares,
        files=files,
    )
    return shard, stats
