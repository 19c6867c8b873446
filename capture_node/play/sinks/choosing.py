"""Which sink a profile's controls need on this machine."""

from __future__ import annotations

import sys
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from playloom.errors import CaptureError
from playloom.play.pressing import Pressing

if TYPE_CHECKING:
    from capture_node.play.sinks.uinput_pad import UinputPad
    from capture_node.play.sinks.vigem_pad import VigemPad
    from capture_node.play.sinks.x11_keys import X11Keys

KEYBOARD_MOUSE = frozenset({"key", "mouse_button", "motion", "wheel"})
PAD = frozenset({"button", "axis"})


def needed_device(pressing: Pressing, actions: Collection[str]) -> AbstractSet[str]:
    """`KEYBOARD_MOUSE` or `PAD`: what these actions are pressed on.

    Raises:
        CaptureError: they need both.
    """
    needed = pressing.pressed_on(actions)
    for device in (PAD, KEYBOARD_MOUSE):
        if needed <= device:
            return device
    raise CaptureError(
        "The controls",
        "the mapping profile does some of the agent's actions on a pad and some with keys or mouse",
        remedy="Name a profile of one of them, or give the agent fewer actions with --hold",
    )


def make_pad() -> UinputPad | VigemPad:
    """A pad that this system believes in.

    Raises:
        CaptureError: nothing can be pressed here; says why and what to do.
    """
    if sys.platform == "win32":
        from capture_node.play.sinks.vigem_pad import VigemPad

        return VigemPad()
    from capture_node.play.sinks.uinput_pad import UinputPad

    return UinputPad()


def make_keys() -> X11Keys:
    """Keys and a mouse of this system.

    Raises:
        CaptureError: nothing can be pressed here; says why and what to do.
    """
    if sys.platform == "win32":
        raise CaptureError(
            "The keyboard", "keys cannot be pressed on Windows yet", remedy="Name a profile that plays with a pad"
        )
    from capture_node.play.sinks.x11_keys import X11Keys

    return X11Keys()
