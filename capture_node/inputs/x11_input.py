"""Keyboard and mouse of an X11 desktop, as the devices report them: relative motion, keys as places.

Raw events come whichever window has focus and whoever grabs the pointer, so mouse-look games are heard, and so is
everything else that is typed: who listens closes the sink while the game has no focus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from capture_node.clock import now_ns
from capture_node.inputs.evdev_keys import scancode_of_x11
from capture_node.inputs.events import InputEvent, Key, MouseButton, MouseMotion, MouseWheel
from capture_node.inputs.input_source import EventSink
from capture_node.inputs.x11_clock import ServerClock, ServerTime
from capture_node.inputs.x11_listener import X11Listener
from capture_node.inputs.x11_pointer_axes import PointerAxes
from capture_node.inputs.x11_raw_events import RawEvent, RawEvents, RawKind, load_extensions
from capture_node.sources.x11_display import X11Display

_COMPARE_CLOCKS_EVERY_S = 5.0

# X11's numbers of buttons. 4 to 7 are the wheel: up, down, left, right, one press a notch.
_BUTTONS = {1: 1, 2: 2, 3: 3, 8: 4, 9: 5}
_WHEEL = {4: (0.0, 1.0), 5: (0.0, -1.0), 6: (-1.0, 0.0), 7: (1.0, 0.0)}
_HELD_BUTTON_MASKS = {0x100: 1, 0x200: 2, 0x400: 3}


class X11KeyboardMouse:
    """The `InputSource` of keyboard and mouse on X11.

    What is held when listening begins is reported as pressed then. Where X11 windows share a Wayland desktop, the
    server hears the devices only while one of its own windows has focus, which is all that is recorded anyway.
    """

    name = "keyboard and mouse"

    def __init__(self, display: str | None = None) -> None:
        """Args: display: as in ``DISPLAY``; None takes that."""
        self._display_name = display
        self._listener: X11Listener | None = None

    def start(self, sink: EventSink) -> None:
        assert self._listener is None, "started already"
        load_extensions()
        display = X11Display(self._display_name)
        try:
            listening = _Listening(display, sink)
        except BaseException:
            display.close()
            raise
        self._listener = X11Listener(
            display, listening.deliver, name="x11-keyboard-mouse", every_s=_COMPARE_CLOCKS_EVERY_S
        )
        self._listener.start()

    def stop(self) -> None:
        if self._listener is not None:
            self._listener.stop()


class _Listening:
    """What is known between two deliveries."""

    def __init__(self, display: X11Display, sink: EventSink) -> None:
        screen = display.screen
        self._display = display
        self._sink = sink
        self._raw = RawEvents(display)
        self._server_time = ServerTime(display)
        self._clock = ServerClock()
        self._server_time.compare(self._clock)
        self._compared_ns = now_ns()
        self._last_ns = 0
        self._held_keys: set[int] = set()
        self._axes = PointerAxes(self._raw.xinput, (screen.width_in_pixels, screen.height_in_pixels))
        self._buttons = _pointer_mapping(display)
        self._began = False

    def deliver(self) -> None:
        if not self._began:
            self._began = True
            self._deliver(self._held_at_the_beginning())
        for raw in self._raw.waiting():
            self._deliver(list(self._events(raw, now_ns())))
        if now_ns() - self._compared_ns > _COMPARE_CLOCKS_EVERY_S * 1e9:
            self._server_time.compare(self._clock)
            self._compared_ns = now_ns()
            self._buttons = _pointer_mapping(self._display)

    def _deliver(self, events: list[InputEvent]) -> None:
        if events:
            self._sink(events)

    def _events(self, raw: RawEvent, read_ns: int) -> Iterable[InputEvent]:
        if raw.kind == RawKind.HIERARCHY:
            self._axes.forget()
            return ()
        # Times of several devices may cross by the clock's step; a sink takes them in order.
        at_ns = self._last_ns = max(self._last_ns, self._clock.to_monotonic_ns(raw.time_ms, read_ns))
        match raw.kind:
            case RawKind.MOTION:
                dx, dy = self._axes.motion(raw)
                return (MouseMotion(monotonic_ns=at_ns, dx=dx, dy=dy),) if dx or dy else ()
            case RawKind.KEY_PRESS | RawKind.KEY_RELEASE:
                return self._key(raw.detail, raw.kind == RawKind.KEY_PRESS, at_ns)
            case _:
                return self._button(raw.detail, raw.kind == RawKind.BUTTON_PRESS, at_ns)

    def _key(self, keycode: int, pressed: bool, at_ns: int) -> Iterator[InputEvent]:
        scancode = scancode_of_x11(keycode)
        if scancode is None or pressed == (scancode in self._held_keys):  # unknown, or repeated by the system
            return
        (self._held_keys.add if pressed else self._held_keys.discard)(scancode)
        yield Key(monotonic_ns=at_ns, scancode=scancode, pressed=pressed)

    def _button(self, number: int, pressed: bool, at_ns: int) -> Iterator[InputEvent]:
        number = self._buttons.get(number, number)
        if number in _BUTTONS:
            yield MouseButton(monotonic_ns=at_ns, button=_BUTTONS[number], pressed=pressed)
        elif number in _WHEEL and pressed:
            dx, dy = _WHEEL[number]
            yield MouseWheel(monotonic_ns=at_ns, dx=dx, dy=dy)

    def _held_at_the_beginning(self) -> list[InputEvent]:
        core = self._display.connection.core
        keys = bytes(core.QueryKeymap().reply().keys)
        pointer = core.QueryPointer(self._display.screen.root).reply()
        at_ns = self._last_ns = now_ns()
        events: list[InputEvent] = []
        for keycode in range(len(keys) * 8):
            if keys[keycode // 8] >> keycode % 8 & 1:
                events.extend(self._key(keycode, True, at_ns))
        for mask, button in _HELD_BUTTON_MASKS.items():
            if pointer.mask & mask:
                events.append(MouseButton(monotonic_ns=at_ns, button=button, pressed=True))
        return events


def _pointer_mapping(display: X11Display) -> dict[int, int]:
    """What each button of the device is for programs: others for the left-handed."""
    mapped = display.connection.core.GetPointerMapping().reply().map
    return dict(enumerate(mapped, start=1))
