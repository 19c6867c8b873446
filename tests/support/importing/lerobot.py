"""Datasets as LeRobot 2.1 laid them out: a table and a video an episode, JSON lines about them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.numbered_sessions import NumberedVideo, write_numbered_video

CAMERA = "observation.images.front"
FPS = 20


def write_v21(
    root: Path,
    lengths: Sequence[int],
    *,
    tasks: Sequence[str] = ("Pick up the block",),
    cameras: Sequence[str] = (CAMERA,),
    video: NumberedVideo | None = None,
    more_features: Mapping[str, Mapping[str, Any]] | None = None,
    card: str | None = None,
) -> Path:
    """Write a dataset.

    Args:
        root: its directory.
        lengths: of the episodes in frames; frame n of episode e shows the number 100 * e + n, and its action is
            (e, n / 100).
        tasks: episode e is of number e, modulo how many there are.
        cameras: the video features.
        video: how they are encoded.
        more_features: in info.json, without columns in the tables.
        card: its README.md.
    """
    (root / "meta").mkdir(parents=True)
    first = 0
    for number, length in enumerate(lengths):
        _write_rows(root / f"data/chunk-000/episode_{number:06d}.parquet", number, length, first, number % len(tasks))
        for camera in cameras:
            path = root / f"videos/chunk-000/{camera}/episode_{number:06d}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            numbers = range(100 * number, 100 * number + length)
            times_ns = [frame * 1_000_000_000 // FPS for frame in range(length)]
            write_numbered_video(path, numbers, times_ns, video or NumberedVideo(movflags="faststart"), FPS)
        first += length
    features = {
        "action": {"dtype": "float32", "shape": [2], "names": {"motors": ["episode", "frame"]}},
        "observation.state": {"dtype": "float64", "shape": [3], "names": None},
        "next.done": {"dtype": "bool", "shape": [1], "names": None},
        **{
            camera: {"dtype": "video", "shape": [64, 96, 3], "names": ["height", "width", "channel"],
                     "info": {"video.fps": float(FPS), "video.codec": "h264"}}
            for camera in cameras
        },
        **{name: {"dtype": kind, "shape": [1], "names": None}
           for name, kind in (("timestamp", "float32"), ("frame_index", "int64"), ("episode_index", "int64"),
                              ("index", "int64"), ("task_index", "int64"))},
        **(more_features or {}),
    }  # fmt: skip
    info = {
        "codebase_version": "v2.1", "robot_type": "so100", "total_episodes": len(lengths), "total_frames": first,
        "total_tasks": len(tasks), "total_videos": len(lengths) * len(cameras), "total_chunks": 1,
        "chunks_size": 1000, "fps": FPS, "splits": {"train": f"0:{len(lengths)}"},
        "data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
        "video_path": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
        "features": features,
    }  # fmt: skip
    (root / "meta/info.json").write_text(json.dumps(info))
    _write_lines(root / "meta/tasks.jsonl", [{"task_index": n, "task": task} for n, task in enumerate(tasks)])
    _write_lines(
        root / "meta/episodes.jsonl",
        [
            {"episode_index": number, "tasks": [tasks[number % len(tasks)]], "length": length}
            for number, length in enumerate(lengths)
        ],
    )
    if card is not None:
        (root / "README.md").write_text(card)
    return root


def change_info(root: Path, **changes: Any) -> None:
    """Change keys of meta/info.json."""
    path = root / "meta/info.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _write_rows(path: Path, number: int, length: int, first: int, task: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = np.arange(length)
    action = np.stack([np.full(length, number), frames / 100], axis=1).astype(np.float32)
    state = np.stack([frames, frames * 2, frames * 3], axis=1).astype(np.float64)
    table = pa.table(
        {
            "action": pa.FixedSizeListArray.from_arrays(pa.array(action.reshape(-1)), 2),
            "observation.state": pa.array(state.tolist(), pa.list_(pa.float64())),
            "next.done": pa.array(frames == length - 1),
            "timestamp": pa.array((frames / FPS).astype(np.float32)),
            "frame_index": pa.array(frames),
            "episode_index": pa.array(np.full(length, number)),
            "index": pa.array(first + frames),
            "task_index": pa.array(np.full(length, task)),
        }
    )
    pq.write_table(table, path)


def _write_lines(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
