"""People at a terminal, for those commands of the documentation that ask somebody something.

``python -m tests.support.page_people WHO`` runs the shell script on its input in a terminal of its own; the person
answers there, and at the keyboard of the screen that DISPLAY names.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from tests.support.command import TerminalProcess, program_in_terminal

_ENTER, _F9, _CTRL_C = "\r", "\x1b[20~", "\x03"
_SECONDS, _PATIENCE = 8.0, 10
_LISTENING_S = 3.0  # until the wizard hears the keyboard, which it does not say


def _choose_the_game(terminal: TerminalProcess) -> None:
    terminal.wait_for("What shall be recorded?")
    terminal.wait_for("My Game")
    terminal.press(_ENTER)
    terminal.wait_for("● recording")
    time.sleep(1)
    terminal.press(_CTRL_C)


def _is_shown(terminal: TerminalProcess, words: str) -> bool:
    """Whether the words come within some seconds."""
    try:
        terminal.wait_for(words, timeout_s=_SECONDS)
    except AssertionError:
        return False
    return True


def _answer_the_wizard(terminal: TerminalProcess) -> None:
    terminal.wait_for("Push the stick for")
    time.sleep(_LISTENING_S)
    answers = {
        "w": ("key w: up", "now the control for left"),
        "a": ("key a: left", "now the control for down"),
        "s": ("key s: down", "now the control for right"),
        "d": ("key d: right", "1 of 3 done"),
        "space": ("▶ key space", "2 of 3 done"),
        "Shift_L": ("▶ key left shift", "Every action is mapped or skipped"),
    }
    for key, (shown, kept) in answers.items():
        subprocess.run(["xdotool", "key", key], check=True, timeout=30)
        for _ in range(_PATIENCE):
            if _is_shown(terminal, shown):
                break
            if key == "w":  # nobody listened yet
                subprocess.run(["xdotool", "key", key], check=True, timeout=30)
        terminal.wait_for(shown)
        terminal.press(_ENTER)
        terminal.wait_for(kept)
    terminal.press(_F9)


PEOPLE: Mapping[str, Callable[[TerminalProcess], None]] = MappingProxyType(
    {
        "chooses the game, plays, and ends it with Ctrl-C": _choose_the_game,
        "answers with keys": _answer_the_wizard,
    }
)
"""What somebody does, as a page says it."""


def main() -> int:
    script = sys.stdin.read()
    with program_in_terminal(["bash", "-euo", "pipefail", "-c", script], os.environ, size=(100, 30)) as terminal:
        try:
            PEOPLE[sys.argv[1]](terminal)
            return terminal.wait()
        finally:
            print(terminal.text)


if __name__ == "__main__":
    sys.exit(main())
