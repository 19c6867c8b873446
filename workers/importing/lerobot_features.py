"""Which features of a foreign dataset are taken over, under which names, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from playloom.errors import PlayloomError
from workers.features import INDEX_COLUMNS, VIDEO_FEATURE, Column, FeatureSet
from workers.importing.lerobot_source import SourceDataset

ACTION = "action"
MAX_WIDTH = 65_536

_KINDS = {
    "float32": "float32", "float64": "float32", "float16": "float32", "bool": "bool", "int64": "int64",
    "int32": "int64", "int16": "int64", "int8": "int64", "uint8": "int64", "uint16": "int64", "uint32": "int64",
}  # fmt: skip
_OWN = frozenset(column.name for column in INDEX_COLUMNS)


@dataclass(frozen=True, kw_only=True)
class TakenFeatures(FeatureSet):
    """The columns of an imported dataset.

    Attributes:
        taken: what comes from the source, in its order.
    """

    taken: tuple[Column, ...]

    @property
    def recorded(self) -> tuple[Column, ...]:
        return self.taken


@dataclass(frozen=True, kw_only=True)
class FeatureChoice:
    """What is taken from where.

    Attributes:
        video: the source's feature that becomes ours.
        columns: ours.
        source_names: the source's name of each, in their order.
        left_out: the source's features that are not taken, with the reasons.
    """

    video: str
    columns: TakenFeatures
    source_names: tuple[str, ...]
    left_out: Mapping[str, str]

    def values(self, table: pa.Table) -> dict[str, NDArray[np.generic]]:
        """Our columns out of an episode's rows, each [rows, width].

        Raises:
            ValueError: a column does not have what info.json says.
        """
        return {
            column.name: column_values(table.column(name), column)
            for column, name in zip(self.columns.taken, self.source_names, strict=True)
        }


def choose_features(source: SourceDataset, video: str | None, action: str) -> FeatureChoice:
    """Decide what is taken.

    Args:
        source: the dataset.
        video: the feature that shall be ours; None: its only one.
        action: the feature that shall be called action.

    Raises:
        PlayloomError: there is no such feature, or no telling which.
    """
    videos = source.video_features
    if video is None:
        if len(videos) != 1:
            named = ", ".join(videos) or "none"
            raise PlayloomError(
                f"The dataset in '{source.root}' has {len(videos)} video features: {named}",
                remedy="Choose one: --video-feature NAME" if videos else "Only datasets with video can be imported",
            )
        [video] = videos
    elif video not in videos:
        raise PlayloomError(
            f"The dataset in '{source.root}' has no video feature '{video}'",
            remedy=f"Choose one of {', '.join(videos) or 'none'}",
        )
    if action not in source.features or source.features[action].get("dtype") not in _KINDS:
        numeric = [name for name, feature in source.features.items() if feature.get("dtype") in _KINDS]
        raise PlayloomError(
            f"The dataset in '{source.root}' has no numeric feature '{action}'",
            remedy=f"Choose the one that holds the actions: --action-feature, of {', '.join(numeric)[:300]}",
        )
    columns: list[Column] = []
    names: list[str] = []
    left_out: dict[str, str] = {}
    for name, feature in source.features.items():
        if name in _OWN or name == video:
            continue
        ours = ACTION if name == action else name
        reason = _why_not(name, ours, feature, action)
        if reason is not None:
            left_out[name] = reason
            continue
        columns.append(_column(ours, feature))
        names.append(name)
    action_names = next(column.names or (ACTION,) for column in columns if column.name == ACTION)
    return FeatureChoice(
        video=video,
        columns=TakenFeatures(action_names=action_names, controller_names=(), taken=tuple(columns)),
        source_names=tuple(names),
        left_out=left_out,
    )


def _why_not(name: str, ours: str, feature: Mapping[str, Any], action: str) -> str | None:
    kind, shape = feature.get("dtype"), feature.get("shape")
    if kind in ("video", "image"):
        return f"is another {kind}: a dataset of Playloom has one video"
    if kind not in _KINDS:
        return f"is of the type {str(kind)[:40]}"
    if not isinstance(shape, list) or len(shape) > 1 or not all(isinstance(size, int) for size in shape):
        return f"has the shape {str(shape)[:40]}, which is no vector"
    if not 1 <= (shape[0] if shape else 1) <= MAX_WIDTH:
        return f"has {shape[0]} elements"
    if ours == ACTION and name != action:
        return f"is called {ACTION}, and so is '{action}' now"
    return f"is called {VIDEO_FEATURE}, as the video is" if ours == VIDEO_FEATURE else None


def _column(name: str, feature: Mapping[str, Any]) -> Column:
    shape: list[int] = feature["shape"]
    width = shape[0] if shape else 1
    names = _flat_names(feature.get("names"))
    if len(names) != width:
        names = [f"{name}_{place}" for place in range(width)]
    return Column(
        name=name,
        dtype=_KINDS[feature["dtype"]],
        names=None if width == 1 and name != ACTION else tuple(names),
    )


def _flat_names(names: object) -> list[str]:
    """Element names: a list, or lists under headings ("motors", "axes")."""
    if isinstance(names, dict):
        return [name for part in names.values() for name in _flat_names(part)]
    if isinstance(names, list):
        return [str(name)[:200] for name in names]
    return []


def column_values(array: pa.ChunkedArray, column: Column) -> NDArray[np.generic]:
    """A column's values, [rows, width] of its type.

    Raises:
        ValueError: something is missing, or the width is another.
    """
    rows = len(array)
    flat: pa.ChunkedArray | pa.Array = array
    if pa.types.is_list(array.type) or pa.types.is_fixed_size_list(array.type) or pa.types.is_large_list(array.type):
        if array.null_count:
            raise ValueError(f"{column.name} lacks rows")
        flat = pa.concat_arrays([chunk.flatten() for chunk in array.chunks])
    if flat.null_count:
        raise ValueError(f"{column.name} lacks values")
    if len(flat) != rows * column.width:
        raise ValueError(f"{column.name} has {len(flat)} values in {rows} rows, and not {column.width} a row")
    values = np.asarray(flat.to_numpy(zero_copy_only=False) if isinstance(flat, pa.Array) else flat.to_numpy())
    if values.dtype == object:
        raise ValueError(f"{column.name} holds no numbers")
    return values.reshape(rows, column.width).astype(column.dtype)


def described(left_out: Mapping[str, str]) -> Sequence[str]:
    return [f"the feature '{name}' is left out: it {reason}" for name, reason in left_out.items()]
