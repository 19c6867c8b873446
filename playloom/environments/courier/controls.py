"""What a pad does in Courier, and the swaps that a session makes without a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from playloom.controls import AXIS_IDS, BUTTON_IDS
from playloom.environments.held import HeldControls

DIGITAL = ("jump", "dash", "interact", "item", "menu", "menu_up", "menu_down", "menu_back")
"""What buttons do, in the order of the action vector."""

_BUTTONS: Mapping[str, str] = MappingProxyType(
    {
        "jump": "south",
        "menu_back": "east",
        "interact": "west",
        "item": "north",
        "dash": "right_shoulder",
        "menu": "start",
        "menu_up": "dpad_up",
        "menu_down": "dpad_down",
    }
)
_SWAPPED: tuple[str, ...] = ("south", "east", "west", "north", "right_shoulder", "left_shoulder")
"""Buttons that a session may swap among each other."""


@dataclass(frozen=True, kw_only=True)
class CourierInput:
    """What the pad says, in the game's own terms.

    Attributes:
        move: left stick (x, y), each -1 to 1; y grows downwards, as SDL's does.
        look: right stick, likewise.
        shield, beam: left and right trigger, 0 to 1.
        held: the names of `DIGITAL` that are held.
    """

    move: tuple[float, float] = (0.0, 0.0)
    look: tuple[float, float] = (0.0, 0.0)
    shield: float = 0.0
    beam: float = 0.0
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class ButtonMap:
    """Which button does what in one session.

    Attributes:
        buttons: SDL's button id by what it does.
    """

    buttons: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType({what: BUTTON_IDS[name] for what, name in _BUTTONS.items()})
    )

    @classmethod
    def hidden(cls, seed: int) -> ButtonMap:
        """A map that swaps buttons, as a player may have set it up."""
        random = np.random.default_rng([seed, 0xB0])
        swapped = dict(zip(_SWAPPED, random.permutation(_SWAPPED).tolist(), strict=True))
        return cls(
            buttons=MappingProxyType({what: BUTTON_IDS[swapped.get(name, name)] for what, name in _BUTTONS.items()})
        )

    def read(self, held: HeldControls) -> CourierInput:
        """What a pad's state means."""
        axes = held.axes
        return CourierInput(
            move=(axes[AXIS_IDS["leftx"]], axes[AXIS_IDS["lefty"]]),
            look=(axes[AXIS_IDS["rightx"]], axes[AXIS_IDS["righty"]]),
            shield=max(0.0, axes[AXIS_IDS["left_trigger"]]),
            beam=max(0.0, axes[AXIS_IDS["right_trigger"]]),
            held=frozenset(what for what, button in self.buttons.items() if button in held.buttons),
        )

    def press(self, wanted: CourierInput) -> HeldControls:
        """What a hand holds to say this; the opposite of `read`."""
        axes = [0.0] * 6
        axes[AXIS_IDS["leftx"]], axes[AXIS_IDS["lefty"]] = wanted.move
        axes[AXIS_IDS["rightx"]], axes[AXIS_IDS["righty"]] = wanted.look
        axes[AXIS_IDS["left_trigger"]], axes[AXIS_IDS["right_trigger"]] = wanted.shield, wanted.beam
        return HeldControls(buttons=frozenset(self.buttons[what] for what in wanted.held), axes=tuple(axes))
