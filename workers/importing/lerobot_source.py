"""A LeRobot dataset of version 2.0, 2.1 or 3.0 as it lies in a directory, read episode by episode.

Versions 2 have a table and a video an episode and JSON lines about them; version 3 has files of many episodes and
tables about them. Both come out as the same values. Paths that info.json names are patterns of somebody else: only
their known fields are filled in, and they cannot lead out of the dataset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from playloom.errors import RecordingError
from workers.importing.json_values import JsonPlace, json_lines, read_json

MAX_INFO_BYTES = 16 << 20
MAX_EPISODES = 10_000_000
MAX_GROUP_BYTES = 4 << 30
BATCH_ROWS = 65_536

_VERSION = re.compile(r"v?(2\.[01]|3\.0)")
_FIELD = re.compile(r"\{(\w+)(?::0?(\d)d)?\}")
_DATA_2 = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
_VIDEO_2 = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
_DATA_3 = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
_VIDEO_3 = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
_CARD_LICENCE = re.compile(r"^license:[ \t]*([\w.+ -]{1,80})$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class SourceEpisode:
    """One episode, its rows apart.

    Attributes:
        number: its episode_index.
        tasks: what it is said to be of.
        length: in frames.
        video: the file that holds its pictures.
        from_s: where they begin in it.
        data: the file that holds its rows.
    """

    number: int
    tasks: tuple[str, ...]
    length: int
    video: Path
    from_s: float
    data: Path


@dataclass(frozen=True, kw_only=True)
class SourceDataset:
    """A dataset to be imported.

    Attributes:
        root: its directory.
        version: "2.0", "2.1" or "3.0".
        fps: frames a second.
        features: what info.json says of each, by name.
        licence: what its card names; None where it names none.
    """

    root: Path
    version: str
    fps: int
    features: Mapping[str, Mapping[str, Any]]
    licence: str | None
    _data_path: str
    _video_path: str
    _chunk: int
    _tasks: Mapping[int, str] = field(default_factory=dict)

    @property
    def video_features(self) -> list[str]:
        return [name for name, feature in self.features.items() if feature.get("dtype") == "video"]

    def task(self, task_index: int) -> str | None:
        return self._tasks.get(task_index)

    def episodes(self, video_feature: str) -> Iterator[SourceEpisode]:
        """All episodes, in the order of the files that hold their rows.

        Raises:
            RecordingError: what tells of them is missing or not as it should be.
        """
        read = self._episodes_3(video_feature) if self.version == "3.0" else self._episodes_2(video_feature)
        for count, episode in enumerate(read, start=1):
            if count > MAX_EPISODES:
                raise RecordingError(self.root, f"has more than {MAX_EPISODES} episodes")
            yield episode

    def _episodes_2(self, video_feature: str) -> Iterator[SourceEpisode]:
        for line in json_lines(self.root / "meta/episodes.jsonl"):
            number = line.integer("episode_index", least=0, most=MAX_EPISODES)
            names = {"episode_index": number, "episode_chunk": number // self._chunk, "video_key": video_feature}
            yield SourceEpisode(
                number=number,
                tasks=tuple(task for task in line.listed("tasks") if isinstance(task, str)),
                length=line.integer("length", least=1, most=1 << 31),
                video=self._path(self._video_path, names),
                from_s=0.0,
                data=self._path(self._data_path, names),
            )

    def _episodes_3(self, video_feature: str) -> Iterator[SourceEpisode]:
        video = f"videos/{video_feature}"
        columns = [
            "episode_index", "tasks", "length", "data/chunk_index", "data/file_index", f"{video}/chunk_index",
            f"{video}/file_index", f"{video}/from_timestamp",
        ]  # fmt: skip
        files = sorted((self.root / "meta/episodes").rglob("*.parquet"))
        if not files:
            raise RecordingError(self.root / "meta/episodes", "holds no tables of episodes", remedy="Download them")
        for file in files:
            for batch in read_batches(file, columns):
                for row in batch.to_pylist():
                    said = JsonPlace(row, file, f"episode {row.get('episode_index')}")
                    yield SourceEpisode(
                        number=said.integer("episode_index", least=0, most=MAX_EPISODES),
                        tasks=tuple(task for task in said.listed("tasks") if isinstance(task, str)),
                        length=said.integer("length", least=1, most=1 << 31),
                        video=self._numbered(self._video_path, said, video, video_feature),
                        from_s=said.number(f"{video}/from_timestamp"),
                        data=self._numbered(self._data_path, said, "data", video_feature),
                    )

    def _numbered(self, pattern: str, said: JsonPlace, of: str, video_feature: str) -> Path:
        names = {name: said.integer(f"{of}/{name}", least=0, most=1 << 31) for name in ("chunk_index", "file_index")}
        return self._path(pattern, {**names, "video_key": video_feature})

    def _path(self, pattern: str, names: Mapping[str, object]) -> Path:
        """A pattern of info.json filled in, inside the dataset."""

        def filled(match: re.Match[str]) -> str:
            if match[1] not in names:
                raise RecordingError(
                    self.root / "meta/info.json", f"a path names {match[0][:40]}, which LeRobot does not have"
                )
            value = names[match[1]]
            return f"{value:0{match[2]}d}" if match[2] and isinstance(value, int) else str(value)

        path = Path(_FIELD.sub(filled, pattern))
        if path.is_absolute() or ".." in path.parts or "\0" in str(path):
            raise RecordingError(self.root / "meta/info.json", f"a path leads out of the dataset: {pattern[:100]!r}")
        return self.root / path


def open_dataset(root: Path) -> SourceDataset:
    """Read what a dataset says of itself.

    Raises:
        RecordingError: it is none, or of a version that is not known.
    """
    path = root / "meta/info.json"
    if not path.is_file():
        raise RecordingError(root, "is no LeRobot dataset: it has no meta/info.json", remedy="Name its directory")
    info = read_json(path, most_bytes=MAX_INFO_BYTES)
    version = _VERSION.fullmatch(info.text("codebase_version"))
    if version is None:
        raise info.wrong(
            "codebase_version", f"is {info.text('codebase_version')[:40]!r}; 2.0, 2.1 and 3.0 can be imported"
        )
    fps = info.number("fps")
    if not fps.is_integer() or not 1 <= fps <= 1000:
        raise info.wrong("fps", f"is {fps:g}, not a whole number from 1 to 1000", remedy="Resample the dataset first")
    features = info.section("features")
    for name in features.values:
        if "/" in name or "\\" in name or "\0" in name or name in ("", ".", ".."):
            raise features.wrong(name[:40], "is no name for a feature")
        features.section(name)
    old = version[1] != "3.0"
    return SourceDataset(
        root=root,
        version=version[1],
        fps=int(fps),
        features=dict(features.values),
        licence=_licence(root),
        _data_path=_pattern(info, "data_path", _DATA_2 if old else _DATA_3),
        _video_path=_pattern(info, "video_path", _VIDEO_2 if old else _VIDEO_3),
        _chunk=info.integer("chunks_size", 1000, least=1, most=1 << 31),
        _tasks=_tasks_2(root) if old else _tasks_3(root),
    )


def _pattern(info: JsonPlace, key: str, default: str) -> str:
    return default if info.values.get(key) is None else info.text(key)


def _tasks_2(root: Path) -> dict[int, str]:
    return {line.integer("task_index"): line.text("task") for line in json_lines(root / "meta/tasks.jsonl")}


def _tasks_3(root: Path) -> dict[int, str]:
    file = root / "meta/tasks.parquet"
    tasks: dict[int, str] = {}
    for batch in read_batches(file, None):
        names = batch.schema.names
        # The task is the pandas frame's index, which is called so by some writers and not by others.
        task = next((name for name in ("task", "__index_level_0__") if name in names), None)
        if task is None or "task_index" not in names:
            raise RecordingError(file, f"has the columns {', '.join(names)[:200]}, not task and task_index")
        for row in batch.to_pylist():
            tasks[JsonPlace(row, file, "a row").integer("task_index")] = str(row[task])[:4096]
    return tasks


def _licence(root: Path) -> str | None:
    """What the dataset card's header says."""
    try:
        with (root / "README.md").open("rb") as file:
            head = file.read(1 << 16).decode("utf-8", "replace")
    except OSError:
        return None
    match = _CARD_LICENCE.search(head.split("\n---", 1)[0]) if head.startswith("---") else None
    return None if match is None else match[1].strip()


