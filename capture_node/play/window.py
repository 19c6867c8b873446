"""The window in which a policy's play is watched, and in which a person plays beside it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from capture_node.gym.hands import Hands
from capture_node.gym.person import is_quit, window_aspect
from capture_node.gym.window import GameWindow
from capture_node.play.kill_inputs import KillControls
from playloom.environments.environment import Image
from playloom.environments.held import HeldControls
from playloom.environments.spec import EnvironmentSpec
from playloom.play.kill_switch import NOTHING


class PlayWindow:
    """A window; a context manager.

    Args:
        spec: of the game.
        kill: keys and buttons that are the switch's.
        hint: what the line below the picture says of them.
        hands: of a person who plays; None: nobody does.
    """

    def __init__(self, spec: EnvironmentSpec, kill: KillControls, *, hint: str, hands: Hands | None = None) -> None:
        self._window = GameWindow(
            f"{spec.environment_id} - Playloom", spec.width, spec.height, aspect=window_aspect(spec)
        )
        self._kill, self._hint, self._hands = kill, hint, hands
        # A pad is heard only once it is open: also that of somebody who watches, with a finger on the kill button.
        self._listens = hands or (Hands(keyboard=False) if kill.has_button else None)
        if self._listens is not None:
            self._listens.find_pad()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._window.close()

    def show(self, image: Image, line: str) -> bool:
        import pygame

        self._window.show(image, f"{line}    {self._hint}    Esc stops")
        for event in self._window.events():
            if is_quit(event):
                return False
            is_kill = (event.type == pygame.KEYDOWN and self._kill.pressed_key(event.scancode)) or (
                event.type == pygame.CONTROLLERBUTTONDOWN and self._kill.pressed_button(event.button)
            )
            if not is_kill and self._listens is not None:
                self._listens.handle(event)
        return True

    def sample(self) -> HeldControls:
        return NOTHING if self._hands is None else self._hands.sample()
