"""The files of a LeRobot v3.0 dataset, written without LeRobot: the same bytes' meaning at a fraction of the cost.

Importing LeRobot takes seconds and torch, and its writer wants decoded pictures one by one. What stands on disk is
plain: parquet with known columns, two JSON files. The tests read all of it back with LeRobot itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workers.arrow_arrays import arrays_as_lists, floats, integers, lists, numbers, strings
from workers.features import VIDEO_FEATURE, Column, FeatureSet, column_json
from workers.stats import STAT_NAMES, FeatureStats, stats_to_json

CODEBASE_VERSION = "v3.0"
CHUNK_FILES = 1000
"""Files of a directory, LeRobot's default."""

DATA_FILES_MB = 100
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
TASKS_PATH = "meta/tasks.parquet"
INFO_PATH = "meta/info.json"
STATS_PATH = "meta/stats.json"

_ARROW_TYPES = {"float32": pa.float32(), "int64": pa.int64(), "bool": pa.bool_()}


@dataclass(frozen=True, kw_only=True)
class EpisodeRow:
    """One row of meta/episodes.

    Attributes:
        episode_index: in the dataset.
        task: what the player does.
        length: in frames.
        file_number: of its data, video and episodes file alike.
        from_index: of its first frame in the dataset.
        from_timestamp, to_timestamp: its place in the video file, in seconds.
        stats: of each feature.
        session: the session's directory name.
        session_id, player, profile_name: as recorded; empty where unknown.
        session_first_frame: the first frame's position in the recording.
        session_start_ns: the first frame's time on the recording's clock.
        video_path: "copy" or "transcode".
        converter_version: of Playloom.
    """

    episode_index: int
    task: str
    length: int
    file_number: int
    from_index: int
    from_timestamp: float
    to_timestamp: float
    stats: Mapping[str, FeatureStats]
    session: str
    session_id: str
    player: str
    profile_name: str
    session_first_frame: int
    session_start_ns: int
    video_path: str
    converter_version: str


def numbered(template: str, file_number: int) -> str:
    """The path in the dataset of the ``file_number``-th data, video or episodes file."""
    return template.format(
        video_key=VIDEO_FEATURE, chunk_index=file_number // CHUNK_FILES, file_index=file_number % CHUNK_FILES
    )


def data_schema(features: FeatureSet) -> pa.Schema:
    """The schema of a data file, with the metadata by which `datasets` knows its features."""
    described = {}
    fields = []
    for column in features.columns:
        value = {"dtype": column.dtype, "_type": "Value"}
        arrow = _ARROW_TYPES[column.dtype]
        if column.width == 1:  # LeRobot holds a vector of one as the number
            described[column.name] = value
        else:
            described[column.name] = {"feature": value, "length": column.width, "_type": "List"}
            arrow = pa.list_(pa.field("element", arrow), column.width)
        fields.append(pa.field(column.name, arrow))
    return pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": described}})})


def column_array(column: Column, values: NDArray[np.generic], field: pa.Field) -> pa.Array:
    flat = numbers(np.asarray(values, column.dtype).reshape(-1))
    return flat if column.width == 1 else pa.FixedSizeListArray.from_arrays(flat, type=field.type)


