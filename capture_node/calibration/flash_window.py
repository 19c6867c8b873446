"""A small window that is dark, and lights up at each press of a gamepad's button: the shortest game there is."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from threading import Lock
from typing import Any

from capture_node.inputs.events import InputEvent, PadButton
from capture_node.inputs.sdl_thread import SdlThread
from playloom.errors import CaptureError

TITLE = "Playloom calibration"
SIZE = (480, 270)

_DARK, _LIGHT = 0xFF101010, 0xFFFFFFFF
_CENTRED = 0x2FFF0000  # SDL_WINDOWPOS_CENTERED_MASK


class FlashWindow:
    """A window on SDL's thread, which also brings the presses: nothing but SDL lies between a press and its flash.

    Args:
        thread: SDL's.
        display: the number of the monitor to show it in the middle of; None: the main one.

    Raises:
        CaptureError: there is no desktop to show it on.
    """

    def __init__(self, thread: SdlThread, *, display: int | None = None) -> None:
        self._thread = thread
        self._display = display or 0
        self._lock = Lock()
        self._armed = False
        self._pressed_ns: int | None = None
        self._window: Any = None
        thread.call(self._open)
        thread.listen(self._take)

    def arm(self) -> None:
        """Be dark, and answer the next press."""
        self._thread.call(lambda: self._show(_DARK))
        with self._lock:
            self._pressed_ns = None
            self._armed = True

    def darken(self) -> None:
        """Be dark, and answer nothing."""
        with self._lock:
            self._armed = False
        self._thread.call(lambda: self._show(_DARK))

    @property
    def pressed_ns(self) -> int | None:
        """When the press came that the window has answered; None if none came since it was armed."""
        with self._lock:
            return self._pressed_ns

    def close(self) -> None:
        """A second call does nothing."""
        if self._window is not None:
            self._thread.leave(self._take)
            self._thread.call(self._destroy)

    def _open(self) -> None:
        sdl = self._thread.sdl
        if not sdl.SDL_InitSubSystem(sdl.SDL_INIT_VIDEO):
            raise CaptureError(
                "The calibration window",
                f"SDL cannot show one: {sdl.SDL_GetError().decode(errors='replace')}",
                remedy="Run this on the desktop that you play on",
            )
        self._window = sdl.SDL_CreateWindow(TITLE.encode(), *SIZE, sdl.SDL_WINDOW_ALWAYS_ON_TOP)
        if not self._window:
            problem = sdl.SDL_GetError().decode(errors="replace")
            sdl.SDL_QuitSubSystem(sdl.SDL_INIT_VIDEO)
            raise CaptureError("The calibration window", f"SDL cannot show one: {problem}")
        centred = _CENTRED | self._display_id()
        sdl.SDL_SetWindowPosition(self._window, centred, centred)
        self._show(_DARK)

    def _display_id(self) -> int:
        sdl = self._thread.sdl
        count = ctypes.c_int()
        displays = sdl.SDL_GetDisplays(ctypes.byref(count))
        return displays[self._display] if self._display < count.value else 0

    def _destroy(self) -> None:
        sdl = self._thread.sdl
        sdl.SDL_DestroyWindow(self._window)
        sdl.SDL_QuitSubSystem(sdl.SDL_INIT_VIDEO)
        self._window = None

    def _show(self, colour: int) -> None:
        if not self._draw(colour):
            problem = self._thread.sdl.SDL_GetError().decode(errors="replace")
            raise CaptureError("The calibration window", f"SDL cannot draw in it: {problem}")

    def _draw(self, colour: int) -> bool:
        sdl = self._thread.sdl
        surface = sdl.SDL_GetWindowSurface(self._window)  # another one after the window was resized
        return bool(
            surface and sdl.SDL_FillSurfaceRect(surface, None, colour) and sdl.SDL_UpdateWindowSurface(self._window)
        )

    def _take(self, events: Sequence[InputEvent]) -> None:
        press = next((event for event in events if isinstance(event, PadButton) and event.pressed), None)
        if press is None:
            return
        with self._lock:
            if not self._armed:
                return
            self._armed = False
        self._draw(_LIGHT)  # where that fails, the flash is missed
        with self._lock:
            self._pressed_ns = press.monotonic_ns
