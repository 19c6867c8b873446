"""Ctrl-C ends the episode and not the program: what was played is kept. So does closing the terminal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether someone has asked to stop."""

    def __init__(self) -> None:
        self.is_set = False


@contextmanager
def interrupts_noted() -> Iterator[Interrupt]:
    """Within the block Ctrl-C, a polite kill and a closed terminal are noted.

    A second Ctrl-C or kill stops at once with KeyboardInterrupt. A terminal that closes may say so twice.
    """
    interrupt = Interrupt()

    def note(number: int, frame: FrameType | None) -> None:
        if interrupt.is_set:
            signal.default_int_handler(number, frame)
        interrupt.is_set = True

    def note_hangup(number: int, frame: FrameType | None) -> None:
        del number, frame
        interrupt.is_set = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup means what it says
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, note_hangup)
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def children_unmoved() -> Iterator[None]:
    """Processes started within the block never see a Ctrl-C or a closed terminal: their parent tells them.

    They cannot see to that themselves: a Ctrl-C may come while they start. What comes to this process within the
    block reaches it when the block ends.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
