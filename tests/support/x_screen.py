"""A screen of its own for a test: Xvfb, with a keyboard that xdotool types on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A running X server."""

    display: str
    server: subprocess.Popen[bytes]

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to open its windows there."""
        return os.environ | {"DISPLAY": self.display, "SDL_VIDEODRIVER": "x11"}

    def type(self, *command: str) -> None:
        """Run one xdotool command, such as ``key space``."""
        subprocess.run(["xdotool", *command], env=self.environment, check=True, timeout=30, capture_output=True)

    def stop(self) -> None:
        """End the server, as when a session ends or its graphics driver crashes."""
        self.server.terminate()
        self.server.wait(30)


@contextmanager
def x_screen(size: tuple[int, int] = (1280, 800), *, options: Sequence[str] = ()) -> Iterator[Screen]:
    """Start an X server on a free display, and stop it.

    Args:
        size: width and height of its screen.
        options: more of Xvfb's, such as ``("-extension", "Composite")`` to be without one.
    """
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    read, write = os.pipe()
    # Without -noreset the server starts anew when its last client goes, and answers nobody meanwhile.
    command = ["Xvfb", "-displayfd", str(write), "-noreset", "-nolisten", "tcp"]
    command += ["-screen", "0", f"{size[0]}x{size[1]}x24", *options]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        try:
            os.close(write)
            with os.fdopen(read) as file:
                number = file.readline().strip()
            assert number.isdigit(), "Xvfb did not start"
            yield Screen(display=f":{number}", server=server)
        finally:
            server.terminate()
            server.wait(30)
