"""The thread that encodes: it takes what waits, and is never waited for."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from capture_node.recorder.frame_queue import FrameQueue, SessionEnd
from capture_node.recorder.running_session import RunningSession
from capture_node.recorder.second_place import take_second_place


class EncoderThread(Thread):
    """Encodes the queue's frames until the queue is closed and empty.

    Args:
        queue: of frames.
        close: is given each session behind its last frame.
        fail: is told why a session cannot be written any more.
        in_second_place: whether it stands back behind the game.
    """

    def __init__(
        self,
        queue: FrameQueue,
        *,
        close: Callable[[RunningSession], None],
        fail: Callable[[str], None],
        in_second_place: bool = False,
    ) -> None:
        super().__init__(name="encoder", daemon=True)
        self._queue = queue
        self._close = close
        self._fail = fail
        self._in_second_place = in_second_place
        self._is_done = False

    def run(self) -> None:
        try:
            if self._in_second_place:
                take_second_place()
            self._encode()
        finally:
            if not self._is_done:
                self._fail("the part that encodes has failed")

    def _encode(self) -> None:
        while (item := self._queue.take()) is not None:
            if isinstance(item, SessionEnd):
                self._close(item.session)
                continue
            session = item.session
            session.add_frame(item)
            if session.fault is not None:
                self._fail(session.fault)
        self._is_done = True
