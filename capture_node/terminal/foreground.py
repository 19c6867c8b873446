"""A recording watched from a terminal, from its first frame until its files are closed."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from capture_node.recorder.status import RecorderState, RecorderStatus
from capture_node.terminal.display import Display
from capture_node.terminal.player_requests import Request, Requests
from capture_node.terminal.status_cells import Surroundings
from playloom.errors import PlayloomError, ProcessError
from playloom.figures import count_in_words, rough_duration_in_words
from playloom.recording.session import Session

LOOK_S = 0.5
"""From one look at the recorder to the next: drawing more often would take from the game."""

TWICE_S = 5.0
"""A key that counts at the second time waits so long for it."""


class Controls(Protocol):
    """What a running recorder can be asked; see `capture_node.recorder.recorder.Recorder`."""

    def status(self) -> RecorderStatus: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def mark(self, text: str | None = None) -> None: ...
    def discard(self, seconds: float) -> None: ...
    def stop(self) -> list[Session]: ...
    def wait(self, timeout_s: float) -> bool: ...


class Foreground:
    """Watches a recorder that has been started.

    Args:
        recorder: it.
        display: where its status goes.
        requests: what the player asks for.
        discard_s: how much "throw away" throws away.
        around: what is shown beside the figures while a session is recorded; asked again for each.
        more_lines: what is to be told of a session besides, asked at every look.
    """

    def __init__(
        self,
        recorder: Controls,
        display: Display,
        requests: Requests,
        *,
        discard_s: float,
        around: Callable[[Path | None], Surroundings] = lambda session: Surroundings(),
        more_lines: Callable[[Path | None], list[str]] | None = None,
    ) -> None:
        self._recorder = recorder
        self._display = display
        self._requests = requests
        self._discard_s = discard_s
        self._around_of = around
        self._more_lines = more_lines
        self._around: Surroundings | None = None
        self._session_path: Path | None = None
        self._elapsed_s: dict[str, float] = {}
        self._asked_to_discard_s: float | None = None

    def watch(self, seconds: float | None = None) -> None:
        """Return when the recording shall end or has ended by itself.

        Args:
            seconds: of recorded time, without pauses; None: until somebody asks.
        """
        while not self._recorder.wait(0):
            status = self._show()
            if status.session_id is not None:
                self._elapsed_s[status.session_id] = status.elapsed_s
            left_s = LOOK_S if seconds is None else seconds - sum(self._elapsed_s.values())
            if left_s <= 0:
                return
            request = self._next_request(min(LOOK_S, left_s))
            if request in (Request.STOP, Request.HURRY):
                return
            if request is not None:
                self._answer(request, status.state)

    def finish(self) -> list[Session]:
        """Stop the recorder and wait until the files are closed.

        Raises:
            PlayloomError: a file could not be closed in good order.
            ProcessError: the player did not want to wait; what was recorded can be recovered.
        """
        pool = ThreadPoolExecutor(1, thread_name_prefix="stop")
        stopping = pool.submit(self._recorder.stop)
        asked = 0
        while not stopping.done():
            self._show()
            request = self._next_request(0.1)
            if request not in (None, Request.STOP, Request.HURRY):
                self._display.say("too late: the recording is being closed", warning=True)
            if request is not Request.HURRY:
                continue
            asked += 1
            if asked > 1:
                raise ProcessError(
                    "left before the files were closed",
                    remedy="What was recorded is on the disk; the next recording into the same folder mends it",
                )
            waiting = self._recorder.status().queue_frames
            reason = f"{count_in_words(waiting, 'frame')} to encode" if waiting else "the files are being closed"
            self._display.say(f"one moment: {reason}; Ctrl-C once more leaves them unfinished", warning=True)
        self._show()
        return stopping.result()

    def _next_request(self, timeout_s: float) -> Request | None:
        try:
            return self._requests.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def _show(self) -> RecorderStatus:
        status = self._recorder.status()
        if self._around is None or status.session_path != self._session_path:
            self._session_path = status.session_path
            self._around = self._around_of(status.session_path)
        self._display.show(status, self._around)
        for line in self._more_lines(status.session_path) if self._more_lines else ():
            self._display.say(line)
        return status

    def _answer(self, request: Request, state: RecorderState) -> None:
        try:
            match request:
                case Request.PAUSE if state is RecorderState.PAUSED:
                    self._recorder.resume()
                case Request.PAUSE:
                    self._recorder.pause()
                case Request.MARK:
                    self._recorder.mark()
                    self._display.say("marked")
                case Request.DISCARD_ASKED_TWICE if not self._is_asked_again():
                    span = rough_duration_in_words(self._discard_s)
                    self._display.say(f"press it again to throw away the last {span}")
                case Request.DISCARD | Request.DISCARD_ASKED_TWICE:
                    self._recorder.discard(self._discard_s)  # and tells of it
        except PlayloomError as error:
            self._display.say(str(error), warning=True)

    def _is_asked_again(self) -> bool:
        now_s, asked_s = time.monotonic(), self._asked_to_discard_s
        is_again = asked_s is not None and now_s - asked_s <= TWICE_S
        self._asked_to_discard_s = None if is_again else now_s
        return is_again
