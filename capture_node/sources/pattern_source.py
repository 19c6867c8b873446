"""The test pattern as a source: proves a recorder without a screen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from capture_node.clock import now_ns
from capture_node.sources.frame_source import Grab, PixelFormat, SourceDescription, SourceKind
from capture_node.sources.pattern import draw_pattern

PATTERN_SIZE = (1280, 720)


def describe_pattern(size: tuple[int, int] = PATTERN_SIZE) -> SourceDescription:
    """The test pattern, in a size of width and height."""
    return SourceDescription(
        kind=SourceKind.PATTERN, key="pattern", title="Test pattern", width=size[0], height=size[1]
    )


class PatternSource:
    """A new picture for each grab, numbered from 0; see `FrameSource`."""

    def __init__(self, description: SourceDescription, *, pressed: Callable[[], int] = lambda: 0) -> None:
        """Know what to draw.

        Args:
            description: says the size.
            pressed: tells which of 16 buttons are held, drawn into each picture.
        """
        self._description = description
        self._pressed = pressed
        self._number = 0
        self._image = np.zeros((description.height, description.width, 4), dtype=np.uint8)

    @property
    def description(self) -> SourceDescription:
        return self._description

    def open(self) -> None:
        self._number = 0

    def make_ready(self) -> None:
        pass

    def grab(self) -> Grab:
        size = (self._description.width, self._description.height)
        time_ns = now_ns()
        draw_pattern(self._number, time_ns, size, pressed=self._pressed(), out=self._image)
        self._number += 1
        return Grab(image=self._image, pixel_format=PixelFormat.BGRA, monotonic_ns=time_ns)

    def close(self) -> None:
        pass
