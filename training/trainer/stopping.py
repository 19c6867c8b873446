"""Being asked to stop: Ctrl-C, or a scheduler's SIGTERM, is heard between two steps."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class StopRequest:
    """Within it the first signal is noted, and a second one ends the program as if nobody listened."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # nobody else may listen
            self._before = {one: signal.signal(one, self._note) for one in self.SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listen_no_more()

    def ask(self) -> None:
        """Stop behind the step that is being taken; from any thread."""
        self.asked = True

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self._listen_no_more()

    def _listen_no_more(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)
