"""What a replay needs to know of an environment: ``environment.json`` in a session.

Everything that decides what the emulator draws is here (the files by their hash, the packages by their version, the
seed and the settings), so that a replay elsewhere gives the same pictures or can say why it does not.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from playloom.errors import RecordingError
from playloom.recording.append_file import cannot_write
from playloom.recording.json_sections import JsonSection

ENVIRONMENT_FILE = "environment.json"
ENVIRONMENT_FORMAT = 1


class Platform(StrEnum):
    """Where a game runs."""

    ATARI = "atari"
    """The Arcade Learning Environment (ale-py)."""
    VIZDOOM = "vizdoom"
    """VizDoom's scenarios on the Freedoom WADs."""
    RETRO = "retro"
    """Console emulators (stable-retro), with ROMs that the user owns."""
    COURIER = "courier"
    """Playloom's own small game, whose every truth is known; it needs nothing else."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentSpec:
    """One environment, set up for one episode.

    Attributes:
        environment_id: Gymnasium's name for it, such as ``ALE/Pong-v5``.
        platform: what runs it.
        game_id: the id that game definitions and sessions use, such as ``atari-pong``.
        seed: the episode's seed.
        frame_skip: emulated frames a step; the action is held for all of them.
        native_fps: emulated frames a second at the console's own speed.
        sticky_action_probability: the chance that a frame repeats the last action (ALE only).
        mode: the Atari game's mode, or None for its default.
        difficulty: the Atari game's difficulty or Doom's skill, or None for the default.
        state: the saved state that a retro game starts from, or None.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        action_names: what a player can do, the ids of the game's actions.
        action_meanings: the environment's own names: of each action where one is chosen (Atari), of each button
            where several are held (VizDoom, retro).
        packages: the versions of the packages that draw the pictures.
        files: SHA-256 by file name of the ROM, the WADs and the scenario.
    """

    environment_id: str
    platform: Platform
    game_id: str
    seed: int
    frame_skip: int
    native_fps: float
    sticky_action_probability: float = 0.0
    mode: int | None = None
    difficulty: int | None = None
    state: str | None = None
    width: int
    height: int
    action_names: tuple[str, ...]
    action_meanings: tuple[str, ...]
    packages: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def steps_per_second(self) -> float:
        """How many steps make a second at the console's own speed."""
        return self.native_fps / self.frame_skip

    def to_json(self) -> dict[str, Any]:
        plain = {key.name: getattr(self, key.name) for key in fields(self)}
        return plain | {"packages": dict(self.packages), "files": dict(self.files)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> EnvironmentSpec:
        """Read what `to_json` wrote; keys that a later version added are ignored.

        Raises:
            ValueError: a key is missing or holds the wrong type; the message says which.
        """
        known: dict[str, Any] = {}
        for key in fields(cls):
            if key.name not in value:
                if key.name in _REQUIRED:
                    raise ValueError(f"'{key.name}' is missing")
                continue
            known[key.name] = _checked(key.name, value[key.name])
        return cls(**known)


@dataclass(frozen=True, kw_only=True)
class EpisodeOutcome:
    """How an episode ended.

    Attributes:
        steps: how many were played.
        score: the sum of the rewards.
        ended_by: ``terminated`` or ``truncated`` (the environment's own words), ``max_steps`` or ``player``.
        last_frame_hash: of the picture after the last step, "" where the environment shows none.
        last_ram_hash: of the console's memory after the last step, "" where it has none.
    """

    steps: int
    score: float
    ended_by: str
    last_frame_hash: str
    last_ram_hash: str


_REQUIRED = frozenset(
    {"environment_id", "platform", "game_id", "seed", "frame_skip", "native_fps", "width", "height"}
    | {"action_names", "action_meanings"}
)
_INTEGERS = frozenset({"seed", "frame_skip", "width", "height"})
_OPTIONAL_INTEGERS = frozenset({"mode", "difficulty"})
_NUMBERS = frozenset({"native_fps", "sticky_action_probability"})
_NAMES = frozenset({"action_names", "action_meanings"})
_TABLES = frozenset({"packages", "files"})


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _checked(name: str, value: object) -> object:
    """``value`` as the field ``name`` holds it."""
    problem = ValueError(f"'{name}' cannot be {value!r}")
    if name == "platform":
        if value not in set(Platform):
            raise problem
        return Platform(str(value))
    if name in _INTEGERS or (name in _OPTIONAL_INTEGERS and value is not None):
        if not _is_integer(value):
            raise problem
        return value
    if name in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise problem
        return float(value)
    if name in _NAMES:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise problem
        return tuple(value)
    if name in _TABLES:
        if not isinstance(value, Mapping) or not all(isinstance(item, str) for pair in value.items() for item in pair):
            raise problem
        return MappingProxyType(dict(value))
    if value is not None and not isinstance(value, str):
        raise problem
    if name in _REQUIRED and value is None:
        raise problem
    return value


def write_environment(session: Path, spec: EnvironmentSpec, outcome: EpisodeOutcome | None = None) -> Path:
    """Write ``environment.json``; once at the start, and again with the ``outcome`` when the episode has ended."""
    content: dict[str, Any] = {"format_version": ENVIRONMENT_FORMAT, "environment": spec.to_json()}
    if outcome is not None:
        content["outcome"] = asdict(outcome)
    path = session / ENVIRONMENT_FILE
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def read_environment(session: Path) -> tuple[EnvironmentSpec, EpisodeOutcome | None]:
    """The environment that a session was recorded in, and how the episode ended if it did end.

    Raises:
        RecordingError: the session has no ``environment.json``, or it is not valid.
    """
    path = session / ENVIRONMENT_FILE
    if not path.is_file():
        problem = "is no file" if os.path.lexists(path) else "is missing"
        raise RecordingError(path, problem, remedy="Only sessions of 'playloom gym record' can be replayed")
    content = JsonSection.read(path).values
    if not isinstance(content.get("environment"), dict):
        raise RecordingError(path, "holds no environment")
    if content.get("format_version") != ENVIRONMENT_FORMAT:
        raise RecordingError(
            path, f"has format version {content.get('format_version')!r}", remedy="Use a newer playloom to read it"
        )
    try:
        spec = EnvironmentSpec.from_json(content["environment"])
    except ValueError as error:
        raise RecordingError(path, str(error), place="environment") from error
    return spec, _read_outcome(path, content.get("outcome"))


def _read_outcome(path: Path, value: object) -> EpisodeOutcome | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise RecordingError(path, "is not a table", place="outcome")
    kinds: dict[str, tuple[type, ...]] = {
        "steps": (int,),
        "score": (int, float),
        "ended_by": (str,),
        "last_frame_hash": (str,),
        "last_ram_hash": (str,),
    }
    for name, kind in kinds.items():
        if isinstance(value.get(name), bool) or not isinstance(value.get(name), kind):
            raise RecordingError(path, f"'{name}' cannot be {value.get(name)!r}", place="outcome")
    return EpisodeOutcome(**{name: value[name] for name in kinds})
