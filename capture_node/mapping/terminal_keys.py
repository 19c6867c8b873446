"""Keys as the terminal tells of them: for screens and systems where nobody else tells of keys.

A terminal sends letters, not keys. It never tells when a key is let go, repeats what is held, and is silent about
Shift, Ctrl or Alt alone: what it sends stands in only where no input source reports the press itself.
"""

from __future__ import annotations

from capture_node.inputs.events import InputEvent, Key, MouseButton, MouseWheel
from playloom.controls import KEYS

WAIT_NS = 150_000_000
"""How long an input source may take to tell of a press that the terminal has told of."""

REPEAT_NS = 700_000_000
"""The longest time until a terminal repeats a key that is held; sooner, the same key is the same press."""

_NAMES = {
    "enter": "return",
    "pageup": "page_up",
    "pagedown": "page_down",
    "full_stop": "period",
    "equals_sign": "equals",
    "left_square_bracket": "left_bracket",
    "right_square_bracket": "right_bracket",
    "grave_accent": "grave",
    "quotation_mark": "apostrophe",
    "delete": "delete",
}
_MODIFIERS = {"ctrl": "left_ctrl", "shift": "left_shift", "alt": "left_alt"}


def scancodes_of(key: str) -> tuple[int, ...] | None:
    """The scancodes that Textual's name ``key`` stands for, modifiers first; None for a key of no known place."""
    *modifiers, last = key.split("+")
    name = _NAMES.get(last, last.lower())
    if name not in KEYS or any(one not in _MODIFIERS for one in modifiers):
        return None
    return tuple(KEYS[one] for one in (*(_MODIFIERS[one] for one in modifiers), name))


class TerminalInputs:
    """What the terminal told of and may still be told by an input source."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, tuple[InputEvent, ...]]] = []
        self._told_ns = -(1 << 62)
        self._last: tuple[str, int] = ("", -(1 << 62))

    def key(self, key: str, now_ns: int) -> None:
        """The terminal has sent ``key``, by Textual's name."""
        name, before_ns = self._last
        self._last = (key, now_ns)
        codes = scancodes_of(key)
        if codes is not None and (key != name or now_ns - before_ns > REPEAT_NS):
            press = [Key(monotonic_ns=now_ns, scancode=code, pressed=True) for code in codes]
            let_go = [Key(monotonic_ns=now_ns, scancode=code, pressed=False) for code in reversed(codes)]
            self._waiting.append((now_ns + WAIT_NS, (*press, *let_go)))

    def mouse_button(self, button: int, now_ns: int) -> None:
        """The terminal has told of a click."""
        click = [MouseButton(monotonic_ns=now_ns, button=button, pressed=pressed) for pressed in (True, False)]
        self._waiting.append((now_ns + WAIT_NS, tuple(click)))

    def wheel(self, notches: int, now_ns: int) -> None:
        """The terminal has told of the wheel, positive away from the player."""
        self._waiting.append((now_ns + WAIT_NS, (MouseWheel(monotonic_ns=now_ns, dx=0, dy=notches),)))

    def source_told(self, now_ns: int) -> None:
        """An input source has told of a key, a mouse button or the wheel: it needs no stand-in."""
        self._told_ns = now_ns

    def due(self, now_ns: int) -> list[InputEvent]:
        """What no source has told of in time."""
        due = [(at_ns, events) for at_ns, events in self._waiting if at_ns <= now_ns]
        self._waiting = [one for one in self._waiting if one[0] > now_ns]
        return [event for at_ns, events in due if self._told_ns < at_ns - 3 * WAIT_NS for event in events]
