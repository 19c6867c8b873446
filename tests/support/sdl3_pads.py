"""SDL3 and its virtual gamepads for the tests: the library out of the tcod wheel, which the tests install."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from importlib.metadata import files
from pathlib import Path

from capture_node.inputs.events import InputEvent
from capture_node.inputs.sdl_library import LIBRARY_VARIABLE
from capture_node.inputs.virtual_pad import VirtualPad, virtual_pad

__all__ = ["SDL3_LIBRARY", "Events", "VirtualPad", "virtual_pad", "wait_until"]


def _library_of_tcod() -> Path:
    names = ("libSDL3", "SDL3.dll", "SDL3")
    (found,) = (file for file in files("tcod") or () if file.name.startswith(names) and "sdl3" not in file.suffixes)
    return Path(str(found.locate())).resolve()


SDL3_LIBRARY = _library_of_tcod()
"""The library itself. Importing this module makes it the one that this process and its children use."""

os.environ.setdefault(LIBRARY_VARIABLE, str(SDL3_LIBRARY))


class Events:
    """An `EventSink` that keeps what it is given; a test waits for what it expects."""

    def __init__(self) -> None:
        self.all: list[InputEvent] = []

    def __call__(self, events: Sequence[InputEvent]) -> None:
        self.all.extend(events)

    def of[T: InputEvent](self, kind: type[T]) -> list[T]:
        return [event for event in self.all if isinstance(event, kind)]

    def wait_for[T: InputEvent](self, kind: type[T], count: int = 1) -> list[T]:
        """The events of a kind, once there are so many."""
        wait_until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)


def wait_until(condition: Callable[[], object], *, timeout_s: float = 20) -> None:
    """Wait for something that another thread does."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.001)
