"""What OWAMcap's events of keyboard, mouse and gamepad add up to: what was held after each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from playloom.controls import AXES, BUTTON_IDS, MOUSE_BUTTON_IDS
from playloom.recording.input_stream import InputSnapshot
from workers.importing.json_values import JsonPlace
from workers.importing.keys import WINDOWS_KEYS, WINDOWS_MOUSE_KEYS

INPUT_KINDS = (
    "KeyboardEvent",
    "KeyboardState",
    "MouseEvent",
    "MouseState",
    "RawMouseEvent",
    "GamepadEvent",
    "GamepadState",
)

_SIDELESS = {0x10: (0xA0, 0xA1), 0x11: (0xA2, 0xA3), 0x12: (0xA4, 0xA5)}
"""Shift, control and alt as such; states hold them beside the one of a side that is really held."""

_MOVED_ABSOLUTE = 0x0001
_WHEEL, _SIDEWAYS = 0x0400, 0x0800
_NOTCH = 120
_RAW_BUTTONS = tuple((1 << 2 * place, 2 << 2 * place, button) for place, button in enumerate((1, 3, 2, 4, 5)))
"""Of RAWMOUSE's flags: pressed, released, and which SDL button: left, right, middle, and the two on the side."""

_BUTTON_PREFIX, _AXIS_PREFIX = "GAMEPAD_BUTTON_", "GAMEPAD_AXIS_"
_AXES: Mapping[str, int] = MappingProxyType(
    {name: AXES.index(name.lower().replace("_x", "x").replace("_y", "y"))
     for name in ("LEFT_X", "LEFT_Y", "RIGHT_X", "RIGHT_Y", "LEFT_TRIGGER", "RIGHT_TRIGGER")}
)  # fmt: skip


