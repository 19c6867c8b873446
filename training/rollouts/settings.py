"""What is played, by whom and how: frozen values that go to other processes as they are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playloom.environments.input_device import InputDevice
from playloom.environments.settings import EnvironmentSettings

FIRST_SEED = 100_000
"""Far from the seeds that people and experiments record with: who is judged has not seen these games."""

EPISODES = 30
LONGEST_S = 120.0
"""An episode ends then, if the game does not end it before."""


@dataclass(frozen=True, kw_only=True)
class GameSettings:
    """The game, set up; an episode adds its seed.

    Attributes:
        environment: a name of the game.
        frame_skip, sticky, mode, difficulty, state, size: as in `EnvironmentSettings`.
        max_steps: of an episode.
        device: what the players' hands are on.
        preset_files: that change the packaged presets, in their order.
    """

    environment: str
    frame_skip: int = 1
    sticky: float | None = None
    mode: int | None = None
    difficulty: int | None = None
    state: str | None = None
    size: tuple[int, int] | None = None
    max_steps: int
    device: InputDevice = InputDevice.KEYBOARD
    preset_files: tuple[Path, ...] = ()

    def of_episode(self, seed: int) -> EnvironmentSettings:
        """The settings of one episode."""
        return EnvironmentSettings(
            seed=seed,
            frame_skip=self.frame_skip,
            sticky_action_probability=self.sticky,
            mode=self.mode,
            difficulty=self.difficulty,
            state=self.state,
            size=self.size,
        )

    def to_document(self) -> dict[str, Any]:
        """All that decides what a player meets."""
        document = asdict(self)
        document["size"] = None if self.size is None else list(self.size)
        document["device"] = self.device.value
        document["preset_files"] = [str(path) for path in self.preset_files]
        return document


@dataclass(frozen=True, kw_only=True)
class Player:
    """Somebody who plays: a policy, or an agent of the games' own.

    Attributes:
        name: unique among those who play; of a policy its run and step.
        checkpoint: of a policy; None: an agent, whose name this is.
        sha256: of the checkpoint's weights.
        execute: rows of each chunk that are played before the next one.
        delay: frames that pass between the picture that a chunk was made for and its first row that can be pressed,
            beyond the one that always passes: what a slow machine would do.
        task: what the policy is told to do.
    """

    name: str
    checkpoint: Path | None = None
    sha256: str = ""
    execute: int = 0
    delay: int = 0
    task: str = ""

    @property
    def is_policy(self) -> bool:
        return self.checkpoint is not None

    def to_document(self) -> dict[str, Any]:
        """As results hold it."""
        return {**asdict(self), "checkpoint": None if self.checkpoint is None else str(self.checkpoint)}

    @property
    def fingerprint(self) -> str:
        """Of all that decides how it plays; not of where its checkpoint lies."""
        document = {**asdict(self), "checkpoint": self.is_policy}
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where policies compute.

    Attributes:
        device: cpu or cuda.
        threads: of torch; 0: its own choice.
    """

    device: str = "cpu"
    threads: int = 0
