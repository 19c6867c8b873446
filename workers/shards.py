"""Shards: one video file, one data file and one episodes file of the same number, never changed once written.

Episodes fill shards in the order of their sessions, so the same sessions give the same shards whatever the number of
processes, and an interrupted conversion goes on with the first shard that it had not finished.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.recording.mp4_index import index_video
from workers.arrow_arrays import strings
from workers.converted import ConvertedPiece, ConvertedSession
from workers.features import FeatureSet
from workers.lerobot_files import (
    DATA_PATH,
    EPISODES_PATH,
    VIDEO_PATH,
    EpisodeRow,
    numbered,
    write_data_file,
    write_episodes_file,
)
from workers.options import MAX_FILE_S
from workers.stats import FeatureStats, numeric_stats, stats_from_json, stats_to_json
from workers.video.copy import can_share_file, copy_video
from workers.video.segment import VideoProfile, VideoSegment


@dataclass(frozen=True, kw_only=True)
class ShardPiece:
    """An episode on its way into a shard.

    Attributes:
        session: the session's directory name.
        session_number, piece_number: which piece of which session of the batch.
        directory: where the session's conversion left its files.
        of: the session.
        piece: the episode.
        task_index: of its task.
    """

    session: str
    session_number: int
    piece_number: int
    directory: Path
    of: ConvertedSession
    piece: ConvertedPiece
    task_index: int

    @property
    def video(self) -> Path:
        return self.directory / self.piece.video


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A finished shard.

    Attributes:
        number: of its files.
        pieces: (session number, piece number) of its episodes.
        episodes: how many.
        frames: their rows.
        sizes: of its files in bytes, by path in the dataset.
        stats: of each of its episodes, each feature.
        codec, pixel_format: of its video.
        copied: whether any of its pictures were copied from a recording as they are.
    """

    number: int
    pieces: tuple[tuple[int, int], ...]
    episodes: int
    frames: int
    sizes: Mapping[str, int]
    stats: tuple[Mapping[str, FeatureStats], ...]
    codec: str
    pixel_format: str
    copied: bool


def fits(pieces: Sequence[ShardPiece], piece: ShardPiece, fps: int, max_bytes: int) -> bool:
    """Whether ``piece`` may stand in one shard with ``pieces``."""
    if not pieces:
        return True
    every = [*pieces, piece]
    return (
        sum(one.piece.video_frames for one in every) <= MAX_FILE_S * fps
        and sum(one.piece.video_bytes for one in every) <= max_bytes
        and can_share_file(index_video(pieces[-1].video), index_video(piece.video))
    )


def write_shard(
    dataset: Path,
    pieces: Sequence[ShardPiece],
    *,
    number: int,
    first_episode: int,
    first_index: int,
    features: FeatureSet,
    profile: VideoProfile,
    converter_version: str,
) -> Shard:
    """Write one shard into the directory ``dataset``; the files of ``pieces`` stay until it is finished."""
    paths = {kind: numbered(kind, number) for kind in (VIDEO_PATH, DATA_PATH, EPISODES_PATH)}
    first_frames = _write_video(dataset / paths[VIDEO_PATH], pieces, profile)
    episodes, rows = [], []
    index = first_index
    for place, (one, first_frame) in enumerate(zip(pieces, first_frames, strict=True)):
        length = one.piece.length
        columns = index_columns(
            length, fps=profile.fps, episode=first_episode + place, first_index=index, task_index=one.task_index
        )
        with np.load(one.directory / one.piece.rows, allow_pickle=False) as recorded:
            episodes.append({**{name: recorded[name] for name in recorded.files}, **columns})
        rows.append(
            EpisodeRow(
                episode_index=first_episode + place,
                task=one.of.task,
                length=length,
                file_number=number,
                from_index=index,
                from_timestamp=first_frame / profile.fps,
                to_timestamp=(first_frame + length) / profile.fps,
                stats={**one.piece.stats, **{name: numeric_stats(values) for name, values in columns.items()}},
                session=one.session,
                session_id=one.of.session_id,
                player=one.of.player,
                profile_name=one.of.profile_name,
                session_first_frame=one.piece.source_frame,
                session_start_ns=one.piece.start_ns,
                video_path="copy" if one.of.copied else "transcode",
                converter_version=converter_version,
            )
        )
        index += length
    write_data_file(dataset / paths[DATA_PATH], features, episodes)
    sources = strings([one.of.label_source for one in pieces])
    write_episodes_file(dataset / paths[EPISODES_PATH], features, rows, {"label_source": sources})
    return Shard(
        number=number,
        pieces=tuple((one.session_number, one.piece_number) for one in pieces),
        episodes=len(pieces),
        frames=index - first_index,
        sizes={path: (dataset / path).stat().st_size for path in paths.values()},
        stats=tuple(row.stats for row in rows),
        codec=pieces[0].piece.codec,
        pixel_format=pieces[0].piece.pixel_format,
        copied=any(one.of.copied for one in pieces),
    )


def index_columns(
    length: int, *, fps: int, episode: int, first_index: int, task_index: int
) -> dict[str, NDArray[np.generic]]:
    """The columns of an episode that depend on its place in the dataset."""
    frame_index = np.arange(length, dtype=np.int64)
    return {
        "timestamp": (frame_index / fps).astype(np.float32),
        "frame_index": frame_index,
        "episode_index": np.full(length, episode, np.int64),
        "index": first_index + frame_index,
        "task_index": np.full(length, task_index, np.int64),
    }


def _write_video(output: Path, pieces: Sequence[ShardPiece], profile: VideoProfile) -> list[int]:
    """Put the pieces' videos into one file; the place of each piece's first frame in it."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    if len(pieces) == 1:
        try:
            output.hardlink_to(pieces[0].video)
        except OSError:  # a file system without links; if we are killed now, the session is converted again
            pieces[0].video.rename(output)
        return [pieces[0].piece.first_frame]
    segments = [
        VideoSegment(
            path=one.video,
            index=index_video(one.video),
            frames=np.arange(one.piece.first_frame, one.piece.first_frame + one.piece.length, dtype=np.int64),
        )
        for one in pieces
    ]
    written = copy_video(output, segments, profile)
    return [segment.first_frame for segment in written.segments]


def finish_shard(path: Path, shard: Shard, pieces: Sequence[ShardPiece]) -> None:
    """Write what `load_shard` reads, whole or not at all; then the pieces' own files are no longer needed."""
    content = asdict(shard)
    content["stats"] = [{name: stats_to_json(stats) for name, stats in episode.items()} for episode in shard.stats]
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content))
    partial.replace(path)
    for one in pieces:
        one.video.unlink(missing_ok=True)
        (one.directory / one.piece.rows).unlink(missing_ok=True)


def load_shard(path: Path) -> Shard:
    """A finished shard."""
    content = json.loads(path.read_text())
    stats = tuple({name: stats_from_json(values) for name, values in episode.items()} for episode in content["stats"])
    pieces = tuple((session, piece) for session, piece in content["pieces"])
    return Shard(**content | {"stats": stats, "pieces": pieces})


def totals(shards: Sequence[Shard]) -> tuple[int, int]:
    """(episodes, frames) of all shards."""
    return sum(shard.episodes for shard in shards), sum(shard.frames for shard in shards)
