"""Converted sessions behind a version's last shard: each piece becomes a shard, and what was there stays as it is.

What this costs does not depend on how much the dataset holds: the last segment is rewritten, the manifest is, and
what else is written is as large as what is added. No video passes through here; it has its final name already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playloom.manifest.staged import StagedPiece, StagedSession
from playloom.manifest.version import SEGMENT_SHARDS, FileRef, ShardRef, ShardSession
from workers.dataset.base import Base
from workers.dataset.coordinator import NewVersion, SessionShare
from workers.dataset.objects import side_by_side
from workers.dataset.segment_writer import SegmentWriter, merged, stats_of_json
from workers.dataset.shape import shape_of
from workers.dataset.shard_tables import ShardPlace, ShardStats, write_staged_shard
from workers.dataset.staged_session import FetchedSession
from workers.dataset.version_files import bytes_of, put_version
from workers.dataset_shape import DatasetShape
from workers.lerobot_files import DATA_PATH, EPISODES_PATH, VIDEO_PATH, numbered


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A piece that has its place."""

    session: StagedSession
    piece: StagedPiece
    rows: Path
    place: ShardPlace
    task_index: int


def append_sessions(base: Base, sessions: Sequence[FetchedSession], scratch: Path) -> NewVersion:
    """The version after ``base`` with these sessions behind what it holds; its objects are put.

    Args:
        base: the newest version.
        sessions: at least one; none is in it.
        scratch: a directory for files under way.
    """
    assert sessions
    shape = shape_of(base.facts.config)
    placed, tasks = _place(base, sessions)
    written = side_by_side(lambda one: _put_shard(base, shape, one, scratch), placed)
    segments = SegmentWriter(base.objects)
    before = base.version
    refs = () if before is None else before.segments
    full = refs[:-1] if refs and refs[-1].shards < SEGMENT_SHARDS else refs
    for ref in full:
        segments.keep(ref)
    for ref in refs[len(full) :]:
        segments.resume(base.objects.read_segment(ref))
    for shard, stats in written:
        segments.add(shard, stats)
    known = [stats_of_json(before.stats)] if before is not None and before.episodes else []
    return put_version(
        base,
        reason="append",
        tasks=tasks,
        next_shard=base.next_shard + len(placed),
        segments=segments.finish(),
        episodes=segments.episodes,
        frames=segments.frames,
        stats=merged([*known, *(stats for _, stats in written)]),
        shard_bytes=(0 if before is None else before.size_bytes - bytes_of(before.meta_files))
        + sum(bytes_of(shard.files) for shard, _ in written),
        terms=tuple(dict.fromkeys((*(() if before is None else before.terms), *segments.terms))),
        added=[
            SessionShare(session_id=one.session.session_id, episodes=len(one.session.pieces), frames=one.session.frames)
            for one in sessions
        ],
        removed=(),
        scratch=scratch,
    )


def _place(base: Base, sessions: Sequence[FetchedSession]) -> tuple[list[_Placed], list[str]]:
    tasks = list(base.tasks)
    numbers = {text: number for number, text in enumerate(tasks)}
    shard = base.next_shard
    episode, index = (0, 0) if base.version is None else (base.version.episodes, base.version.frames)
    placed = []
    for fetched in sessions:
        text = fetched.session.task
        if text not in numbers:
            numbers[text] = len(tasks)
            tasks.append(text)
        for piece, rows in zip(fetched.session.pieces, fetched.rows, strict=True):
            place = ShardPlace(number=shard, first_episode=episode, first_index=index)
            placed.append(
                _Placed(session=fetched.session, piece=piece, rows=rows, place=place, task_index=numbers[text])
            )
            shard, episode, index = shard + 1, episode + 1, index + piece.length
    return placed, tasks


def _put_shard(base: Base, shape: DatasetShape, one: _Placed, scratch: Path) -> tuple[ShardRef, ShardStats]:
    number, session, piece = one.place.number, one.session, one.piece
    data, episodes = scratch / f"data-{number}.parquet", scratch / f"episodes-{number}.parquet"
    stats = write_staged_shard(
        data,
        episodes,
        session,
        piece,
        one.rows,
        place=one.place,
        task_index=one.task_index,
        features=shape.features,
        fps=shape.fps,
    )
    video = FileRef(path=numbered(VIDEO_PATH, number), sha256=piece.video.sha256, size_bytes=piece.video.size_bytes)
    files = (
        video,
        base.objects.put_file(data, numbered(DATA_PATH, number)),
        base.objects.put_file(episodes, numbered(EPISODES_PATH, number)),
    )
    data.unlink()
    episodes.unlink()
    share = ShardSession(
        session_id=session.session_id,
        player_id=session.player_id,
        player=session.player,
        episodes=1,
        frames=piece.length,
        recorded_unix_ns=session.recorded_unix_ns,
        label_source=session.label_source,
        terms=session.terms,
    )
    shard = ShardRef(
        number=number,
        first_episode=one.place.first_episode,
        first_index=one.place.first_index,
        episodes=1,
        frames=piece.length,
        sessions=(share,),
        files=files,
    )
    return shard, stats
