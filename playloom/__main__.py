"""Where the command `playloom` starts. It imports next to nothing, so that Ctrl-C is heeded from the first moment."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130
"""The exit status of a program that Ctrl-C ended."""


def main() -> int:
    """Run the command line that this process was started with; returns the exit status."""
    try:
        from playloom.cli import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == INTERRUPTED:
        _end_at_once(status)
    return status


def _end_at_once(status: int) -> None:
    """End without taking the interpreter apart.

    All that had to be left in good order has been. What FFmpeg was interrupted in is not: PyAV's containers, freed by
    the last garbage collection in whatever order, have crashed the process on its way out.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:  # nobody reads any more
            pass
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
