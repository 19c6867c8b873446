"""Hands that hold what a row of the action vector says: how a model plays a game of ours.

A recording becomes rows by a mapping profile; this is the way back, to the keys or the pad that a player would hold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from playloom.actions.layout import layout_of
from playloom.environments.definitions import game_definition_of, mapping_profile_of
from playloom.environments.environment import Environment
from playloom.environments.held import HeldControls
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import Preset
from playloom.errors import PlayloomError
from playloom.play.pressing import Pressing


def row_names(environment: Environment) -> tuple[str, ...]:
    """The names of the values that rows for this game may have."""
    game = game_definition_of(environment.spec)
    return layout_of(game, tuple(one.id for one in game.classes)).names


class RowHands:
    """Holds keys or a pad as rows say.

    Args:
        environment: the game, set up.
        preset: what its controls do; Courier reads its pad itself.
        device: what the hands are on; Courier has a pad always.
        names: of a row's values, in order. Actions of the game that are not named are never done.

    Raises:
        PlayloomError: the game has no such action.
    """

    def __init__(self, environment: Environment, preset: Preset, device: InputDevice, names: Sequence[str]) -> None:
        spec = environment.spec
        known = row_names(environment)
        strange = [name for name in names if name not in known]
        if strange:
            raise PlayloomError(
                f"{spec.environment_id} has no action {', '.join(strange)}",
                remedy=f"It has {', '.join(known)}: the rows are of another game, or of another layout of its actions",
            )
        self._pressing = Pressing(game_definition_of(spec), mapping_profile_of(spec, preset, device, "rows"))
        self._places = [known.index(name) for name in names]

    def hold(self, row: NDArray[np.float32]) -> HeldControls:
        """What is held for a row, float32[actions]."""
        assert row.shape == (len(self._places),), row.shape
        values = np.zeros(self._pressing.layout.width, np.float32)
        values[self._places] = row
        return self._pressing.press(values)
