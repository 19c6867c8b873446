"""Single keys in the terminal that a recording runs in, for where no hotkey can be had."""

from __future__ import annotations

import importlib
import os
import select
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from capture_node.terminal.player_requests import Request, Requests

KEYS = {
    "q": (Request.STOP, "stop"),
    "p": (Request.PAUSE, "pause"),
    "m": (Request.MARK, "mark"),
    "d": (Request.DISCARD_ASKED_TWICE, "twice: throw away"),
}
"""What keys do, without Enter."""

POLL_S = 0.1

_SPECIAL = "\x00\xe0"
"""What Windows' console gives before the code of an arrow or an F key, which looks like a letter."""


class KeyReader:
    """Reads keys from a terminal until it is closed; what is typed is not shown.

    Where the terminal is not ours (a pipe, a job in the background) nothing is read.
    """

    def __init__(self, terminal: IO[str] | None, requests: Requests) -> None:
        self._requests = requests
        self._is_closed = threading.Event()
        self._restore: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None
        read = self._begin(terminal)
        if read is not None:
            self._thread = threading.Thread(target=self._run, args=(read,), name="keys", daemon=True)
            self._thread.start()

    @property
    def is_reading(self) -> bool:
        return self._thread is not None

    def close(self) -> None:
        """Give the terminal back as it was."""
        self._is_closed.set()
        if self._thread is not None:
            self._thread.join(1)
            self._thread = None
        self._restore()

    def _run(self, read: Callable[[], str | None]) -> None:
        while not self._is_closed.is_set():
            typed = read()
            if typed is None:
                return
            for key in typed.partition("\x1b")[0]:  # arrows and F keys come as Escape and letters, which are not meant
                request = KEYS.get(key.lower())
                if request is not None:
                    self._requests.put(request[0])

    def _begin(self, terminal: IO[str] | None) -> Callable[[], str | None] | None:
        """Take the terminal; gives what reads keys, "" where none came in time, None where none can come any more."""
        if terminal is None or not terminal.isatty():
            return None
        if sys.platform == "win32":
            return windows_reader(importlib.import_module("msvcrt"), self._is_closed)
        return self._begin_posix(terminal.fileno())

    def _begin_posix(self, descriptor: int) -> Callable[[], str | None] | None:
        import termios

        if not _is_in_foreground(descriptor):
            return None
        before = termios.tcgetattr(descriptor)
        changed = termios.tcgetattr(descriptor)
        changed[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(descriptor, termios.TCSANOW, changed)

        def restore() -> None:
            self._restore = lambda: None
            if _is_in_foreground(descriptor):
                with suppress(termios.error):  # gone in this moment
                    termios.tcsetattr(descriptor, termios.TCSANOW, before)

        def read() -> str | None:
            ready, _, _ = select.select([descriptor], [], [], POLL_S)
            if not ready:
                return ""
            if not _is_in_foreground(descriptor):  # sent there since: the keys are another's
                self._is_closed.wait(POLL_S)
                return ""
            try:
                typed = os.read(descriptor, 64)
            except OSError:
                return None
            return typed.decode("ascii", "replace") or None

        self._restore = restore
        return read


def _is_in_foreground(descriptor: int) -> bool:
    """Whether the terminal is there, and ours: one that is touched from the background stops who does."""
    try:
        return sys.platform != "win32" and os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


def windows_reader(msvcrt: Any, is_closed: threading.Event) -> Callable[[], str | None]:
    """What reads keys of a Windows console, by Python's module ``msvcrt``."""

    def read() -> str:
        if msvcrt.kbhit():
            key = msvcrt.getwch()
            if key in _SPECIAL:
                msvcrt.getwch()
                return ""
            return key
        is_closed.wait(POLL_S)
        return ""

    return read
