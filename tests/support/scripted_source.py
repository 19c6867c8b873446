"""A frame source that does what a test says: numbered pictures, standing still, vanishing, changing size."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from capture_node.clock import now_ns
from capture_node.sources.frame_source import Grab, PixelFormat, SourceDescription, SourceKind
from tests.support.sessions import numbered_image

SIZE = (64, 48)


def numbered_bgra(number: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """`numbered_image` as a screen has it."""
    image = np.full((size[1], size[0], 4), 255, np.uint8)
    image[:, :, :3] = numbered_image(number % 65536, size)[:, :, ::-1]
    return image


@dataclass
class ScriptedSource:
    """Picture k shows the number k, unless ``script`` gives another for it: a `Grab`, None, or an exception.

    Attributes:
        script: asked at each grab with its number; `next_picture` is the usual answer.
        kind: what it claims to be.
        grabs: how many there were.
        is_open: between open and close.
    """

    script: Callable[[int], Grab | None] | None = None
    kind: SourceKind = SourceKind.WINDOW
    size: tuple[int, int] = SIZE
    grabs: int = 0
    is_open: bool = False
    times_ns: list[int] = field(default_factory=list)

    @property
    def description(self) -> SourceDescription:
        return SourceDescription(kind=self.kind, key="1", title="Game", width=self.size[0], height=self.size[1])

    def open(self) -> None:
        self.is_open = True

    def make_ready(self) -> None:
        pass

    def grab(self) -> Grab | None:
        assert self.is_open
        number = self.grabs
        self.grabs += 1
        return picture(number, self.size) if self.script is None else self.script(number)

    def close(self) -> None:
        self.is_open = False


def picture(number: int, size: tuple[int, int] = SIZE, *, changed: bool = True) -> Grab:
    """A picture taken now that shows a number."""
    return Grab(
        image=numbered_bgra(number, size), pixel_format=PixelFormat.BGRA, monotonic_ns=now_ns(), changed=changed
    )


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait for something that another thread does; fails the test after the timeout."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.005)
