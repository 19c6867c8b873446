"""A LeRobot v3.0 dataset as an export reads it: its episodes, one at a time, whatever its features are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from playloom.errors import FileError, RecordingError
from playloom.recording.mp4_index import VideoIndex, index_video
from workers.lerobot_files import CODEBASE_VERSION, INFO_PATH, TASKS_PATH


class SourceDataset:
    """A dataset's directory.

    Attributes:
        root: the directory.
        info: meta/info.json.
        fps: frames a second.
        video_keys: the video features.
        episodes: every row of meta/episodes, in order.
        tasks: the tasks' texts by their numbers.
    """

    def __init__(self, root: Path) -> None:
        """Read what describes it.

        Raises:
            FileError: it is no LeRobot v3.0 dataset, or cannot be read.
        """
        self.root = root
        path = root / INFO_PATH
        try:
            self.info: dict[str, Any] = json.loads(path.read_text())
            if self.info["codebase_version"] != CODEBASE_VERSION:
                raise FileError(path, f"is of LeRobot's {self.info['codebase_version']}", remedy="Import it first")
            self.fps = int(self.info["fps"])
            self.video_keys = [name for name, feature in self.info["features"].items() if feature["dtype"] == "video"]
            tables = [pq.ParquetFile(file).read() for file in sorted((root / "meta/episodes").rglob("*.parquet"))]
            self.episodes = pa.concat_tables(tables).combine_chunks() if tables else pa.table({"episode_index": []})
            named = pq.ParquetFile(root / TASKS_PATH).read()
            text = next(name for name in named.column_names if name != "task_index")
            self.tasks: dict[int, str] = dict(
                zip(named["task_index"].to_pylist(), named[text].to_pylist(), strict=True)
            )
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
            raise FileError(path, f"is no LeRobot dataset that can be read: {error}") from error
        self._rows = {number: row for row, number in enumerate(self.episodes["episode_index"].to_pylist())}

    def row(self, episode: int) -> pa.Table:
        """An episode's row of meta/episodes.

        Raises:
            FileError: there is none.
        """
        if episode not in self._rows:
            raise FileError(self.root / INFO_PATH, f"there is no episode {episode}")
        return self.episodes.slice(self._rows[episode], 1)

    def rows(self, facts: Mapping[str, Any]) -> pa.Table:
        """The frames of an episode, as its row of meta/episodes places them."""
        path = self.root / self.info["data_path"].format(
            chunk_index=facts["data/chunk_index"], file_index=facts["data/file_index"]
        )
        table = _data_file(path)
        start = facts["dataset_from_index"] - table["index"][0].as_py()
        return table.slice(start, facts["length"])

    def video(self, facts: Mapping[str, Any], key: str) -> tuple[Path, VideoIndex, int]:
        """An episode's video file, its index, and the place of the first frame in it.

        Raises:
            RecordingError: the file cannot be read, or does not hold the episode.
        """
        path = self.root / self.info["video_path"].format(
            video_key=key,
            chunk_index=facts[f"videos/{key}/chunk_index"],
            file_index=facts[f"videos/{key}/file_index"],
        )
        index = _video_index(path)
        first = round(facts[f"videos/{key}/from_timestamp"] * self.fps)
        if first + facts["length"] > index.frames:
            raise RecordingError(path, f"ends before the episode {facts['episode_index']} does")
        return path, index, first


@lru_cache(maxsize=4)
def _data_file(path: Path) -> pa.Table:
    return pq.ParquetFile(path).read()


@lru_cache(maxsize=16)
def _video_index(path: Path) -> VideoIndex:
    return index_video(path)
