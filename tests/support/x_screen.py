"""A screen of its own for a test: Xvfb, with a keyboard that xdotool types on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A running X server."""

    display: str

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to open its windows there."""
        return os.environ | {"DISPLAY": self.display, "SDL_VIDEODRIVER": "x11"}

    def type(self, *command: str) -> None:
        """Run one xdotool command, such as ``key space``."""
        subprocess.run(["xdotool", *command], env=self.environment, check=True, timeout=30, capture_output=True)


@contextmanager
def x_screen() -> Iterator[Screen]:
    """Start an X server on a free display, and stop it."""
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        try:
            os.close(write)
            with os.fdopen(read) as file:
                number = file.readline().strip()
            assert number.isdigit(), "Xvfb did not start"
            yield Screen(display=f":{number}")
        finally:
            server.terminate()
            server.wait(30)
