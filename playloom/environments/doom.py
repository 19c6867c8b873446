"""VizDoom's scenarios, on the Freedoom WADs that it ships.

The engine is used directly and not through its Gymnasium wrapper, which fixes the picture's size and hides what an
informed agent may look at. Each episode gets an engine of its own: one that has played before draws other pictures
for the same seed.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from playloom.environments.environment import EnvironmentAction, Image, StepResult
from playloom.environments.game import Game, kebab
from playloom.environments.hashes import file_sha256
from playloom.environments.packages import versions
from playloom.environments.settings import EnvironmentChoiceError, EnvironmentSettings
from playloom.environments.spec import EnvironmentSpec, Platform

TICS_PER_SECOND = 35.0
DEFAULT_SIZE = (640, 480)
MIDDLE_SKILL = 3
"""Meant where a map is named without one."""

ACTION_NAMES = {
    "MOVE_LEFT": "strafe_left",
    "MOVE_RIGHT": "strafe_right",
    "SPEED": "run",
    "SELECT_NEXT_WEAPON": "next_weapon",
    "SELECT_PREV_WEAPON": "previous_weapon",
} | {f"SELECT_WEAPON{number}": f"weapon_{number}" for number in range(10)}
"""The ids of the game's actions where they are not just the engine's button in lower case."""

_GAME_WADS = {"doom.cfg": "doom.wad", "doom2.cfg": "doom2.wad", "freedoom1.cfg": "freedoom1.wad"}
"""The WAD that a scenario runs on, where it is not Freedoom's second."""
_DEFAULT_GAME_WAD = "freedoom2.wad"


def _package() -> Path:
    import vizdoom

    return Path(str(vizdoom.__file__)).parent


def _game_wad(scenario: str) -> Path:
    return _package() / _GAME_WADS.get(scenario, _DEFAULT_GAME_WAD)


@lru_cache
def games() -> tuple[Game, ...]:
    """Every scenario that VizDoom registers with Gymnasium, once (its variants differ in their action space only)."""
    import gymnasium
    import vizdoom.gymnasium_wrapper  # noqa: F401  (registers the environments)

    found: list[Game] = []
    for environment_id, entry in gymnasium.registry.items():
        scenario = str(entry.kwargs.get("scenario_config_file", ""))
        if not environment_id.startswith("Vizdoom") or not scenario or "-MultiBinary" in environment_id:
            continue
        doom_map = entry.kwargs.get("doom_map")
        skill = entry.kwargs.get("doom_skill")
        stem = Path(scenario).stem
        game_id = "-".join(["vizdoom", kebab(stem), *([str(doom_map).lower()] if doom_map else [])])
        wad = _game_wad(scenario)
        name = environment_id.removeprefix("Vizdoom").rpartition("-v")[0]
        aliases = [name, stem, f"Vizdoom{name}-MultiBinary"]
        if skill == MIDDLE_SKILL:
            aliases = [name.rpartition("-S")[0], *aliases]
        found.append(
            Game(
                environment_id=environment_id,
                platform=Platform.VIZDOOM,
                game_id=game_id,
                playable=wad.is_file(),
                missing=None if wad.is_file() else f"{wad.name} (yours, copied to {wad})",
                aliases=tuple(aliases),
                source={"scenario": scenario}
                | ({"map": str(doom_map)} if doom_map else {})
                | ({"skill": str(skill)} if skill else {}),
            )
        )
    return tuple(sorted(found, key=lambda game: game.environment_id))


