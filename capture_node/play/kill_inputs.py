"""What throws the kill switch: a file that appears, a key or a button of the player, Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from types import FrameType

from capture_node.inputs.events import InputEvent, Key, PadButton
from playloom.play.kill_switch import KillSwitch

LOOK_S = 0.01
"""A file is looked for so often: less than a frame."""


@contextmanager
def killed_by_file(switch: KillSwitch, path: Path) -> Iterator[None]:
    """Within the block the switch is off while the file is there: whoever removes it arms the switch again."""
    reason = f"the file {path}"
    ended = Event()

    def look() -> None:
        if not _is_there(path):
            switch.rearm(reason)
        elif reason not in switch.reasons:
            switch.kill(reason)

    def watch() -> None:
        while not ended.wait(LOOK_S):
            look()

    look()
    thread = Thread(target=watch, name="kill-file", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _is_there(path: Path) -> bool:
    """Whether there is such a file; where nobody can say, there is."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


@contextmanager
def killed_by_signals(switch: KillSwitch) -> Iterator[None]:
    """Within the block Ctrl-C and a polite kill throw the switch, before what else they do."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handler(number: int, frame: FrameType | None) -> None:
        switch.kill("Ctrl-C" if number == signal.SIGINT else "a polite kill")
        then = before[signal.Signals(number)]
        if callable(then):
            then(number, frame)
        elif then is signal.SIG_DFL:
            raise SystemExit(128 + number)

    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, then in before.items():
            signal.signal(number, then)


class KillControls:
    """Keys and buttons that throw the switch and arm it again; they are the player's and not the game's.

    Args:
        switch: that is thrown.
        key, button: throw it; SDL's ids.
        rearm_key: arms it again.
    """

    def __init__(
        self, switch: KillSwitch, *, key: int | None = None, button: int | None = None, rearm_key: int | None = None
    ) -> None:
        self._switch, self._key, self._button, self._rearm_key = switch, key, button, rearm_key

    @property
    def has_button(self) -> bool:
        """Whether a button of a pad throws it."""
        return self._button is not None

    def pressed_key(self, scancode: int) -> bool:
        """Whether this key is one of them; it has done its work then."""
        if scancode == self._key:
            self._switch.kill("the kill key")
        elif scancode == self._rearm_key:
            self._switch.rearm("the kill key")
            self._switch.rearm("the kill button")
        return scancode in (self._key, self._rearm_key)

    def pressed_button(self, button: int) -> bool:
        """Whether this button is the one; it has done its work then."""
        if button == self._button:
            self._switch.kill("the kill button")
        return button == self._button

    def take(self, events: Sequence[InputEvent]) -> None:
        """An `EventSink` of keyboards and gamepads."""
        for event in events:
            match event:
                case Key(scancode=scancode, pressed=True):
                    self.pressed_key(scancode)
                case PadButton(button=button, pressed=True):
                    self.pressed_button(button)
