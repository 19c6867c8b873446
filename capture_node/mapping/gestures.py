"""From events to gestures: what a player did from rest to rest, and what is held right now.

A binding is chosen by doing it. The most controls that were held at one time make the gesture, so that a combination
may be pressed and let go in any order; the mouse and its wheel have no rest, a short pause ends theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from playloom.bindings import AxisButton, ButtonBinding, ComboPart, KeyBinding, MouseButtonBinding
from playloom.controls import AXES, BUTTONS, KEY_NAMES, MOUSE_BUTTONS, SCANCODES, STICKS, TRIGGERS

AXIS_ON = 0.5
"""Where an axis counts as pushed, inclusive: far from any drift, and where combos take it."""

AXIS_OFF = 0.3
"""Below this it counts as let go: apart from `AXIS_ON`, so that a hand that trembles makes one gesture."""

PAUSE_NS = 250_000_000
"""How long the mouse or its wheel has to stand still for its gesture to end."""

LEAST_MOTION = 200.0
"""Counts of the mouse that are meant; less is a hand that touches it."""

_TOGETHER = {axis: (axis,) for axis in TRIGGERS} | {axis: axes for axes in STICKS.values() for axis in axes}
"""The axes that have to be at rest for one to be at rest."""


@dataclass(frozen=True, kw_only=True)
class Gesture:
    """What a player did.

    Attributes:
        controls: the most that were held at one time, in the order in which they came.
        motion: how far the mouse went without them, in counts (to and fro counts twice), x and y.
        wheel: where the wheel went without them, in notches, x and y.
    """

    controls: tuple[ComboPart, ...] = ()
    motion: tuple[float, float] = (0.0, 0.0)
    wheel: tuple[float, float] = (0.0, 0.0)


class GestureReader:
    """Takes events in their order and tells gestures as they end.

    Attributes:
        axes: each axis of the pad that was used last, by name.
        pads: the names of the pads that are there, by number.
        held: what is held, in the order in which it came.
    """

    def __init__(self) -> None:
        self.axes: dict[str, float] = dict.fromkeys(AXES, 0.0)
        self.pads: dict[int, str] = {}
        self.held: list[ComboPart] = []
        self._most: tuple[ComboPart, ...] = ()
        self._motion = [0.0, 0.0]
        self._wheel = [0.0, 0.0]
        self._moved_ns = 0
        self._since = [0.0, 0.0, 0.0, 0.0]

    @property
    def current(self) -> tuple[ComboPart, ...]:
        """The controls of the gesture that is being made; empty at rest."""
        return self._most

    def take(self, events: Sequence[InputEvent], now_ns: int) -> list[Gesture]:
        """The gestures that end with ``events`` or, where the mouse pauses, have ended by ``now_ns``."""
        ended = []
        for event in events:
            ended += self._paused(event.monotonic_ns)
            if isinstance(event, MouseMotion):
                self._since = [self._since[0] + event.dx, self._since[1] + event.dy, *self._since[2:]]
            elif isinstance(event, MouseWheel):
                self._since = [*self._since[:2], self._since[2] + event.dx, self._since[3] + event.dy]
            ended += self._take(event)
        return ended + self._paused(now_ns)

    def motion_since(self) -> tuple[float, ...]:
        """Mouse x, y and wheel x, y, summed since this was asked before."""
        since, self._since = tuple(self._since), [0.0, 0.0, 0.0, 0.0]
        return since

    def forget(self) -> None:
        """Drop the gesture that is being made. What is held stays held, and makes none until it was let go."""
        self._most = ()
        self._motion, self._wheel = [0.0, 0.0], [0.0, 0.0]

    def let_go_of_keyboard_and_mouse(self) -> None:
        """Nobody tells of keys any more (another window has the focus), so none is held."""
        self.held = [one for one in self.held if not isinstance(one, KeyBinding | MouseButtonBinding)]
        self.forget()

    def _take(self, event: InputEvent) -> list[Gesture]:
        match event:
            case PadAdded(pad=pad, name=name):
                self.pads[pad] = name
            case PadRemoved(pad=pad):
                self.pads.pop(pad, None)
                self.axes = dict.fromkeys(AXES, 0.0)
                self.held = [one for one in self.held if isinstance(one, KeyBinding | MouseButtonBinding)]
                self.forget()
            case PadButton(button=button, pressed=pressed) if 0 <= button < len(BUTTONS):
                return self._switch(ButtonBinding(control=BUTTONS[button]), pressed)
            case PadAxis(axis=axis, value=value) if 0 <= axis < len(AXES):
                return self._push(AXES[axis], value)
            case Key(scancode=code, pressed=pressed) if 0 < code < SCANCODES:
                return self._switch(KeyBinding(control=KEY_NAMES.get(code, code)), pressed)
            case MouseButton(button=button, pressed=pressed) if 0 < button < len(MOUSE_BUTTONS):
                return self._switch(MouseButtonBinding(control=MOUSE_BUTTONS[button]), pressed)
            case MouseMotion(monotonic_ns=at_ns, dx=dx, dy=dy) if not self.held:
                self._motion = [self._motion[0] + abs(dx), self._motion[1] + abs(dy)]
                self._moved_ns = at_ns
            case MouseWheel(monotonic_ns=at_ns, dx=dx, dy=dy) if not self.held:
                self._wheel = [self._wheel[0] + dx, self._wheel[1] + dy]
                self._moved_ns = at_ns
            case _:
                pass  # a control that has no name
        return []

    def _push(self, axis: str, value: float) -> list[Gesture]:
        """A stick that was pushed one way means that way until it is at rest, wherever it goes meanwhile."""
        self.axes[axis] = value
        together = _TOGETHER[axis]
        ended = []
        pushed = [one for one in self.held if isinstance(one, AxisButton) and one.control in together]
        if not pushed and abs(value) >= AXIS_ON:
            direction = None if axis in TRIGGERS else "positive" if value > 0 else "negative"
            ended += self._switch(AxisButton(control=axis, direction=direction), True)
        elif all(abs(self.axes[one]) < AXIS_OFF for one in together):
            for control in pushed:
                ended += self._switch(control, False)
        return ended

    def _switch(self, control: ComboPart, pressed: bool) -> list[Gesture]:
        if pressed:
            if control not in self.held:
                began = not self.held
                self.held.append(control)
                if began or (self._most and len(self.held) > len(self._most)):
                    self._most = tuple(self.held)
                self._motion, self._wheel = [0.0, 0.0], [0.0, 0.0]
        elif control in self.held:
            self.held.remove(control)
            if not self.held and self._most:
                gesture = Gesture(controls=self._most)
                self.forget()
                return [gesture]
        return []

    def _paused(self, now_ns: int) -> list[Gesture]:
        if now_ns - self._moved_ns < PAUSE_NS or not (any(self._motion) or any(self._wheel)):
            return []
        motion, wheel = (self._motion[0], self._motion[1]), (self._wheel[0], self._wheel[1])
        self._motion, self._wheel = [0.0, 0.0], [0.0, 0.0]
        if any(wheel):
            return [Gesture(wheel=wheel)]
        return [Gesture(motion=motion)] if sum(motion) >= LEAST_MOTION else []
