"""Courier as one of the environments: recorded, replayed and verified like any other game."""

from __future__ import annotations

import copy
from collections.abc import Set as AbstractSet
from importlib.metadata import version

from playloom.controls import BUTTONS
from playloom.environments.courier.controls import DIGITAL, ButtonMap, CourierInput
from playloom.environments.courier.game import FRAMES_PER_SECOND, SIZE, CourierGame
from playloom.environments.environment import EnvironmentAction, Image, StepResult
from playloom.environments.game import Game
from playloom.environments.held import AT_REST, HeldControls
from playloom.environments.settings import EnvironmentChoiceError, EnvironmentSettings
from playloom.environments.spec import EnvironmentSpec, Platform

GAME_ID = "courier"
LONGEST_STEPS = 5 * 60 * FRAMES_PER_SECOND
"""An episode ends then, if nobody ends it before."""

HIDDEN_MAP = 1
"""The mode in which buttons are swapped."""

AXIS_RANGE = 32767
_DIRECTIONS = {
    "up": (0, -1),
    "down": (0, 1),
    "left": (-1, 0),
    "right": (1, 0),
}
_LOOKS = {f"look_{name}": way for name, way in _DIRECTIONS.items()}
ACTION_NAMES = (*_DIRECTIONS, *_LOOKS, "shield", "beam", *DIGITAL)
"""What a keyboard's player can do; a stick's lean lies between."""

MEANINGS = ("leftx", "lefty", "rightx", "righty", "left_trigger", "right_trigger", "buttons")
"""An action's numbers: the axes as SDL counts them, and the buttons as bits."""


def games() -> tuple[Game, ...]:
    """The one."""
    return (
        Game(environment_id="Playloom/Courier-v0", platform=Platform.COURIER, game_id=GAME_ID, aliases=("courier",)),
    )


class CourierEnvironment:
    """Courier, set up for one episode.

    Attributes:
        game: the game itself, for agents and for whoever asks for its truth.
    """

    def __init__(self, settings: EnvironmentSettings) -> None:
        settings.refuse(
            "Courier", sticky_action_probability="Atari's", difficulty="Atari's and Doom's", state="retro's"
        )
        size = settings.size or (SIZE, SIZE)
        if size[0] != size[1] or not 32 <= size[0] <= 512:
            raise EnvironmentChoiceError(
                f"Courier cannot draw {size[0]}x{size[1]}", remedy="Choose a square from 32x32 to 512x512"
            )
        if settings.mode not in (None, 0, HIDDEN_MAP):
            raise EnvironmentChoiceError(
                f"this game has no mode {settings.mode}", remedy="Choose 0, or 1 for buttons that are swapped"
            )
        self._spec = EnvironmentSpec(
            environment_id="Playloom/Courier-v0",
            platform=Platform.COURIER,
            game_id=GAME_ID,
            seed=settings.seed,
            frame_skip=settings.frame_skip,
            native_fps=float(FRAMES_PER_SECOND),
            mode=settings.mode,
            width=size[0],
            height=size[1],
            action_names=ACTION_NAMES,
            action_meanings=MEANINGS,
            packages={"playloom": version("playloom")},
        )
        self._new_game()

    def _new_game(self) -> None:
        buttons = ButtonMap.hidden(self._spec.seed) if self._spec.mode == HIDDEN_MAP else ButtonMap()
        self.game = CourierGame(self._spec.seed, size=self._spec.width, buttons=buttons)

    @property
    def spec(self) -> EnvironmentSpec:
        return self._spec

    def reset(self) -> Image:
        self._new_game()
        return self.game.picture()

    def action_for(self, held: AbstractSet[str]) -> EnvironmentAction:
        return self.pad_action(self.game.buttons.press(input_of(held)))

    def pad_action(self, held: HeldControls) -> EnvironmentAction:
        """The action of a pad's state, with its sticks and triggers as far as they are pushed."""
        mask = sum(1 << button for button in held.buttons if button < len(BUTTONS))
        return (*(round(value * AXIS_RANGE) for value in held.axes), mask)

    def has_action(self, action: EnvironmentAction) -> bool:
        return (
            isinstance(action, tuple)
            and len(action) == len(MEANINGS)
            and all(-AXIS_RANGE - 1 <= axis <= AXIS_RANGE for axis in action[:-1])
            and 0 <= action[-1] < 1 << len(BUTTONS)
        )

    def step(self, action: EnvironmentAction) -> StepResult:
        assert isinstance(action, tuple)
        held = held_of(action)
        reward = 0.0
        for _ in range(self._spec.frame_skip):
            done = self.game.step(held)
            reward += done.reward
        over = self.game.state.frame >= LONGEST_STEPS
        return StepResult(image=self.game.picture(), reward=reward, terminated=False, truncated=over)

    def ram(self) -> None:
        return None

    @property
    def saving_moves_on(self) -> bool:
        return False

    def save(self) -> object:
        return _copy(self.game)

    def restore(self, saved: object) -> None:
        assert isinstance(saved, CourierGame)
        self.game = _copy(saved)

    def close(self) -> None:
        pass


def _copy(game: CourierGame) -> CourierGame:
    """What a game never changes (its buttons, its area) is shared."""
    return copy.deepcopy(game, {id(shared): shared for shared in (game.buttons, game.area)})


def input_of(held: AbstractSet[str]) -> CourierInput:
    """What a keyboard's player wants: sticks and triggers at their ends."""

    def stick(ways: dict[str, tuple[int, int]]) -> tuple[float, float]:
        chosen = [way for name, way in ways.items() if name in held]
        return float(sum(x for x, _ in chosen)), float(sum(y for _, y in chosen))

    return CourierInput(
        move=stick(_DIRECTIONS),
        look=stick(_LOOKS),
        shield=float("shield" in held),
        beam=float("beam" in held),
        held=frozenset(held) & frozenset(DIGITAL),
    )


def held_of(action: tuple[int, ...]) -> HeldControls:
    """The pad's state of an action."""
    axes = tuple(axis / AXIS_RANGE for axis in action[: len(AT_REST)])
    return HeldControls(buttons=frozenset(bit for bit in range(len(BUTTONS)) if action[-1] >> bit & 1), axes=axes)
