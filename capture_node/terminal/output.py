"""Output that may go away: a closed terminal or a reader that left must never end a recording."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any, cast


class LastingOutput:
    """A text stream that goes on taking text when nobody takes it from there any more.

    Attributes:
        is_lost: whether what is written is seen by nobody.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.is_lost = False

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._let_go()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._let_go()

    def isatty(self) -> bool:
        return not self.is_lost and self._stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _let_go(self) -> None:
        # What is still buffered goes nowhere too, or Python would complain of it while it shuts down.
        self.is_lost = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def lasting(stream: IO[str] | None) -> IO[str]:
    """``stream``, whose writing never fails because its other end has gone; None is one that was closed before."""
    if stream is None:
        stream = Path(os.devnull).open("w")  # noqa: SIM115 (as long as the program)
    return cast(IO[str], LastingOutput(stream))
