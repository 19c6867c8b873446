"""Who plays Courier by rule: well, so-so, or at random. Each is a hand on a pad, with what hands do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from playloom.environments.courier.controls import DIGITAL, CourierInput
from playloom.environments.courier.game import REACH, CourierGame, Mode
from playloom.environments.courier.world import FENCE_WIDTH, offset


class Skill(StrEnum):
    """How well somebody plays."""

    EXPERT = "expert"
    CASUAL = "casual"
    RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What makes one player's hands differ from another's.

    Attributes:
        unsteadiness: how far a stick strays from where it should be.
        smoothing: how slowly a hand follows, 0 to below 1.
        wandering: chance a frame to walk somewhere else for a while.
        idling: chance a frame to do nothing for a while.
        menus: chance a frame to open the menu.
        playfulness: chance a frame to jump, change the item or reach out for nothing.
        looking: how much the camera is moved about.
    """

    unsteadiness: float
    smoothing: float
    wandering: float
    idling: float
    menus: float
    playfulness: float
    looking: float


HABITS = {
    Skill.EXPERT: Habits(
        unsteadiness=0.05, smoothing=0.5, wandering=0.002, idling=0.001, menus=0.001, playfulness=0.02, looking=0.5
    ),
    Skill.CASUAL: Habits(
        unsteadiness=0.25, smoothing=0.75, wandering=0.012, idling=0.004, menus=0.004, playfulness=0.04, looking=0.8
    ),
    Skill.RANDOM: Habits(
        unsteadiness=0.6, smoothing=0.8, wandering=1.0, idling=0.004, menus=0.006, playfulness=0.1, looking=1.0
    ),
}

TAP_FRAMES = (2, 6)
IDLE_FRAMES, WANDER_FRAMES, MENU_FRAMES = (30, 120), (20, 60), (20, 70)


class CourierAgent:
    """A player.

    Args:
        seed: of what it does; another one plays the same game differently.
        skill: how well it plays.
    """

    def __init__(self, seed: int, skill: Skill) -> None:
        self._random = np.random.default_rng([seed, 0xA6])
        self._habits = HABITS[skill]
        self._move = np.zeros(2)
        self._look = np.zeros(2)
        self._look_goal = np.zeros(2)
        self._triggers = np.zeros(2)
        self._trigger_goal = np.zeros(2)
        self._wander = np.zeros(2)
        self._taps: dict[str, int] = {}
        self._rest: dict[str, int] = {}
        self._idle = self._wandering = self._menu = self._dash = 0

    def act(self, game: CourierGame) -> CourierInput:
        """What it holds for the next frame; it sees all of the game's state."""
        self._taps = {what: left - 1 for what, left in self._taps.items() if left > 1}
        self._rest = {what: left - 1 for what, left in self._rest.items() if left > 1}
        if self._idle:
            self._idle -= 1
            return self._held(np.zeros(2))
        if self._chance(self._habits.idling):
            self._idle = self._between(IDLE_FRAMES)
        match game.state.mode:
            case Mode.PLAY:
                return self._play(game)
            case Mode.MENU:
                return self._browse()
            case Mode.LOADING:
                self._taps.clear()  # buttons are let go; a stick is played with while one waits
                self._dash = 0
                return self._held(self._wander if self._chance(0.5) else np.zeros(2))

    def _play(self, game: CourierGame) -> CourierInput:
        state = game.state
        away = offset(state.place, game.area.stops[state.goal])
        distance = float(np.hypot(*away))
        if self._wandering:
            self._wandering -= 1
            goal = self._wander
        else:
            goal = away / max(distance, 1e-9) * min(1.0, 0.35 + distance / 60)
            if self._chance(self._habits.wandering):
                self._wandering = self._between(WANDER_FRAMES)
                angle = self._random.uniform(0, 2 * np.pi)
                self._wander = np.array([np.cos(angle), np.sin(angle)]) * self._random.uniform(0.3, 1)
            if distance < REACH * 0.7:
                self._tap("interact")
        if self._fence_ahead(game, goal):
            self._tap("jump")
        if self._chance(self._habits.menus):
            self._menu = self._between(MENU_FRAMES)
            self._tap("menu")
        if self._chance(self._habits.playfulness):
            self._tap(str(self._random.choice(["jump", "item", "interact"])))
        if self._dash:
            self._dash -= 1
        elif distance > 90 and self._chance(0.03):
            self._dash = self._between((15, 45))
        self._glance()
        return self._held(goal)

    def _browse(self) -> CourierInput:
        self._menu = max(0, self._menu - 1)
        if not self._menu:
            self._tap("menu_back" if self._chance(0.5) else "menu")
        elif self._chance(0.15):
            self._tap(str(self._random.choice(["menu_up", "menu_down", "menu_down", "jump"])))
        return self._held(np.zeros(2))

    def _fence_ahead(self, game: CourierGame, goal: NDArray[np.float64]) -> bool:
        length = float(np.hypot(*goal))
        if length < 0.1 or game.state.height > 0:
            return False
        ahead = offset(game.area.fences[:, :2], game.state.place + goal / length * 9)
        near = np.abs(ahead)
        along_y = game.area.fences[:, 2] == 1
        across = np.where(along_y, near[:, 0], near[:, 1])
        along = np.where(along_y, near[:, 1], near[:, 0])
        return bool(((across < FENCE_WIDTH + 4) & (along < 26)).any())

    def _glance(self) -> None:
        if self._chance(0.05):
            reach = self._habits.looking
            self._look_goal = self._random.uniform(-reach, reach, 2) * (self._random.random() < 0.7)
        if self._chance(0.04):
            self._trigger_goal = self._random.random(2) * (self._random.random(2) < 0.5)

    def _held(self, goal: NDArray[np.float64]) -> CourierInput:
        keep = self._habits.smoothing
        resting = not goal.any()
        stray = self._random.normal(0, self._habits.unsteadiness, 2) * (0 if resting else 1)
        self._move = keep * self._move + (1 - keep) * (goal + stray)
        if resting and np.hypot(self._move[0], self._move[1]) < 0.05:
            self._move = np.zeros(2)
        self._look = 0.7 * self._look + 0.3 * (np.zeros(2) if resting else self._look_goal)
        self._triggers = 0.6 * self._triggers + 0.4 * (np.zeros(2) if resting else self._trigger_goal)
        length = max(1.0, float(np.hypot(self._move[0], self._move[1])))
        held = frozenset(self._taps) | (frozenset({"dash"}) if self._dash and not resting else frozenset())
        return CourierInput(
            move=_pair(self._move / length),
            look=_pair(np.clip(self._look, -1, 1)),
            shield=_trigger(self._triggers[0]),
            beam=_trigger(self._triggers[1]),
            held=held,
        )

    def _tap(self, what: str) -> None:
        """Press a button for some frames; a hand does not press it again at once."""
        assert what in DIGITAL
        if what not in self._taps and what not in self._rest:
            self._taps[what] = self._between(TAP_FRAMES)
            self._rest[what] = self._taps[what] + self._between((4, 10))

    def _chance(self, chance: float) -> bool:
        return bool(self._random.random() < chance)

    def _between(self, frames: tuple[int, int]) -> int:
        return int(self._random.integers(*frames))


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    """As a pad reports a stick: 16 bits, and at rest exactly nothing."""
    x, y = (round(float(value) * 32767) / 32767 if abs(value) > 0.02 else 0.0 for value in values)
    return x, y


def _trigger(value: float) -> float:
    return round(min(1.0, max(0.0, float(value))) * 32767) / 32767 if value > 0.02 else 0.0
