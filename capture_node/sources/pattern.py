"""A test picture whose number, clock and pressed buttons can be read back from its pixels.

A white frame says where the picture lies, black and white blocks below its upper edge hold 144 bits, and a moving
texture under them gives an encoder something to do. The blocks stay legible when the picture is scaled to 256x256,
with or without bars, and compressed hard; a CRC tells a picture that was misread, torn or covered from a good one.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# The picture in units: a frame one unit wide, the blocks, the texture.
_COLUMNS, _ROWS = 24, 14
_CODE_COLUMNS, _CODE_ROWS = 22, 7

# Number, clock and pressed buttons; then the CRC-32 of these bytes.
_PAYLOAD = struct.Struct("<IQH")
_CRC = struct.Struct("<I")
_CODE_BITS = (_PAYLOAD.size + _CRC.size) * 8

_TEXTURE_STEP = 3  # pixels that the texture moves from one number to the next
_MIN_WIDTH, _MIN_HEIGHT = 2 * _COLUMNS, 2 * _ROWS
_BRIGHT = 128


@dataclass(frozen=True, kw_only=True)
class PatternReading:
    """What a test picture says.

    Attributes:
        number: of the picture.
        clock_ns: the time drawn into it.
        pressed: one bit for each of 16 buttons that were held when it was drawn.
    """

    number: int
    clock_ns: int
    pressed: int = 0


def draw_pattern(
    number: int,
    clock_ns: int,
    size: tuple[int, int],
    *,
    pressed: int = 0,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Draw the test picture.

    Args:
        number: of the picture, 32 bits of it are drawn.
        clock_ns: a time to draw into it.
        size: width and height, at least 48x28.
        pressed: 16 bits.
        out: uint8[height, width, 3 or 4] to draw into, instead of a new picture. Its fourth byte says nothing.

    Returns:
        uint8[height, width, 3], or `out`. The picture is grey, so that it is RGB and BGR alike.
    """
    width, height = size
    if width < _MIN_WIDTH or height < _MIN_HEIGHT:
        raise ValueError(f"the pattern needs {_MIN_WIDTH}x{_MIN_HEIGHT} pixels, not {width}x{height}")
    if out is None:
        out = np.empty((height, width, 3), dtype=np.uint8)
    canvas = _canvas(width, height, out.shape[2])
    payload = _PAYLOAD.pack(number & 0xFFFFFFFF, clock_ns, pressed)
    bits = np.zeros(_CODE_ROWS * _CODE_COLUMNS, dtype=np.uint8)
    bits[:_CODE_BITS] = np.unpackbits(np.frombuffer(payload + _CRC.pack(zlib.crc32(payload)), dtype=np.uint8))
    bits *= 255
    blocks = np.full((_CODE_ROWS, _COLUMNS), 255, dtype=np.uint8)
    blocks[:, 1 : 1 + _CODE_COLUMNS] = bits.reshape(_CODE_ROWS, _CODE_COLUMNS)

    edges = canvas.row_edges
    out[: edges[1]] = 255
    for row, line in enumerate(blocks[:, canvas.column_of_pixel], start=1):
        out[edges[row] : edges[row + 1]] = line[:, np.newaxis].repeat(out.shape[2], axis=1)
    top, bottom = edges[1 + _CODE_ROWS], edges[_ROWS - 1]
    left, right = canvas.inner_columns
    shift = number * _TEXTURE_STEP % (right - left)
    out[top:bottom, :left] = 255
    out[top:bottom, right:] = 255
    out[top:bottom, left:right] = canvas.texture[:, shift : shift + right - left]
    out[bottom:] = 255
    return out


def read_pattern(image: NDArray[np.uint8]) -> PatternReading | None:
    """Read a test picture that fills the image, or stands on black.

    Args:
        image: uint8[height, width, 3 or 4] in any order of colours, or uint8[height, width] of luminance.

    Returns:
        What it says; None if there is no such picture or it cannot be trusted: torn, covered, misread.
    """
    grey = image if image.ndim == 2 else image[:, :, 1]
    box = _bright_box(grey)
    if box is None:
        return None
    left, top, right, bottom = box
    middle = _frame_level(grey, box) / 2
    unit_x, unit_y = (right - left) / _COLUMNS, (bottom - top) / _ROWS
    # The middle half of each block: its edges are blurred by scaling.
    places = np.array([0.3, 0.5, 0.7])
    columns = left + unit_x * (np.arange(1, 1 + _CODE_COLUMNS)[:, np.newaxis] + places).ravel()
    rows = top + unit_y * (np.arange(1, 1 + _CODE_ROWS)[:, np.newaxis] + places).ravel()
    samples = grey[np.ix_(rows.astype(np.intp), columns.astype(np.intp))]
    means = samples.reshape(_CODE_ROWS, len(places), _CODE_COLUMNS, len(places)).mean(axis=(1, 3))
    code = np.packbits((means > middle).ravel()[:_CODE_BITS]).tobytes()
    payload, crc = code[: _PAYLOAD.size], code[_PAYLOAD.size :]
    if zlib.crc32(payload) != _CRC.unpack(crc)[0]:
        return None
    number, clock_ns, pressed = _PAYLOAD.unpack(payload)
    return PatternReading(number=number, clock_ns=clock_ns, pressed=pressed)


@dataclass(frozen=True, kw_only=True)
class _Canvas:
    """What all pictures of one size have in common."""

    row_edges: tuple[int, ...]
    column_of_pixel: NDArray[np.intp]
    inner_columns: tuple[int, int]
    texture: NDArray[np.uint8]  # twice as wide as what is shown of it


@lru_cache(maxsize=4)
def _canvas(width: int, height: int, channels: int) -> _Canvas:
    row_edges = tuple(round(height * row / _ROWS) for row in range(_ROWS + 1))
    column_edges = [round(width * column / _COLUMNS) for column in range(_COLUMNS + 1)]
    column_of_pixel = np.repeat(np.arange(_COLUMNS), np.diff(column_edges))
    inner = (column_edges[1], column_edges[-2])
    rows, columns = row_edges[_ROWS - 1] - row_edges[1 + _CODE_ROWS], inner[1] - inner[0]
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    waves = 40 * np.sin(x * (2 * np.pi * 6 / columns) + y / 9) + 30 * np.cos(y / 23)
    grain = np.random.default_rng(7).integers(-10, 11, (rows, columns))
    grey = np.clip(128 + waves + grain, 0, 255).astype(np.uint8)
    texture = np.repeat(np.concatenate([grey, grey], axis=1)[:, :, np.newaxis], channels, axis=2)
    return _Canvas(row_edges=row_edges, column_of_pixel=column_of_pixel, inner_columns=inner, texture=texture)


def _bright_box(grey: NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what is bright; None if that is too small to hold the blocks."""
    bright = grey > _BRIGHT
    columns, rows = np.flatnonzero(bright.any(axis=0)), np.flatnonzero(bright.any(axis=1))
    if len(columns) < _MIN_WIDTH or len(rows) < _MIN_HEIGHT:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _frame_level(grey: NDArray[np.uint8], box: tuple[int, int, int, int]) -> float:
    """How bright the white frame is, along its upper edge."""
    left, top, right, bottom = box
    return float(np.median(grey[top + round((bottom - top) / _ROWS / 2), left:right]))
