"""Keys and mouse of an X server, pressed by its test extension: the game sees a keyboard.

The server does not let go of them when this program dies. So a helper process holds the other end of a pipe: when
that closes, however this program came to its end, the helper lets go of everything that was last held.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from capture_node.inputs.evdev_keys import x11_of_scancode
from capture_node.sources.x11_display import X11Display
from playloom.environments.held import HeldControls
from playloom.errors import CaptureError

_KEY_PRESS, _KEY_RELEASE, _BUTTON_PRESS, _BUTTON_RELEASE, _MOTION = 2, 3, 4, 5, 6
_NOW, _RELATIVE = 0, 1
_X_BUTTONS = {1: 1, 2: 2, 3: 3, 4: 8, 5: 9}
"""X11's numbers by SDL's: left, middle, right, x1, x2."""

HELPER_S = 5.0
"""The helper has so long to end: it waits for nobody but the X server."""

_MOST = 4096
_MOST_NOTCHES = 8
"""Counts and notches a frame: more is no hand's."""

type Held = tuple[int, int]
"""What the server is told is down: (`_KEY_PRESS` or `_BUTTON_PRESS`, its number)."""


class X11Hand:
    """Presses and releases on one connection.

    Raises:
        CaptureError: there is no X server, or it has no test extension.
    """

    def __init__(self, display: str | None = None) -> None:
        import xcffib.xtest

        self._display = X11Display(display)
        if not self._display.has_extension("XTEST"):
            self._display.close()
            raise CaptureError("The keyboard", "the X server has no XTEST, so that nothing can be pressed")
        self._xtest: Any = self._display.connection(xcffib.xtest.key)
        self.name = self._display.name

    def press(self, held: Held) -> None:
        """Press it. Like all the others it raises CaptureError where the server is gone."""
        self._fake(*held)

    def release(self, held: Held) -> None:
        self._fake(_KEY_RELEASE if held[0] == _KEY_PRESS else _BUTTON_RELEASE, held[1])

    def move(self, dx: int, dy: int) -> None:
        self._fake(_MOTION, _RELATIVE, dx, dy)

    def flush(self) -> None:
        """See that the server has done all of it."""
        with _server_there():
            self._display.connection.core.GetInputFocus().reply()

    def close(self) -> None:
        self._display.close()

    def _fake(self, kind: int, detail: int, x: int = 0, y: int = 0) -> None:
        with _server_there():
            self._xtest.FakeInput(kind, detail, _NOW, self._display.screen.root, x, y, 0)


@contextmanager
def _server_there() -> Iterator[None]:
    import xcffib

    try:
        yield
    except (xcffib.Error, xcffib.ConnectionException) as error:
        raise CaptureError("The keyboard", "the X server is gone") from error


class X11Keys:
    """A `ControlSink`: keys, mouse buttons, motion and wheel; a pad's controls have no place here.

    Args:
        display: as in ``DISPLAY``; None: that.

    Raises:
        CaptureError: nothing can be pressed there.
    """

    def __init__(self, display: str | None = None) -> None:
        self._hand = X11Hand(display)
        self._down: set[Held] = set()
        self._left = [0.0, 0.0, 0.0, 0.0]  # parts of counts and notches that are still to be moved
        self._helper = subprocess.Popen(
            [sys.executable, "-m", "capture_node.play.sinks.x11_keys", self._hand.name],
            stdin=subprocess.PIPE,
            bufsize=0,  # a signal's handler may write in the middle of writing, which a buffer does not allow
            start_new_session=True,  # a Ctrl-C of the terminal is not for it
        )
        self._closed = False

    def hold(self, held: HeldControls) -> None:
        wanted = _down_of(held)
        if wanted != self._down:
            try:
                # Letting go needs no helper; nothing is pressed that it does not know of.
                for one in sorted(self._down - wanted):
                    self._hand.release(one)
                    self._down.discard(one)
                if wanted - self._down:
                    self._tell_helper(wanted)
                for one in sorted(wanted - self._down):
                    self._hand.press(one)
                    self._down.add(one)
            finally:
                self._hand.flush()
        if any(held.mouse_motion) or any(held.wheel):
            self._move(held)
            self._hand.flush()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            self.hold(HeldControls())
        finally:
            self._hand.close()
            self._end_helper()

    def _move(self, held: HeldControls) -> None:
        whole = [0, 0, 0, 0]
        for place, value in enumerate((*held.mouse_motion, *held.wheel)):
            self._left[place] += value
            whole[place] = max(-_MOST, min(_MOST, int(self._left[place])))
            self._left[place] = (self._left[place] - whole[place]) if abs(whole[place]) < _MOST else 0.0
        if whole[0] or whole[1]:
            self._hand.move(whole[0], whole[1])
        for count, (more, less) in zip(whole[2:], ((7, 6), (4, 5)), strict=True):
            for _ in range(min(_MOST_NOTCHES, abs(count))):
                notch = (_BUTTON_PRESS, more if count > 0 else less)
                self._hand.press(notch)
                self._hand.release(notch)

    def _end_helper(self) -> None:
        assert self._helper.stdin is not None
        self._helper.stdin.close()
        try:
            self._helper.wait(HELPER_S)
        except subprocess.TimeoutExpired:
            self._helper.kill()
            self._helper.wait()

    def _tell_helper(self, down: Iterable[Held]) -> None:
        pipe = self._helper.stdin
        assert pipe is not None
        try:
            pipe.write((" ".join(f"{kind}:{detail}" for kind, detail in sorted(down)) + "\n").encode())
        except OSError as error:
            raise CaptureError("The keyboard", "the helper that would let go of it has ended") from error


def _down_of(held: HeldControls) -> set[Held]:
    keys = {code for key in held.keys if (code := x11_of_scancode(key)) is not None}
    buttons = {_X_BUTTONS[button] for button in held.mouse_buttons if button in _X_BUTTONS}
    return {(_KEY_PRESS, code) for code in keys} | {(_BUTTON_PRESS, button) for button in buttons}


def let_go_at_the_end(display: str, told: IO[str]) -> None:
    """Wait until nobody tells any more, and release what was last told to be down."""
    last = ""
    for line in told:
        last = line
    hand = X11Hand(display)
    for one in last.split():
        kind, _, detail = one.partition(":")
        hand.release((int(kind), int(detail)))
    hand.flush()
    hand.close()


if __name__ == "__main__":
    with suppress(CaptureError):  # a server that is gone holds nothing
        let_go_at_the_end(sys.argv[1], sys.stdin)
