"""Events of all input sources, gathered from their threads until the wizard asks for them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from capture_node.inputs.events import InputEvent
from capture_node.inputs.input_source import InputSource
from playloom.errors import PlayloomError


class InputFeed:
    """Listens to several sources from `start` to `stop`.

    Attributes:
        problems: sources that cannot be listened to, with the reason, a sentence each.
    """

    def __init__(self, sources: Sequence[InputSource]) -> None:
        self.problems: list[str] = []
        self._sources = list(sources)
        self._started: list[InputSource] = []
        self._lock = threading.Lock()
        self._events: list[InputEvent] = []

    def start(self) -> None:
        for source in self._sources:
            try:
                source.start(self.push)
            except PlayloomError as error:
                self.problems.append(str(error))
            else:
                self._started.append(source)

    def stop(self) -> None:
        for source in self._started:
            source.stop()
        self._started.clear()

    def push(self, events: Sequence[InputEvent]) -> None:
        """Take events, on any thread."""
        with self._lock:
            self._events.extend(events)

    def take(self) -> list[InputEvent]:
        """All events since this was called before."""
        with self._lock:
            events, self._events = self._events, []
        return events