def read_batches(path: Path, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
    """A table, a part at a time.

    Args:
        path: of a parquet file.
        columns: which; None: all.

    Raises:
        RecordingError: it cannot be read, or lacks one of them.
    """
    try:
        with pq.ParquetFile(path) as table:
            names = table.schema_arrow.names
            missing = [name for name in columns or () if name not in names]
            if missing:
                raise RecordingError(path, f"lacks the columns {', '.join(missing)[:200]}")
            metadata = table.metadata
            largest = max(
                (metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)), default=0
            )
            if largest > MAX_GROUP_BYTES:
                raise RecordingError(path, f"has a row group of {largest} bytes, {MAX_GROUP_BYTES} is the most")
            yield from table.iter_batches(BATCH_ROWS, columns=columns, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise RecordingError(path, f"cannot be read: {error}", remedy="Download it again") from error


def rows_by_episode(path: Path, columns: list[str]) -> Iterator[tuple[int, pa.Table]]:
    """The rows of a file of many episodes, an episode at a time.

    Raises:
        RecordingError: it cannot be read, or an episode's rows do not stand together.
    """
    seen: set[int] = set()
    current: int | None = None
    parts: list[pa.RecordBatch] = []
    for batch in read_batches(path, columns):
        numbers = batch.column("episode_index").to_numpy(zero_copy_only=False)
        start = 0
        while start < len(numbers):
            number = int(numbers[start])
            stop = (
                start + int((numbers[start:] == number).argmin()) if (numbers[start:] != number).any() else len(numbers)
            )
            if number != current:
                if current is not None:
                    yield current, pa.Table.from_batches(parts)
                if number in seen:
                    raise RecordingError(path, f"the rows of episode {number} do not stand together")
                seen.add(number)
                current, parts = number, []
            parts.append(batch.slice(start, stop - start))
            start = stop
    if current is not None:
        yield current, pa.Table.from_batches(parts)
