"""A real program with a real window for the tests: it shows the pattern, and the keys and buttons that are held.

Run by itself (``python -m tests.support.x_windows --rate 60``) it is that program. A line on its input changes it:
``rate 30``, ``pressed 5`` (bits that are shown besides its own), ``run print(1)`` (a Python program, as a
terminal runs one), ``close``.
"""

from __future__ import annotations

import argparse
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from capture_node.sources.pattern import draw_pattern
from capture_node.sources.x11_display import X11Display
from capture_node.sources.x11_memory import share_memory
from tests.support.x_screen import Screen

# Which bit of the pattern's `pressed` shows which key (by X keycode) and which mouse button.
KEY_BITS = {"w": 0, "a": 1, "s": 2, "d": 3, "space": 4}
_KEYCODE_BITS = {25: 0, 38: 1, 39: 2, 40: 3, 65: 4}
MOUSE_BITS = {1: 8, 2: 9, 3: 10}

_ROOT = Path(__file__).parents[2]
_Z_PIXMAP = 2


class PatternWindow:
    """A window of the program, and what a player or a window manager does to it."""

    def __init__(self, screen: Screen, process: subprocess.Popen[str], window: int) -> None:
        self.window = window
        self.process = process
        self._display = X11Display(screen.display)
        self._core = self._display.connection.core

    @property
    def key(self) -> str:
        """As in `SourceDescription.key`."""
        return hex(self.window)

    def move(self, x: int, y: int) -> None:
        from xcffib.xproto import ConfigWindow

        self._core.ConfigureWindowChecked(self.window, ConfigWindow.X | ConfigWindow.Y, [x, y]).check()

    def resize(self, width: int, height: int) -> None:
        from xcffib.xproto import ConfigWindow

        values = ConfigWindow.Width | ConfigWindow.Height
        self._core.ConfigureWindowChecked(self.window, values, [width, height]).check()

    def minimize(self) -> None:
        self._core.UnmapWindowChecked(self.window).check()

    def restore(self) -> None:
        self._core.MapWindowChecked(self.window).check()

    def call(self, title: str) -> None:
        """Give it a title."""
        from xcffib.xproto import PropMode

        names = self._display.atom("_NET_WM_NAME"), self._display.atom("UTF8_STRING")
        text = title.encode()
        self._core.ChangePropertyChecked(PropMode.Replace, self.window, *names, 8, len(text), text).check()

    def call_hidden(self, hidden: bool) -> None:
        """Say of it what window managers say of a minimized window, whatever they do with it."""
        from xcffib.xproto import Atom, PropMode

        state = [self._display.atom("_NET_WM_STATE_HIDDEN")] if hidden else []
        name = self._display.atom("_NET_WM_STATE")
        self._core.ChangePropertyChecked(PropMode.Replace, self.window, name, Atom.ATOM, 32, len(state), state).check()

    def focus(self) -> None:
        self._core.SetInputFocusChecked(1, self.window, 0).check()

    def unfocus(self) -> None:
        """Nobody has the keyboard."""
        self._core.SetInputFocusChecked(0, 0, 0).check()

    def point_in_red(self) -> None:
        """Give it a pointer: a red square of 8x8 pixels that points with its middle."""
        from xcffib.xproto import CW, RECTANGLE

        square, gc, cursor = (self._display.connection.generate_id() for _ in range(3))
        self._core.CreatePixmap(1, square, self.window, 8, 8)
        self._core.CreateGC(gc, square, 4, [1])  # the foreground
        self._core.PolyFillRectangle(square, gc, 1, [RECTANGLE.synthetic(0, 0, 8, 8)])
        self._core.CreateCursor(cursor, square, square, 65535, 0, 0, 0, 0, 0, 4, 4)
        self._core.ChangeWindowAttributesChecked(self.window, CW.Cursor, [cursor]).check()

    def cover(self, pixel: int = 0xFF0000) -> int:
        """Lay a plain window over all of it; returns that window, see `uncover`."""
        place = self._core.GetGeometry(self.window).reply()
        cover = _make_window(self._display, (place.x, place.y), (place.width, place.height), pixel, 0)
        self._core.MapWindowChecked(cover).check()
        return cover

    def uncover(self, cover: int) -> None:
        self._core.DestroyWindowChecked(cover).check()

    def put_into_frame(self, margin: int = 20) -> int:
        """What a window manager does; returns the frame."""
        place = self._core.GetGeometry(self.window).reply()
        size = (place.width + 2 * margin, place.height + 2 * margin)
        frame = _make_window(self._display, (place.x, place.y), size, 0x00FF00, 0)
        self._core.ReparentWindowChecked(self.window, frame, margin, margin).check()
        self._core.MapWindowChecked(frame).check()
        return frame

    def hide_frame(self, frame: int) -> None:
        """Minimize it as some window managers do: the window in it is not told."""
        self._core.UnmapWindowChecked(frame).check()

    def say(self, line: str) -> None:
        """Give the program a line of its input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def close(self) -> None:
        """End the program, and its window with it."""
        self.process.terminate()
        self.process.wait(20)

    def let_go(self) -> None:
        """End what the test holds of it."""
        if self.process.poll() is None:
            self.close()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self._display.close()


@contextmanager
def pattern_window(
    screen: Screen,
    *,
    title: str = "Pattern",
    size: tuple[int, int] = (640, 360),
    at: tuple[int, int] = (50, 40),
    rate: float = 60,
) -> Iterator[PatternWindow]:
    """Start the program and wait until its window is there and drawn; rate 0 draws only what must be drawn."""
    command = [sys.executable, "-m", "tests.support.x_windows", "--title", title, "--rate", str(rate)]
    command += ["--size", str(size[0]), str(size[1]), "--at", str(at[0]), str(at[1])]
    process = subprocess.Popen(
        command, cwd=_ROOT, env=screen.environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the window program did not start"
    window = PatternWindow(screen, process, int(line))
    try:
        yield window
    finally:
        window.let_go()


def _make_window(display: X11Display, at: tuple[int, int], size: tuple[int, int], pixel: int, events: int) -> int:
    from xcffib.xproto import CW, WindowClass

    window = display.connection.generate_id()
    screen = display.screen
    display.connection.core.CreateWindowChecked(
        screen.root_depth,
        window,
        screen.root,
        *at,
        *size,
        0,
        WindowClass.InputOutput,
        screen.root_visual,
        CW.BackPixel | CW.EventMask,
        [pixel, events],
    ).check()
    return window


class _Program:
    def __init__(self, title: str, size: tuple[int, int], at: tuple[int, int], rate: float) -> None:
        import xcffib.shm
        from xcffib.xproto import EventMask

        self.display = X11Display()
        self.connection = self.display.connection
        self.core = self.connection.core
        self.shm: Any = self.connection(xcffib.shm.key)
        events = EventMask.KeyPress | EventMask.KeyRelease | EventMask.ButtonPress | EventMask.ButtonRelease
        events |= EventMask.StructureNotify | EventMask.Exposure
        self.window = _make_window(self.display, at, size, 0, events)
        self.gc = self.connection.generate_id()
        self.core.CreateGC(self.gc, self.window, 0, [])
        self.size, self.rate, self.number = size, rate, 0
        self.held, self.told = 0, 0
        self.running, self.must_draw = True, True
        self.resize(size)
        self.set_property("_NET_WM_NAME", "UTF8_STRING", 8, title.encode())
        self.set_property("WM_NAME", "STRING", 8, title.encode("latin-1", "replace"))
        self.set_property("_NET_WM_PID", "CARDINAL", 32, [os.getpid()])
        self.core.ChangeKeyboardControl(0x80, [0])  # no auto-repeat: it looks like presses
        self.core.MapWindowChecked(self.window).check()

    def set_property(self, name: str, kind: str, bits: int, value: Any) -> None:
        atoms = self.display.atom(name), self.display.atom(kind)
        self.core.ChangePropertyChecked(0, self.window, *atoms, bits, len(value), value).check()

    def resize(self, size: tuple[int, int]) -> None:
        if hasattr(self, "segment"):
            self.shm.Detach(self.segment)
        self.size = size
        memory, self.segment = share_memory(self.connection, size[0] * size[1] * 4)
        self.canvas = memory.reshape(size[1], size[0], 4)

    def draw(self) -> None:
        width, height = self.size
        draw_pattern(self.number, time.monotonic_ns(), self.size, pressed=self.held | self.told, out=self.canvas)
        self.number += 1
        # Checked: the server has read our memory before we draw into it again.
        self.shm.PutImageChecked(
            self.window,
            self.gc,
            *(width, height, 0, 0, width, height, 0, 0),
            *(self.display.screen.root_depth, _Z_PIXMAP, False, self.segment, 0),
        ).check()
        self.must_draw = False

    def read_events(self) -> None:
        from xcffib import xproto

        while (event := self.connection.poll_for_event()) is not None:
            match event:
                case xproto.KeyPressEvent() | xproto.KeyReleaseEvent():
                    self.hold(_KEYCODE_BITS.get(event.detail), isinstance(event, xproto.KeyPressEvent))
                case xproto.ButtonPressEvent() | xproto.ButtonReleaseEvent():
                    self.hold(MOUSE_BITS.get(event.detail), isinstance(event, xproto.ButtonPressEvent))
                case xproto.ConfigureNotifyEvent():
                    if (event.width, event.height) != self.size:
                        self.resize((event.width, event.height))
                        self.must_draw = True
                case xproto.ExposeEvent():
                    self.must_draw = True
                case _:
                    pass

    def hold(self, bit: int | None, pressed: bool) -> None:
        if bit is None:
            return
        self.held = self.held | 1 << bit if pressed else self.held & ~(1 << bit)
        self.must_draw = self.must_draw or self.rate == 0

    def obey(self, line: str) -> None:
        word, _, rest = line.strip().partition(" ")
        match word:
            case "rate":
                self.rate = float(rest)
            case "pressed":
                self.told = int(rest)
                self.must_draw = self.must_draw or self.rate == 0
            case "run":
                subprocess.run([sys.executable, "-c", rest], check=True, timeout=60)
            case "close" | "":
                self.running = False
            case _:
                raise ValueError(line)

    def run(self) -> None:
        next_ns = time.monotonic_ns()
        self.draw()
        print(self.window, flush=True)
        while self.running:
            self.read_events()
            now = time.monotonic_ns()
            if self.must_draw or (self.rate and now >= next_ns):
                self.draw()
                if self.rate:
                    period = int(1e9 / self.rate)
                    next_ns += period * max(1, (now - next_ns) // period)
                continue
            wait_s = max(0.0, (next_ns - now) / 1e9) if self.rate else None
            readable, _, _ = select.select([self.connection.get_file_descriptor(), sys.stdin], [], [], wait_s)
            if sys.stdin in readable:
                self.obey(sys.stdin.readline())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--title", default="Pattern")
    parser.add_argument("--size", type=int, nargs=2, default=(640, 360))
    parser.add_argument("--at", type=int, nargs=2, default=(50, 40))
    parser.add_argument("--rate", type=float, default=60)
    arguments = parser.parse_args()
    _Program(arguments.title, tuple(arguments.size), tuple(arguments.at), arguments.rate).run()


if __name__ == "__main__":
    main()
