"""Watching an agent play: the window without the hands."""

from __future__ import annotations

from collections.abc import Sequence

from capture_node.gym.options import RecordOptions
from capture_node.gym.person import is_quit, window_aspect
from capture_node.gym.players import Player
from capture_node.gym.window import GameWindow
from playloom.environments.environment import Environment, Image
from playloom.environments.held import HeldControls
from playloom.environments.spec import EnvironmentSpec


class Watcher:
    """Shows what every player does, episode after episode, in one window.

    Attributes:
        is_left: someone has pressed Esc.
    """

    def __init__(self) -> None:
        self._window: GameWindow | None = None
        self.is_left = False

    def __call__(self, player: Player, spec: EnvironmentSpec, options: RecordOptions) -> Player:
        if self._window is None:
            title = f"{spec.environment_id} - Playloom"
            self._window = GameWindow(title, spec.width, spec.height, aspect=window_aspect(spec))
        return WatchedPlayer(self, player, self._window, options.video_fps(spec), f"{options.agent}, seed {spec.seed}")

    def close(self) -> None:
        if self._window is not None:
            self._window.close()


class WatchedPlayer:
    """A player whose pictures are shown at the game's pace, until someone presses Esc."""

    pauses: Sequence[tuple[int, int]] = ()

    def __init__(self, watcher: Watcher, player: Player, window: GameWindow, fps: int, name: str) -> None:
        self._watcher, self._player, self._window, self._fps, self._name = watcher, player, window, fps, name
        self._steps = 0

    def hold(self, image: Image, environment: Environment) -> HeldControls | None:
        self._window.show(image, f"{self._name}    step {self._steps}    Esc stops", recording=True)
        self._window.wait_for_tick(self._fps)
        if any(is_quit(event) for event in self._window.events()):
            self._watcher.is_left = True
            return None
        self._steps += 1
        return self._player.hold(image, environment)
