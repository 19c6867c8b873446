"""A copy of some episodes of a dataset as a dataset of its own.

Its videos are contiguous: every frame of every file belongs to an episode, in order, so that readers which pay no heed
to where an episode begins in its file (LeRobot's streaming reader) read right. Any LeRobot v3.0 dataset can be
exported, whoever wrote it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from playloom.errors import OutputError, PlayloomError
from playloom.recording.mp4_index import VideoIndex, index_video
from workers.dataset_info import EXTENSION
from workers.exporting.clip import write_clip
from workers.exporting.source import SourceDataset
from workers.lerobot_files import (
    CHUNK_FILES,
    INFO_PATH,
    STATS_PATH,
    TASKS_PATH,
    write_json,
    write_stats_file,
    write_tasks_file,
)
from workers.options import MAX_FILE_S
from workers.stats import STAT_NAMES, FeatureStats, merge, stats_from_json
from workers.video.copy import can_share_file, copy_packets
from workers.video.segment import VideoProfile, VideoSegment

DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
NOTICES = ("NOTICE", "LICENSE", "TERMS")
"""Files beside meta/ that go along: the terms of data travel with it."""


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """What was written.

    Attributes:
        path: the new dataset.
        episodes, frames: in it.
        copied: episodes whose packets were copied; the others were encoded anew.
    """

    path: Path
    episodes: int
    frames: int
    copied: int


@dataclass(frozen=True, kw_only=True)
class _Clip:
    """An episode on its way. Attributes: row: of meta/episodes; rows: its frames; videos: a clip for each key."""

    row: pa.Table
    rows: pa.Table
    videos: Mapping[str, Path]
    length: int


def export_dataset(
    source: SourceDataset,
    episodes: Sequence[int],
    output: Path,
    *,
    max_file_mb: int = 200,
    crf: int = 18,
    about: Mapping[str, Any] | None = None,
    on_episode: Callable[[int], None] = lambda episode: None,
) -> ExportReport:
    """Write the chosen episodes as a dataset of their own, which appears whole or not at all.

    Args:
        source: where they are.
        episodes: their numbers, in the order in which they shall stand.
        output: the new dataset's directory; it must not exist.
        max_file_mb: episodes share a video file up to this size in MiB.
        crf: quality where frames must be encoded anew.
        about: what info.json shall say under ``extensions.playloom_export``.
        on_episode: told of every episode that is done.

    Raises:
        OutputError: the output exists or cannot be written.
        RecordingError: a video of the source cannot be read.
        PlayloomError: no episode is chosen.
    """
    if not episodes:
        raise PlayloomError("no episode is chosen")
    if output.exists():
        raise OutputError(output, "exists already", remedy="Choose another directory")
    partial = output.with_name(f".{output.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        with tempfile.TemporaryDirectory(dir=partial, prefix=".clips-") as scratch:
            report = _Export(source, partial, Path(scratch), max_file_mb << 20, crf).run(
                episodes, about or {}, on_episode
            )
        partial.rename(output)
    except OSError as error:
        raise OutputError(output, f"cannot be written: {error.strerror or error}", remedy="Make room") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return ExportReport(path=output, episodes=report[0], frames=report[1], copied=report[2])


class _Export:
    """One export under way."""

    def __init__(self, source: SourceDataset, root: Path, scratch: Path, max_file_bytes: int, crf: int) -> None:
        self._source, self._root, self._scratch = source, root, scratch
        self._max_file_bytes, self._crf = max_file_bytes, crf
        self._open: list[_Clip] = []
        self._open_bytes = 0
        self._file = self._episode = self._index = 0
        self._tasks: dict[int, int] = {}
        self._stats: dict[str, list[FeatureStats]] = {}
        self._sessions: set[str] = set()

    def run(
        self, episodes: Sequence[int], about: Mapping[str, Any], on_episode: Callable[[int], None]
    ) -> tuple[int, int, int]:
        copied = 0
        for place, episode in enumerate(episodes):
            clip, was_copied = self._clip(episode, place)
            copied += was_copied
            size_bytes = sum(path.stat().st_size for path in clip.videos.values())
            if self._open and not self._fits(clip, size_bytes):
                self._close_file()
            self._open.append(clip)
            self._open_bytes += size_bytes
            on_episode(episode)
        self._close_file()
        self._write_meta(about)
        return self._episode, self._index, copied

    def _clip(self, episode: int, place: int) -> tuple[_Clip, bool]:
        row = self._source.row(episode)
        facts = row.select([name for name in row.column_names if not name.startswith("stats/")]).to_pylist()[0]
        videos, copied = {}, True
        for number, key in enumerate(self._source.video_keys):
            path, index, first = self._source.video(facts, key)
            videos[key] = self._scratch / f"{place:06d}-{number}.mp4"
            copied &= write_clip(videos[key], path, index, first, facts["length"], self._profile(key, index))
        return _Clip(row=row, rows=self._source.rows(facts), videos=videos, length=facts["length"]), copied

    def _profile(self, key: str, index: VideoIndex) -> VideoProfile:
        height, width, _ = self._source.info["features"][key]["shape"]
        return VideoProfile(width=width, height=height, fps=self._source.fps, codec=index.codec, crf=self._crf)

    def _fits(self, clip: _Clip, size_bytes: int) -> bool:
        return (
            self._open_bytes + size_bytes <= self._max_file_bytes
            and sum(one.length for one in self._open) + clip.length <= MAX_FILE_S * self._source.fps
            and all(
                can_share_file(index_video(self._open[-1].videos[key]), index_video(clip.videos[key]))
                for key in clip.videos
            )
        )

    def _close_file(self) -> None:
        chunk, file = divmod(self._file, CHUNK_FILES)
        place = {"chunk_index": chunk, "file_index": file}
        for key in self._source.video_keys:
            self._join_videos(key, self._root / VIDEO_PATH.format(video_key=key, **place))
        data, described = [], []
        first_frame = 0
        for clip in self._open:
            data.append(self._rows(clip))
            described.append(self._row(clip, chunk, file, first_frame))
            first_frame += clip.length
            self._episode += 1
            self._index += clip.length
        _write_parquet(self._root / DATA_PATH.format(**place), data)
        _write_parquet(self._root / EPISODES_PATH.format(**place), described)
        self._open, self._open_bytes = [], 0
        self._file += 1

    def _join_videos(self, key: str, output: Path) -> None:
        output.parent.mkdir(parents=True, exist_ok=True)
        clips = [clip.videos[key] for clip in self._open]
        if len(clips) == 1:
            clips[0].rename(output)
            return
        segments = []
        for clip, path in zip(self._open, clips, strict=True):
            frames = np.arange(clip.length, dtype=np.int64)
            segments.append(VideoSegment(path=path, index=index_video(path), frames=frames))
        copy_packets(output, segments, self._profile(key, segments[0].index).fps)
        for path in clips:
            path.unlink()

    def _rows(self, clip: _Clip) -> pa.Table:
        numbers = [self._task(one) for one in clip.rows["task_index"].to_pylist()]
        return _replaced(
            clip.rows,
            {
                "episode_index": np.full(clip.length, self._episode, np.int64),
                "index": self._index + np.arange(clip.length, dtype=np.int64),
                "task_index": np.array(numbers, np.int64),
            },
        )

    def _row(self, clip: _Clip, chunk: int, file: int, first_frame: int) -> pa.Table:
        fps = self._source.fps
        values: dict[str, Any] = {
            "episode_index": [self._episode],
            "data/chunk_index": [chunk],
            "data/file_index": [file],
            "dataset_from_index": [self._index],
            "dataset_to_index": [self._index + clip.length],
            "meta/episodes/chunk_index": [chunk],
            "meta/episodes/file_index": [file],
        }
        for key in self._source.video_keys:
            values |= {
                f"videos/{key}/chunk_index": [chunk],
                f"videos/{key}/file_index": [file],
                f"videos/{key}/from_timestamp": [first_frame / fps],
                f"videos/{key}/to_timestamp": [(first_frame + clip.length) / fps],
            }
        row = _replaced(clip.row, values)
        if "session" in row.column_names:
            self._sessions.add(row["session"][0].as_py())
        for feature in self._source.info["features"]:
            if f"stats/{feature}/mean" in row.column_names:
                stats = {name: row[f"stats/{feature}/{name}"][0].as_py() for name in STAT_NAMES}
                self._stats.setdefault(feature, []).append(stats_from_json(stats))
        return row

    def _task(self, number: int) -> int:
        return self._tasks.setdefault(number, len(self._tasks))

    def _write_meta(self, about: Mapping[str, Any]) -> None:
        tasks = [self._source.tasks[number] for number in self._tasks]
        info = {
            **self._source.info,
            "total_episodes": self._episode,
            "total_frames": self._index,
            "total_tasks": len(tasks),
            "data_path": DATA_PATH,
            "video_path": VIDEO_PATH,
            "chunks_size": CHUNK_FILES,
            "splits": {"train": f"0:{self._episode}"},
        }
        extensions = dict(info.get("extensions") or {})
        if isinstance(converter := extensions.get(EXTENSION), Mapping):
            extensions[EXTENSION] = _of_sessions(converter, self._sessions)
        info["extensions"] = {**extensions, "playloom_export": dict(about)}
        write_tasks_file(self._root / TASKS_PATH, tasks)
        write_stats_file(self._root / STATS_PATH, {name: merge(parts) for name, parts in self._stats.items()})
        for name in NOTICES:
            if (self._source.root / name).is_file():
                shutil.copyfile(self._source.root / name, self._root / name)
        write_json(self._root / INFO_PATH, json.loads(json.dumps(info)))


def _of_sessions(converter: Mapping[str, Any], sessions: set[str]) -> dict[str, Any]:
    """What the converter told, without the names of sessions that are not in the copy."""
    kept = dict(converter)
    for name in ("converted_sessions", "skipped_sessions", "warnings", "action_delays_ms"):
        told = kept.get(name)
        if isinstance(told, Mapping):
            kept[name] = {session: value for session, value in told.items() if session in sessions}
        elif isinstance(told, list):
            kept[name] = [session for session in told if session in sessions]
    return kept


def _replaced(table: pa.Table, values: Mapping[str, Any]) -> pa.Table:
    """The table with other values in some of its columns, of the same types, in the same order."""
    for name, column in values.items():
        if name in table.column_names:
            place = table.column_names.index(name)
            table = table.set_column(place, table.schema.field(name), pa.array(column, table.schema.field(name).type))
    return table


def _write_parquet(path: Path, tables: Sequence[pa.Table]) -> None:
    """One row group a table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, tables[0].schema, compression="snappy") as writer:
        for table in tables:
            writer.write_table(table.cast(tables[0].schema))
