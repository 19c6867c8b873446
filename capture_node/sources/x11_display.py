"""A connection to the X server, and what is asked of it in more than one place."""

from __future__ import annotations

import os
import struct
from typing import Any

from playloom.errors import CaptureError, MissingExtraError

_ANY_TYPE = 0
_MAX_PROPERTY_WORDS = 4096
_VIEWABLE = 2


class X11Display:
    """One connection, for one thread.

    Attributes:
        name: as in ``DISPLAY``.
        connection: xcffib's.
        screen: the screen whose root all windows share.
    """

    def __init__(self, name: str | None = None) -> None:
        """Connect.

        Args:
            name: the display; None takes ``DISPLAY``.

        Raises:
            CaptureError: there is no X server to talk to.
        """
        xcffib = _load_xcffib()
        self.name = _display_name() if name is None else name
        try:
            self.connection: Any = xcffib.connect(display=self.name)
        except xcffib.ConnectionException as error:
            raise CaptureError(
                "The screen",
                f"the X server {self.name} does not answer",
                remedy="Check DISPLAY; over ssh or as another user, check XAUTHORITY as well",
            ) from error
        self.screen: Any = self.connection.setup.roots[self.connection.pref_screen]
        self._atoms: dict[str, int] = {}
        self._atom_names: dict[int, str] = {}

    @property
    def is_local(self) -> bool:
        """Whether the server runs on this machine, so that memory can be shared with it."""
        return self.name.startswith((":", "unix:", "/"))

    def close(self) -> None:
        """Disconnect. A second call does nothing."""
        self.connection.disconnect()

    def has_extension(self, name: str) -> bool:
        return bool(self.connection.core.QueryExtension(len(name), name).reply().present)

    def atom(self, name: str) -> int:
        if name not in self._atoms:
            self._atoms[name] = self.connection.core.InternAtom(False, len(name), name).reply().atom
        return self._atoms[name]

    def atom_name(self, atom: int) -> str:
        if atom not in self._atom_names:
            reply = self.connection.core.GetAtomName(atom).reply()
            self._atom_names[atom] = reply.name.buf().decode("utf-8", "replace")
        return self._atom_names[atom]

    def property_bytes(self, window: int, name: str) -> bytes:
        """A property's value; empty if it has none."""
        reply = self.connection.core.GetProperty(
            False, window, self.atom(name), _ANY_TYPE, 0, _MAX_PROPERTY_WORDS
        ).reply()
        return reply.value.buf()

    def property_numbers(self, window: int, name: str) -> tuple[int, ...]:
        """A property's value as the 32-bit numbers it holds."""
        value = self.property_bytes(window, name)
        count = len(value) // 4
        return struct.unpack(f"={count}I", value[: count * 4])

    def window_title(self, window: int) -> str:
        """What is written on it; empty if nothing is."""
        title = self.property_bytes(window, "_NET_WM_NAME")
        if title:
            return title.decode("utf-8", "replace").strip("\0")
        return self.property_bytes(window, "WM_NAME").decode("latin-1").strip("\0")

    def window_is_minimized(self, window: int) -> bool:
        """Whether it cannot be seen on any screen: it, or a window that it lies in, is not mapped or says so.

        Raises:
            xcffib.Error: the window is gone.
        """
        if self.connection.core.GetWindowAttributes(window).reply().map_state != _VIEWABLE:
            return True
        return self.atom("_NET_WM_STATE_HIDDEN") in self.property_numbers(window, "_NET_WM_STATE")


def _load_xcffib() -> Any:
    try:
        # Extensions must be known before a connection is made: it asks for their events' numbers.
        import xcffib
        import xcffib.composite
        import xcffib.damage
        import xcffib.ge
        import xcffib.randr
        import xcffib.res
        import xcffib.shm
        import xcffib.xfixes
        import xcffib.xproto
    except ImportError as error:
        raise MissingExtraError("Recording an X11 screen", "capture") from error
    except OSError as error:
        raise CaptureError(
            "The screen", "libxcb is missing", remedy="Install it: apt install libxcb1 (or your system's package)"
        ) from error
    return xcffib


def _display_name() -> str:
    name = os.environ.get("DISPLAY", "")
    if name:
        return name
    if os.environ.get("WAYLAND_DISPLAY"):
        raise CaptureError(
            "The screen",
            "this is a Wayland session without X11 programs",
            remedy="Log in to an X11 session, or run the game through XWayland and record its window",
        )
    raise CaptureError(
        "The screen",
        "there is no DISPLAY: no desktop is known here",
        remedy="Run this inside a desktop session, or set DISPLAY to its X server, such as :0",
    )
