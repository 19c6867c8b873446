"""A labels file: one video's labels as parquet, a row a frame, and what they are in the file's metadata.

Labelling writes it and the converter makes a dataset of it. They are two programs, of which one has the model and the
other knows how datasets are written, and this file is all that passes between them. It stands for itself, too: pandas
reads it, and whoever wants other filters has everything that they go by.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from playloom.errors import OutputError, RecordingError

SUFFIX = ".labels.parquet"
VERSION = 1
MAX_WIDTH = 4096
"""Values of an action vector, beyond which a file is not believed."""

_KEY = b"playloom.labels"
_SAMPLE_BYTES = 1 << 20
_VECTORS = ("action", "probability", "confidence", "disagreement")


@dataclass(frozen=True, kw_only=True)
class LabelsHeader:
    """What a labels file is about.

    Attributes:
        video: the labelled video, absolute.
        video_bytes: its size.
        video_signature: see `video_signature`.
        name: what the video is called in a dataset; unique in a batch.
        player, session_id, task: of the play, as far as they are known; empty where not.
        fps: of the labels: rows are 1/fps apart.
        why_not_copy: why the video's packets may not stand in a dataset (frames are repeated or skipped, parts of it
            were discarded), a sentence without full stop; empty where they may.
        game_id, class_ids, profile_name: of the dataset that the model learned from.
        action_layout: slots as info.json of a dataset has them; action_layout_version: of it.
        action_names: one a value of the action vector.
        head_names: one a value of the confidence.
        label_source: who labelled, in a few words: "idm:NAME".
        labeller: the checkpoint with its lineage and the settings, for whoever asks later.
        terms: under which the labels may be used, a sentence each.
        masks: rectangles that the model did not get to see: (left, top, right, bottom) in parts of the picture's sides.
        fingerprint: of everything that decides the content.
    """

    video: str
    video_bytes: int
    video_signature: str
    name: str
    player: str = ""
    session_id: str = ""
    task: str = ""
    fps: int
    why_not_copy: str = ""
    game_id: str
    class_ids: Sequence[str] = ()
    profile_name: str = ""
    action_layout: Sequence[Mapping[str, Any]]
    action_layout_version: int
    action_names: Sequence[str]
    head_names: Sequence[str]
    label_source: str
    labeller: Mapping[str, Any] = field(default_factory=dict)
    terms: Sequence[str] = ()
    masks: Sequence[Sequence[float]] = ()
    fingerprint: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """A labels file's content; n rows, A values of an action, H heads.

    Attributes:
        header: what it is about.
        frame: int64[n], places in the order in which the video shows its frames, not decreasing.
        time_ns: int64[n], in the video.
        action: float32[n, A], in the dataset's units.
        probability: float32[n, A], that a button is held; NaN where a value is no button.
        confidence: float32[n, H], from 0 to 1.
        disagreement: float32[n, H], how far overlapping windows were apart: 0 where they agree, to 1.
        reasons: int32[n], `Reason`s; 0: kept.
    """

    header: LabelsHeader
    frame: NDArray[np.int64]
    time_ns: NDArray[np.int64]
    action: NDArray[np.float32]
    probability: NDArray[np.float32]
    confidence: NDArray[np.float32]
    disagreement: NDArray[np.float32]
    reasons: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.frame)


def video_signature(path: Path) -> str:
    """A sum over a video's size, first and last MiB, in hexadecimal: the same wherever it lies.

    Raises:
        RecordingError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            size_bytes = file.seek(0, os.SEEK_END)
            digest.update(f"{size_bytes}\0".encode())
            for start in sorted({0, max(0, size_bytes - _SAMPLE_BYTES)}):
                file.seek(start)
                digest.update(file.read(_SAMPLE_BYTES))
    except OSError as error:
        raise RecordingError(path, f"cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def write_labels(path: Path, labels: Labels) -> None:
    """Write a labels file, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    columns: dict[str, pa.Array] = {"frame": pa.array(labels.frame), "time_ns": pa.array(labels.time_ns)}
    for name in _VECTORS:
        values: NDArray[np.float32] = getattr(labels, name)
        columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])
    columns["reasons"] = pa.array(labels.reasons)
    said = {"version": VERSION, **asdict(labels.header)}
    table = pa.table(columns).replace_schema_metadata({_KEY: json.dumps(said)})
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, partial, compression="zstd")
        partial.replace(path)
    except OSError as error:
        raise OutputError(path, f"cannot be written: {error.strerror or error}", remedy="Make room") from error
    finally:
        partial.unlink(missing_ok=True)


def read_header(path: Path) -> LabelsHeader:
    """What a labels file is about, without its rows.

    Raises:
        RecordingError: it is no labels file, or one of another version.
    """
    return _header(path, _schema(path).metadata or {})


def _schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise RecordingError(path, f"cannot be read as labels: {error}") from error


def _header(path: Path, metadata: Mapping[bytes, bytes]) -> LabelsHeader:
    if _KEY not in metadata:
        raise RecordingError(path, "is no labels file", remedy="Make labels with 'playloom label'")
    try:
        said = json.loads(metadata[_KEY])
        version = said.pop("version", None) if isinstance(said, dict) else None
        if version != VERSION:
            problem = f"is a labels file of version {version}; this program reads version {VERSION}"
            raise RecordingError(path, problem, remedy="Label the video again")
        header = LabelsHeader(**said)
        widths = len(header.action_names), len(header.head_names)
        sane = all(0 < width <= MAX_WIDTH for width in widths) and 0 < header.fps <= 1000
    except (ValueError, TypeError) as error:
        raise RecordingError(path, f"says of itself what cannot be read: {error}") from error
    if not sane:
        raise RecordingError(path, f"tells of {widths[0]} values, {widths[1]} heads and {header.fps} frames a second")
    return header


def read_labels(path: Path) -> Labels:
    """Read what `write_labels` wrote.

    Raises:
        RecordingError: it is not whole, or not what it says.
    """
    header = _header(path, _schema(path).metadata or {})
    try:
        with pq.ParquetFile(path) as file:  # `read_table` would import pandas
            table = file.read()
        widths = {"action": len(header.action_names), "probability": len(header.action_names)}
        vectors = {
            name: _vectors(table.column(name), name, widths.get(name, len(header.head_names))) for name in _VECTORS
        }
        labels = Labels(
            header=header,
            frame=table.column("frame").to_numpy().astype(np.int64),
            time_ns=table.column("time_ns").to_numpy().astype(np.int64),
            reasons=table.column("reasons").to_numpy().astype(np.int32),
            **vectors,
        )
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise RecordingError(path, f"cannot be read as labels: {error}") from error
    if len(labels) and (
        labels.frame[0] < 0 or np.any(np.diff(labels.frame) < 0) or np.any(np.diff(labels.time_ns) < 0)
    ):
        raise RecordingError(path, "its rows are not in the order of the video's frames", remedy="Label it again")
    kept = labels.reasons == 0
    if not (np.isfinite(labels.action[kept]).all() and np.isfinite(labels.confidence[kept]).all()):
        raise RecordingError(path, "a label that is kept is no finite number", remedy="Label the video again")
    return labels


def _vectors(column: pa.ChunkedArray, name: str, width: int) -> NDArray[np.float32]:
    flat = pa.concat_arrays([chunk.flatten() for chunk in column.chunks]) if column.num_chunks else pa.array([])
    values = flat.to_numpy(zero_copy_only=False).astype(np.float32)
    if len(values) != width * len(column):
        raise ValueError(f"{name} has not {width} values in every row")
    return values.reshape(len(column), width)
