"""What a player does, one change at a time, with the time at which it happened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class PadAdded:
    """A gamepad was plugged in, or was there when listening began.

    Attributes:
        monotonic_ns: when, on the system's monotonic clock; of all events.
        pad: its number, from 0 in the order of appearance; a pad that comes back gets its own number again.
        name: what the pad calls itself.
        guid: SDL's id of its model, in hexadecimal.
        place: where the system has it, such as /dev/input/event7; None where it does not say.
    """

    monotonic_ns: int
    pad: int
    name: str
    guid: str
    place: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PadRemoved:
    """A gamepad is gone: nothing of it is held any more."""

    monotonic_ns: int
    pad: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PadButton:
    """Attributes: button: an SDL id, see `playloom.controls.BUTTONS`."""

    monotonic_ns: int
    pad: int
    button: int
    pressed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PadAxis:
    """Attributes: axis: an SDL id, see `playloom.controls.AXES`; value: SDL's value / 32767."""

    monotonic_ns: int
    pad: int
    axis: int
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """Attributes: scancode: SDL's, see `playloom.controls.KEYS`. The system's auto-repeat makes no events."""

    monotonic_ns: int
    scancode: int
    pressed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class MouseButton:
    """Attributes: button: an SDL id, see `playloom.controls.MOUSE_BUTTONS`."""

    monotonic_ns: int
    button: int
    pressed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class MouseMotion:
    """Relative motion in the mouse's own counts, x to the right and y down, as a mouse-look game receives it."""

    monotonic_ns: int
    dx: float
    dy: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MouseWheel:
    """Notches, x to the right and y away from the player."""

    monotonic_ns: int
    dx: float
    dy: float


InputEvent = PadAdded | PadRemoved | PadButton | PadAxis | Key | MouseButton | MouseMotion | MouseWheel
