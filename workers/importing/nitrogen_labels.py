"""NitroGen's labels: what a model saw of a controller in a video, in chunks of 20 seconds with a row a frame.

The rows have no times. A chunk says from when to when in the video it is, and its rows are spread evenly over that:
whatever rate a downloaded copy has, each of its frames finds its row.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from playloom.controls import AXIS_IDS, BUTTON_IDS
from playloom.errors import RecordingError
from workers.importing.json_values import JsonPlace, parse_object

MAX_CHUNK_S = 600
MAX_ROWS = 200_000
MAX_TABLE_BYTES = 256 << 20
MAX_VIDEO_S = 100 * 3600

_BUTTONS = {
    name: BUTTON_IDS[name]
    for name in (
        "back", "dpad_down", "dpad_left", "dpad_right", "dpad_up", "east", "guide", "left_shoulder", "north",
        "right_shoulder", "south", "start", "west",
    )
}  # fmt: skip
_BUTTONS |= {"left_thumb": BUTTON_IDS["left_stick"], "right_thumb": BUTTON_IDS["right_stick"]}
_TRIGGERS = {name: AXIS_IDS[name] for name in ("left_trigger", "right_trigger")}
_STICKS = {"j_left": AXIS_IDS["leftx"], "j_right": AXIS_IDS["rightx"]}

ASPECT_TOLERANCE = 0.02
"""How far the shape of a video's picture may be from the one that was labelled."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """The labels of one chunk.

    Attributes:
        start_s, end_s: of it in the video.
        buttons: uint32[rows], bit k set where SDL button k is held.
        axes: float32[rows, 6], SDL's axes; triggers are 0 or 1.
        overlay: (x, y, width, height) of the drawn controller, in pixels of the labelled video.
        size: (width, height) of the labelled video, as far as it is known which is which: see `overlay_box`.
        game, source, url: what is said of the video.
    """

    start_s: float
    end_s: float
    buttons: NDArray[np.uint32]
    axes: NDArray[np.float32]
    overlay: tuple[float, float, float, float]
    size: tuple[int, int]
    game: str
    source: str
    url: str

    def rows_at(self, times_s: NDArray[np.float64]) -> NDArray[np.int64]:
        """int64[n]: the row of each time within the chunk."""
        rows = np.floor((times_s - self.start_s) * (len(self.buttons) / (self.end_s - self.start_s)) + 1e-6)
        return np.clip(rows.astype(np.int64), 0, len(self.buttons) - 1)


def read_chunk(metadata: bytes, table: bytes, file: Path, place: str) -> Chunk:
    """Read one chunk out of its two files.

    Raises:
        RecordingError: either is not as it should be; says where.
    """
    said = parse_object(metadata, file, f"{place}/metadata.json")
    video = said.section("original_video")
    start_s, end_s = video.number("start_time"), video.number("end_time")
    if not (0 <= start_s < end_s <= MAX_VIDEO_S) or end_s - start_s > MAX_CHUNK_S:
        raise video.wrong("start_time", f"is {start_s:g} and end_time {end_s:g}, which is no chunk")
    buttons, axes = _read_table(table, file, place)
    return Chunk(
        start_s=start_s,
        end_s=end_s,
        buttons=buttons,
        axes=axes,
        overlay=_overlay(said),
        size=_size(video),
        game=_text(said, "game"),
        source=_text(video, "source"),
        url=_text(video, "url"),
    )


def overlay_box(chunk: Chunk, width: int, height: int, margin: float) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) of the drawn controller in a video of another size; None where the shapes differ.

    Sizes are written with the height first, mostly: of both readings the one counts whose shape the video has.

    Args:
        chunk: whose overlay.
        width, height: of the video in pixels.
        margin: how much to add on each side, as a part of the overlay's.
    """
    ratio = width / height
    pairs = (chunk.size, chunk.size[::-1])
    labelled = min(pairs, key=lambda size: abs(math.log(size[0] / size[1] / ratio)))
    if abs(labelled[0] / labelled[1] / ratio - 1) > ASPECT_TOLERANCE:
        return None
    scale_x, scale_y = width / labelled[0], height / labelled[1]
    x, y, wide, high = chunk.overlay
    left, top = (x - wide * margin) * scale_x, (y - high * margin) * scale_y
    right, bottom = (x + wide * (1 + margin)) * scale_x, (y + high * (1 + margin)) * scale_y
    return (
        max(0, math.floor(left)),
        max(0, math.floor(top)),
        min(width, math.ceil(right)),
        min(height, math.ceil(bottom)),
    )


