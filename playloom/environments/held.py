"""What a player holds at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from playloom.controls import AXES

AT_REST = (0.0,) * len(AXES)


@dataclass(frozen=True, kw_only=True)
class HeldControls:
    """Keys and the state of a pad.

    Attributes:
        keys: SDL scancodes.
        buttons: SDL gamepad button ids.
        axes: in the order of `controls.AXES`; sticks in [-1, 1], triggers in [0, 1].
    """

    keys: frozenset[int] = frozenset()
    buttons: frozenset[int] = frozenset()
    axes: tuple[float, ...] = AT_REST
