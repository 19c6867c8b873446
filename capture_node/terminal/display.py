"""Where the status goes: drawn over and over in a terminal, or line by line anywhere else."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from capture_node import clock
from capture_node.recorder.status import RecorderState, RecorderStatus
from capture_node.terminal.status_cells import Surroundings
from capture_node.terminal.status_lines import Changes, status_line
from capture_node.terminal.status_panel import StatusPanel

LINE_INTERVAL_S = 10.0
"""A log gets the figures this often."""

DRAWING_S = 2.0
"""At the end drawing may take so long; a terminal that has been stopped (Ctrl-S, a selection) is not waited for."""


class Display(Protocol):
    """Shows what a recorder does."""

    def show(self, status: RecorderStatus, around: Surroundings) -> None:
        """This is how it stands; called some times a second."""
        ...

    def say(self, text: str, *, warning: bool = False) -> None:
        """Something that happened, to be read later too."""
        ...

    def close(self) -> None: ...


class LiveDisplay:
    """A panel that is drawn over, with what happened above it."""

    def __init__(self, console: Console) -> None:
        self._changes = Changes()
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def show(self, status: RecorderStatus, around: Surroundings) -> None:
        for text, warning in self._changes.since_last(status):
            self.say(text, warning=warning)
        self._live.update(StatusPanel(status=status, around=around, now_monotonic_ns=clock.now_ns()), refresh=True)

    def say(self, text: str, *, warning: bool = False) -> None:
        self._live.console.print(_event(text, warning=warning))

    def close(self) -> None:
        self._live.stop()


class LineDisplay:
    """Lines, for logs and pipes.

    Args:
        console: where they go.
        interval_s: from one line of figures to the next.
    """

    def __init__(self, console: Console, interval_s: float = LINE_INTERVAL_S) -> None:
        self._console = console
        self._interval_s = interval_s
        self._changes = Changes()
        self._due_s = time.monotonic() + interval_s

    def show(self, status: RecorderStatus, around: Surroundings) -> None:
        del around
        for text, warning in self._changes.since_last(status):
            self.say(text, warning=warning)
        now_s = time.monotonic()
        if now_s >= self._due_s and status.state in (RecorderState.RECORDING, RecorderState.PAUSED):
            self._due_s = now_s + self._interval_s
            self.say(status_line(status))

    def say(self, text: str, *, warning: bool = False) -> None:
        self._console.print(_event(text, warning=warning), soft_wrap=True)

    def close(self) -> None:
        pass


def _event(text: str, *, warning: bool) -> Text:
    line = Text.assemble((f"{datetime.now():%H:%M:%S} ", "dim"))
    return line.append(f"warning: {text}" if warning else text, style="yellow" if warning else "")


class DisplayThread:
    """Another display on a thread of its own: a terminal that takes nothing holds up nobody.

    Args:
        make: makes the display; called on the thread.
    """

    def __init__(self, make: Callable[[], Display]) -> None:
        self._make = make
        self._calls: queue.SimpleQueue[Callable[[Display], None] | None] = queue.SimpleQueue()
        self._newest: tuple[RecorderStatus, Surroundings] | None = None
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def show(self, status: RecorderStatus, around: Surroundings) -> None:
        waiting, self._newest = self._newest, (status, around)
        if waiting is None:  # else the call that waits will show this
            self._calls.put(self._show_newest)

    def say(self, text: str, *, warning: bool = False) -> None:
        self._calls.put(lambda display: display.say(text, warning=warning))

    def close(self) -> None:
        """Show what is still to be shown, if the terminal takes it."""
        self._calls.put(None)
        self._thread.join(DRAWING_S)

    def _show_newest(self, display: Display) -> None:
        newest, self._newest = self._newest, None
        if newest is not None:
            display.show(*newest)

    def _run(self) -> None:
        display = self._make()
        try:
            while (call := self._calls.get()) is not None:
                call(display)
        finally:
            with suppress(OSError):
                display.close()
