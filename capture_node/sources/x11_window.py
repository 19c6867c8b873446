"""One window of an X11 desktop, without its frame, wherever it goes and whatever lies over it.

The Composite extension keeps the window's picture apart from the screen's, so what covers it is not recorded. Reading
the screen where the window lies would do without the extension, and record whatever else shows up there.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from capture_node.clock import now_ns
from capture_node.sources.frame_source import Grab, SourceDescription, SourceLostError
from capture_node.sources.x11_display import X11Display
from capture_node.sources.x11_picture import Place, X11Picture
from capture_node.sources.x11_pixels import require_bgra
from playloom.errors import CaptureError

_REDIRECT_AUTOMATIC = 0
_INPUT_ONLY = 2
# A window manager may hide the frame around a window, of which the window is not told: so we ask.
_VISIBLE_CHECK_INTERVAL_NS = 200_000_000


class X11WindowSource:
    """Records a window; see `FrameSource`."""

    def __init__(
        self, description: SourceDescription, *, display: str | None = None, with_pointer: bool = False
    ) -> None:
        """Know which window.

        Args:
            description: its key is the window's id.
            display: the X server; None takes ``DISPLAY``.
            with_pointer: whether the mouse pointer is in the pictures.
        """
        self._description = description
        self._window = int(description.key, 0)
        self._display_name = display
        self._with_pointer = with_pointer
        self._display: X11Display | None = None
        self._picture: X11Picture | None = None
        self._composite: Any = None
        self._pixmap: Place | None = None
        self._shape = (0, 0, 0)
        self._minimized = False
        self._minimized_checked_ns = 0
        self._lost = False

    @property
    def description(self) -> SourceDescription:
        return self._description

    def open(self) -> None:
        display = X11Display(self._display_name)
        try:
            self._begin(display)
        except BaseException:
            display.close()
            raise
        self._display = display

    def make_ready(self) -> None:
        import xcffib

        assert self._display is not None
        assert self._picture is not None
        with suppress(xcffib.ConnectionException, xcffib.Error):  # `grab` will say
            self._read_events()
            self._see_whether_minimized(self._display)
            self._picture.make_ready()

    def grab(self) -> Grab | None:
        import xcffib

        asked_ns = now_ns()
        assert self._display is not None, "grab before open"
        try:
            return self._grab(self._display, asked_ns)
        except xcffib.ConnectionException as error:
            raise SourceLostError(self._what, "the X server is gone") from error

    def close(self) -> None:
        import xcffib

        if self._display is None:
            return
        try:
            if self._picture is not None:
                self._picture.close()
        except xcffib.ConnectionException:
            pass  # the server is gone, and all that we had there with it
        # The server lets go of everything else by itself.
        self._display.close()
        self._display = self._picture = self._composite = self._pixmap = None

    @property
    def _what(self) -> str:
        return f"The window '{self._description.title}'"

    def _begin(self, display: X11Display) -> None:
        import xcffib
        import xcffib.composite
        from xcffib.xproto import CW, EventMask

        if not display.has_extension("Composite"):
            raise CaptureError(
                self._what,
                "the X server has no Composite extension, which keeps apart what covers the window",
                remedy="Turn the extension on, or record the whole monitor",
            )
        core = display.connection.core
        try:
            attributes = core.GetWindowAttributes(self._window).reply()
            if attributes._class == _INPUT_ONLY:
                raise CaptureError(self._what, "it has no picture", remedy="Choose another window")
            require_bgra(display, self._what, attributes.visual)
            events = EventMask.StructureNotify | EventMask.PropertyChange
            core.ChangeWindowAttributesChecked(self._window, CW.EventMask, [events]).check()
            geometry = core.GetGeometry(self._window).reply()
            self._composite = display.connection(xcffib.composite.key)
            self._composite.QueryVersion(0, 4).reply()
            self._composite.RedirectWindowChecked(self._window, _REDIRECT_AUTOMATIC).check()
            self._picture = X11Picture(display, self._window, with_pointer=self._with_pointer)
        except xcffib.Error as error:
            raise CaptureError(
                self._what, "it is not there any more", remedy="List the windows again and choose one of them"
            ) from error
        self._lost = False
        self._minimized_checked_ns = 0
        self._shape = (geometry.width, geometry.height, geometry.border_width)
        self._description = replace(self._description, width=geometry.width, height=geometry.height)
        self._read_title(display)

    def _grab(self, display: X11Display, asked_ns: int) -> Grab | None:
        import xcffib

        assert self._picture is not None
        self._read_events()
        if self._lost:
            raise SourceLostError(self._what, "it was closed")
        try:
            self._see_whether_minimized(display)
            if self._minimized:
                self._forget_picture()
                return None
            return self._picture.look(self._named_pixmap(display), asked_ns, self._read_events)
        except xcffib.Error:
            # It was closed, hidden or resized while we looked: the next events say which.
            self._forget_picture()
            self._minimized_checked_ns = 0
            return None

    def _see_whether_minimized(self, display: X11Display) -> None:
        if now_ns() - self._minimized_checked_ns >= _VISIBLE_CHECK_INTERVAL_NS:
            self._minimized = display.window_is_minimized(self._window)
            self._minimized_checked_ns = now_ns()

    def _read_events(self) -> None:
        import xcffib
        from xcffib import damage, xproto

        assert self._display is not None
        assert self._picture is not None
        while True:
            try:
                event = self._display.connection.poll_for_event()
            except xcffib.Error:
                continue  # of a request that came too late, such as freeing what died with its window
            match event:
                case None:
                    return
                case damage.NotifyEvent():
                    self._picture.note_damage(event.timestamp)
                case xproto.ConfigureNotifyEvent():
                    self._configured(event.width, event.height, event.border_width)
                case xproto.MapNotifyEvent() | xproto.UnmapNotifyEvent():
                    self._forget_picture()
                    self._minimized_checked_ns = 0
                case xproto.PropertyNotifyEvent():
                    self._property_changed(event.atom)
                case xproto.DestroyNotifyEvent():
                    self._lost = True
                case _:
                    pass

    def _configured(self, width: int, height: int, border: int) -> None:
        # Moved windows come here too; only a new size makes the server keep the picture in a new place.
        if self._shape == (width, height, border):
            return
        self._shape = (width, height, border)
        self._description = replace(self._description, width=width, height=height)
        self._forget_picture()

    def _property_changed(self, atom: int) -> None:
        assert self._display is not None
        name = self._display.atom_name(atom)
        if name == "_NET_WM_STATE":
            self._minimized_checked_ns = 0
        elif name in ("_NET_WM_NAME", "WM_NAME"):
            self._read_title(self._display)

    def _read_title(self, display: X11Display) -> None:
        import xcffib

        try:
            title = display.window_title(self._window)
        except xcffib.Error:
            return  # it is gone, as the next events will say
        self._description = replace(self._description, title=title or self._description.title)

    def _named_pixmap(self, display: X11Display) -> Place:
        """Where the server keeps the window's picture: another pixmap after each resizing and hiding."""
        if self._pixmap is None:
            core = display.connection.core
            pixmap = display.connection.generate_id()
            self._composite.NameWindowPixmapChecked(self._window, pixmap).check()
            border = core.GetGeometry(self._window).reply().border_width
            whole = core.GetGeometry(pixmap).reply()
            self._pixmap = Place(
                drawable=pixmap,
                x=border,
                y=border,
                width=whole.width - 2 * border,
                height=whole.height - 2 * border,
            )
        return self._pixmap

    def _forget_picture(self) -> None:
        assert self._display is not None
        assert self._picture is not None
        if self._pixmap is not None:
            self._display.connection.core.FreePixmap(self._pixmap.drawable)
            self._pixmap = None
        self._picture.forget()
