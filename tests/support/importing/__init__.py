"""Files made to the published formats that `playloom import` reads, and the command itself."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from playloom.cli import run


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command line came to."""

    returncode: int
    stdout: str
    stderr: str


def run_playloom(*arguments: str | Path) -> Done:
    """Run the command in this process: starting one takes longer than most imports."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr):
        returncode = run([str(argument) for argument in arguments])
    return Done(returncode=returncode, stdout=stdout.getvalue(), stderr=stderr.getvalue())
