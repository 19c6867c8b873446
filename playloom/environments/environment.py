"""One interface to the games: reset it, hold actions, step it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from playloom.environments.held import HeldControls
from playloom.environments.spec import EnvironmentSpec

type EnvironmentAction = int | tuple[int, ...]
"""An index where one action is chosen (Atari); a 0 or 1 for each button where several are held (VizDoom, retro); the
axes and the buttons as bits (Courier)."""

type Image = NDArray[np.uint8]
"""uint8[height, width, 3], RGB."""


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What a step did.

    Attributes:
        image: the picture after the step; None where the environment shows none after the end.
        reward: what the step earned.
        terminated: the game is over.
        truncated: the environment's own time limit ended it.
    """

    image: Image | None
    reward: float
    terminated: bool
    truncated: bool

    @property
    def is_last(self) -> bool:
        return self.terminated or self.truncated


class Environment(Protocol):
    """A game that is set up for one episode."""

    @property
    def spec(self) -> EnvironmentSpec: ...

    def reset(self) -> Image:
        """Begin the episode and return its first picture."""
        ...

    def action_for(self, held: AbstractSet[str]) -> EnvironmentAction:
        """The environment's action for the game actions that are held; what cancels out or is unknown is ignored."""
        ...

    def has_action(self, action: EnvironmentAction) -> bool:
        """Whether `step` takes ``action``: for what comes from a file."""
        ...

    def step(self, action: EnvironmentAction) -> StepResult: ...

    def ram(self) -> bytes | None:
        """The console's memory, or None where it is not compared."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class PadEnvironment(Protocol):
    """An environment that knows how far a stick is pushed."""

    def pad_action(self, held: HeldControls) -> EnvironmentAction:
        """The environment's action for a pad's state."""
        ...


@runtime_checkable
class BranchingEnvironment(Environment, Protocol):
    """A game that can be taken back to a moment, to see what another action would have done.

    Attributes:
        saving_moves_on: whether the game that is saved has gone on a little by that, so that play as it was recorded
            does not follow any more.
    """

    @property
    def saving_moves_on(self) -> bool: ...

    def save(self) -> object:
        """The moment, for this environment's `restore`."""
        ...

    def restore(self, saved: object) -> None:
        """Go on from a saved moment, as often as wanted: equal actions from there give equal pictures."""
        ...


def action_of(environment: Environment, held: HeldControls, actions: AbstractSet[str]) -> EnvironmentAction:
    """The environment's action for what a player holds.

    Args:
        environment: which.
        held: keys and the pad's state.
        actions: the game's actions that a preset makes of it.
    """
    if isinstance(environment, PadEnvironment) and not held.keys:
        return environment.pad_action(held)
    return environment.action_for(actions)
