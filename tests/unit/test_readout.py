"""What is held and what it does, in words."""

from __future__ import annotations

import numpy as np
import pytest

from playloom.controls import BUTTON_IDS, KEYS
from playloom.quality.readout import controls_in_words, spans_in_words
from playloom.recording.input_table import InputTable

SLOTS = (("move", 0, 2, "vector2"), ("jump", 2, 1, "digital"), ("brake", 3, 1, "trigger"))


def test_nothing_held_is_no_words() -> None:
    assert controls_in_words(InputTable.zeros(1), 0) == []


def test_every_kind_of_control_has_its_word() -> None:
    held = InputTable.zeros(1)
    held.buttons[0] = 1 << BUTTON_IDS["south"] | 1 << BUTTON_IDS["dpad_left"]
    held.axes[0] = (0.5, -1, 0, 0, 0, 0.25)
    held.keys[0, KEYS["space"] // 64] = 1 << KEYS["space"] % 64
    held.mouse_buttons[0] = 1 << 1
    held.mouse_motion[0] = (3, -2)
    assert controls_in_words(held, 0) == [
        "south",
        "dpad_left",
        "left_stick (+0.50, -1.00)",
        "right_trigger 0.25",
        "key space",
        "mouse left",
        "mouse (+3, -2)",
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0, 0, 0, 0], []),
        ([0.5, -1, 0, 0], ["move (+0.50, -1.00)"]),
        ([0, 0, 1, 0.4], ["jump", "brake 0.40"]),
        ([0.01, 0, 0, 0.01], []),
    ],
)
def test_active_actions_in_words(values: list[float], words: list[str]) -> None:
    assert spans_in_words(SLOTS, np.array(values, np.float32)) == words
