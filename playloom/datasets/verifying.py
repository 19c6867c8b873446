"""Is a dataset on this machine what it says: every hash, every index, every frame count; on demand every picture."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from playloom.datasets.local_copy import LocalVersion
from playloom.errors import FileError, MissingExtraError, PlayloomError
from playloom.manifest.version import FileRef
from playloom.recording.mp4_index import index_video

INFO_PATH = "meta/info.json"
CODEBASE_VERSION = "v3.0"
TOLERANCE_S = 1e-4
"""How far LeRobot lets a picture be from its row's time."""

FILES_AT_ONCE = 4
"""Sums, parquet and video leave Python's lock to one another; more would only hold more of the files in memory."""

_EPISODE = ("episode_index", "dataset_from_index", "dataset_to_index", "length")
_ROW = ("index", "episode_index", "frame_index", "timestamp", "task_index")
_NUMBERS = ("int64", "int32", "float", "double")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that is not as it must be.

    Attributes:
        file: in the dataset's directory.
        problem: what is wrong, a sentence without its full stop.
    """

    file: str
    problem: str


def verify_version(
    local: LocalVersion, *, decode: bool = False, looked_at: Callable[[int], None] = lambda size_bytes: None
) -> list[Fault]:
    """Everything of a version that was pulled: contents, indexes, counts.

    Args:
        local: the version.
        decode: decode every frame as well.
        looked_at: told of every file's bytes that were read.

    Raises:
        MissingExtraError: pyarrow is needed.
    """
    faults = list(verify_files(local.path, local.files(), looked_at))
    damaged = {fault.file for fault in faults}
    expected = {
        "total_episodes": local.version.episodes,
        "total_frames": local.version.frames,
        "total_tasks": len(local.version.tasks),
    }
    return faults + verify_directory(local.path, decode=decode, expected=expected, leave_out=damaged)


def verify_files(
    root: Path, files: Iterable[FileRef], looked_at: Callable[[int], None] = lambda size_bytes: None
) -> Iterator[Fault]:
    """Whether files have the contents that they must have."""

    def look(file: FileRef) -> Fault | None:
        path = root / file.path
        try:
            size_bytes = path.stat().st_size
            if size_bytes != file.size_bytes:
                return Fault(file=file.path, problem=f"has {size_bytes} bytes instead of {file.size_bytes}")
            with path.open("rb") as content:
                found = hashlib.file_digest(content, "sha256").hexdigest()
        except FileNotFoundError:
            return Fault(file=file.path, problem="is missing")
        except OSError as error:
            return Fault(file=file.path, problem=f"cannot be read: {error.strerror}")
        looked_at(size_bytes)
        return None if found == file.sha256 else Fault(file=file.path, problem="has another content than it had")

    yield from (fault for fault in _side_by_side(look, files) if fault is not None)


def verify_directory(
    root: Path,
    *,
    decode: bool = False,
    expected: dict[str, int] | None = None,
    leave_out: Iterable[str] = (),
) -> list[Fault]:
    """Whether a LeRobot v3.0 dataset agrees with itself.

    Args:
        root: its directory.
        decode: decode every frame as well.
        expected: what info.json must say of the totals.
        leave_out: files that are known to be damaged.

    Raises:
        FileError: there is no such dataset.
        MissingExtraError: pyarrow is needed.
    """
    info = _info(root)
    left_out = set(leave_out)
    check = _Check(root, info, decode=decode)
    for name, value in (expected or {}).items():
        if info.get(name) != value:
            check.fault(INFO_PATH, f"says {name} {info.get(name)}, the version {value}")
    paths = sorted(file.relative_to(root).as_posix() for file in (root / "meta/episodes").rglob("*.parquet"))
    episodes: list[dict[str, Any]] = []
    for found in _side_by_side(check.episodes_of, [path for path in paths if path not in left_out]):
        if isinstance(found, Fault):
            check.faults.append(found)
        else:
            episodes += found
    check.order(episodes, whole=not left_out)
    by_data: dict[str, list[dict[str, Any]]] = {}
    for row in episodes:
        path = info["data_path"].format(chunk_index=row["data/chunk_index"], file_index=row["data/file_index"])
        by_data.setdefault(path, []).append(row)
    by_video = check.videos_of(episodes)
    for looked_for in (by_data, by_video):
        for path in left_out:
            looked_for.pop(path, None)
    for faults in _side_by_side(lambda one: check.data(*one), by_data.items()):
        check.faults += faults
    for faults in _side_by_side(lambda one: check.video(*one), by_video.items()):
        check.faults += faults
    return check.faults


def _side_by_side[T, R](work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The results for all items, in order."""
    with ThreadPoolExecutor(FILES_AT_ONCE, thread_name_prefix="verify") as pool:
        yield from pool.map(work, items)


def _info(root: Path) -> dict[str, Any]:
    path = root / INFO_PATH
    try:
        info = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise FileError(root, "holds no LeRobot dataset", remedy=f"Name a directory with {INFO_PATH}") from error
    except (OSError, ValueError) as error:
        raise FileError(path, f"cannot be read: {error}") from error
    if not isinstance(info, dict) or info.get("codebase_version") != CODEBASE_VERSION:
        raise FileError(path, f"is not of LeRobot's {CODEBASE_VERSION}", remedy="Bring it in with 'playloom import'")
    return info


