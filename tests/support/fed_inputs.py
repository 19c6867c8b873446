"""An input source whose events a test gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from capture_node.clock import now_ns
from capture_node.inputs.events import InputEvent, PadButton
from capture_node.inputs.input_source import EventSink
from playloom.errors import CaptureError


@dataclass
class FedInputs:
    """Attributes: fault: why it cannot listen; is_listening: between start and stop."""

    fault: str | None = None
    name: str = "gamepads"
    _sink: EventSink | None = field(default=None, repr=False)

    @property
    def is_listening(self) -> bool:
        return self._sink is not None

    def start(self, sink: EventSink) -> None:
        if self.fault is not None:
            raise CaptureError(self.name, self.fault)
        self._sink = sink

    def stop(self) -> None:
        self._sink = None

    def give(self, *events: InputEvent) -> None:
        assert self._sink is not None
        self._sink(events)

    def press(self, button: int) -> None:
        self.give(PadButton(monotonic_ns=now_ns(), pad=0, button=button, pressed=True))

    def release(self, button: int) -> None:
        self.give(PadButton(monotonic_ns=now_ns(), pad=0, button=button, pressed=False))
