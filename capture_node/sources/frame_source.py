"""The protocol of everything that has pictures: one call a tick, answered with the newest picture and its time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playloom.errors import CaptureError


class SourceKind(StrEnum):
    MONITOR = "monitor"
    WINDOW = "window"
    GYM = "gym"
    PATTERN = "pattern"


class PixelFormat(StrEnum):
    """The order of a picture's bytes, by FFmpeg's names. The fourth byte of bgra says nothing."""

    BGRA = "bgra"
    BGR24 = "bgr24"
    RGB24 = "rgb24"


@dataclass(frozen=True, kw_only=True)
class SourceDescription:
    """A monitor or window that can be captured, or another source.

    Attributes:
        kind: which of them.
        key: names it among those of its kind: a monitor's number (from 0), a window's system id, a game's id.
        title: what a player calls it: the monitor's name, the window's title.
        width, height: of the picture, in pixels.
        process: the name of the program whose window it is, where known.
        primary: whether it is the main monitor.
    """

    kind: SourceKind
    key: str
    title: str
    width: int
    height: int
    process: str | None = None
    primary: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Grab:
    """One look at a source.

    Attributes:
        image: uint8[height, width, 3 or 4], rows may be padded. It belongs to the source: valid until the next `grab`.
        pixel_format: the order of its bytes.
        monotonic_ns: when the picture was taken, on the system's monotonic clock.
        changed: False where the picture is known to be that of the grab before; that grab's image may then be
            given again, with its own time.
        drawn_ns: when it was first drawn into since the grab before; None if it was not, or the source does not know.
    """

    image: NDArray[np.uint8]
    pixel_format: PixelFormat
    monotonic_ns: int
    changed: bool = True
    drawn_ns: int | None = None


class SourceLostError(CaptureError):
    """The window was closed, the monitor unplugged: there will be no more pictures."""


class FrameSource(Protocol):
    """Has pictures.

    All but `description` are called by one thread, `grab` once a tick: it answers at once with what there is,
    never waits for a change, and takes a few milliseconds at most. The size of the image may differ from grab to grab
    (a window that is resized); who records fits it into the video.
    """

    @property
    def description(self) -> SourceDescription:
        """What is captured, as it was last seen."""
        ...

    def open(self) -> None:
        """Begin.

        Raises:
            CaptureError: it cannot be captured; says why and what to do.
        """
        ...

    def make_ready(self) -> None:
        """A moment before `grab`: time to do what takes a while and needs no picture. It may be left out."""
        ...

    def grab(self) -> Grab | None:
        """The newest picture; None while there is none for now (minimized, no picture has come yet, access lost).

        Raises:
            SourceLostError: there will be none any more.
        """
        ...

    def close(self) -> None:
        """Let go of it. A second call does nothing."""
        ...
