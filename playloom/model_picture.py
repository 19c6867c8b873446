"""The picture that a model sees: the one code that scales, for training, labelling and live play alike.

A model that was trained on pictures scaled one way and plays on pictures scaled another sees a slightly different game.
Whatever comes is therefore first what a recording holds, a yuv420p frame, and then goes to RGB of the wanted size in
one step, always by the same call with the same flags. A screen that is about to be played on takes the recorder's own
way to yuv420p, so a model that plays lacks nothing that it saw in training but the codec's loss. (The other way, RGB
first, would show it sharper colours live than any recording has, at four times the cost for a large frame.)
"""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

PICTURE_CODE = 2
"""Changes when this code gives other bits: caches of pictures made before are then made again."""

_FULL_CHROMA = 0x2000
"""swscale's SWS_FULL_CHR_H_INT: colours at the picture's full width, not at half of it."""

_DOWN, _UP = Interpolation.AREA | _FULL_CHROMA, Interpolation.BILINEAR | _FULL_CHROMA
_ITU601 = int(Colorspace.ITU601)
_LIKE_ITU601 = frozenset({2, 5, 6})
"""AVColorSpace's numbers for "unspecified", BT.470BG and SMPTE 170M, which have one matrix."""


class PictureScaler:
    """Makes model pictures of one size, and keeps FFmpeg's tables between them.

    Args:
        size: (width, height) in pixels; the picture is stretched to it.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self._order, self._record, self._scale = VideoReformatter(), VideoReformatter(), VideoReformatter()

    def into(self, frame: av.VideoFrame | NDArray[np.uint8], output: NDArray[np.uint8]) -> None:
        """Write a picture into ``output``, uint8[height, width, 3]."""
        width, height = self.size
        plane = self._rgb(frame, width, height).planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(height, plane.line_size)
        output[:] = rows[:, : width * 3].reshape(height, width, 3)

    def __call__(self, frame: av.VideoFrame | NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A new picture, uint8[height, width, 3]."""
        output = np.empty((self.size[1], self.size[0], 3), np.uint8)
        self.into(frame, output)
        return output

    def _rgb(self, frame: av.VideoFrame | NDArray[np.uint8], width: int, height: int) -> av.VideoFrame:
        if isinstance(frame, np.ndarray):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        matrix, full = int(frame.colorspace), frame.color_range == ColorRange.JPEG
        if frame.format.is_rgb:
            # Only the order of bytes changes; swscale makes yuv420p of each order by a code of its own.
            frame = self._order.reformat(frame, format="rgb24")
            frame = self._record.reformat(
                frame, format="yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG
            )
            matrix, full = _ITU601, False
        shrinks = width <= frame.width and height <= frame.height
        return self._scale.reformat(
            frame,
            width,
            height,
            "rgb24",
            # With equal matrices swscale keeps its tables from frame to frame.
            src_colorspace=_ITU601 if matrix in _LIKE_ITU601 else matrix,
            dst_colorspace=_ITU601,
            src_color_range=ColorRange.JPEG if full or frame.format.name.startswith("yuvj") else ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=int(_DOWN if shrinks else _UP),
        )


def model_picture(frame: av.VideoFrame | NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture that a model sees.

    Args:
        frame: a decoded frame, or a screen as uint8[height, width, 3] in RGB. A picture that a model has seen is none
            that may be given again.
        size: (width, height) in pixels.

    Returns:
        uint8[size height, size width, 3]; the same bits for a screen and for its lossless recording.
    """
    return PictureScaler(size)(frame)


def frame_picture(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """A frame at its own size, uint8[height, width, 3] in RGB."""
    return PictureScaler((frame.width, frame.height))(frame)
