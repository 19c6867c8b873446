"""One picture of everything held, from all sources, and a snapshot after every change of it.

Sources call `InputHub.handle` on their own threads. The hub keeps what each pad, the keyboard and the mouse hold, also
while nobody records or the game's window has no focus, so that a snapshot is right from the first one on: deltas alone
would leave a key that was released out of sight held for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from statistics import median
from threading import Lock
from typing import Literal

from capture_node.clock import now_ns as clock_ns
from capture_node.hotkeys.hotkey import Hotkey
from capture_node.inputs.events import (
    InputEvent,
    Key,
    MouseButton,
    MouseMotion,
    MouseWheel,
    PadAdded,
    PadAxis,
    PadButton,
    PadRemoved,
)
from capture_node.inputs.hotkey_keys import HotkeyKeys
from capture_node.inputs.input_source import PadDescription
from playloom.controls import AXES
from playloom.recording.input_stream import InputSnapshot

type InputGroup = Literal["pads", "keyboard_mouse"]

type SnapshotSink = Callable[[InputSnapshot, int], None]
"""Takes a snapshot and the number of events that it was made of: 1, or 0 for one that the hub made of itself (at the
beginning, when a group is closed or opened). It is called by one thread at a time, must not call the hub, and raises
nothing: the thread belongs to an input source."""

DELAYS_KEPT = 1000
"""The delay is of so many last events: a second of a fast mouse."""

_REST = (0.0,) * len(AXES)


@dataclass
class _Pad:
    axes: list[float] = field(default_factory=lambda: list(_REST))
    buttons: set[int] = field(default_factory=set)

    @property
    def holds(self) -> bool:
        return bool(self.buttons) or any(self.axes)


class InputHub:
    """Takes events, gives snapshots. Every method may be called on any thread.

    Args:
        hotkeys: whose keys are in no snapshot, see `HotkeyKeys`.
        clock: the monotonic one.
    """

    def __init__(self, hotkeys: Collection[Hotkey] = (), *, clock: Callable[[], int] = clock_ns) -> None:
        self._clock = clock
        self._lock = Lock()
        self._sink: SnapshotSink | None = None
        self._open: dict[InputGroup, bool] = {"pads": True, "keyboard_mouse": True}
        self._plugged: dict[int, PadDescription] = {}
        self._pads: dict[int, _Pad] = {}
        self._last_pad: int | None = None
        self._keys: set[int] = set()
        self._hotkey_keys = HotkeyKeys(hotkeys)
        self._shown_keys: frozenset[int] = frozenset()
        self._mouse_buttons: set[int] = set()
        self._delays_ns: deque[int] = deque(maxlen=DELAYS_KEPT)
        self._events = 0
        self._last_event_ns: int | None = None

    @property
    def pads(self) -> tuple[PadDescription, ...]:
        """Those plugged in, by number."""
        with self._lock:
            return tuple(self._plugged[pad] for pad in sorted(self._plugged))

    @property
    def events(self) -> int:
        """Events that became snapshots, since the hub was made."""
        return self._events

    @property
    def last_event_ns(self) -> int | None:
        """The latest event's time, also of one that was not recorded; None before the first."""
        return self._last_event_ns

    @property
    def delay_ms(self) -> float | None:
        """From an event to the return of the sink, median of the last events; None before the first."""
        with self._lock:
            delays = list(self._delays_ns)
        return median(delays) / 1e6 if delays else None

    def handle(self, events: Sequence[InputEvent]) -> None:
        """Take events: the `EventSink` of all sources."""
        with self._lock:
            for event in events:
                self._handle(event)

    def attach(self, sink: SnapshotSink | None, now_ns: int) -> None:
        """Begin to deliver snapshots, or with None end it: when this returns, no snapshot is under way to the old sink.

        Where something is held at the beginning, the first snapshots say so, one a pad.

        Args:
            sink: takes them from now on.
            now_ns: the time of these first snapshots.
        """
        with self._lock:
            self._sink = sink
            for pad in sorted({pad for group, is_open in self._open.items() if is_open for pad in self._held(group)}):
                self._deliver(pad, now_ns, events=0)

    def set_open(self, group: InputGroup, is_open: bool, now_ns: int) -> None:
        """Let a group of inputs through, or hold it back, as focus comes and goes or the player pauses.

        What is held stays known. A group that is closed is shown as released, one that is opened as it is then.

        Args:
            group: "pads" or "keyboard_mouse".
            is_open: whether it is recorded. What it was already changes nothing.
            now_ns: the time of the snapshots that say so.
        """
        with self._lock:
            if self._open[group] == is_open:
                return
            held = self._held(group)  # before it is shown as released
            self._open[group] = is_open
            for pad in held:
                self._deliver(pad, now_ns, events=0)

    def _handle(self, event: InputEvent) -> None:
        self._last_event_ns = max(event.monotonic_ns, self._last_event_ns or 0)
        match event:
            case PadAdded(pad=pad, name=name, guid=guid):
                self._plugged[pad] = PadDescription(pad=pad, name=name, guid=guid)
            case PadRemoved(pad=pad):
                self._plugged.pop(pad, None)
                state = self._pads.pop(pad, None)
                if state is not None and state.holds:
                    self._record("pads", pad, event.monotonic_ns)
                if self._last_pad == pad:
                    self._last_pad = None
            case PadButton(pad=pad, button=button, pressed=pressed):
                self._last_pad = pad
                if _toggle(self._pads.setdefault(pad, _Pad()).buttons, button, pressed):
                    self._record("pads", pad, event.monotonic_ns)
            case PadAxis(pad=pad, axis=axis, value=value):
                self._last_pad = pad
                axes = self._pads.setdefault(pad, _Pad()).axes
                if axes[axis] != value:
                    axes[axis] = value
                    self._record("pads", pad, event.monotonic_ns)
            case Key(scancode=scancode, pressed=pressed):
                if _toggle(self._keys, scancode, pressed) and self._show_keys():
                    self._record("keyboard_mouse", self._pad_of_others(), event.monotonic_ns)
            case MouseButton(button=button, pressed=pressed):
                if _toggle(self._mouse_buttons, button, pressed):
                    self._record("keyboard_mouse", self._pad_of_others(), event.monotonic_ns)
            case MouseMotion(dx=dx, dy=dy):
                self._record("keyboard_mouse", self._pad_of_others(), event.monotonic_ns, motion=(dx, dy))
            case MouseWheel(dx=dx, dy=dy):
                self._record("keyboard_mouse", self._pad_of_others(), event.monotonic_ns, wheel=(dx, dy))

    def _show_keys(self) -> bool:
        """Whether the change of a key is one of what is recorded."""
        before, self._shown_keys = self._shown_keys, self._hotkey_keys.shown(self._keys)
        return self._shown_keys != before

    def _record(
        self,
        group: InputGroup,
        pad: int,
        event_ns: int,
        *,
        motion: tuple[float, float] = (0.0, 0.0),
        wheel: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        if self._sink is None or not self._open[group]:
            return
        self._deliver(pad, event_ns, events=1, motion=motion, wheel=wheel)
        self._events += 1
        self._delays_ns.append(self._clock() - event_ns)

    def _held(self, group: InputGroup) -> list[int]:
        """The pads whose snapshots tell what is held in a group."""
        if group == "pads":
            return sorted(pad for pad, state in self._pads.items() if state.holds)
        return [self._pad_of_others()] if self._shown_keys or self._mouse_buttons else []

    def _pad_of_others(self) -> int:
        """The pad that a snapshot of keyboard and mouse is of: the one last used, as a reader follows one pad."""
        if self._last_pad is not None:
            return self._last_pad
        return min(self._plugged, default=0)

    def _deliver(
        self,
        pad: int,
        time_ns: int,
        *,
        events: int,
        motion: tuple[float, float] = (0.0, 0.0),
        wheel: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        if self._sink is None:
            return
        state = self._pads.get(pad) if self._open["pads"] else None
        keyboard_mouse = self._open["keyboard_mouse"]
        self._sink(
            InputSnapshot(
                monotonic_ns=time_ns,
                axes=_REST if state is None else tuple(state.axes),
                buttons=frozenset() if state is None else frozenset(state.buttons),
                keys=self._shown_keys if keyboard_mouse else frozenset(),
                mouse_buttons=frozenset(self._mouse_buttons) if keyboard_mouse else frozenset(),
                mouse_motion=motion,
                wheel=wheel,
                pad=pad,
            ),
            events,
        )


def _toggle(held: set[int], control: int, pressed: bool) -> bool:
    """Press or release; whether that changed anything."""
    if (control in held) == pressed:
        return False
    if pressed:
        held.add(control)
    else:
        held.remove(control)
    return True
