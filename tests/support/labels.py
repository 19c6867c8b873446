"""Labels of videos whose every frame shows its number, so that a dataset made of them tells which frames it holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from playloom.labels.labels_file import Labels, LabelsHeader, video_signature, write_labels

ACTIONS = ("move.x", "move.y", "attack")
HEADS = ("move", "attack")
LAYOUT = (
    {"action_id": "move", "start": 0, "size": 2, "kind": "vector2"},
    {"action_id": "attack", "start": 2, "size": 1, "kind": "digital"},
)


def header_of(video: Path, **wanted: Any) -> LabelsHeader:
    return LabelsHeader(
        **{
            "video": str(video),
            "video_bytes": video.stat().st_size,
            "video_signature": video_signature(video),
            "name": video.stem,
            "fps": 30,
            "game_id": "test_game",
            "action_layout": LAYOUT,
            "action_layout_version": 1,
            "action_names": ACTIONS,
            "head_names": HEADS,
            "label_source": "idm:test@7",
            "fingerprint": f"of {video.stem}",
            **wanted,
        }
    )


def labels_of(video: Path, frames: list[int], left_out: dict[int, int] | None = None, **wanted: Any) -> Labels:
    """Labels that say of each frame its number: move.x a hundredth of it, the confidence of attack likewise."""
    numbers = np.array(frames, np.int64)
    rows = len(numbers)
    action = np.zeros((rows, 3), np.float32)
    action[:, 0], action[:, 2] = numbers / 100, numbers % 2
    confidence = np.ones((rows, 2), np.float32)
    confidence[:, 1] = numbers / 100
    reasons = np.zeros(rows, np.int32)
    for row, reason in (left_out or {}).items():
        reasons[row] = reason
    return Labels(
        header=header_of(video, **wanted),
        frame=numbers,
        time_ns=np.arange(rows, dtype=np.int64) * 1_000_000_000 // 30,
        action=action,
        probability=np.where(np.arange(3) == 2, action, np.nan).astype(np.float32),
        confidence=confidence,
        disagreement=np.zeros((rows, 2), np.float32),
        reasons=reasons,
    )


def write_for(video: Path, directory: Path, frames: int, left_out: dict[int, int] | None = None, **wanted: Any) -> Path:
    """Write the labels of a video's first ``frames`` frames."""
    path = directory / f"{video.stem}.labels.parquet"
    write_labels(path, labels_of(video, list(range(frames)), left_out, **wanted))
    return path


def renamed(labels: Labels, **changed: Any) -> Labels:
    return replace(labels, header=replace(labels.header, **changed))
