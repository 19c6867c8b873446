"""The one thread of a process that calls SDL.

SDL wants everything that touches its events on one thread. Whoever needs SDL holds this thread with `sdl_thread`; it
starts with the first and ends with the last of them. It waits inside SDL without Python's lock, looks at the pads every
millisecond while there are any, and hands on what came as `InputEvent`s.
"""

from __future__ import annotations

import ctypes
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread, current_thread
from typing import Any

from capture_node.clock import now_ns
from capture_node.inputs.events import InputEvent
from capture_node.inputs.input_source import EventSink, PadDescription
from capture_node.inputs.sdl_library import load_sdl
from capture_node.inputs.sdl_pads import SdlPads
from playloom.errors import CaptureError

WAIT_MS = 100
"""SDL is asked for events for so long at a time; calls wake it at once."""

LOOK_FOR_PADS_S = 0.25
"""While no pad is plugged in, SDL is asked for new ones this often."""

_ALIVE_EVERY_S = 1.0
_BATCH = 128
_CLOCK_READS = 4

_HINTS = {
    "SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS": "1",  # the game has the focus, not we
    "SDL_JOYSTICK_THREAD": "1",  # on Windows pads need a window of their own to be noticed; SDL makes one on a thread
    "SDL_NO_SIGNAL_HANDLERS": "1",  # Ctrl-C is ours
    "SDL_VIDEO_ALLOW_SCREENSAVER": "1",
}


class SdlThread:
    """Runs SDL; see `sdl_thread`.

    Attributes:
        sdl: the module sdl3. Its functions are called on this thread only, see `call`.
    """

    def __init__(self) -> None:
        self.sdl: Any = load_sdl()
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._listeners: list[EventSink] = []
        self._woken = Event()
        self._stopping = False
        self._pads = SdlPads(self.sdl)
        self._thread = Thread(target=self._run, name="SDL", daemon=True)
        ready: queue.SimpleQueue[CaptureError | None] = queue.SimpleQueue()
        self._ready = ready
        self._thread.start()
        problem = ready.get()
        if problem is not None:
            self._thread.join()
            raise problem

    def call[T](self, function: Callable[[], T]) -> T:
        """Run a function on this thread, and return what it returns or raise what it raises."""
        if current_thread() is self._thread:
            return function()
        done = Event()
        result: list[T] = []
        problem: list[BaseException] = []

        def run() -> None:
            try:
                result.append(function())
            except BaseException as error:  # noqa: BLE001 - it is raised where the call came from
                problem.append(error)
            finally:
                done.set()

        self._calls.put(run)
        self._wake()
        while not done.wait(_ALIVE_EVERY_S if self._thread.is_alive() else 0):
            if not self._thread.is_alive():  # a listener has raised
                raise CaptureError("gamepads", "SDL's thread has ended", remedy="Start the program again")
        if problem:
            raise problem[0]
        return result[0]

    def listen(self, listener: EventSink) -> None:
        """Call ``listener`` on this thread with the pads' events from now on, at first with what is there and held."""

        def begin() -> None:
            self._pump()
            self._listeners.append(listener)
            listener(self._pads.present(now_ns()))

        self.call(begin)

    def leave(self, listener: EventSink) -> None:
        """End that; when this returns, ``listener`` is not called any more."""
        if self._thread.is_alive():
            self.call(lambda: self._listeners.remove(listener))

    def list_pads(self) -> tuple[PadDescription, ...]:
        """The pads that are here now, by number."""

        def look() -> tuple[PadDescription, ...]:
            self._pump()
            return self._pads.descriptions

        return self.call(look)

    def end(self) -> None:
        """Close SDL and end the thread."""

        def stop() -> None:
            self._stopping = True

        if self._thread.is_alive():
            self.call(stop)
        self._thread.join()

    def _wake(self) -> None:
        self._woken.set()
        event = self.sdl.SDL_Event()
        event.type = self.sdl.SDL_EVENT_USER
        self.sdl.SDL_PushEvent(ctypes.byref(event))

    def _run(self) -> None:
        sdl = self.sdl
        for name, value in _HINTS.items():
            sdl.SDL_SetHint(name.encode(), value.encode())
        if not sdl.SDL_Init(sdl.SDL_INIT_GAMEPAD | sdl.SDL_INIT_EVENTS):
            problem = sdl.SDL_GetError().decode(errors="replace")
            self._ready.put(CaptureError("gamepads", f"SDL cannot read them: {problem}"))
            return
        for unwanted in (sdl.SDL_EVENT_JOYSTICK_UPDATE_COMPLETE, sdl.SDL_EVENT_GAMEPAD_UPDATE_COMPLETE):
            sdl.SDL_SetEventEnabled(unwanted, False)
        self._events = (sdl.SDL_Event * _BATCH)()
        self._ready.put(None)
        try:
            self._loop()
        finally:
            self._pads.close()
            sdl.SDL_Quit()

    def _loop(self) -> None:
        while True:
            self._woken.clear()
            while not self._calls.empty():
                self._calls.get()()
            if self._stopping:
                return
            if self._pads.any_open:
                self.sdl.SDL_WaitEventTimeout(None, WAIT_MS)
            else:
                self._woken.wait(LOOK_FOR_PADS_S)
            self._pump()

    def _pump(self) -> None:
        """Hand on everything that has come."""
        sdl = self.sdl
        sdl.SDL_PumpEvents()
        while True:
            count = sdl.SDL_PeepEvents(self._events, _BATCH, sdl.SDL_GETEVENT, sdl.SDL_EVENT_FIRST, sdl.SDL_EVENT_LAST)
            if count <= 0:
                return
            offset_ns, latest_ns = self._clock()
            events: list[InputEvent] = []
            for event in self._events[:count]:
                happened_ns = min(event.common.timestamp + offset_ns, latest_ns)
                events += self._pads.translate(event, happened_ns)
            if events:
                for listener in tuple(self._listeners):
                    listener(events)

    def _clock(self) -> tuple[int, int]:
        """What to add to SDL's ticks, and the time.

        Measured for each batch, because SDL may count by a clock that is not slewed with the system's.
        """
        best_ns, offset_ns, before_ns = 1 << 62, 0, now_ns()
        for _ in range(_CLOCK_READS):
            ticks_ns = self.sdl.SDL_GetTicksNS()
            after_ns = now_ns()
            if after_ns - before_ns < best_ns:
                best_ns, offset_ns = after_ns - before_ns, (before_ns + after_ns) // 2 - ticks_ns
            before_ns = after_ns
        return offset_ns, before_ns


_lock = Lock()
_users = 0
_running: SdlThread | None = None


def hold_sdl_thread() -> SdlThread:
    """Hold this process's SDL thread; `release_sdl_thread` lets go of it.

    Raises:
        CaptureError: SDL is not there, or does not work.
    """
    global _running, _users
    with _lock:
        if _running is None:
            _running = SdlThread()
        _users += 1
        return _running


def release_sdl_thread() -> None:
    """Let go of it; the last one to do so ends it."""
    global _running, _users
    with _lock:
        assert _running is not None, "released more often than held"
        _users -= 1
        if _users == 0:
            _running.end()
            _running = None


@contextmanager
def sdl_thread() -> Iterator[SdlThread]:
    """Hold the thread while the block runs.

    Raises:
        CaptureError: SDL is not there, or does not work.
    """
    thread = hold_sdl_thread()
    try:
        yield thread
    finally:
        release_sdl_thread()
