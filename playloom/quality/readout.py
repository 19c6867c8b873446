"""What is held and what it does, in words: for stepping through a recording and for captions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from playloom.controls import AXES, BUTTONS, KEY_NAMES, MOUSE_BUTTONS, SCANCODES, STICKS, TRIGGERS
from playloom.recording.input_table import InputTable

if TYPE_CHECKING:
    from playloom.actions.layout import ActionLayout

REST = 0.02
"""Deflections below this are a stick or trigger at rest."""


def controls_in_words(inputs: InputTable, row: int) -> list[str]:
    """What snapshot ``row`` shows held: ``["south", "left_stick (+0.50, -1.00)", "key space"]``."""
    words = [name for button, name in enumerate(BUTTONS) if int(inputs.buttons[row]) >> button & 1]
    words += deflections_in_words(inputs.axes[row])
    keys = inputs.keys[row]
    words += [
        f"key {KEY_NAMES.get(code, code)}" for code in range(SCANCODES) if int(keys[code // 64]) >> (code % 64) & 1
    ]
    mouse = int(inputs.mouse_buttons[row])
    words += [f"mouse {name}" for button, name in enumerate(MOUSE_BUTTONS) if name and mouse >> button & 1]
    for what, (x, y) in (("mouse", inputs.mouse_motion[row]), ("wheel", inputs.wheel[row])):
        if x or y:
            words.append(f"{what} ({x:+g}, {y:+g})")
    return words


def deflections_in_words(axes: NDArray[np.float32]) -> list[str]:
    """The sticks and triggers that are not at rest, from float32[6]."""
    words: list[str] = []
    for stick, (x_name, y_name) in STICKS.items():
        x, y = float(axes[AXES.index(x_name)]), float(axes[AXES.index(y_name)])
        if max(abs(x), abs(y)) > REST:
            words.append(f"{stick} ({x:+.2f}, {y:+.2f})")
    for trigger in TRIGGERS:
        value = float(axes[AXES.index(trigger)])
        if abs(value) > REST:
            words.append(f"{trigger} {value:.2f}")
    return words


def actions_in_words(layout: ActionLayout, values: NDArray[np.float32]) -> list[str]:
    """The actions that are active in one frame's vector: ``["jump", "brake 0.40", "move (+0.50, -1.00)"]``."""
    return spans_in_words(((slot.action_id, slot.start, slot.size, str(slot.kind)) for slot in layout.slots), values)


def spans_in_words(slots: Iterable[tuple[str, int, int, str]], values: NDArray[np.float32]) -> list[str]:
    """As `actions_in_words`, from (action id, start, size, kind) of each slot."""
    words: list[str] = []
    for action_id, start, size, kind in slots:
        part = [float(value) for value in values[start : start + size]]
        if not any(abs(value) > REST for value in part):
            continue
        if size == 2:
            words.append(f"{action_id} ({part[0]:+.2f}, {part[1]:+.2f})")
        elif kind == "digital":
            words.append(action_id)
        else:
            words.append(f"{action_id} {part[0]:.2f}")
    return words
