"""What the player asks of a running recording, from wherever: Ctrl-C, a hotkey, a key in the terminal."""

from __future__ import annotations

import queue
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from types import FrameType


class Request(StrEnum):
    STOP = "stop"
    HURRY = "hurry"  # a Ctrl-C: stop, and if that has been asked for before, say what it waits for
    PAUSE = "pause"  # or resume
    MARK = "mark"
    DISCARD = "discard"
    DISCARD_ASKED_TWICE = "discard_asked_twice"  # as DISCARD, from a key that is easily hit: counts at the second time


type Requests = queue.SimpleQueue[Request]
"""From any thread, and from signal handlers, to whoever watches the recording."""


@contextmanager
def signals_as_requests(requests: Requests) -> Iterator[None]:
    """Within the block Ctrl-C, a polite kill and a closed terminal are requests, and end nothing by themselves."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        requests.put(Request.HURRY)

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        requests.put(Request.STOP)

    before = {number: signal.signal(number, handler) for number, handler in _handlers(interrupt, end)}
    try:
        with _console_close(requests):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _console_close(requests: Requests) -> AbstractContextManager[None]:
    if sys.platform != "win32":
        return nullcontext()
    from capture_node.windows.console_close import console_close_told

    return console_close_told(lambda: requests.put(Request.STOP))


type _Handler = Callable[[int, FrameType | None], None]


def _handlers(interrupt: _Handler, end: _Handler) -> Iterator[tuple[int, _Handler]]:
    yield signal.SIGINT, interrupt
    yield signal.SIGTERM, end
    if sys.platform == "win32":
        yield signal.SIGBREAK, end
    elif signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup means what it says
        yield signal.SIGHUP, end