class _Check:
    """Gathers faults of one dataset. What looks at one file returns them, and any thread may call it."""

    def __init__(self, root: Path, info: dict[str, Any], *, decode: bool) -> None:
        self.faults: list[Fault] = []
        self._root, self._info, self._decode = root, info, decode

    def fault(self, file: str, problem: str) -> None:
        self.faults.append(Fault(file=file, problem=problem))

    def episodes_of(self, path: str) -> list[dict[str, Any]] | Fault:
        """The rows of an episodes file, without statistics."""
        table = _read(self._root, path, lambda name: name in _EPISODE or name.startswith(("data/", "videos/")))
        return table if isinstance(table, Fault) else [{**row, "_file": path} for row in table.to_pylist()]

    def order(self, episodes: list[dict[str, Any]], *, whole: bool) -> None:
        """Numbers and rows follow one another without a gap, in the order of the files."""
        next_episode = next_index = 0
        for row in episodes:
            number, begin, end = row["episode_index"], row["dataset_from_index"], row["dataset_to_index"]
            if whole and number != next_episode:
                self.fault(row["_file"], f"has the episode {number} where {next_episode} should stand")
            if whole and begin != next_index:
                self.fault(row["_file"], f"episode {number} begins at row {begin} instead of {next_index}")
            if end - begin != row["length"]:
                self.fault(row["_file"], f"episode {number} has {row['length']} frames and {end - begin} rows")
            next_episode, next_index = number + 1, end
        if whole and next_episode != self._info["total_episodes"]:
            self.fault(INFO_PATH, f"says {self._info['total_episodes']} episodes, there are {next_episode}")
        if whole and next_index != self._info["total_frames"]:
            self.fault(INFO_PATH, f"says {self._info['total_frames']} frames, there are {next_index}")

    def data(self, path: str, rows: list[dict[str, Any]]) -> list[Fault]:
        """The rows of a data file are those that the episodes say, and number themselves as they must."""
        table = _read(self._root, path, lambda name: name in _ROW)
        if isinstance(table, Fault):
            return [table]
        for name in _ROW:
            if name not in table.column_names or table[name].null_count or table[name].type not in _NUMBERS:
                return [Fault(file=path, problem=f"lacks numbers in the column {name}")]
        fps = self._info["fps"]
        # `to_numpy` would import pandas, which takes longer than a thousand files.
        columns = {name: np.from_dlpack(table[name].combine_chunks()) for name in _ROW}
        problems: list[str] = []
        start = 0
        for row in rows:
            number, length = row["episode_index"], row["length"]
            part = {name: values[start : start + length] for name, values in columns.items()}
            start += length
            if len(part["index"]) != length:
                problems.append(f"lacks rows of the episode {number}: {len(part['index'])} of {length}")
                break
            counted = np.arange(length)
            if not np.array_equal(part["index"], row["dataset_from_index"] + counted):
                problems.append(f"the rows of the episode {number} are not numbered from {row['dataset_from_index']}")
            if not (part["episode_index"] == number).all():
                problems.append(f"rows of the episode {number} name another one")
            if not np.array_equal(part["frame_index"], counted):
                problems.append(f"the frames of the episode {number} are not numbered from 0")
            if np.abs(part["timestamp"] - counted / fps).max(initial=0) > TOLERANCE_S:
                problems.append(f"the times of the episode {number} are not {fps} a second")
            if not ((part["task_index"] >= 0) & (part["task_index"] < self._info["total_tasks"])).all():
                problems.append(f"rows of the episode {number} name a task that there is not")
        else:
            if start != table.num_rows:
                problems.append(f"has {table.num_rows} rows, its episodes {start}")
        return [Fault(file=path, problem=problem) for problem in problems]

    def videos_of(self, episodes: list[dict[str, Any]]) -> dict[str, list[tuple[int, float]]]:
        """The videos of all episodes by their paths: of each the episodes' numbers and where they end, in seconds."""
        keys = [name for name, feature in self._info["features"].items() if feature["dtype"] == "video"]
        places: dict[str, list[tuple[int, float]]] = {}
        for row in episodes:
            for key in keys:
                path = self._info["video_path"].format(
                    video_key=key,
                    chunk_index=row[f"videos/{key}/chunk_index"],
                    file_index=row[f"videos/{key}/file_index"],
                )
                begin, end = row[f"videos/{key}/from_timestamp"], row[f"videos/{key}/to_timestamp"]
                places.setdefault(path, []).append((row["episode_index"], end))
                if abs((end - begin) * self._info["fps"] - row["length"]) > 0.01:
                    self.fault(row["_file"], f"the video of the episode {row['episode_index']} is not as long as it")
        return places

    def video(self, path: str, ends: list[tuple[int, float]]) -> list[Fault]:
        """Every episode's pictures are in its video."""
        fps = self._info["fps"]
        try:
            frames = index_video(self._root / path).frames
            if self._decode:
                frames = _decoded_frames(self._root / path)
        except (PlayloomError, OSError) as error:
            return [Fault(file=path, problem=f"cannot be read: {error}")]
        return [
            Fault(
                file=path, problem=f"has {frames} frames, the episode {number} ends with its frame {round(end * fps)}"
            )
            for number, end in ends
            if round(end * fps) > frames
        ]


def _read(root: Path, path: str, wanted: Callable[[str], bool]) -> Any | Fault:
    """The wanted columns of a parquet file as a table."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("looking into a dataset's files", "workers") from error
    try:
        with pq.ParquetFile(root / path) as file:
            return file.read(columns=list(filter(wanted, file.schema_arrow.names)), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        return Fault(file=path, problem=f"cannot be read: {error}")


def _decoded_frames(path: Path) -> int:
    import av
    from av.error import FFmpegError

    frames = 0
    try:
        with av.open(str(path)) as container:
            for _ in container.decode(container.streams.video[0]):
                frames += 1
    except FFmpegError as error:
        raise FileError(path, f"cannot be decoded after {frames} frames: {error.strerror or error}") from error
    return frames
