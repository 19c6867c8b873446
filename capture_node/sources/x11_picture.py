"""A rectangle of the screen or of a window, read again only after something was drawn there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture_node.clock import now_ns
from capture_node.inputs.x11_clock import ServerClock
from capture_node.sources.frame_source import Grab, PixelFormat
from capture_node.sources.x11_display import X11Display
from capture_node.sources.x11_memory import PictureReader, make_reader
from capture_node.sources.x11_pointer import PointerPainter, X11Pointer

_REPORT_ONCE = 3  # damage: one event, then silence until it is subtracted
# How often a picture that is said not to change is looked at all the same: some graphics drivers draw past the server.
_CHECK_INTERVAL_NS = 500_000_000
# A report is read at the next look; one that claims to be older goes by another clock than ours.
_REPORT_AGE_NS = 200_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A rectangle of a window, a pixmap or the screen.

    Attributes:
        drawable: its id.
        x, y: of the upper left corner in it.
        width, height: in pixels.
    """

    drawable: int
    x: int
    y: int
    width: int
    height: int


class X11Picture:
    """Looks at one place after another, all of them in or of one window."""

    def __init__(self, display: X11Display, window: int, *, with_pointer: bool = False) -> None:
        """Begin to watch for changes.

        Args:
            display: the server.
            window: it, or the root.
            with_pointer: draw the mouse pointer into the pictures, where the server tells of it.

        Raises:
            xcffib.Error: the window is gone.
        """
        self._readers: list[PictureReader] = [make_reader(display)]
        self._display = display
        self._damage_extension: Any = None
        self._damage = 0
        self._damaged = True
        self._is_ready = False
        self._clock = ServerClock()
        self._drawn_ns: int | None = None
        self._last: tuple[Place, NDArray[np.uint8]] | None = None
        self._checked_ns = 0
        self._window = window
        self._pointer = X11Pointer(display, window) if with_pointer and display.has_extension("XFIXES") else None
        self._painter = PointerPainter()
        if display.has_extension("DAMAGE"):
            import xcffib.damage

            self._damage_extension = display.connection(xcffib.damage.key)
            self._damage_extension.QueryVersion(1, 1).reply()
            self._damage = display.connection.generate_id()
            self._damage_extension.CreateChecked(self._damage, window, _REPORT_ONCE).check()

    def note_damage(self, server_ms: int) -> None:
        """Something was drawn, at this time of the server's."""
        self._damaged = True
        read_ns = now_ns()
        drawn_ns = self._clock.to_monotonic_ns(server_ms, read_ns)
        if self._drawn_ns is None and read_ns - drawn_ns < _REPORT_AGE_NS:
            self._drawn_ns = drawn_ns

    def forget(self) -> None:
        """The next look finds a new picture, whatever was seen before."""
        self._last = None

    def make_ready(self) -> None:
        """A moment before `look`: from when this returns the server reports what is drawn.

        Raises:
            xcffib.Error: the window is gone.
        """
        if self._damage_extension is not None and self._damaged:
            self._damage_extension.SubtractChecked(self._damage, 0, 0).check()
            self._damaged, self._is_ready = False, True

    def look(self, place: Place, asked_ns: int, read_events: Callable[[], None]) -> Grab:
        """The picture at a place now.

        Args:
            place: where to look.
            asked_ns: when it was asked for; what has come from the server has been read since then.
            read_events: reads what the server has sent, and calls `note_damage` if that says so.

        Raises:
            xcffib.Error: the place is gone, or not that large.
        """
        if self._pointer is None:
            return self._look(place, asked_ns, read_events)
        pointer, asked_ns = self._pointer.look(), now_ns()  # in this order: nothing in a picture is newer than its time
        # A window's pixmap is no part of the screen; its corner is the window's.
        left, top = (place.x, place.y) if place.drawable == self._window else (0, 0)
        return self._painter.paint(self._look(place, asked_ns, read_events), pointer, left, top)

    def _look(self, place: Place, asked_ns: int, read_events: Callable[[], None]) -> Grab:
        if (
            self._damage_extension is None
            or self._damaged
            or self._is_ready
            or self._last is None
            or self._last[0] != place
        ):
            return self._read(place, asked_ns, read_events)
        _, image = self._last
        time_ns = now_ns()
        if time_ns - self._checked_ns < _CHECK_INTERVAL_NS:
            return Grab(image=image, pixel_format=PixelFormat.BGRA, monotonic_ns=time_ns, changed=False)
        return self._check(place, image, read_events)

    def close(self) -> None:
        for reader in self._readers:
            reader.close()

    def _read(self, place: Place, asked_ns: int, read_events: Callable[[], None]) -> Grab:
        drawn_ns, self._drawn_ns = self._drawn_ns, None
        if not self._is_ready or self._damaged:
            # Before the picture is read: what is drawn in between is seen twice rather than never.
            self.make_ready()
            asked_ns = now_ns()
        is_ready, self._is_ready = self._is_ready, False
        image = self._readers[0].read(place.drawable, place.x, place.y, place.width, place.height)
        # Nothing in the picture is newer than its time: after the answer that is sure, and before it where nothing was
        # drawn in between. How long the copying takes then makes no interval uneven.
        time_ns = now_ns()
        self._last, self._checked_ns = (place, image), time_ns
        if is_ready:
            read_events()
            if not self._damaged:
                time_ns = asked_ns
        return Grab(image=image, pixel_format=PixelFormat.BGRA, monotonic_ns=time_ns, drawn_ns=drawn_ns)

    def _check(self, place: Place, image: NDArray[np.uint8], read_events: Callable[[], None]) -> Grab:
        """Look though no damage was reported, and stop to believe in reports if something has changed all the same."""
        if len(self._readers) == 1:
            self._readers.append(make_reader(self._display))
        current = self._readers[1].read(place.drawable, place.x, place.y, place.width, place.height)
        time_ns = self._checked_ns = now_ns()
        if _same(current, image):
            return Grab(image=image, pixel_format=PixelFormat.BGRA, monotonic_ns=time_ns, changed=False)
        self._readers.reverse()
        self._last = (place, current)
        # The server reports damage before it answers for a later picture: a change that it saw is known by now.
        read_events()
        if not self._damaged:
            self._damage_extension = None
        return Grab(image=current, pixel_format=PixelFormat.BGRA, monotonic_ns=time_ns)


def _same(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bool:
    return bool(np.array_equal(first.view(np.uint32), second.view(np.uint32)))
