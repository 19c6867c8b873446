"""What is drawn into pictures on their way: a cursor that a recording lacks, a box over what nobody shall learn from.

Pictures are yuv420p in limited range, so what is not drawn on passes through bit for bit.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

BLACK, WHITE, GREY = 16, 235, 128
"""Values of luma and, for the last, of colourless chroma."""

_CURSOR_LINES = 22.5
"""The picture's height over the cursor's."""

_MIN_CURSOR = 8

type Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]


def planes_of(picture: NDArray[np.uint8]) -> Planes:
    """Luma and the two chroma planes of a picture of even sides, as views.

    Args:
        picture: uint8[height * 3 / 2, width], as PyAV gives yuv420p.
    """
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    flat = picture.reshape(-1)
    luma, quarter = width * height, width * height // 4
    shape = (height // 2, width // 2)
    return (
        flat[:luma].reshape(height, width),
        flat[luma : luma + quarter].reshape(shape),
        flat[luma + quarter :].reshape(shape),
    )


def fill_box(picture: NDArray[np.uint8], left: int, top: int, right: int, bottom: int) -> None:
    """Blacken the pixels from (left, top) to before (right, bottom), and those that share their colour.

    Args:
        picture: as for `planes_of`; changed in place.
    """
    luma, *chroma = planes_of(picture)
    luma[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = BLACK
    rows = slice(max(0, top) // 2, (max(0, bottom) + 1) // 2)
    columns = slice(max(0, left) // 2, (max(0, right) + 1) // 2)
    for plane in chroma:
        plane[rows, columns] = GREY


def draw_cursor(picture: NDArray[np.uint8], x: float, y: float) -> None:
    """Draw an arrow with its tip at (x, y), in pixels; what falls out of the picture is left out.

    Args:
        picture: as for `planes_of`; changed in place.
    """
    luma, *chroma = planes_of(picture)
    height, width = luma.shape
    left, top = int(x), int(y)
    if not (0 <= left < width and 0 <= top < height):
        return
    arrow = _arrow(max(_MIN_CURSOR, round(height / _CURSOR_LINES)))
    shown = arrow[: height - top, : width - left]
    place = luma[top : top + shown.shape[0], left : left + shown.shape[1]]
    place[shown == 1] = BLACK
    place[shown == 2] = WHITE
    rows, columns = np.nonzero(shown)
    for plane in chroma:
        plane[(rows + top) // 2, (columns + left) // 2] = GREY


@cache
def _arrow(side: int) -> NDArray[np.uint8]:
    """uint8[side, side]: 0 nothing, 1 the black rim, 2 the white inside."""
    rows, columns = np.mgrid[0:side, 0:side]
    body = side * 0.72
    head = (columns <= rows * 0.75) & (rows + columns * 0.35 <= body)
    stem = (rows >= body * 0.6) & (np.abs(columns - rows * 0.42) <= side * 0.09)
    shape = np.pad(head | stem, 1)
    inside = shape[1:-1, 1:-1] & shape[:-2, 1:-1] & shape[2:, 1:-1] & shape[1:-1, :-2] & shape[1:-1, 2:]
    return (shape[1:-1, 1:-1].astype(np.uint8)) + inside.astype(np.uint8)
