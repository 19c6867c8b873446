"""What is recorded, and how: one frozen value, which goes to worker processes as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from playloom.environments.input_device import InputDevice
from playloom.environments.settings import EnvironmentSettings
from playloom.environments.spec import EnvironmentSpec


@dataclass(frozen=True, kw_only=True)
class RecordOptions:
    """What is recorded, and how.

    Attributes:
        environment: a name of the game.
        settings: of its first episode; every further one has the next seed.
        root: the directory of sessions.
        player: the player's name.
        agent: the agent's name; None for a person.
        device: what the player's hands are on; for a person None is any.
        preset_files: that change the packaged presets, in their order.
        episodes: how many; None for as many as the person wants.
        max_steps: of an episode.
        fps: of the video, and the pace for a person; None for the game's own.
        profile_name: the mapping profile that fits the controls.
        task: what the player is trying to do.
    """

    environment: str
    settings: EnvironmentSettings
    root: Path
    player: str
    agent: str | None = None
    device: InputDevice | None = None
    preset_files: tuple[Path, ...] = ()
    episodes: int | None = 1
    max_steps: int | None = None
    fps: int | None = None
    profile_name: str | None = None
    task: str | None = None

    def of_episode(self, index: int) -> EnvironmentSettings:
        """The settings of an episode: the seed counts up, so that each can be recorded again alone."""
        return replace(self.settings, seed=(self.settings.seed + index) % 2**31)

    def video_fps(self, spec: EnvironmentSpec) -> int:
        """Whole frames a second, nearest to the game's own pace unless another was asked for."""
        return self.fps or max(1, round(spec.steps_per_second))


def safe_name(name: str) -> str:
    """``name`` as part of a file name: of letters, digits and dashes only."""
    return re.sub(r"[^\w]+", "-", name.strip().lower()).strip("-_")[:40] or "player"


def session_name(game_id: str, player: str, detail: str) -> str:
    """A session's directory."""
    return f"{game_id}-{safe_name(player)}-{detail}"
