"""What the daemon says of itself, gathered from its threads."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from capture_node.upload.line import UploadProgress
from capture_node.upload.status import UploadState, UploadStatus

RATE_S = 5.0
"""The rate is that of the last seconds."""


class DaemonReport:
    """One status, changed by many. Any thread may call.

    Args:
        server: HOST:PORT.
        changed: called when something other than figures is new.
    """

    def __init__(self, server: str, changed: Callable[[], None]) -> None:
        self._turn = threading.Lock()
        self._status = UploadStatus(state=UploadState.IDLE, server=server)
        self._changed = changed
        self._marks: deque[tuple[float, int]] = deque()
        self._trouble: str | None = None

    def status(self) -> UploadStatus:
        with self._turn:
            return replace(self._status, bytes_per_s=self._rate() if self._status.session is not None else 0.0)

    def now(self, state: UploadState, problem: str | None = None) -> None:
        """What goes on, and why."""
        self._set(state=state, problem=problem or self._trouble)

    def waiting(self, sessions: int, size_bytes: int) -> None:
        if not sessions:
            self._trouble = None
        self._set(waiting_sessions=sessions, waiting_bytes=size_bytes)

    def trouble(self, problem: str) -> None:
        """A session cannot be sent; said until none waits any more."""
        self._trouble = problem
        self._set(problem=problem)

    def begin(self, session: str) -> None:
        """A session is being sent."""
        with self._turn:
            self._marks.clear()
        self._set(state=UploadState.SENDING, session=session, sent_bytes=0, size_bytes=0, problem=self._trouble)

    def progress(self, progress: UploadProgress) -> None:
        self._set(problem=progress.problem or self._trouble)
        with self._turn:
            self._status = replace(self._status, sent_bytes=progress.sent_bytes, size_bytes=progress.size_bytes)
            now_s = time.monotonic()
            self._marks.append((now_s, progress.sent_bytes))
            while self._marks[0][0] < now_s - RATE_S:
                self._marks.popleft()

    def end(self, *, confirmed: bool = False) -> None:
        """It is not being sent any more."""
        count = self._status.uploaded_sessions + (1 if confirmed else 0)
        self._set(state=UploadState.IDLE, session=None, sent_bytes=0, size_bytes=0, uploaded_sessions=count)

    def _rate(self) -> float:
        if len(self._marks) < 2:
            return 0.0
        (first_s, first), (_, last) = self._marks[0], self._marks[-1]
        return max(0.0, last - first) / max(time.monotonic() - first_s, 0.2)

    def _set(self, **values: Any) -> None:
        with self._turn:
            before = self._status
            self._status = replace(before, **values)
            is_new = (before.state, before.session, before.problem, before.waiting_sessions) != (
                self._status.state,
                self._status.session,
                self._status.problem,
                self._status.waiting_sessions,
            )
        if is_new:
            self._changed()
