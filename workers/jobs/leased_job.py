"""One job under a lease: how far it is, what is to be logged, and whether it is to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from playloom.errors import PlayloomError

MAX_LINES = 500
"""Lines that wait to be sent; where a coordinator is away for long, the oldest are let go."""


class Stop(StrEnum):
    """Why a job is to stop before it is done."""

    CANCELLED = "cancelled"  # somebody wants it no more
    RETURNED = "returned"  # its worker ends, another one shall do it
    LOST = "lost"  # its lease has run out or it was given to another: nothing is to be reported


class JobStoppedError(PlayloomError):
    """A job was stopped. Attributes: why."""

    def __init__(self, why: Stop) -> None:
        self.why = why
        super().__init__(f"the job was stopped: {why}")


class JobFailedError(PlayloomError):
    """A job cannot be done. Attributes: retry: whether another try may help."""

    def __init__(self, reason: str, *, retry: bool) -> None:
        self.retry = retry
        super().__init__(reason)


class LeasedJob:
    """A job that this worker has. Any thread may call.

    Attributes:
        id, kind, payload, fence, attempts: as the coordinator gave it.
    """

    def __init__(self, *, id: str, kind: str, payload: Mapping[str, Any], fence: int, attempts: int) -> None:
        self.id, self.kind, self.payload, self.fence, self.attempts = id, kind, payload, fence, attempts
        self._lock = threading.Lock()
        self._share, self._text = 0.0, ""
        self._lines: list[str] = []
        self._stop: Stop | None = None
        self._stopping: Callable[[], None] | None = None
        self._too_late = False

    def tell(self, share: float, text: str) -> None:
        """How far it is, 0 to 1 and in words."""
        with self._lock:
            self._share, self._text = min(1.0, max(0.0, share)), text

    @property
    def progress(self) -> tuple[float, str]:
        with self._lock:
            return self._share, self._text

    def say(self, line: str) -> None:
        """A line of its log."""
        with self._lock:
            self._lines.append(line)
            del self._lines[:-MAX_LINES]

    def take_lines(self) -> list[str]:
        """The lines that were not sent yet; whoever takes them sends them."""
        with self._lock:
            lines, self._lines = self._lines, []
            return lines

    def put_back(self, lines: list[str]) -> None:
        """Lines that could not be sent."""
        with self._lock:
            self._lines = [*lines, *self._lines][-MAX_LINES:]

    def stop(self, why: Stop) -> None:
        """Let it stop; the first reason counts, but a lost lease before all."""
        with self._lock:
            if why is Stop.CANCELLED and self._too_late:
                return
            if self._stop is None or why is Stop.LOST:
                self._stop = why
            stopping = self._stopping
        if stopping is not None:
            stopping()

    def while_running(self, stop: Callable[[], None] | None) -> None:
        """What ends the work that is under way; None: nothing needs to."""
        with self._lock:
            self._stopping = stop
            stopped = self._stop is not None
        if stopped and stop is not None:
            stop()

    def keep_from_cancelling(self) -> None:
        """From here on others may finish what was begun: a wish to cancel comes too late.

        Raises:
            JobStoppedError: one came before.
        """
        with self._lock:
            self._too_late = True
        self.checkpoint()

    def checkpoint(self) -> None:
        """Raises: JobStoppedError: it is to stop."""
        with self._lock:
            if self._stop is not None:
                raise JobStoppedError(self._stop)