class HeldInputs:
    """The state of all devices, event by event.

    Args:
        raw_mouse: whether the mouse's own counts were recorded. Then the cursor's events are passed over: they say
            the same again, in the screen's pixels and stopped by its edges.

    Attributes:
        unknown_keys: virtual-key codes that SDL has no number for.
        absolute: motions that were recorded as places on a tablet or remote desktop, and cannot be told in counts.
        released: keys that were let go because the recorder's states lacked them: their release was missed.
    """

    def __init__(self, *, raw_mouse: bool) -> None:
        self._raw_mouse = raw_mouse
        self._keys: set[int] = set()
        self._mouse_buttons: set[int] = set()
        self._pad_buttons: set[int] = set()
        self._axes = [0.0] * len(AXES)
        self._cursor: tuple[float, float] | None = None
        self._motion = self._wheel = (0.0, 0.0)
        self._keys_seen = self._buttons_seen = False
        self._missing: set[int] = set()
        self.unknown_keys: set[int] = set()
        self.absolute = 0
        self.released = 0
        self._take: Mapping[str, Callable[[JsonPlace], None]] = {
            "KeyboardEvent": self._key,
            "KeyboardState": self._keys_state,
            "MouseEvent": self._mouse,
            "MouseState": self._mouse_state,
            "RawMouseEvent": self._raw,
            "GamepadEvent": self._pad,
            "GamepadState": self._pad_state,
        }

    def after(self, kind: str, event: JsonPlace, time_ns: int) -> InputSnapshot:
        """What is held after an event of a kind of `INPUT_KINDS`.

        Raises:
            RecordingError: the event is not as it should be; names it.
        """
        self._motion = self._wheel = (0.0, 0.0)
        self._take[kind](event)
        return InputSnapshot(
            monotonic_ns=time_ns,
            axes=(self._axes[0], self._axes[1], self._axes[2], self._axes[3], self._axes[4], self._axes[5]),
            buttons=frozenset(self._pad_buttons),
            keys=frozenset(self._keys),
            mouse_buttons=frozenset(self._mouse_buttons),
            mouse_motion=self._motion,
            wheel=self._wheel,
        )

    def let_go(self) -> None:
        """Everything is released: what follows is another window's."""
        self._keys.clear()
        self._mouse_buttons.clear()
        self._pad_buttons.clear()
        self._missing.clear()
        self._axes = [0.0] * len(AXES)

    def _code(self, virtual_key: int) -> int | None:
        code = WINDOWS_KEYS.get(virtual_key)
        if code is None and virtual_key not in WINDOWS_MOUSE_KEYS:
            self.unknown_keys.add(virtual_key)
        return code

    def _key(self, event: JsonPlace) -> None:
        code = self._code(event.integer("vk", least=0, most=0xFFFF))
        pressed = _one_of(event, "event_type", ("press", "release")) == "press"
        self._keys_seen = True
        if code is None:
            return
        self._missing.discard(code)
        (self._keys.add if pressed else self._keys.discard)(code)

    def _keys_state(self, event: JsonPlace) -> None:
        """The first state is what is held before the first event. Later ones only end what nobody holds any more.

        A state may have been taken before an event that was logged first, so only a key that two states in a row lack
        is let go.
        """
        name = next(
            (name for name in ("buttons", "pressed_keys", "pressed_vk_list") if name in event.values), "buttons"
        )
        held = {code for code in event.listed(name) if isinstance(code, int) and not isinstance(code, bool)}
        held -= {code for code, sides in _SIDELESS.items() if held & set(sides)}
        keys = {code for virtual_key in held if (code := self._code(virtual_key)) is not None}
        if not self._keys_seen:
            self._keys = keys
            return
        missing = self._keys - keys
        gone = missing & self._missing
        self._keys -= gone
        self._missing = missing - gone
        self.released += len(gone)

    def _mouse(self, event: JsonPlace) -> None:
        if self._raw_mouse:
            return
        self._buttons_seen = True
        kind = _one_of(event, "event_type", ("move", "click", "scroll", "drag"))
        x, y = event.number("x"), event.number("y")
        if self._cursor is not None:
            self._motion = (x - self._cursor[0], y - self._cursor[1])
        self._cursor = (x, y)
        if kind == "scroll":
            self._wheel = (event.number("dx", 0.0), event.number("dy", 0.0))
        if kind == "click":
            self._press_mouse(event.text("button"), held=event.values.get("pressed") is True)

    def _mouse_state(self, event: JsonPlace) -> None:
        if self._buttons_seen:
            return
        self._mouse_buttons = {
            MOUSE_BUTTON_IDS[name]
            for name in event.listed("buttons")
            if isinstance(name, str) and name in MOUSE_BUTTON_IDS
        }

    def _press_mouse(self, name: str, *, held: bool) -> None:
        if name in MOUSE_BUTTON_IDS:
            (self._mouse_buttons.add if held else self._mouse_buttons.discard)(MOUSE_BUTTON_IDS[name])

    def _raw(self, event: JsonPlace) -> None:
        self._buttons_seen = True
        x, y = event.number("last_x", 0.0), event.number("last_y", 0.0)
        if event.integer("us_flags", 0) & _MOVED_ABSOLUTE:
            self.absolute += 1
        else:
            self._motion = (x, y)
        flags = event.integer("button_flags", 0)
        for pressed, released, button in _RAW_BUTTONS:
            if flags & pressed:
                self._mouse_buttons.add(button)
            if flags & released:
                self._mouse_buttons.discard(button)
        if flags & (_WHEEL | _SIDEWAYS):
            data = event.integer("button_data", 0) & 0xFFFF
            notches = (data - 0x1_0000 if data & 0x8000 else data) / _NOTCH
            self._wheel = (notches, 0.0) if flags & _SIDEWAYS else (0.0, notches)

    def _pad(self, event: JsonPlace) -> None:
        if _one_of(event, "event_type", ("button", "axis")) == "axis":
            axis = _AXES.get(event.text("axis").removeprefix(_AXIS_PREFIX))
            if axis is not None:
                self._axes[axis] = event.number("value")
            return
        button = BUTTON_IDS.get(event.text("button").removeprefix(_BUTTON_PREFIX).lower())
        if button is not None:
            (self._pad_buttons.add if event.values.get("pressed") is True else self._pad_buttons.discard)(button)

    def _pad_state(self, event: JsonPlace) -> None:
        names = [name for name in event.listed("buttons") if isinstance(name, str)]
        found = (BUTTON_IDS.get(name.removeprefix(_BUTTON_PREFIX).lower()) for name in names)
        self._pad_buttons = {button for button in found if button is not None}
        axes = event.section("axes")
        for name in axes.values:
            axis = _AXES.get(name.removeprefix(_AXIS_PREFIX))
            if axis is not None:
                self._axes[axis] = axes.number(name)


def _one_of(event: JsonPlace, key: str, choices: tuple[str, ...]) -> str:
    value = event.text(key)
    if value not in choices:
        raise event.wrong(key, f"is {value[:40]!r}, not one of {', '.join(choices)}")
    return value