def write_data_file(path: Path, features: FeatureSet, episodes: Sequence[Mapping[str, NDArray[np.generic]]]) -> None:
    """Write one data file, one row group an episode.

    Args:
        path: of the file; its directory is made.
        features: the dataset's columns.
        episodes: of each episode, each column by name, [frames] or [frames, width].
    """
    schema = data_schema(features)
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, schema, compression="snappy", use_dictionary=True) as writer:
        for episode in episodes:
            arrays = [
                column_array(column, episode[column.name], schema.field(column.name)) for column in features.columns
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def write_episodes_file(
    path: Path, features: FeatureSet, rows: Sequence[EpisodeRow], further: Mapping[str, pa.Array] | None = None
) -> None:
    """Write one file of meta/episodes; ``further`` columns stand last."""
    chunks = integers([row.file_number // CHUNK_FILES for row in rows])
    files = integers([row.file_number % CHUNK_FILES for row in rows])
    columns: dict[str, pa.Array] = {
        "episode_index": integers([row.episode_index for row in rows]),
        "tasks": lists(strings([row.task for row in rows]), 1),
        "length": integers([row.length for row in rows]),
        "data/chunk_index": chunks,
        "data/file_index": files,
        "dataset_from_index": integers([row.from_index for row in rows]),
        "dataset_to_index": integers([row.from_index + row.length for row in rows]),
        f"videos/{VIDEO_FEATURE}/chunk_index": chunks,
        f"videos/{VIDEO_FEATURE}/file_index": files,
        f"videos/{VIDEO_FEATURE}/from_timestamp": floats([row.from_timestamp for row in rows]),
        f"videos/{VIDEO_FEATURE}/to_timestamp": floats([row.to_timestamp for row in rows]),
    }
    for feature in (VIDEO_FEATURE, *(column.name for column in features.columns)):
        for name in STAT_NAMES:
            columns[f"stats/{feature}/{name}"] = arrays_as_lists([row.stats[feature][name] for row in rows])
    columns |= {"meta/episodes/chunk_index": chunks, "meta/episodes/file_index": files}
    for name in ("session", "session_id", "player", "profile_name", "video_path", "converter_version"):
        columns[name] = strings([getattr(row, name) for row in rows])
    for name in ("session_first_frame", "session_start_ns"):
        columns[name] = integers([getattr(row, name) for row in rows])
    columns |= further or {}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_arrays(list(columns.values()), names=list(columns)), path, compression="snappy")


def write_tasks_file(path: Path, tasks: Sequence[str]) -> None:
    """Write meta/tasks.parquet: the task is the index of the pandas frame that LeRobot reads it as."""
    described = {
        "index_columns": ["task"],
        "column_indexes": [
            {"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object",
             "metadata": {"encoding": "UTF-8"}}
        ],
        "columns": [
            {"name": "task_index", "field_name": "task_index", "pandas_type": "int64", "numpy_type": "int64",
             "metadata": None},
            {"name": "task", "field_name": "task", "pandas_type": "unicode", "numpy_type": "object",
             "metadata": None},
        ],
        "attributes": {},
        "creator": {"library": "pyarrow", "version": pa.__version__},
    }  # fmt: skip
    table = pa.Table.from_arrays([integers(range(len(tasks))), strings(tasks)], names=["task_index", "task"])
    table = table.replace_schema_metadata({"pandas": json.dumps(described)})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def info_json(
    *,
    fps: int,
    features: FeatureSet,
    width: int,
    height: int,
    video_info: Mapping[str, object],
    total_episodes: int,
    total_frames: int,
    total_tasks: int,
    video_files_mb: int,
    extensions: Mapping[str, object],
) -> dict[str, object]:
    """The content of meta/info.json."""
    described: dict[str, object] = {
        VIDEO_FEATURE: {
            "dtype": "video",
            "shape": [height, width, 3],
            "names": ["height", "width", "channels"],
            "info": dict(video_info),
        }
    }
    described |= {column.name: column_json(column) for column in features.columns}
    return {
        "codebase_version": CODEBASE_VERSION,
        "fps": fps,
        "features": described,
        "total_episodes": total_episodes,
        "total_frames": total_frames,
        "total_tasks": total_tasks,
        "chunks_size": CHUNK_FILES,
        "data_files_size_in_mb": DATA_FILES_MB,
        "video_files_size_in_mb": video_files_mb,
        "data_path": DATA_PATH,
        "video_path": VIDEO_PATH,
        "robot_type": None,
        "splits": {"train": f"0:{total_episodes}"},
        "extensions": dict(extensions),
    }


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=4) + "\n", encoding="ascii")


def write_stats_file(path: Path, stats: Mapping[str, FeatureStats]) -> None:
    """Write meta/stats.json."""
    write_json(path, {feature: stats_to_json(values) for feature, values in stats.items()})
