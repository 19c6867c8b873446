"""The protocol of everything that reports what a player does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from capture_node.inputs.events import InputEvent

type EventSink = Callable[[Sequence[InputEvent]], None]
"""Takes events in the order of their time. It is called on the source's own thread, and returns quickly."""


@dataclass(frozen=True, kw_only=True)
class PadDescription:
    """A gamepad that is plugged in.

    Attributes:
        pad: its number.
        name: what it calls itself.
        guid: SDL's id of its model.
        vendor_id, product_id: of USB.
    """

    pad: int
    name: str
    guid: str
    vendor_id: int = 0
    product_id: int = 0


class InputSource(Protocol):
    """Listens on a thread of its own, from `start` to `stop`."""

    @property
    def name(self) -> str:
        """What it listens to: "gamepads", "keyboard and mouse"."""
        ...

    def start(self, sink: EventSink) -> None:
        """Begin to listen; returns when it does.

        Raises:
            CaptureError: it cannot; says why and what to do.
        """
        ...

    def stop(self) -> None:
        """Stop; no event is delivered after this returns. A second call does nothing."""
        ...


class FocusWatch(Protocol):
    """Knows whether the game's window has the player's attention."""

    def start(self, sink: Callable[[bool, int], None]) -> None:
        """Begin to watch: ``sink(focused, monotonic_ns)`` is called once at the beginning and at every change.

        Raises:
            CaptureError: focus cannot be known here.
        """
        ...

    def stop(self) -> None: ...
