"""The command line run as a player runs it: in a terminal of its own, or with its output going elsewhere."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.machine_state import machine_told

PLAYLOOM = str(Path(sys.executable).with_name("playloom"))

_STEERING = re.compile(r"\x1b(\[[0-9;?<>=]*[A-Za-z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[=>78])")


def wait_until(is_so: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline_s, f"not within {timeout_s:.0f} s: {what}\n{machine_told()}"
        time.sleep(0.02)


class TerminalProcess:
    """A program in a terminal of its own.

    Attributes:
        process: the program.
        shown: all that it has written.
    """

    def __init__(self, process: subprocess.Popen[bytes], ours: int) -> None:
        self.process = process
        self._ours = ours
        self.shown = b""

    @property
    def text(self) -> str:
        """What it has written, without what steers a terminal."""
        return _STEERING.sub("", self.shown.decode("utf-8", "replace"))

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def wait_for(self, words: str, timeout_s: float = 60) -> None:
        """Read until the words stand in what it has written."""
        deadline_s = time.monotonic() + timeout_s
        while words not in self.text:
            assert time.monotonic() < deadline_s, f"no {words!r} in {self.text[-3000:]}"
            if not self._read():
                assert words in self.text, f"it ended without {words!r}: {self.text[-3000:]}"

    def wait(self, timeout_s: float = 60) -> int:
        """Read until it has ended; gives its exit status."""
        deadline_s = time.monotonic() + timeout_s
        while self._read():
            assert time.monotonic() < deadline_s, self.text[-3000:]
        return self.process.wait(max(1, deadline_s - time.monotonic()))

    def hang_up(self) -> None:
        """Close the terminal."""
        os.close(self._ours)
        self._ours = -1

    def let_go(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        if self._ours >= 0:
            os.close(self._ours)

    def _read(self) -> bool:
        """Whether more may come."""
        ready, _, _ = select.select([self._ours], [], [], 0.1)
        if not ready:
            return True
        try:
            content = os.read(self._ours, 65536)
        except OSError:  # its last user has gone
            return False
        self.shown += content
        return bool(content)


@contextmanager
def in_terminal(
    arguments: Sequence[str], environment: Mapping[str, str], *, size: tuple[int, int] = (80, 40)
) -> Iterator[TerminalProcess]:
    """Run `playloom` in a terminal of so many columns and rows."""
    with program_in_terminal([PLAYLOOM, *arguments], environment, size=size) as terminal:
        yield terminal


@contextmanager
def program_in_terminal(
    command: Sequence[str], environment: Mapping[str, str], *, size: tuple[int, int] = (80, 40)
) -> Iterator[TerminalProcess]:
    """Run any program in a terminal of so many columns and rows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    process = subprocess.Popen(
        ["setsid", "--ctty", *command],
        env={"TERM": "xterm-256color"} | _without_size(environment),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    terminal = TerminalProcess(process, ours)
    try:
        yield terminal
    finally:
        terminal.let_go()


def _without_size(environment: Mapping[str, str]) -> dict[str, str]:
    """The terminal tells its size itself; variables would go before that."""
    return {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}


@contextmanager
def in_pipe(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run `playloom` with its output and errors in pipes."""
    with subprocess.Popen(
        [PLAYLOOM, *arguments],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
