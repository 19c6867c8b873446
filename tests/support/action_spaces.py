"""An action space with a head of every kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.action_space import ActionSpace, Head, HeadKind

EVERY_KIND = ActionSpace(
    game_id="test",
    layout_version=1,
    names=("move.x", "move.y", "jump", "up", "down", "gas", "aim.x", "aim.y", "lean"),
    heads=(
        Head(name="move", kind=HeadKind.STICK, places=(0, 1)),
        Head(name="jump", kind=HeadKind.DIGITAL, places=(2,)),
        Head(name="up|down", kind=HeadKind.CATEGORICAL, places=(3, 4)),
        Head(name="gas", kind=HeadKind.TRIGGER, places=(5,)),
        Head(name="aim", kind=HeadKind.MOUSE, places=(6, 7)),
        Head(name="lean", kind=HeadKind.ANALOG, places=(8,)),
    ),
)


def some_actions(count: int, seed: int = 0) -> NDArray[np.float32]:
    """float32[count, 9], each value in the range of its kind."""
    random = np.random.default_rng(seed)
    rows = random.uniform(-1, 1, (count, 9))
    rows[:, 2] = random.random(count) < 0.1
    chosen = random.integers(0, 3, count)
    rows[:, 3], rows[:, 4] = chosen == 1, chosen == 2
    rows[:, 5] = random.random(count)
    rows[:, 6:8] = random.normal(0, 20, (count, 2)).round()
    return rows.astype(np.float32)
