"""The mouse pointer, which the X server keeps apart from every picture: where it is, how it looks, and drawing it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture_node.sources.frame_source import Grab
from capture_node.sources.x11_display import X11Display

_HEADER_BYTES = 32
_MAX_VALUE = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class PointerShape:
    """How the pointer looks.

    Attributes:
        serial: the server's number of it.
        image: uint8[height, width, 4], blue first, already multiplied by the fourth byte, which says how opaque it is.
        hot_x, hot_y: the point of it that points.
    """

    serial: int
    image: NDArray[np.uint8]
    hot_x: int
    hot_y: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Pointer:
    """The pointer at one moment.

    Attributes:
        x, y: where it points, in a window's own coordinates.
        shape: how it looks.
    """

    x: int
    y: int
    shape: PointerShape


class X11Pointer:
    """Looks where the pointer is, as seen from one window."""

    def __init__(self, display: X11Display, window: int) -> None:
        """Args: window: the game's, or the root."""
        import xcffib.xfixes

        self._connection = display.connection
        self._window = window
        self._fixes: Any = display.connection(xcffib.xfixes.key)
        self._fixes.QueryVersion(5, 0).reply()
        self._shape: PointerShape | None = None

    def look(self) -> Pointer | None:
        """The pointer now; None while it is on another screen.

        Raises:
            xcffib.Error: the window is gone.
        """
        asked_where = self._connection.core.QueryPointer(self._window)
        asked_how = self._fixes.GetCursorImage()
        where = asked_where.reply()
        # xcffib's own reply makes a Python number of every pixel.
        said = bytes(self._connection.wait_for_reply(asked_how.sequence).buf)
        if not where.same_screen:
            return None
        return Pointer(x=where.win_x, y=where.win_y, shape=self._shape_of(said))

    def _shape_of(self, said: bytes) -> PointerShape:
        width, height, hot_x, hot_y = (int(value) for value in np.frombuffer(said, "=u2", 4, offset=12))
        serial = int(np.frombuffer(said, "=u4", 1, offset=20)[0])
        if self._shape is None or self._shape.serial != serial:
            pixels = np.frombuffer(said, np.uint8, width * height * 4, offset=_HEADER_BYTES)
            image = pixels.reshape(height, width, 4)
            self._shape = PointerShape(serial=serial, image=image, hot_x=hot_x, hot_y=hot_y)
        return self._shape


class PointerPainter:
    """Draws the pointer into a copy of each picture."""

    def __init__(self) -> None:
        self._canvas: NDArray[np.uint8] | None = None
        self._drawn: tuple[int, int, int] | None = None

    def paint(self, grab: Grab, pointer: Pointer | None, left: int, top: int) -> Grab:
        """The picture with the pointer in it; it has changed if either of them has.

        Args:
            grab: four bytes a pixel; its image is left as it is.
            pointer: None: there is none to draw.
            left, top: where the picture's corner lies in the pointer's coordinates.
        """
        place = None if pointer is None else _place(pointer, left, top, grab.image)
        key = None if pointer is None or place is None else (pointer.shape.serial, *place)
        changed = grab.changed or key != self._drawn
        self._drawn = key
        if pointer is None or place is None:
            return replace(grab, changed=changed)
        if changed or self._canvas is None:
            if self._canvas is None or self._canvas.shape != grab.image.shape:
                self._canvas = np.empty_like(grab.image)
            np.copyto(self._canvas, grab.image)
            _blend(self._canvas, pointer.shape.image, *place)
        return replace(grab, image=self._canvas, changed=changed)


def _place(pointer: Pointer, left: int, top: int, image: NDArray[np.uint8]) -> tuple[int, int] | None:
    """Where the pointer's picture lies in the image; None if it points elsewhere."""
    x, y = pointer.x - left, pointer.y - top
    if not (0 <= x < image.shape[1] and 0 <= y < image.shape[0]):
        return None
    return x - pointer.shape.hot_x, y - pointer.shape.hot_y


def _blend(image: NDArray[np.uint8], shape: NDArray[np.uint8], x: int, y: int) -> None:
    """Lay a shape over the image, cut off at its edges."""
    rows = slice(max(0, y), max(0, min(image.shape[0], y + shape.shape[0])))
    columns = slice(max(0, x), max(0, min(image.shape[1], x + shape.shape[1])))
    seen = shape[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x].astype(np.uint16)
    below = image[rows, columns, :3]
    through = _MAX_VALUE - seen[:, :, 3:]
    image[rows, columns, :3] = np.minimum(seen[:, :, :3] + below * through // _MAX_VALUE, _MAX_VALUE)