def _text(section: JsonPlace, key: str) -> str:
    value = section.values.get(key)
    return "".join(sign if sign.isprintable() else " " for sign in value[:300]) if isinstance(value, str) else ""


def _overlay(said: JsonPlace) -> tuple[float, float, float, float]:
    numbers = said.listed("bbox_controller_overlay", most=4)
    if len(numbers) != 4 or not all(_is_number(number) for number in numbers):
        raise said.wrong(
            "bbox_controller_overlay",
            "does not say where the drawn controller is",
            remedy="Without it the controller cannot be masked, and a model would read the labels off the picture",
        )
    x, y, width, height = (float(number) for number in numbers)
    if width <= 0 or height <= 0:
        raise said.wrong("bbox_controller_overlay", f"is {width:g}x{height:g} pixels: nothing to mask")
    return x, y, width, height


def _size(video: JsonPlace) -> tuple[int, int]:
    numbers = video.listed("resolution", most=2)
    if len(numbers) != 2 or not all(_is_number(number) and 1 <= number <= 1 << 16 for number in numbers):
        raise video.wrong("resolution", "is not the height and width of the video")
    return int(numbers[1]), int(numbers[0])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _read_table(content: bytes, file: Path, place: str) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    wanted = [*_BUTTONS, *_TRIGGERS, *_STICKS]
    try:
        parquet = pq.ParquetFile(io.BytesIO(content))
        metadata = parquet.metadata
        unpacked = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
        if not 0 < metadata.num_rows <= MAX_ROWS or unpacked > MAX_TABLE_BYTES:
            raise RecordingError(file, f"has {metadata.num_rows} rows of {unpacked} bytes", place=place)
        missing = [name for name in wanted if name not in parquet.schema_arrow.names]
        if missing:
            raise RecordingError(file, f"lacks the columns {', '.join(missing)}", place=place)
        table = parquet.read(columns=wanted, use_threads=False)
        buttons = np.zeros(len(table), np.uint32)
        axes = np.zeros((len(table), len(AXIS_IDS)), np.float32)
        for name, button in _BUTTONS.items():
            buttons |= (_numbers(table[name]) != 0).astype(np.uint32) << np.uint32(button)
        for name, axis in _TRIGGERS.items():
            axes[:, axis] = _numbers(table[name])
        for name, axis in _STICKS.items():
            axes[:, axis : axis + 2] = _pairs(table[name])
    except (pa.ArrowException, ValueError, OSError) as error:
        raise RecordingError(file, f"cannot be read as labels: {error}", place=place) from error
    if not np.isfinite(axes).all():
        raise RecordingError(file, "a stick or trigger is no finite number", place=place)
    return buttons, axes


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float32]:
    if column.null_count:
        raise ValueError("a value is missing")
    return column.cast(pa.float32()).to_numpy()


def _pairs(column: pa.ChunkedArray) -> NDArray[np.float32]:
    """The sticks' columns: lists of two."""
    flat = pa.concat_arrays([chunk.flatten() for chunk in column.chunks]).cast(pa.float32())
    values = flat.to_numpy(zero_copy_only=False)
    if column.null_count or flat.null_count or len(values) != 2 * len(column):
        raise ValueError("a stick has not two values")
    return values.reshape(-1, 2)
