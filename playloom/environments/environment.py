"""One interface to the games: reset it, hold actions, step it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playloom.environments.spec import EnvironmentSpec

type EnvironmentAction = int | tuple[int, ...]
"""An index where one action is chosen (Atari); a 0 or 1 for each button where several are held (VizDoom, retro)."""

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
