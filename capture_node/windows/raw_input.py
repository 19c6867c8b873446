"""Keyboard and mouse by Raw Input: what the devices say, also to a game that holds the mouse for itself.

Windows stamps these reports only to 16 ms. The time of an event is therefore when it is read, which a thread of high
priority does at once; where it could not (Windows' stamp is older than that coarseness), the stamp is taken. A game
that runs as administrator is heard only by a program that does, too: Windows' rule.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from capture_node.clock import now_ns
from capture_node.inputs.events import InputEvent
from capture_node.inputs.input_source import EventSink
from capture_node.windows.raw_records import DesktopSwitched, RawKey, RawRecord
from capture_node.windows.raw_translation import KeyLayout, RawTranslation
from playloom.errors import CaptureError

COARSENESS_MS = 32
"""Two steps of Windows' clock for messages: an age below says nothing."""

_START_S = 10.0
_STOP_S = 5.0


class RawInputQueue(KeyLayout, Protocol):
    """Where the reports arrive: in the messages of one thread, which makes all calls but `interrupt`."""

    def open(self) -> None:
        """Have the reports of all keyboards and mice sent here, whatever window has focus.

        Raises:
            CaptureError: Windows refuses.
        """
        ...

    def wait(self) -> Sequence[tuple[RawRecord, int]] | None:
        """Wait for reports and take all that are there, each with its age in ms by Windows' coarse clock.

        None after `interrupt`.
        """
        ...

    def interrupt(self) -> None:
        """End the waiting; from any thread, once `open` has returned."""
        ...

    def close(self) -> None: ...


class RawInput:
    """Listens to all keyboards and mice of a Windows machine."""

    name = "keyboard and mouse"

    def __init__(self, make_queue: Callable[[], RawInputQueue] | None = None) -> None:
        self._make_queue = make_queue or _windows_queue
        self._queue: RawInputQueue | None = None
        self._thread: threading.Thread | None = None

    def start(self, sink: EventSink) -> None:
        """Begin to listen; returns when it does.

        Raises:
            CaptureError: Windows refuses, or this is no Windows.
        """
        assert self._thread is None, "it listens already"
        self._queue = queue = self._make_queue()
        started = threading.Event()
        problems: list[CaptureError] = []

        def listen() -> None:
            try:
                queue.open()
            except CaptureError as problem:
                problems.append(problem)
                return
            finally:
                started.set()
            try:
                _deliver(queue, sink)
            finally:
                queue.close()

        self._thread = threading.Thread(target=listen, name="raw input", daemon=True)
        self._thread.start()
        if not started.wait(_START_S):
            problems.append(CaptureError(self.name, "Windows does not answer"))
        if problems:
            self._thread = None
            raise problems[0]

    def stop(self) -> None:
        """Stop; no event is delivered after this returns. A second call does nothing."""
        if self._thread is None or self._queue is None:
            return
        self._queue.interrupt()
        self._thread.join(_STOP_S)
        self._thread = None


def _deliver(queue: RawInputQueue, sink: EventSink) -> None:
    translation = RawTranslation(queue)
    latest_ns = 0
    while (records := queue.wait()) is not None:
        read_ns = now_ns()
        events: list[InputEvent] = []
        for record, age_ms in records:
            late_ns = age_ms * 1_000_000 if age_ms >= COARSENESS_MS else 0
            latest_ns = max(latest_ns, read_ns - late_ns)
            if isinstance(record, DesktopSwitched):
                events += translation.release_all(latest_ns)
            elif isinstance(record, RawKey):
                events += translation.key(record, latest_ns)
            else:
                events += translation.mouse(record, latest_ns)
        if events:
            sink(events)


def _windows_queue() -> RawInputQueue:
    from capture_node.windows.raw_input_queue import WindowsRawInputQueue

    return WindowsRawInputQueue()
