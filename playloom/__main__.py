"""Where the command `playloom` starts. It imports next to nothing, so that Ctrl-C is heeded from the first moment."""

from __future__ import annotations

import sys

INTERRUPTED = 130
"""The exit status of a program that Ctrl-C ended."""


def main() -> int:
    """Run the command line that this process was started with; returns the exit status."""
    try:
        from playloom.cli import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
