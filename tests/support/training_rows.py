"""Datasets of which only the episodes' rows exist: for what reads no file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.data.dataset import MAIN_VIDEO, GameDataset


def dataset_of(
    lengths: Sequence[int],
    *,
    players: Sequence[str] = (),
    sessions: Sequence[str] = (),
    games: Sequence[str] = (),
) -> GameDataset:
    """A dataset with episodes of these lengths; ``players``, ``sessions`` and ``games`` one an episode."""
    rows: list[dict[str, Any]] = [
        {
            "episode_index": place,
            "length": length,
            "data/chunk_index": 0,
            "data/file_index": 0,
            "dataset_from_index": sum(lengths[:place]),
            f"videos/{MAIN_VIDEO}/chunk_index": 0,
            f"videos/{MAIN_VIDEO}/file_index": 0,
            f"videos/{MAIN_VIDEO}/from_timestamp": sum(lengths[:place]) / 30,
            "player": players[place] if players else "",
            "session": sessions[place] if sessions else None,
            "game_id": games[place] if games else "",
        }
        for place, length in enumerate(lengths)
    ]
    info = {
        "codebase_version": "v3.0",
        "fps": 30,
        "features": {
            MAIN_VIDEO: {"dtype": "video", "shape": [64, 96, 3]},
            "action": {"dtype": "float32", "shape": [2], "names": ["x", "jump"]},
        },
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    }
    return GameDataset(Path("/nowhere"), repo_id="local/rows", info=info, video_key=MAIN_VIDEO, rows=rows)
