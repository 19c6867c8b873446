"""A shard's data file and episodes file: written for a new episode, or rewritten for another place in the dataset.

Only the columns that depend on the place change: `episode_index` and `index`, their statistics, and the place in the
files. A row group of a data file is an episode, so that none but the one at hand is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from playloom.manifest.staged import StagedPiece, StagedSession
from workers.arrow_arrays import arrays_as_lists, floats, integers, numbers, strings
from workers.dataset.staged_rows import read_staged_rows, read_table
from workers.features import VIDEO_FEATURE, FeatureSet
from workers.lerobot_files import CHUNK_FILES, EpisodeRow, data_schema, write_data_file, write_episodes_file
from workers.shards import index_columns
from workers.stats import STAT_NAMES, FeatureStats, merge, numeric_stats, stats_from_json

type ShardStats = Mapping[str, FeatureStats]
"""Of each feature, over all episodes of a shard."""

_FROM, _TO = f"videos/{VIDEO_FEATURE}/from_timestamp", f"videos/{VIDEO_FEATURE}/to_timestamp"
_FILE_COLUMNS = ("data", f"videos/{VIDEO_FEATURE}", "meta/episodes")


@dataclass(frozen=True, kw_only=True)
class ShardPlace:
    """Where a shard stands. Attributes: number: of its files; first_episode, first_index: in the dataset."""

    number: int
    first_episode: int
    first_index: int


@dataclass(frozen=True, kw_only=True)
class KnownEpisode:
    """A row of an episodes file, as far as shards are rewritten by it.

    Attributes:
        session_id: whose.
        task: its text.
        length: frames.
        first_frame: the place of its first frame in its video.
    """

    session_id: str
    task: str
    length: int
    first_frame: int


def write_staged_shard(
    data: Path,
    episodes: Path,
    session: StagedSession,
    piece: StagedPiece,
    rows: Path,
    *,
    place: ShardPlace,
    task_index: int,
    features: FeatureSet,
    fps: int,
) -> ShardStats:
    """Write both files of a shard of one new episode; returns its statistics.

    Raises:
        ManifestError: the rows are not what the dataset needs.
    """
    recorded = read_staged_rows(rows, features, piece.length)
    columns = index_columns(
        piece.length, fps=fps, episode=place.first_episode, first_index=place.first_index, task_index=task_index
    )
    stats = {name: stats_from_json(values) for name, values in piece.stats.items()}
    stats |= {name: numeric_stats(values) for name, values in columns.items()}
    write_data_file(data, features, [{**recorded, **columns}])
    row = EpisodeRow(
        episode_index=place.first_episode,
        task=session.task,
        length=piece.length,
        file_number=place.number,
        from_index=place.first_index,
        from_timestamp=piece.first_frame / fps,
        to_timestamp=(piece.first_frame + piece.length) / fps,
        stats=stats,
        session=session.session,
        session_id=session.session_id,
        player=session.player,
        profile_name=session.profile_name,
        session_first_frame=piece.source_frame,
        session_start_ns=piece.start_ns,
        video_path="copy" if session.copied else "transcode",
        converter_version=session.converter_version,
    )
    further = {
        "player_id": strings([session.player_id]),
        "recorded_unix_ns": integers([session.recorded_unix_ns]),
        "label_source": strings([session.label_source]),
        "action_delay_ms": floats([session.action_delay_ms]),
        "warnings": strings(["\n".join(session.warnings)]),
    }
    write_episodes_file(episodes, features, [row], further)
    return {name: stats[name] for name in _stat_features(features)}


def read_episode_rows(episodes: Path, fps: int) -> list[KnownEpisode]:
    """The rows of an episodes file, in order."""
    table = read_table(episodes, columns=["session_id", "tasks", "length", _FROM])
    return [
        KnownEpisode(
            session_id=row["session_id"],
            task=row["tasks"][0],
            length=row["length"],
            first_frame=round(row[_FROM] * fps),
        )
        for row in table.to_pylist()
    ]


def read_shard_stats(episodes: Path, features: FeatureSet) -> ShardStats:
    """The statistics of all episodes of an episodes file together."""
    return _merged_stats(read_table(episodes), features)


@dataclass(frozen=True, kw_only=True)
class ShardPart:
    """Some episodes of a shard that are to stand in a rewritten one.

    Attributes:
        data, episodes: its files.
        kept: the places of the wanted episodes in it, ascending.
        first_frames: where the wanted episodes stand in the new video; None: where they stood.
    """

    data: Path
    episodes: Path
    kept: Sequence[int]
    first_frames: Sequence[int] | None = None


def rewrite_shard(
    data: Path, episodes: Path, parts: Sequence[ShardPart], *, place: ShardPlace, features: FeatureSet, fps: int
) -> ShardStats:
    """Write both files of a shard that holds episodes of others, for another place; returns its statistics.

    Args:
        data, episodes: the files to write.
        parts: where its episodes come from, in order.
        place: where it stands.
        features: the dataset's columns.
        fps: frames a second.
    """
    table = pa.concat_tables([_wanted_rows(part, fps) for part in parts], promote_options="default")
    lengths: list[int] = table.column("length").to_pylist()
    starts = [place.first_index + sum(lengths[:number]) for number in range(len(lengths))]
    numbers_of = range(place.first_episode, place.first_episode + len(lengths))
    data.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(data, data_schema(features), compression="snappy", use_dictionary=True) as writer:
        for rows, number, start in zip(_row_groups(parts), numbers_of, starts, strict=True):
            moved = {"episode_index": np.full(len(rows), number), "index": start + np.arange(len(rows))}
            for name, values in moved.items():
                field = rows.schema.get_field_index(name)
                rows = rows.set_column(field, rows.schema.field(name), numbers(values.astype(np.int64)))
            writer.write_table(rows.replace_schema_metadata(None).cast(writer.schema))
    table = _replaced(
        table,
        {
            "episode_index": integers(numbers_of),
            "dataset_from_index": integers(starts),
            "dataset_to_index": integers([start + length for start, length in zip(starts, lengths, strict=True)]),
            **{f"{kind}/chunk_index": integers([place.number // CHUNK_FILES] * len(lengths)) for kind in _FILE_COLUMNS},
            **{f"{kind}/file_index": integers([place.number % CHUNK_FILES] * len(lengths)) for kind in _FILE_COLUMNS},
            **_stat_columns("episode_index", [np.full(n, at) for n, at in zip(lengths, numbers_of, strict=True)]),
            **_stat_columns("index", [start + np.arange(n) for n, start in zip(lengths, starts, strict=True)]),
        },
    )
    episodes.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, episodes, compression="snappy")
    return _merged_stats(table, features)


def _wanted_rows(part: ShardPart, fps: int) -> pa.Table:
    table = read_table(part.episodes)
    if len(part.kept) < len(table):  # taking all of a hundred columns costs as much as reading them
        table = table.take(integers(part.kept))
    if part.first_frames is None:
        return table
    lengths: list[int] = table.column("length").to_pylist()
    return _replaced(
        table,
        {
            _FROM: floats([first / fps for first in part.first_frames]),
            _TO: floats([(first + n) / fps for first, n in zip(part.first_frames, lengths, strict=True)]),
        },
    )


def _row_groups(parts: Sequence[ShardPart]) -> Iterator[pa.Table]:
    for part in parts:
        with pq.ParquetFile(part.data) as file:
            for number in part.kept:
                yield file.read_row_group(number, use_threads=False)


def _replaced(table: pa.Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, values)
    return table


def _stat_columns(feature: str, episodes: Sequence[Any]) -> dict[str, pa.Array]:
    stats = [numeric_stats(values) for values in episodes]
    return {f"stats/{feature}/{name}": arrays_as_lists([one[name] for one in stats]) for name in STAT_NAMES}


def _stat_features(features: FeatureSet) -> tuple[str, ...]:
    return (VIDEO_FEATURE, *(column.name for column in features.columns))


def _merged_stats(table: pa.Table, features: FeatureSet) -> ShardStats:
    merged = {}
    for feature in _stat_features(features):
        columns = {name: table.column(f"stats/{feature}/{name}").to_pylist() for name in STAT_NAMES}
        episodes = [
            stats_from_json({name: values[row] for name, values in columns.items()}) for row in range(len(table))
        ]
        merged[feature] = merge(episodes)
    return merged
