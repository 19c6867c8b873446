"""Which inputs are recorded just now: what the player allowed, what has focus, and whether there is a pause."""

from __future__ import annotations

from threading import Lock

from capture_node.inputs.hub import InputHub
from capture_node.recorder.settings import InputScope


class InputGate:
    """Opens and closes the hub's groups. Every method may be called on any thread.

    Args:
        hub: it.
        scope: what the player allowed.
        has_focus_watch: whether somebody will say if the window has focus; a monitor has none.
    """

    def __init__(self, hub: InputHub, scope: InputScope, *, has_focus_watch: bool) -> None:
        self._hub = hub
        self._scope = scope
        self._lock = Lock()
        self._has_focus_watch = has_focus_watch
        self._focused: bool | None = None
        self._paused = False
        self._apply(0)

    @property
    def focused(self) -> bool | None:
        """Whether the window has focus; None where nobody has said so."""
        return self._focused

    @property
    def misses_focus(self) -> bool:
        """Whether inputs are held back because the window has no focus."""
        return self._scope is InputScope.FOCUS and self._focused is False

    def set_focused(self, focused: bool, now_ns: int) -> None:
        with self._lock:
            self._focused = focused
            self._apply(now_ns)

    def set_paused(self, paused: bool, now_ns: int) -> None:
        with self._lock:
            self._paused = paused
            self._apply(now_ns)

    def lose_focus_watch(self) -> None:
        """Focus cannot be known: keyboard and mouse stay closed, for missing keys are better than a shared password."""
        with self._lock:
            self._has_focus_watch = False
            self._apply(0)

    def _apply(self, now_ns: int) -> None:
        match self._scope:
            case InputScope.ALWAYS:
                pads = keyboard_mouse = True
            case InputScope.PADS:
                pads, keyboard_mouse = True, False
            case InputScope.FOCUS if self._has_focus_watch:
                pads = keyboard_mouse = self._focused is True
            case InputScope.FOCUS:
                pads, keyboard_mouse = True, False
        self._hub.set_open("pads", pads and not self._paused, now_ns)
        self._hub.set_open("keyboard_mouse", keyboard_mouse and not self._paused, now_ns)
