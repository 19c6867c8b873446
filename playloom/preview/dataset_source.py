"""An episode of a LeRobot v3.0 dataset as a preview's source, read from its files: no LeRobot, no torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from playloom.controls import AXIS_IDS, BUTTON_IDS, KEYS, MOUSE_BUTTON_IDS
from playloom.errors import MissingExtraError, PlayloomError, RecordingError
from playloom.preview.source import ActionSlot, PreviewSource
from playloom.recording.input_table import InputTable
from playloom.recording.mp4_index import index_video

if TYPE_CHECKING:
    import pyarrow as pa

INFO = Path("meta") / "info.json"


def is_dataset(path: Path) -> bool:
    return (path / INFO).is_file()


def dataset_source(path: Path, episode: int = 0) -> PreviewSource:
    """Episode ``episode`` of the dataset at ``path``.

    Raises:
        RecordingError: a file of the dataset is missing or not as LeRobot v3.0 has it.
        PlayloomError: there is no such episode.
        MissingExtraError: pyarrow is not installed.
    """
    info = _read_info(path)
    features: dict[str, Any] = info["features"]
    key = next((name for name, feature in features.items() if feature.get("dtype") == "video"), None)
    if key is None:
        raise RecordingError(path / INFO, "the dataset has no video feature", remedy="Preview a dataset with video")
    row = _episode_row(path, episode, int(info.get("total_episodes", 0)))
    video_path = path / info["video_path"].format(
        video_key=key,
        chunk_index=row[f"videos/{key}/chunk_index"],
        file_index=row[f"videos/{key}/file_index"],
    )
    data_path = path / info["data_path"].format(chunk_index=row["data/chunk_index"], file_index=row["data/file_index"])
    data = _episode_rows(data_path, episode)
    index = index_video(video_path)
    fps, length = float(info["fps"]), len(data)
    start_ns = round(float(row[f"videos/{key}/from_timestamp"]) * 1e9)
    shown_ns = index.presentation_ns - (index.presentation_ns[0] if len(index.presentation_ns) else 0)
    first_frame = int(np.argmin(np.abs(shown_ns - start_ns))) if len(shown_ns) else 0
    length = min(length, len(shown_ns) - first_frame)
    if length <= 0:
        raise RecordingError(video_path, f"holds no frames of episode {episode}", remedy="Convert the sessions again")
    slots = action_slots(info)
    converter = info.get("extensions", {}).get("game_converter", {})
    return PreviewSource(
        title=str(row.get("game_id") or converter.get("game_id") or path.resolve().name),
        subtitle=" · ".join(
            str(part) for part in (row.get("player"), row.get("session"), f"episode {episode}") if part
        ),
        video_path=video_path,
        index=index,
        first_frame=first_frame,
        fps=fps,
        times_s=np.arange(length) / fps,
        held=_held(data, features, length),
        slots=slots,
        all_actions=_column(data, "action", length) if slots else np.zeros((length, 0), np.float32),
    )


def _read_info(path: Path) -> dict[str, Any]:
    file = path / INFO
    try:
        info = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordingError(file, f"cannot be read: {error}", remedy="Convert the sessions again") from error
    version = info.get("codebase_version") if isinstance(info, dict) else None
    if not isinstance(version, str) or not version.startswith("v3"):
        raise RecordingError(
            file, f"is of version {version}, not v3.0", remedy="Convert the dataset with LeRobot first"
        )
    missing = [name for name in ("features", "fps", "data_path", "video_path") if name not in info]
    if missing:
        raise RecordingError(file, f"lacks {', '.join(missing)}", remedy="Convert the sessions again")
    return info


def _read_table(file: Path, columns: list[str] | None = None, episode: int | None = None) -> pa.Table:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("playloom preview of a dataset", "workers") from error
    filters = None if episode is None else [("episode_index", "=", episode)]
    try:
        return pq.read_table(file, columns=columns, filters=filters)
    except (OSError, pa.ArrowException) as error:
        raise RecordingError(file, f"cannot be read: {error}", remedy="Convert the sessions again") from error


def _episode_row(path: Path, episode: int, total: int) -> dict[str, Any]:
    for file in sorted((path / "meta" / "episodes").glob("chunk-*/file-*.parquet")):
        rows = _read_table(file, episode=episode).to_pylist()
        if rows:
            return rows[0]
    raise PlayloomError(
        f"{path} has no episode {episode}", remedy=f"It holds {total}, counted from 0: choose one with --episode"
    )


def _episode_rows(file: Path, episode: int) -> pa.Table:
    return _read_table(file, episode=episode)


def _column(data: pa.Table, name: str, length: int) -> NDArray[np.float32]:
    """float32[length, n] of a list column, or [length, 1] of a plain one."""
    values = data.column(name).slice(0, length).combine_chunks()
    if hasattr(values, "flatten") and values.type.num_fields:
        values = values.flatten()
    return values.to_numpy(zero_copy_only=False).astype(np.float32).reshape(length, -1)


def feature_names(feature: dict[str, Any]) -> list[str]:
    """A feature's names: LeRobot allows a list, or a dict of lists, or none."""
    names = feature.get("names")
    if isinstance(names, dict):
        names = [name for group in names.values() for name in (group if isinstance(group, list) else [group])]
    shape = feature.get("shape") or [0]
    return [str(name) for name in names] if names else [f"value {place}" for place in range(int(shape[0]))]


def action_slots(info: dict[str, Any]) -> tuple[ActionSlot, ...]:
    """The actions: as the converter wrote them, else one for each name of the feature."""
    layout = info.get("extensions", {}).get("game_converter", {}).get("action_layout")
    if layout:
        return tuple(
            ActionSlot(
                action_id=str(slot["action_id"]),
                start=int(slot["start"]),
                size=int(slot["size"]),
                kind=str(slot.get("kind", "analog")),
            )
            for slot in layout
        )
    feature = info["features"].get("action")
    if feature is None:
        return ()
    return tuple(
        ActionSlot(action_id=name, start=place, size=1, kind="analog")
        for place, name in enumerate(feature_names(feature))
    )


def _held(data: pa.Table, features: dict[str, Any], length: int) -> InputTable:
    """The inputs, from the features that the converter keeps beside ``action``; other names are passed over."""
    held = InputTable.zeros(length)
    columns = {
        (feature, name): values
        for feature in ("controller", "keyboard", "mouse")
        if feature in features and feature in data.column_names
        for name, values in zip(feature_names(features[feature]), _column(data, feature, length).T, strict=False)
    }
    # Dictionaries and not positions: a dataset of another tool may have its names in another order.
    for (feature, name), values in columns.items():
        pressed = values > 0.5
        if feature == "controller" and name in BUTTON_IDS:
            held.buttons[:] |= pressed.astype(np.uint32) << np.uint32(BUTTON_IDS[name])
        elif feature == "controller" and name in AXIS_IDS:
            held.axes[:, AXIS_IDS[name]] = values
        elif feature == "keyboard" and name in KEYS:
            held.keys[:, KEYS[name] // 64] |= pressed.astype(np.uint64) << np.uint64(KEYS[name] % 64)
        elif feature == "mouse" and name in MOUSE_BUTTON_IDS:
            held.mouse_buttons[:] |= pressed.astype(np.uint32) << np.uint32(MOUSE_BUTTON_IDS[name])
        elif feature == "mouse" and name in ("dx", "dy"):
            held.mouse_motion[:, ("dx", "dy").index(name)] = values
        elif feature == "mouse" and name in ("wheel_dx", "wheel_dy"):
            held.wheel[:, ("wheel_dx", "wheel_dy").index(name)] = values
    return held
