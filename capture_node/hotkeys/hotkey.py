"""What a player can order by keyboard while the game has focus, and how a key combination is written.

A hotkey is a place on the keyboard with modifiers, not a letter: ``ctrl+shift+f9`` is the same on every layout.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from playloom.controls import KEYS
from playloom.errors import CaptureError


class HotkeyAction(StrEnum):
    TOGGLE = "toggle"  # starts recording, or stops it
    PAUSE = "pause"  # pauses, or goes on
    MARK = "mark"  # a note of this moment in the session
    DISCARD = "discard"  # throws away the last minutes


class Modifier(StrEnum):
    """Held together with the key, on either side of the keyboard."""

    CTRL = "ctrl"
    ALT = "alt"
    SHIFT = "shift"
    GUI = "gui"  # the key with the system's sign


@dataclass(frozen=True, kw_only=True)
class Hotkey:
    """A key combination.

    Attributes:
        key: a name of `playloom.controls.KEYS`.
        modifiers: that must be held, and no others.
    """

    key: str
    modifiers: frozenset[Modifier] = frozenset()

    @property
    def scancode(self) -> int:
        return KEYS[self.key]

    def __str__(self) -> str:
        return "+".join([*(modifier for modifier in Modifier if modifier in self.modifiers), self.key])


@dataclass(frozen=True, kw_only=True)
class HotkeyFailure:
    """A hotkey that does nothing.

    Attributes:
        action: what it should have ordered.
        hotkey: the combination.
        reason: why it cannot be had, a sentence without its full stop.
    """

    action: HotkeyAction
    hotkey: Hotkey
    reason: str

    def __str__(self) -> str:
        return f"The hotkey {self.hotkey} ({self.action}) does not work: {self.reason}"


type HotkeySink = Callable[[HotkeyAction, int], None]
"""Takes the order and when the key was pressed, on the monotonic clock. Called on the listener's own thread."""


class Hotkeys(Protocol):
    """Listens on a thread of its own, from `start` to `stop`."""

    def start(self, bindings: Mapping[HotkeyAction, Hotkey], sink: HotkeySink) -> Sequence[HotkeyFailure]:
        """Register the combinations; returns when those that can be had are heard.

        A combination that is held down orders once.

        Returns:
            The ones that cannot be had, each with the reason: all of them where there is no desktop. Never silent.
        """
        ...

    def stop(self) -> None:
        """Give the combinations back; nothing is ordered after this returns. A second call does nothing."""
        ...


_MODIFIER_NAMES = {modifier.value: modifier for modifier in Modifier} | {
    "control": Modifier.CTRL,
    "super": Modifier.GUI,
    "win": Modifier.GUI,
    "meta": Modifier.GUI,
}


def parse_hotkey(text: str) -> Hotkey:
    """A combination as a player writes it: ``ctrl+shift+f9``, in any case.

    Raises:
        CaptureError: it is none; says which part and what is meant.
    """
    *held, key = (part.strip().lower() for part in text.split("+"))
    if key not in KEYS:
        remedy = "Write modifiers and one key, such as ctrl+shift+f9"
        raise CaptureError(f"The hotkey '{text}'", f"'{key}' is the name of no key", remedy=remedy)
    unknown = [name for name in held if name not in _MODIFIER_NAMES]
    if unknown:
        remedy = f"Modifiers are {', '.join(Modifier)}"
        raise CaptureError(f"The hotkey '{text}'", f"'{unknown[0]}' is no modifier", remedy=remedy)
    return Hotkey(key=key, modifiers=frozenset(_MODIFIER_NAMES[name] for name in held))


DEFAULT_HOTKEYS: Mapping[HotkeyAction, Hotkey] = MappingProxyType(
    {
        HotkeyAction.TOGGLE: parse_hotkey("ctrl+shift+f9"),
        HotkeyAction.PAUSE: parse_hotkey("ctrl+shift+f10"),
        HotkeyAction.MARK: parse_hotkey("ctrl+shift+f11"),
        HotkeyAction.DISCARD: parse_hotkey("ctrl+shift+f12"),
    }
)
"""Not ctrl+alt with a function key, which on Linux leaves the desktop for a text console."""


def make_hotkeys() -> Hotkeys:
    """This system's hotkeys."""
    if sys.platform == "win32":
        from capture_node.hotkeys.windows import WindowsHotkeys

        return WindowsHotkeys()
    from capture_node.hotkeys.x11 import X11Hotkeys

    return X11Hotkeys()
