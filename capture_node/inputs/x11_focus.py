"""Whether a window of an X11 desktop has the keyboard: it, a window in it, or the frame around it.

The server is asked where the keyboard is whenever it says that something has changed, and once a second besides:
window managers differ in what they announce, not in whom they give the keyboard to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from capture_node.clock import now_ns
from capture_node.inputs.x11_listener import X11Listener
from capture_node.sources.x11_display import X11Display
from playloom.errors import CaptureError

_ASK_EVERY_S = 1.0
_NONE, _POINTER_ROOT = 0, 1


class X11FocusWatch:
    """The `FocusWatch` of a window on X11. A window that is closed has no focus any more."""

    def __init__(self, window: str, display: str | None = None) -> None:
        """Make it.

        Args:
            window: the key of its description: the server's number of it.
            display: as in ``DISPLAY``; None takes that.
        """
        self._window = int(window, 0)
        self._display_name = display
        self._listener: X11Listener | None = None

    def start(self, sink: Callable[[bool, int], None]) -> None:
        """Begin to watch; the sink is called once before this returns, then on a thread of its own.

        Raises:
            CaptureError: there is no X server, or no such window.
        """
        assert self._listener is None, "started already"
        display = X11Display(self._display_name)
        try:
            watching = _Watching(display, self._window, sink)
            watching.ask()
        except BaseException:
            display.close()
            raise
        self._listener = X11Listener(display, watching.follow, name="x11-focus", every_s=_ASK_EVERY_S)
        self._listener.start()

    def stop(self) -> None:
        """Stop; the sink is not called after this returns. A second call does nothing."""
        if self._listener is not None:
            self._listener.stop()


class _Watching:
    def __init__(self, display: X11Display, window: int, sink: Callable[[bool, int], None]) -> None:
        import xcffib

        self._display = display
        self._core: Any = display.connection.core
        self._window = window
        self._sink = sink
        self._focused: bool | None = None
        self._followed: tuple[int, ...] = ()
        try:
            self._core.GetGeometry(window).reply()
        except xcffib.Error as error:
            raise CaptureError(f"Window {window:#x}", "it is not there any more") from error

    def follow(self) -> None:
        """Ask again if something has happened, or some time has passed: what has come only says when to."""
        self._forget_events()
        while True:
            self.ask()
            # The answer has been read together with events that came before it: they are answered already,
            # but what came after it would wait in libxcb's memory while we sleep.
            if not self._forget_events():
                return

    def ask(self) -> None:
        """Ask the server; tell the sink if the answer is another than the last."""
        import xcffib

        try:
            focused = self._has_focus()
        except xcffib.Error:  # closed while we asked: it or the window that has the keyboard
            focused = False
        if focused != self._focused:
            self._focused = focused
            self._sink(focused, now_ns())

    def _has_focus(self) -> bool:
        outer = self._outer(self._window)
        if outer != self._followed:
            self._listen(outer)
        focus = self._core.GetInputFocus().reply().focus
        if focus == _NONE or focus == self._display.screen.root:
            return False
        if focus == _POINTER_ROOT:  # without a window manager the keyboard follows the pointer
            return self._core.QueryPointer(self._display.screen.root).reply().child == outer[-1]
        return focus in outer or self._window in self._outer(focus)

    def _outer(self, window: int) -> tuple[int, ...]:
        """The window and those around it, without the root."""
        outer = []
        while window not in (_NONE, self._display.screen.root):
            outer.append(window)
            window = self._core.QueryTree(window).reply().parent
        return tuple(outer)

    def _listen(self, outer: tuple[int, ...]) -> None:
        """Ask to be told when the keyboard comes to or leaves one of them, or one is put into another."""
        from xcffib.xproto import CW, EventMask

        events = EventMask.FocusChange | EventMask.StructureNotify | EventMask.EnterWindow | EventMask.LeaveWindow
        for window in outer:
            self._core.ChangeWindowAttributes(window, CW.EventMask, [events])
        root_events = EventMask.PropertyChange  # window managers write there which window is active
        self._core.ChangeWindowAttributes(self._display.screen.root, CW.EventMask, [root_events])
        self._followed = outer

    def _forget_events(self) -> bool:
        """Take what has come; whether there was anything."""
        import xcffib

        came = False
        while True:
            try:
                if self._display.connection.poll_for_event() is None:
                    return came
            except xcffib.Error:  # a window was closed before it could be listened to
                pass
            came = True
