"""Whether the game's window has the player's attention: it, or a window that it owns, is in the foreground."""

from __future__ import annotations

import threading
from collections.abc import Callable

from capture_node.clock import now_ns
from capture_node.windows.desktop import Desktop

LOOK_S = 0.02
"""Time between two looks. Windows can tell of changes (SetWinEventHook), but not of the ones to its secure desktop."""


class WindowsFocus:
    """Watches one window, by a look every `LOOK_S`."""

    def __init__(self, window: str, *, desktop: Desktop | None = None) -> None:
        """Args: window: the key of its description."""
        self._window = int(window)
        self._desktop = desktop
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, sink: Callable[[bool, int], None]) -> None:
        """Begin; the sink is called once before this returns, then on a thread of its own.

        Raises:
            CaptureError: this is no Windows.
        """
        assert self._thread is None, "it watches already"
        desktop = self._desktop or _windows_desktop()
        focused = self._is_focused(desktop)
        sink(focused, now_ns())

        def watch() -> None:
            known = focused
            while not self._ended.wait(LOOK_S):
                seen = self._is_focused(desktop)
                if seen != known:
                    known = seen
                    sink(seen, now_ns())

        self._ended.clear()
        self._thread = threading.Thread(target=watch, name="focus", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop; the sink is not called after this returns. A second call does nothing."""
        if self._thread is not None:
            self._ended.set()
            self._thread.join()
            self._thread = None

    def _is_focused(self, desktop: Desktop) -> bool:
        in_front = desktop.foreground()
        return in_front != 0 and self._window in (in_front, desktop.owner(in_front))


def _windows_desktop() -> Desktop:
    from capture_node.windows.user32_desktop import User32Desktop

    return User32Desktop()
