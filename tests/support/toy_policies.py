"""Policies without weights: what rollouts make of a chunk shows best where the chunk is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from playloom.environments.courier.definition import CLASS_ID, courier_definition
from training.action_space import ActionSpace, action_space_of
from training.runs.lineage import Lineage

COURIER_NAMES = (
    *("move.x", "move.y", "look.x", "look.y", "shield", "beam"),
    *("jump", "dash", "interact", "item", "menu", "menu_up", "menu_down", "menu_back"),
)

CHUNK = 4


def courier_space() -> ActionSpace:
    """The action space of a dataset of Courier."""
    from playloom.actions.layout import layout_of

    layout = layout_of(courier_definition(), (CLASS_ID,))
    slots = [
        {"action_id": slot.action_id, "start": slot.start, "size": slot.size, "kind": slot.kind.value}
        for slot in layout.slots
    ]
    return action_space_of({"extensions": {"game_converter": {"game_id": "courier", "action_layout": slots}}})


@dataclass(frozen=True, kw_only=True)
class ToyChunk:
    """Attributes: values: float32[B, C, A]."""

    values: NDArray[np.float32]


@dataclass
class ToyPolicy:
    """Says what a function says.

    Attributes:
        rows: from the newest picture to the rows of a chunk.
        seen: all that it was asked, in order: pictures, what was held, seeds.
    """

    rows: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    game_id: str = "courier"
    fps: int = 30
    picture_size: tuple[int, int] = (32, 32)
    history: int = 2
    frame_step: int = 1
    chunk: int = CHUNK
    space: ActionSpace = field(default_factory=courier_space)
    tasks: tuple[str, ...] = ("Deliver the parcels",)
    label: str = "toy@7"
    lineage: Lineage | None = None
    seen: list[tuple[NDArray[np.uint8], NDArray[np.float32], int]] = field(default_factory=list)

    def act(
        self, pictures: NDArray[np.uint8], *, held: NDArray[np.float32], tasks: list[str], seeds: list[int]
    ) -> ToyChunk:
        """A chunk for each."""
        assert len(pictures) == len(held) == len(tasks) == len(seeds) == 1
        self.seen.append((pictures[0].copy(), held[0].copy(), seeds[0]))
        return ToyChunk(values=self.rows(pictures[0, -1])[None])


def walking(**wanted: float) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Always the same row: ``walking(**{"move.x": 1.0})``."""
    row = np.array([wanted.get(name, 0.0) for name in COURIER_NAMES], np.float32)
    return lambda picture: np.tile(row, (CHUNK, 1))
