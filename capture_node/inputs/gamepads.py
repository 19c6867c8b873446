"""Gamepads, through SDL3: plugged in and out at any time, several at once."""

from __future__ import annotations

from capture_node.inputs.input_source import EventSink, PadDescription
from capture_node.inputs.sdl_thread import SdlThread, hold_sdl_thread, release_sdl_thread, sdl_thread


class Gamepads:
    """An `InputSource`: all gamepads of this machine.

    A pad's number is the same for all who listen in this process, and lasts while one of them does.
    """

    def __init__(self) -> None:
        self._thread: SdlThread | None = None
        self._sink: EventSink | None = None

    @property
    def name(self) -> str:
        return "gamepads"

    def start(self, sink: EventSink) -> None:
        """Begin to listen. Pads that are there already, and what is held on them, are the first events.

        Raises:
            CaptureError: SDL3 is not there, or does not work; says what to do.
        """
        assert self._thread is None, "started already"
        thread = hold_sdl_thread()
        thread.listen(sink)
        self._thread, self._sink = thread, sink

    def stop(self) -> None:
        if self._thread is None or self._sink is None:
            return
        self._thread.leave(self._sink)
        self._thread = self._sink = None
        release_sdl_thread()


def list_pads() -> list[PadDescription]:
    """The gamepads that are plugged in, by number.

    Raises:
        CaptureError: SDL3 is not there, or does not work; says what to do.
    """
    with sdl_thread() as thread:
        return list(thread.list_pads())