class DoomEnvironment:
    """A VizDoom scenario, set up for one episode.

    Args:
        informed: let `state` carry the labels of what is seen, for agents that use them; the pictures are the same.
    """

    def __init__(self, game: Game, settings: EnvironmentSettings, *, informed: bool = False) -> None:
        import vizdoom

        settings.refuse("VizDoom", sticky_action_probability="Atari's", mode="Atari's", state="for stable-retro")
        size = settings.size or DEFAULT_SIZE
        resolution = getattr(vizdoom.ScreenResolution, f"RES_{size[0]}X{size[1]}", None)
        if resolution is None:
            known = sorted(_sizes(), key=lambda known: (abs(known[0] * known[1] - size[0] * size[1]), known))
            near = ", ".join(f"{width}x{height}" for width, height in known[:4])
            raise EnvironmentChoiceError(f"VizDoom cannot draw {size[0]}x{size[1]}", remedy=f"Near it are {near}")
        if settings.difficulty is not None and not 1 <= settings.difficulty <= 5:
            raise EnvironmentChoiceError(f"Doom has no skill {settings.difficulty}", remedy="Choose one from 1 to 5")
        scenario_path = Path(vizdoom.scenarios_path) / game.source["scenario"]
        self._saves = 0
        self._directory = Path(tempfile.mkdtemp(prefix="playloom-doom-"))
        self._doom: Any = vizdoom.DoomGame()
        self._doom.load_config(str(scenario_path))
        self._doom.set_doom_config_path(str(self._directory / "vizdoom.ini"))
        wad = _game_wad(game.source["scenario"])
        self._doom.set_doom_game_path(str(wad))
        if "map" in game.source:
            self._doom.set_doom_map(game.source["map"])
        skill = settings.difficulty or (int(game.source["skill"]) if "skill" in game.source else None)
        if skill is not None:
            self._doom.set_doom_skill(skill)
        self._doom.set_mode(vizdoom.Mode.PLAYER)
        self._doom.set_window_visible(False)
        self._doom.set_sound_enabled(False)
        self._doom.set_screen_format(vizdoom.ScreenFormat.RGB24)
        self._doom.set_screen_resolution(resolution)
        self._doom.set_labels_buffer_enabled(informed)
        self._doom.set_seed(settings.seed)
        buttons = tuple(str(button.name) for button in self._doom.get_available_buttons())
        # Buttons with a range (mouse motion) stay at rest: keys and pad buttons cannot say how far.
        self._names = tuple(
            None if button.endswith("_DELTA") else ACTION_NAMES.get(button, button.lower()) for button in buttons
        )
        files = {scenario_path.name: file_sha256(scenario_path), wad.name: file_sha256(wad)}
        scenario_wad = Path(str(self._doom.get_doom_scenario_path()))
        if scenario_wad.is_file():
            files[scenario_wad.name] = file_sha256(scenario_wad)
        self._spec = EnvironmentSpec(
            environment_id=game.environment_id,
            platform=Platform.VIZDOOM,
            game_id=game.game_id,
            seed=settings.seed,
            frame_skip=settings.frame_skip,
            native_fps=TICS_PER_SECOND,
            difficulty=settings.difficulty,
            width=size[0],
            height=size[1],
            action_names=tuple(name for name in self._names if name is not None),
            action_meanings=buttons,
            packages=versions("vizdoom"),
            files=files,
        )

    @property
    def spec(self) -> EnvironmentSpec:
        return self._spec

    @property
    def state(self) -> Any:
        """VizDoom's own state of the moment (labels, variables), or None after the end."""
        return self._doom.get_state()

    def variable(self, name: str) -> float:
        """The game variable ``name``, such as ``HEALTH``, as it is now."""
        import vizdoom

        return float(self._doom.get_game_variable(getattr(vizdoom.GameVariable, name)))

    def reset(self) -> Image:
        # The engine is a process of its own, and puts a folder into the working directory that it is born in.
        with contextlib.chdir(self._directory), _interrupts_ignored():
            self._doom.init()
        return np.asarray(self._doom.get_state().screen_buffer)

    def action_for(self, held: AbstractSet[str]) -> EnvironmentAction:
        return tuple(int(name is not None and name in held) for name in self._names)

    def has_action(self, action: EnvironmentAction) -> bool:
        return isinstance(action, tuple) and len(action) == len(self._names) and set(action) <= {0, 1}

    def step(self, action: EnvironmentAction) -> StepResult:
        assert isinstance(action, tuple)
        reward = self._doom.make_action(list(action), self._spec.frame_skip)
        finished = self._doom.is_episode_finished()
        timeout = finished and self._doom.is_episode_timeout_reached() and not self._doom.is_player_dead()
        state = None if finished else self._doom.get_state()
        return StepResult(
            image=None if state is None else np.asarray(state.screen_buffer),
            reward=float(reward),
            terminated=finished and not timeout,
            truncated=timeout,
        )

    def ram(self) -> None:
        return None

    @property
    def saving_moves_on(self) -> bool:
        return True  # by two tics

    def save(self) -> object:
        self._saves += 1
        file = self._directory / f"{self._saves}.save"
        self._doom.save(str(file))
        return file

    def restore(self, saved: object) -> None:
        # Loading takes a tic of the engine, in which it would go on with what was held before.
        self._doom.set_action([0] * len(self._names))
        self._doom.load(str(saved))

    def close(self) -> None:
        self._doom.close()
        shutil.rmtree(self._directory, ignore_errors=True)


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """A Ctrl-C goes to every process of the terminal. The engine, which inherits this, leaves it to us to end well."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _sizes() -> list[tuple[int, int]]:
    import vizdoom

    names = [name.removeprefix("RES_") for name in dir(vizdoom.ScreenResolution) if name.startswith("RES_")]
    return [(int(width), int(height)) for width, _, height in (name.partition("X") for name in names)]
