"""Console games through stable-retro. One ROM ships with it (Airstriker); the others are the user's own.

stable-retro runs one emulator a process: close an environment before making the next.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Set as AbstractSet
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from playloom.environments.environment import EnvironmentAction, Image, StepResult
from playloom.environments.game import Game, kebab
from playloom.environments.hashes import bytes_hash, file_sha256
from playloom.environments.packages import versions
from playloom.environments.settings import EnvironmentChoiceError, EnvironmentSettings
from playloom.environments.spec import EnvironmentSpec, Platform

FRAMES_PER_SECOND = 60.0


def _retro() -> Any:
    # It uses two things that Python has deprecated; nothing that we could do about.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import stable_retro

        return stable_retro


@lru_cache
def games() -> tuple[Game, ...]:
    """Every game that stable-retro knows how to run, with or without its ROM."""
    retro = _retro()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        ids = [str(name) for name in retro.data.list_games()]
        playable = {name for name in ids if _has_rom(name)}
    parts = {name: name.rpartition("-v")[0].rpartition("-") for name in ids}
    same_name = Counter(kebab(title) for title, _, _ in parts.values())
    found: list[Game] = []
    for environment_id in ids:
        title, _, system = parts[environment_id]
        game_id = f"retro-{kebab(title)}"
        if same_name[kebab(title)] > 1:
            game_id += f"-{kebab(system)}"
        found.append(
            Game(
                environment_id=environment_id,
                platform=Platform.RETRO,
                game_id=game_id,
                playable=environment_id in playable,
                missing=None
                if environment_id in playable
                else "its ROM; import yours: python -m stable_retro.import DIRECTORY",
                aliases=(title, f"{title}-{system}"),
                source={"system": system},
            )
        )
    return tuple(found)


def _has_rom(name: str) -> bool:
    try:
        _retro().data.get_romfile_path(name)
    except FileNotFoundError:
        return False
    return True


class RetroEnvironment:
    """A console game, set up for one episode."""

    def __init__(self, game: Game, settings: EnvironmentSettings) -> None:
        retro = _retro()
        settings.refuse(
            "stable-retro",
            sticky_action_probability="Atari's",
            mode="Atari's",
            difficulty="Atari's and VizDoom's",
            size="VizDoom's, a console's pictures have one size",
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            states = [str(state) for state in retro.data.list_states(game.environment_id)]
            if settings.state is not None and settings.state.removesuffix(".state") not in states:
                known = ", ".join(sorted(states)) or "none"
                raise EnvironmentChoiceError(
                    f"{game.environment_id} has no state '{settings.state}'", remedy=f"It has {known}"
                )
            self._environment: Any = retro.make(
                game.environment_id,
                state=settings.state or retro.State.DEFAULT,
                use_restricted_actions=retro.Actions.ALL,
                render_mode="rgb_array",
            )
            rom = Path(retro.data.get_romfile_path(game.environment_id))
        buttons = tuple(button or "" for button in self._environment.buttons)
        self._names = tuple(button.lower() for button in buttons)
        height, width = self._environment.observation_space.shape[:2]
        state = self._environment.initial_state
        self._spec = EnvironmentSpec(
            environment_id=game.environment_id,
            platform=Platform.RETRO,
            game_id=game.game_id,
            seed=settings.seed,
            frame_skip=settings.frame_skip,
            native_fps=FRAMES_PER_SECOND,
            state=settings.state,
            width=width,
            height=height,
            action_names=tuple(name for name in self._names if name),
            action_meanings=buttons,
            packages=versions("stable-retro"),
            files={rom.name: file_sha256(rom)} | ({"initial_state": bytes_hash(state)} if state else {}),
        )

    @property
    def spec(self) -> EnvironmentSpec:
        return self._spec

    def reset(self) -> Image:
        image, _ = self._environment.reset(seed=self._spec.seed)
        return np.array(image)

    def action_for(self, held: AbstractSet[str]) -> EnvironmentAction:
        return tuple(int(bool(name) and name in held) for name in self._names)

    def has_action(self, action: EnvironmentAction) -> bool:
        return isinstance(action, tuple) and len(action) == len(self._names) and set(action) <= {0, 1}

    def step(self, action: EnvironmentAction) -> StepResult:
        assert isinstance(action, tuple)
        buttons = np.array(action, np.int8)
        reward, terminated, truncated = 0.0, False, False
        image: Image | None = None
        for _ in range(self._spec.frame_skip):
            image, earned, terminated, truncated, _ = self._environment.step(buttons)
            reward += float(earned)
            if terminated or truncated:
                break
        assert image is not None
        return StepResult(image=np.array(image), reward=reward, terminated=bool(terminated), truncated=bool(truncated))

    def ram(self) -> None:
        return None

    def close(self) -> None:
        self._environment.close()
