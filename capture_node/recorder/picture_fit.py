"""A picture from a screen made into one for the video: scaled, with bars, masks blacked out, in the encoder's pixels.

Nothing leaves here that shows what is under a mask: encoder, previews and the watch over black pictures all get what
this gives. Masks are laid on the small planes of the video instead of the screen's pixels, which belong to the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from capture_node.recorder.settings import Mask
from capture_node.sources.frame_source import Grab

_BLACK = (16, 128, 128)
_MASK_MARGIN = 2
"""Pixels of the video around a mask that scaling may have mixed with what is under it."""

_BT601, _LIMITED = 5, 1
"""How H.273 numbers what the pictures are given in, so that the encoder takes them as they are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rectangle:
    """Pixels of the video; all even."""

    x: int
    y: int
    width: int
    height: int


class PictureFit:
    """Fits pictures of any size into a video of one size. Use it from one thread.

    Args:
        width, height: of the video, even.
        masks: what nobody is to see.
    """

    def __init__(self, width: int, height: int, masks: Sequence[Mask] = ()) -> None:
        assert width % 2 == height % 2 == 0, (width, height)
        self._size = (width, height)
        self._masks = tuple(masks)
        self._reformatter = VideoReformatter()

    def fit(self, grab: Grab) -> av.VideoFrame:
        """A frame of its own, yuv420p with BT.601's matrix in the limited range."""
        width, height = self._size
        image = grab.image
        if (image.shape[1] & ~1, image.shape[0] & ~1) == self._size:
            image = image[:height, :width]  # an odd side loses its last line instead of being scaled
        inner = place_inside(image.shape[1], image.shape[0], width, height)
        given = av.VideoFrame.from_numpy_buffer(image, format=grab.pixel_format.value)
        frame = self._reformatter.reformat(
            given,
            width=inner.width,
            height=inner.height,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU601,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.AREA if inner.width < image.shape[1] else Interpolation.BILINEAR,
        )
        if (inner.width, inner.height) != self._size:
            frame = self._with_bars(frame, inner)
        for mask in self._masks:
            _black_out(frame, masked_pixels(mask, inner, self._size))
        frame.colorspace, frame.color_range = _BT601, _LIMITED
        return frame

    def _with_bars(self, picture: av.VideoFrame, inner: Rectangle) -> av.VideoFrame:
        framed = av.VideoFrame(*self._size, "yuv420p")
        _black_out(framed, Rectangle(x=0, y=0, width=self._size[0], height=self._size[1]))
        for number in range(3):
            part = 1 if number == 0 else 2
            rows = slice(inner.y // part, (inner.y + inner.height) // part)
            columns = slice(inner.x // part, (inner.x + inner.width) // part)
            plane_pixels(framed, number)[rows, columns] = plane_pixels(picture, number)
        return framed


def place_inside(source_width: int, source_height: int, width: int, height: int) -> Rectangle:
    """Where a picture goes in a video: as large as it fits, in its own shape, in the middle."""
    inner_width = min(width, _even(width_of(source_width, source_height, height)))
    inner_height = min(height, _even(width_of(source_height, source_width, width)))
    return Rectangle(
        x=(width - inner_width) // 4 * 2,
        y=(height - inner_height) // 4 * 2,
        width=inner_width,
        height=inner_height,
    )


def width_of(source_width: int, source_height: int, height: int) -> float:
    """How wide a picture is once it is ``height`` high."""
    return source_width * height / source_height


def masked_pixels(mask: Mask, inner: Rectangle, size: tuple[int, int]) -> Rectangle:
    """The mask's pixels with their margin, widened to even ones."""
    left = max(0, int(inner.x + mask.x * inner.width - _MASK_MARGIN) & ~1)
    top = max(0, int(inner.y + mask.y * inner.height - _MASK_MARGIN) & ~1)
    right = -int(-(inner.x + (mask.x + mask.width) * inner.width + _MASK_MARGIN) // 2) * 2
    bottom = -int(-(inner.y + (mask.y + mask.height) * inner.height + _MASK_MARGIN) // 2) * 2
    return Rectangle(x=left, y=top, width=min(right, size[0]) - left, height=min(bottom, size[1]) - top)


def plane_pixels(frame: av.VideoFrame, number: int) -> NDArray[np.uint8]:
    """uint8[height, width]: a frame's own bytes, to read and to write."""
    plane = frame.planes[number]
    rows = np.frombuffer(plane, np.uint8)
    return rows.reshape(plane.height, plane.line_size)[:, : plane.width]


def _black_out(frame: av.VideoFrame, pixels: Rectangle) -> None:
    for number, value in enumerate(_BLACK):
        part = 1 if number == 0 else 2
        rows = slice(pixels.y // part, (pixels.y + pixels.height) // part)
        columns = slice(pixels.x // part, (pixels.x + pixels.width) // part)
        plane_pixels(frame, number)[rows, columns] = value


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)
