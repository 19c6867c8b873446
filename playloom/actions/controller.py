"""The raw state of pad, keyboard and mouse as vectors, kept beside the actions for models that span games."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playloom.actions.encode import Inputs
from playloom.controls import AXES, BUTTONS, KEYS, MOUSE_BUTTON_IDS

CONTROLLER_NAMES: tuple[str, ...] = (*BUTTONS, *AXES)
"""The 21 buttons (0 or 1), then the 6 axes as recorded. `left_stick` and `right_stick` are the sticks' buttons."""

_KEYS_BY_CODE = sorted(KEYS, key=lambda name: KEYS[name])
KEYBOARD_NAMES: tuple[str, ...] = tuple(_KEYS_BY_CODE)
"""Every key that has a name, in the order of the scancodes: 0 or 1."""

MOUSE_NAMES: tuple[str, ...] = ("dx", "dy", "wheel_dx", "wheel_dy", *MOUSE_BUTTON_IDS)
"""What moved since the previous frame (counts, notches), then the buttons: 0 or 1."""

_SCANCODES = np.array([KEYS[name] for name in _KEYS_BY_CODE])


def controller_vectors(inputs: Inputs) -> NDArray[np.float32]:
    """float32[n, 27] in the order of `CONTROLLER_NAMES`."""
    vectors = np.empty((len(inputs), len(CONTROLLER_NAMES)), np.float32)
    vectors[:, : len(BUTTONS)] = _bits(inputs.buttons)[:, : len(BUTTONS)]
    vectors[:, len(BUTTONS) :] = inputs.axes.T
    return vectors


def keyboard_vectors(inputs: Inputs) -> NDArray[np.float32]:
    """float32[n, keys] in the order of `KEYBOARD_NAMES`."""
    words = np.ascontiguousarray(inputs.keys.T)
    return _bits(words)[:, _SCANCODES].astype(np.float32)


def mouse_vectors(inputs: Inputs) -> NDArray[np.float32]:
    """float32[n, 9] in the order of `MOUSE_NAMES`."""
    vectors = np.empty((len(inputs), len(MOUSE_NAMES)), np.float32)
    vectors[:, :4] = inputs.motion.T
    vectors[:, 4:] = _bits(inputs.mouse_buttons)[:, list(MOUSE_BUTTON_IDS.values())]
    return vectors


def _bits(words: NDArray[np.uint32] | NDArray[np.uint64]) -> NDArray[np.uint8]:
    """uint8[n, bits]: the bits of each row, the lowest first."""
    little = np.ascontiguousarray(words, dtype=words.dtype.newbyteorder("<"))
    return np.unpackbits(little.view(np.uint8).reshape(len(little), -1), axis=1, bitorder="little")
