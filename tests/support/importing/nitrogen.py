"""Shards as NitroGen's dataset card describes them: archives of VIDEO/VIDEO_chunk_NNNN with metadata and tables."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BUTTONS = (
    "back", "dpad_down", "dpad_left", "dpad_right", "dpad_up", "east", "guide", "left_shoulder", "left_thumb",
    "left_trigger", "north", "right_shoulder", "right_thumb", "right_trigger", "south", "start", "west",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LabelledChunk:
    """One chunk.

    Attributes:
        video: its id.
        number: of the chunk.
        start_s, end_s: in the video.
        rows: how many rows the tables have.
        held: rows in which each button is held.
        left, right: the sticks' values by row; at rest elsewhere.
        raw, processed: which tables there are.
        metadata: what differs in metadata.json; None leaves a key out.
        as_integers: whether the sticks are stored as int64 and the buttons as int32.
    """

    video: str
    number: int = 0
    start_s: float = 0.0
    end_s: float = 2.0
    rows: int = 120
    held: Mapping[str, Sequence[int]] = field(default_factory=dict)
    left: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    right: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    raw: bool = True
    processed: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    as_integers: bool = False

    def files(self) -> dict[str, bytes]:
        """Its files by their paths in the archive."""
        directory = f"{self.video}/{self.video}_chunk_{self.number:04d}"
        kinds = [kind for kind, there in (("raw", self.raw), ("processed", self.processed)) if there]
        tables = {
            f"{directory}/actions_{kind}.parquet": self._table(mute=kind == "raw" and self.processed) for kind in kinds
        }
        return {f"{directory}/metadata.json": json.dumps(self._metadata()).encode(), **tables}

    def _metadata(self) -> dict[str, Any]:
        content = {
            "uuid": f"{self.video}_chunk_{self.number:04d}_actions",
            "chunk_id": f"{self.number:04d}",
            "chunk_size": self.rows,
            "original_video": {
                "resolution": [1080, 1920],
                "video_id": self.video,
                "source": "youtube",
                "url": f"https://www.youtube.com/watch?v={self.video}",
                "start_time": self.start_s,
                "end_time": self.end_s,
                "duration": self.end_s - self.start_s,
                "start_frame": round(self.start_s * 60),
                "end_frame": round(self.end_s * 60),
            },
            "game": "Celeste",
            "controller_type": "xboxone",
            "bbox_controller_overlay": [1440, 810, 480, 270],
        }
        content |= self.metadata
        return {key: value for key, value in content.items() if value is not None}

    def _table(self, *, mute: bool) -> bytes:
        columns: dict[str, pa.Array] = {}
        for name in BUTTONS:
            values = np.zeros(self.rows, np.int32)
            values[[] if mute else list(self.held.get(name, []))] = 1
            columns[name] = pa.array(values if self.as_integers else values.astype(bool))
        for name, moved in (("j_left", self.left), ("j_right", self.right)):
            sticks = [[0.0, 0.0] if mute else list(moved.get(row, (0.0, 0.0))) for row in range(self.rows)]
            kind = pa.int64() if self.as_integers else pa.float64()
            columns[name] = pa.array(sticks, pa.list_(pa.float64())).cast(pa.list_(kind))
        content = io.BytesIO()
        pq.write_table(pa.table(columns), content)
        return content.getvalue()


def write_shard(path: Path, chunks: Sequence[LabelledChunk], more: Mapping[str, bytes] | None = None) -> Path:
    """Pack chunks, and further files, into one archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for chunk in chunks:
            for name, content in chunk.files().items():
                add(archive, f"SHARD_0000/{name}", content)
        for name, content in (more or {}).items():
            add(archive, name, content)
    return path


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))
