"""What a player held over time, as columns: one row for each snapshot of actions.bin.

Columns and not one object a row, because a session of an hour holds millions of snapshots and everything done with
them (decoding, encoding actions, aligning with frames) is a few numpy operations over a whole block.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from playloom.controls import AXES, BUTTONS, MOUSE_BUTTONS, SCANCODES

KEY_WORDS = SCANCODES // 64


@dataclass(frozen=True, kw_only=True)
class InputTable:
    """Snapshots in the order of the file.

    Attributes:
        monotonic_ns: int64[n], nanoseconds on the session's clock.
        axes: float32[n, 6] in the order of `controls.AXES`, as recorded (no clamping, no dead zone).
        buttons: uint32[n], bit k set while SDL gamepad button k is held.
        keys: uint64[n, 8], bit (k % 64) of word (k // 64) set while scancode k is held.
        mouse_buttons: uint32[n], bit k set while SDL mouse button k is held.
        mouse_motion: float32[n, 2], counts (x right, y down) since the previous row.
        wheel: float32[n, 2], notches (x right, y away from the player) since the previous row.
        pad: uint8[n], the gamepad that `axes` and `buttons` belong to.
    """

    monotonic_ns: NDArray[np.int64]
    axes: NDArray[np.float32]
    buttons: NDArray[np.uint32]
    keys: NDArray[np.uint64]
    mouse_buttons: NDArray[np.uint32]
    mouse_motion: NDArray[np.float32]
    wheel: NDArray[np.float32]
    pad: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.monotonic_ns)

    def __getitem__(self, rows: slice | NDArray[np.intp] | NDArray[np.bool_]) -> InputTable:
        return InputTable(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @classmethod
    def zeros(cls, count: int) -> InputTable:
        """``count`` rows at time 0 with nothing held."""
        return cls(
            monotonic_ns=np.zeros(count, np.int64),
            axes=np.zeros((count, len(AXES)), np.float32),
            buttons=np.zeros(count, np.uint32),
            keys=np.zeros((count, KEY_WORDS), np.uint64),
            mouse_buttons=np.zeros(count, np.uint32),
            mouse_motion=np.zeros((count, 2), np.float32),
            wheel=np.zeros((count, 2), np.float32),
            pad=np.zeros(count, np.uint8),
        )

    @classmethod
    def concatenate(cls, tables: list[InputTable]) -> InputTable:
        if not tables:
            return cls.zeros(0)
        return cls(
            **{field.name: np.concatenate([getattr(table, field.name) for table in tables]) for field in fields(cls)}
        )

    def button_held(self, button: int) -> NDArray[np.bool_]:
        """bool[n]: whether SDL gamepad button ``button`` (0 to 20) is held."""
        assert 0 <= button < len(BUTTONS)
        return (self.buttons >> np.uint32(button)) & np.uint32(1) != 0

    def key_held(self, scancode: int) -> NDArray[np.bool_]:
        """bool[n]: whether the key ``scancode`` (below 512) is held."""
        assert 0 <= scancode < SCANCODES
        return (self.keys[:, scancode // 64] >> np.uint64(scancode % 64)) & np.uint64(1) != 0

    def mouse_button_held(self, button: int) -> NDArray[np.bool_]:
        """bool[n]: whether SDL mouse button ``button`` (1 to 5) is held."""
        assert 1 <= button < len(MOUSE_BUTTONS)
        return (self.mouse_buttons >> np.uint32(button)) & np.uint32(1) != 0
