"""What a fast hand does to an X server's keyboard and mouse: faster than a program started for each key."""

from __future__ import annotations

from typing import Any

from capture_node.sources.x11_display import X11Display
from tests.support.x_screen import Screen

_KEY_PRESS, _KEY_RELEASE, _BUTTON_PRESS, _BUTTON_RELEASE, _MOTION = 2, 3, 4, 5, 6
_NOW = 0
_RELATIVE = 1


class FastHand:
    """The server's test devices, without a process in between. Nothing is sent before `flush`."""

    def __init__(self, screen: Screen) -> None:
        import xcffib.xtest

        self._display = X11Display(screen.display)
        self._xtest: Any = self._display.connection(xcffib.xtest.key)

    def key(self, keycode: int, pressed: bool) -> None:
        self._fake(_KEY_PRESS if pressed else _KEY_RELEASE, keycode, 0, 0)

    def button(self, number: int, pressed: bool) -> None:
        self._fake(_BUTTON_PRESS if pressed else _BUTTON_RELEASE, number, 0, 0)

    def move(self, dx: int, dy: int) -> None:
        self._fake(_MOTION, _RELATIVE, dx, dy)

    def flush(self) -> None:
        self._display.connection.flush()

    def wait(self) -> None:
        """Until the server has done all of it."""
        self._display.connection.core.GetInputFocus().reply()

    def close(self) -> None:
        self._display.close()

    def _fake(self, kind: int, detail: int, x: int, y: int) -> None:
        self._xtest.FakeInput(kind, detail, _NOW, self._display.screen.root, x, y, 0)
