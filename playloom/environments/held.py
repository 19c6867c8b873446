"""What a player holds at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from playloom.controls import AXES

AT_REST = (0.0,) * len(AXES)


@dataclass(frozen=True, kw_only=True)
class HeldControls:
    """Keys, the state of a pad, and the mouse, which no environment here knows.

    Attributes:
        keys: SDL scancodes.
        buttons: SDL gamepad button ids.
        axes: in the order of `controls.AXES`; sticks in [-1, 1], triggers in [0, 1].
        mouse_buttons: SDL mouse button ids.
        mouse_motion: counts moved since the frame before, x right and y down.
        wheel: notches turned since the frame before, x right and y away.
    """

    keys: frozenset[int] = frozenset()
    buttons: frozenset[int] = frozenset()
    axes: tuple[float, ...] = AT_REST
    mouse_buttons: frozenset[int] = frozenset()
    mouse_motion: tuple[float, float] = (0.0, 0.0)
    wheel: tuple[float, float] = (0.0, 0.0)
