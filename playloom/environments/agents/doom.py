"""Doom, by VizDoom's labels: what is seen, and where on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from playloom.environments.doom import DoomEnvironment
from playloom.environments.environment import Environment, Image
from playloom.environments.spec import EnvironmentSpec


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """Something seen, in parts of the screen's width.

    Attributes:
        aside: how far right of the middle (negative: left), at most 0.5.
        width: how wide it looks; near things look wide.
    """

    aside: float
    width: float


def _seen(environment: Environment, category: str) -> Iterator[Sighting]:
    assert isinstance(environment, DoomEnvironment)
    screen_width = environment.spec.width
    for label in environment.state.labels:
        if label.object_category == category:
            middle = label.x + label.width / 2
            yield Sighting(aside=middle / screen_width - 0.5, width=label.width / screen_width)


class _Shooter:
    """Brings the nearest monster before the gun and fires; a trigger pulled anew for every shot.

    Args:
        left, right: the actions that bring the aim to the left and right.
    """

    def __init__(self, rng: np.random.Generator, left: str, right: str) -> None:
        self._rng = rng
        self._left, self._right = left, right
        self._search = str(rng.choice([left, right]))
        self._trigger_held = 0

    def act(self, image: Image, environment: Environment) -> frozenset[str]:
        del image
        monsters = sorted(_seen(environment, "Monster"), key=lambda monster: -monster.width)
        if not monsters:
            self._trigger_held = 0
            return frozenset({self._search})
        target = monsters[0]
        held: set[str] = set()
        near_enough = target.width * 0.35
        if abs(target.aside) > near_enough:
            held.add(self._left if target.aside < 0 else self._right)
            self._search = self._left if target.aside < 0 else self._right
        if abs(target.aside) <= target.width * 0.5:
            self._trigger_held = (self._trigger_held + 1) % TRIGGER_CYCLE_STEPS
            if self._trigger_held < TRIGGER_CYCLE_STEPS - 2:
                held.add("attack")
        return frozenset(held)


TRIGGER_CYCLE_STEPS = 8


class BasicAgent(_Shooter):
    """Sidesteps in front of the monster."""

    def __init__(self, spec: EnvironmentSpec, rng: np.random.Generator) -> None:
        del spec
        super().__init__(rng, "strafe_left", "strafe_right")


class DefendCenterAgent(_Shooter):
    """Turns towards whoever is nearest."""

    def __init__(self, spec: EnvironmentSpec, rng: np.random.Generator) -> None:
        del spec
        super().__init__(rng, "turn_left", "turn_right")


class HealthGatheringAgent:
    """Walks to the nearest medikit in sight, and looks around where there is none."""

    def __init__(self, spec: EnvironmentSpec, rng: np.random.Generator) -> None:
        del spec
        self._search = str(rng.choice(["turn_left", "turn_right"]))

    def act(self, image: Image, environment: Environment) -> frozenset[str]:
        del image
        kits = sorted(_seen(environment, "Health"), key=lambda kit: abs(kit.aside) * TURN_COST - kit.width)
        if not kits:
            return frozenset({self._search, "move_forward"})
        target = kits[0]
        held = {"move_forward"} if abs(target.aside) < 0.25 else set[str]()
        if abs(target.aside) > 0.03:
            held.add("turn_left" if target.aside < 0 else "turn_right")
        return frozenset(held)


TURN_COST = 0.3
"""How much nearer a medikit at the edge of the screen must look to be worth the turn."""
