"""What a player's hands are on."""

from __future__ import annotations

from enum import StrEnum


class InputDevice(StrEnum):
    """A keyboard or a gamepad."""

    KEYBOARD = "keyboard"
    GAMEPAD = "gamepad"
