"""Versions of datasets made of words: their files hold what they are called."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from playloom.manifest.config import DatasetConfig
from playloom.manifest.version import (
    DatasetVersion,
    FileRef,
    Segment,
    SegmentRef,
    ShardRef,
    ShardSession,
    pack_segments,
)

DATASET_ID = "dataset_0000000000000000000000000001"
CONFIG = DatasetConfig(game_definition="game_id: pong\n", class_ids=("pong",), fps=30, width=64, height=64)


def content_of(text: str) -> bytes:
    return f"content of {text}".encode()


def file_of(path: str, text: str | None = None) -> FileRef:
    content = content_of(path if text is None else text)
    return FileRef(path=path, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))


def shard_of(number: int, *sessions: ShardSession, first_episode: int = 0, first_index: int = 0) -> ShardRef:
    return ShardRef(
        number=number,
        first_episode=first_episode,
        first_index=first_index,
        episodes=sum(one.episodes for one in sessions),
        frames=sum(one.frames for one in sessions),
        sessions=sessions,
        files=(file_of(f"data/chunk-000/file-{number:03d}.parquet"), file_of(f"videos/main/file-{number:03d}.mp4")),
    )


def session_of(
    name: str,
    player: str = "ada",
    *,
    episodes: int = 1,
    frames: int = 100,
    day: int = 0,
    label_source: str = "recorded",
) -> ShardSession:
    return ShardSession(
        session_id=name,
        player_id=f"player_{player}",
        player=player,
        episodes=episodes,
        frames=frames,
        recorded_unix_ns=day * 86_400 * 10**9,
        label_source=label_source,
    )


def shards_of(*sessions: ShardSession) -> tuple[ShardRef, ...]:
    """A shard for each session."""
    shards, episode, index = [], 0, 0
    for number, session in enumerate(sessions):
        shards.append(shard_of(number, session, first_episode=episode, first_index=index))
        episode, index = episode + session.episodes, index + session.frames
    return tuple(shards)


def version_of(shards: Sequence[ShardRef], number: int = 1) -> tuple[DatasetVersion, list[Segment]]:
    """A version and its segments."""
    segments = [Segment(shards=part, stats={}) for part in pack_segments(shards)]
    meta = (file_of("meta/info.json", f"info of {number}"),)
    version = DatasetVersion(
        dataset_id=DATASET_ID,
        dataset="pong",
        number=number,
        parent=number - 1,
        reason="append",
        created_unix_ns=number * 10**9,
        config=CONFIG,
        tasks=("win",),
        next_shard=len(shards),
        episodes=sum(shard.episodes for shard in shards),
        frames=sum(shard.frames for shard in shards),
        size_bytes=sum(file.size_bytes for shard in shards for file in shard.files),
        stats={},
        meta_files=meta,
        segments=tuple(SegmentRef.of(segment, segment.to_bytes()) for segment in segments),
    )
    return version, segments
