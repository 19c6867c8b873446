"""One monitor of an X11 desktop, as the player sees it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from capture_node.clock import now_ns
from capture_node.sources.frame_source import Grab, SourceDescription, SourceLostError
from capture_node.sources.x11_display import X11Display
from capture_node.sources.x11_picture import Place, X11Picture
from capture_node.sources.x11_pixels import require_bgra
from capture_node.sources.x11_screens import list_monitors
from playloom.errors import CaptureError


class X11MonitorSource:
    """Records a monitor; see `FrameSource`. Its resolution and place may change, its name does not."""

    def __init__(
        self, description: SourceDescription, *, display: str | None = None, with_pointer: bool = False
    ) -> None:
        """Know which monitor.

        Args:
            description: its title is the monitor's name.
            display: the X server; None takes ``DISPLAY``.
            with_pointer: whether the mouse pointer is in the pictures.
        """
        self._description = description
        self._display_name = display
        self._with_pointer = with_pointer
        self._display: X11Display | None = None
        self._picture: X11Picture | None = None
        self._place: Place | None = None

    @property
    def description(self) -> SourceDescription:
        return self._description

    def open(self) -> None:
        display = X11Display(self._display_name)
        try:
            if display.has_extension("XWAYLAND") or self._description.title.startswith("XWAYLAND"):
                raise CaptureError(
                    self._what,
                    "this is a Wayland session, whose monitors no X11 program can see",
                    remedy="Record the game's window, or log in to an X11 session",
                )
            require_bgra(display, self._what, display.screen.root_visual)
            self._place = self._find_place(display)
            if self._place is None:
                raise CaptureError(
                    self._what, "it is not there any more", remedy="List the monitors again and choose one of them"
                )
            self._watch_layout(display)
            self._picture = X11Picture(display, display.screen.root, with_pointer=self._with_pointer)
        except BaseException:
            display.close()
            raise
        self._display = display

    def make_ready(self) -> None:
        import xcffib

        assert self._picture is not None
        with suppress(xcffib.ConnectionException, xcffib.Error):  # `grab` will say
            self._read_events()
            self._picture.make_ready()

    def grab(self) -> Grab | None:
        import xcffib

        asked_ns = now_ns()
        assert self._display is not None, "grab before open"
        assert self._picture is not None
        try:
            self._read_events()
            if self._place is None:
                self._place = self._find_place(self._display)
            if self._place is None:
                raise SourceLostError(self._what, "it was unplugged or turned off")
            return self._picture.look(self._place, asked_ns, self._read_events)
        except xcffib.ConnectionException as error:
            raise SourceLostError(self._what, "the X server is gone") from error
        except xcffib.Error:
            # The screen became smaller while we looked.
            self._place = None
            return None

    def close(self) -> None:
        import xcffib

        if self._display is None:
            return
        try:
            if self._picture is not None:
                self._picture.close()
        except xcffib.ConnectionException:
            pass  # the server is gone, and all that we had there with it
        self._display.close()
        self._display = self._picture = None

    @property
    def _what(self) -> str:
        return f"The monitor {self._description.key} ({self._description.title})"

    def _find_place(self, display: X11Display) -> Place | None:
        for monitor in list_monitors(display):
            if monitor.name == self._description.title:
                self._description = replace(self._description, width=monitor.width, height=monitor.height)
                return Place(
                    drawable=display.screen.root,
                    x=monitor.x,
                    y=monitor.y,
                    width=monitor.width,
                    height=monitor.height,
                )
        return None

    def _watch_layout(self, display: X11Display) -> None:
        import xcffib.randr
        from xcffib.randr import NotifyMask

        if display.has_extension("RANDR"):
            randr: Any = display.connection(xcffib.randr.key)
            randr.QueryVersion(1, 5).reply()
            randr.SelectInputChecked(display.screen.root, NotifyMask.ScreenChange | NotifyMask.CrtcChange).check()

    def _read_events(self) -> None:
        from xcffib import damage, randr

        assert self._display is not None
        assert self._picture is not None
        while (event := self._display.connection.poll_for_event()) is not None:
            match event:
                case damage.NotifyEvent():
                    self._picture.note_damage(event.timestamp)
                case randr.ScreenChangeNotifyEvent() | randr.NotifyEvent():
                    self._place = None
                case _:
                    pass
