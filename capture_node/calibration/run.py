"""Calibrating this machine: its window, its pad, its screen capture."""

from __future__ import annotations

import time
from collections.abc import Callable

from capture_node.calibration.calibration import Calibration
from capture_node.calibration.flash_window import TITLE, FlashWindow
from capture_node.calibration.measurement import measure
from capture_node.inputs.sdl_thread import SdlThread, sdl_thread
from capture_node.inputs.virtual_pad import VirtualPad
from capture_node.sources.catalogue import SourceRequest, find_source, open_source
from capture_node.sources.frame_source import SourceDescription
from playloom.errors import CaptureError

PRESSED = "south"
"""What a virtual pad presses."""

_SHOWN_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.05


def calibrate(
    *,
    presses: int,
    virtual: bool = False,
    monitor: int | None = None,
    backend: str | None = None,
    ready: Callable[[str], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Calibration:
    """Show a window that flashes at each press, capture it as a game is captured, and measure.

    Args:
        presses: how many to measure.
        virtual: let a virtual pad press, instead of a player.
        monitor: capture this monitor; None: capture the window.
        backend: how screens are read, see `SourceRequest`.
        ready: told the name of the pad to press once everything is set up.
        progress: told how many presses were measured.

    Raises:
        CaptureError: there is no SDL3, no pad, no desktop, or its picture does not show the window; says what to do.
    """
    with sdl_thread() as thread:
        pad = VirtualPad(thread) if virtual else None
        try:
            name = _pad_name(thread, pad)
            flash = FlashWindow(thread, display=monitor)
            try:
                description = _find(monitor, backend)
                if ready is not None:
                    ready(name)
                measured = measure(
                    open_source(description, backend=backend),
                    flash,
                    presses=presses,
                    press=None if pad is None else lambda: pad.press(PRESSED),
                    release=None if pad is None else lambda: pad.release(PRESSED),
                    progress=progress,
                )
            finally:
                flash.close()
        finally:
            if pad is not None:
                pad.unplug()
    return Calibration(
        delays_ms=measured.delays_ms,
        missed=measured.missed,
        source=description.kind,
        pad=name,
        resolution_ms=measured.resolution_ms,
    )


def _pad_name(thread: SdlThread, virtual: VirtualPad | None) -> str:
    if virtual is not None:
        return virtual.name
    pads = thread.list_pads()
    if not pads:
        raise CaptureError(
            "Calibration",
            "no gamepad is plugged in",
            remedy="Plug one in, or let a virtual pad press: playloom node calibrate --virtual",
        )
    return pads[0].name if len(pads) == 1 else "any gamepad"


def _find(monitor: int | None, backend: str | None) -> SourceDescription:
    """The source; the window takes a moment to be listed."""
    if monitor is not None:
        return find_source(SourceRequest(monitor=monitor, backend=backend))
    deadline_s = time.monotonic() + _SHOWN_WITHIN_S
    while True:
        try:
            return find_source(SourceRequest(window=TITLE, backend=backend))
        except CaptureError:
            if time.monotonic() > deadline_s:
                raise
        time.sleep(_LOOK_EVERY_S)
