"""Samples of decoded pictures for statistics: few pixels of few frames, in the colours that a model will see."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

from workers.video.image_stats import ImageCounter, ImageStats, sample_places

SAMPLED_SIDE = 128
"""Pixels along the longer side of a sampled picture, at least, where the picture has as many. Pixels are picked and
not averaged: an average would lose the spread."""

_DEFAULT_MATRIX = 5
_UNSPECIFIED_MATRIX = 2
_FULL_RANGE = 2


class PictureReader:
    """Turns decoded frames into small RGB arrays."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def read(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """Evenly spread pixels of a frame: uint8[h, w, 3] RGB."""
        step = max(1, max(frame.width, frame.height) // SAMPLED_SIDE)
        matrix = int(frame.colorspace)
        full = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
        small = self._reformatter.reformat(
            frame,
            max(1, frame.width // step),
            max(1, frame.height // step),
            "rgb24",
            src_colorspace=_DEFAULT_MATRIX if matrix == _UNSPECIFIED_MATRIX else matrix,
            dst_colorspace=_DEFAULT_MATRIX,
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            interpolation=Interpolation.POINT,
        )
        return np.asarray(small.to_ndarray(), np.uint8)


class PictureSampler:
    """Takes statistics from every so many of the frames that pass by.

    Args:
        frames: how many will pass by.
    """

    def __init__(self, frames: int) -> None:
        self._places = sample_places(frames).tolist()
        self._places.reverse()  # the next one is popped from the end
        self._passed = 0
        self._reader = PictureReader()
        self._counter = ImageCounter()

    def offer(self, frame: av.VideoFrame, times: int) -> None:
        """A frame passes by that stands for ``times`` frames in a row."""
        self._passed += times
        if not self._places or self._places[-1] >= self._passed:
            return
        picture = self._reader.read(frame)
        while self._places and self._places[-1] < self._passed:
            self._places.pop()
            self._counter.add(picture)

    def stats(self) -> ImageStats:
        """The statistics of what has passed by."""
        return self._counter.stats()
