"""Atari 2600 games through ale-py, which brings its ROMs.

Unlike Gymnasium's defaults, actions are not sticky and no frame is skipped unless asked for: what a player presses
is what happens, at the console's own 60 frames a second.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import lru_cache
from pathlib import Path
from typing import Any

from playloom.environments.environment import EnvironmentAction, Image, StepResult
from playloom.environments.game import Game, kebab
from playloom.environments.hashes import file_sha256
from playloom.environments.packages import versions
from playloom.environments.settings import EnvironmentChoiceError, EnvironmentSettings
from playloom.environments.spec import EnvironmentSpec, Platform

FRAMES_PER_SECOND = 60.0

DIRECTIONS = ("up", "down", "left", "right")
ACTIONS = (*DIRECTIONS, "fire")
_OPPOSITES = ({"up", "down"}, {"left", "right"})

PADDLE_DIRECTIONS = {"atari-pong": {"up": "right", "down": "left"}}
"""Games whose paddle stands upright: the console knows its knob's directions, a player sees up and down."""


@lru_cache
def games() -> tuple[Game, ...]:
    """Every Atari game that Gymnasium names in its newest version."""
    import ale_py
    import gymnasium
    from ale_py import roms

    gymnasium.register_envs(ale_py)
    found: list[Game] = []
    for environment_id, entry in gymnasium.registry.items():
        if not environment_id.startswith("ALE/"):
            continue
        rom = str(entry.kwargs["game"])
        have_rom = roms.get_rom_path(rom) is not None
        name = environment_id.removeprefix("ALE/").rpartition("-v")[0]
        found.append(
            Game(
                environment_id=environment_id,
                platform=Platform.ATARI,
                game_id=f"atari-{kebab(rom)}",
                playable=have_rom,
                missing=None if have_rom else f"the ROM {rom}.bin of ale-py",
                aliases=(name, f"{name}NoFrameskip", rom),
                source={"rom": rom},
            )
        )
    return tuple(sorted(found, key=lambda game: game.environment_id))


class AtariEnvironment:
    """An Atari game, set up for one episode."""

    def __init__(self, game: Game, settings: EnvironmentSettings) -> None:
        import ale_py
        import gymnasium
        from ale_py import roms

        settings.refuse("Atari", size="VizDoom's, Atari's pictures have one size", state="for stable-retro")
        gymnasium.register_envs(ale_py)
        ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)  # before there is one: it greets when made
        rom_path = roms.get_rom_path(game.source["rom"])
        assert rom_path is not None
        sticky = settings.sticky_action_probability or 0.0
        self._check_choices(rom_path, settings)
        self._environment: Any = gymnasium.make(
            game.environment_id,
            frameskip=settings.frame_skip,
            repeat_action_probability=sticky,
            full_action_space=False,
            mode=settings.mode,
            difficulty=settings.difficulty,
            obs_type="rgb",
            disable_env_checker=True,
        )
        self._ale: Any = self._environment.unwrapped.ale
        meanings = tuple(self._environment.unwrapped.get_action_meanings())
        height, width = self._ale.getScreenDims()
        self._directions = PADDLE_DIRECTIONS.get(game.game_id, {})
        self._parts = [_parts(meaning) for meaning in meanings]
        self._spec = EnvironmentSpec(
            environment_id=game.environment_id,
            platform=Platform.ATARI,
            game_id=game.game_id,
            seed=settings.seed,
            frame_skip=settings.frame_skip,
            native_fps=FRAMES_PER_SECOND,
            sticky_action_probability=sticky,
            mode=settings.mode,
            difficulty=settings.difficulty,
            width=width,
            height=height,
            action_names=self._names(),
            action_meanings=meanings,
            packages=versions("ale-py", "gymnasium"),
            files={Path(rom_path).name: file_sha256(Path(rom_path))},
        )

    @staticmethod
    def _check_choices(rom_path: Path, settings: EnvironmentSettings) -> None:
        import ale_py

        if settings.mode is None and settings.difficulty is None:
            return
        ale = ale_py.ALEInterface()
        ale.loadROM(rom_path)
        for name, chosen, known in (
            ("mode", settings.mode, ale.getAvailableModes()),
            ("difficulty", settings.difficulty, ale.getAvailableDifficulties()),
        ):
            if chosen is not None and chosen not in known:
                choices = ", ".join(str(choice) for choice in known)
                raise EnvironmentChoiceError(f"this game has no {name} {chosen}", remedy=f"Choose one of {choices}")

    def _names(self) -> tuple[str, ...]:
        wanted = set[str]().union(*self._parts)
        shown = {part: name for name, part in self._directions.items()}
        names = {shown.get(part, part) for part in wanted}
        return tuple(name for name in ACTIONS if name in names)

    @property
    def spec(self) -> EnvironmentSpec:
        return self._spec

    def reset(self) -> Image:
        image, _ = self._environment.reset(seed=self._spec.seed)
        return image

    def action_for(self, held: AbstractSet[str]) -> EnvironmentAction:
        parts = {self._directions.get(name, name) for name in held}
        for opposites in _OPPOSITES:
            if opposites <= parts:
                parts -= opposites
        # The action that does most of what is held. The first of equals, which is ALE's order.
        return max(
            range(len(self._parts)),
            key=lambda action: (self._parts[action] <= parts, len(self._parts[action]), -action),
        )

    def has_action(self, action: EnvironmentAction) -> bool:
        return isinstance(action, int) and 0 <= action < len(self._parts)

    def step(self, action: EnvironmentAction) -> StepResult:
        assert isinstance(action, int)
        image, reward, terminated, truncated, _ = self._environment.step(action)
        return StepResult(image=image, reward=float(reward), terminated=bool(terminated), truncated=bool(truncated))

    def ram(self) -> bytes:
        return self._ale.getRAM().tobytes()

    @property
    def saving_moves_on(self) -> bool:
        return False

    def save(self) -> object:
        return self._ale.cloneSystemState()

    def restore(self, saved: object) -> None:
        self._ale.restoreSystemState(saved)

    def close(self) -> None:
        self._environment.close()


def _parts(meaning: str) -> frozenset[str]:
    """``UPRIGHTFIRE`` becomes up, right and fire; ``NOOP`` nothing."""
    return frozenset(part for part in ACTIONS if part.upper() in meaning)
