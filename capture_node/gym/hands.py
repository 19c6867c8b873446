"""A person's hands: pygame's keyboard and gamepad events, as what is held.

pygame speaks SDL 2, whose scancodes, gamepad buttons and axes have SDL 3's numbers.
"""

from __future__ import annotations

from typing import Any

from playloom.controls import AXES, BUTTONS, SCANCODES
from playloom.environments.held import AT_REST, HeldControls

AXIS_RANGE = 32767
"""SDL's largest axis value."""


class Hands:
    """Follows the events of one keyboard and the first gamepad.

    A key pressed and let go between two pictures counts as held for the second: what was played is what was done.
    """

    def __init__(self, *, keyboard: bool = True, gamepad: bool = True) -> None:
        self._read_keyboard, self._read_gamepad = keyboard, gamepad
        self._keys: set[int] = set()
        self._tapped_keys: set[int] = set()
        self._buttons: set[int] = set()
        self._tapped_buttons: set[int] = set()
        self._axes = list(AT_REST)
        self._pad: Any = None

    @property
    def has_pad(self) -> bool:
        return self._pad is not None

    def find_pad(self) -> None:
        """Open the first gamepad that is connected, if none is open."""
        from pygame._sdl2 import controller

        if not self._read_gamepad or self._pad is not None:
            return
        controller.init()
        for index in range(controller.get_count()):
            if controller.is_controller(index):
                self._pad = controller.Controller(index)
                return

    def handle(self, event: Any) -> None:
        """Take one pygame event into account."""
        import pygame

        if event.type == pygame.KEYDOWN and self._read_keyboard and 0 < event.scancode < SCANCODES:
            self._keys.add(event.scancode)
            self._tapped_keys.add(event.scancode)
        elif event.type == pygame.KEYUP:
            self._keys.discard(event.scancode)
        elif event.type == pygame.WINDOWFOCUSLOST:
            self.let_go()
        elif event.type == pygame.CONTROLLERDEVICEADDED:
            self.find_pad()
        elif event.type == pygame.CONTROLLERDEVICEREMOVED:
            self._lose_pad()
        elif self._read_gamepad:
            self._handle_pad(event)

    def _handle_pad(self, event: Any) -> None:
        import pygame

        if event.type == pygame.CONTROLLERBUTTONDOWN and event.button < len(BUTTONS):
            self._buttons.add(event.button)
            self._tapped_buttons.add(event.button)
        elif event.type == pygame.CONTROLLERBUTTONUP:
            self._buttons.discard(event.button)
        elif event.type == pygame.CONTROLLERAXISMOTION and event.axis < len(AXES):
            self._axes[event.axis] = event.value / AXIS_RANGE

    def _lose_pad(self) -> None:
        self._pad = None
        self._buttons.clear()
        self._tapped_buttons.clear()
        self._axes = list(AT_REST)

    def let_go(self) -> None:
        """Hold nothing: the keys' releases go to another window now."""
        self._keys.clear()
        self._tapped_keys.clear()
        self._buttons.clear()
        self._tapped_buttons.clear()
        self._axes = list(AT_REST)

    def sample(self) -> HeldControls:
        """What is held, or was tapped since the last sample."""
        held = HeldControls(
            keys=frozenset(self._keys | self._tapped_keys),
            buttons=frozenset(self._buttons | self._tapped_buttons),
            axes=tuple(self._axes),
        )
        self._tapped_keys.clear()
        self._tapped_buttons.clear()
        return held
