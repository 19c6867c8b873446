"""How often each thing is done: what a model starts from, and what rare things weigh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.action_space import ActionSpace, HeadKind
from training.errors import TrainingError

COARSE_BINS = 65
"""Of the histograms of sticks and triggers, over their whole range."""

MOUSE_QUANTILE = 0.995
"""The mouse's last bin stands where so much of its motion is slower; a flick beyond it is read as this fast."""

MOUSE_SAMPLE = 1 << 20
"""So many motions are enough to know how fast a mouse goes."""


@dataclass(frozen=True, kw_only=True)
class ClassBalance:
    """What was counted in the training part of a dataset.

    Attributes:
        frames: that were counted.
        held: by head that is digital or categorical, frames in which each of its places is held.
        histograms: by head that is a stick, an analog or a trigger, for each of its places the share of frames in
            each of `COARSE_BINS` over its range.
        mouse_scales: by mouse head, counts a frame at its last bin.
        presses: by head that is digital, how often each of its places was pressed while somebody looked; without it
            in checkpoints that are older.
    """

    frames: int
    held: Mapping[str, tuple[int, ...]]
    histograms: Mapping[str, tuple[tuple[float, ...], ...]]
    mouse_scales: Mapping[str, float]
    presses: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """As a checkpoint holds it."""
        return {
            "frames": self.frames,
            "held": {name: list(counts) for name, counts in self.held.items()},
            "histograms": {name: [list(one) for one in many] for name, many in self.histograms.items()},
            "mouse_scales": dict(self.mouse_scales),
            "presses": {name: list(counts) for name, counts in self.presses.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ClassBalance:
        """Read what `to_document` wrote."""
        return cls(
            frames=int(document["frames"]),
            held={name: tuple(map(int, counts)) for name, counts in document["held"].items()},
            histograms={
                name: tuple(tuple(map(float, one)) for one in many) for name, many in document["histograms"].items()
            },
            mouse_scales={name: float(scale) for name, scale in document["mouse_scales"].items()},
            presses={name: tuple(map(int, counts)) for name, counts in document.get("presses", {}).items()},
        )


def class_balance(actions: Iterable[NDArray[np.float32]], space: ActionSpace) -> ClassBalance:
    """Count actions.

    Args:
        actions: float32[n, A] each, such as one an episode.
        space: how they are read.

    Raises:
        TrainingError: there are none, or one is not a number.
    """
    frames = 0
    held = np.zeros(space.width, np.int64)
    presses = np.zeros(space.width, np.int64)
    counts = np.zeros((space.width, COARSE_BINS), np.int64)
    mouse_places = space.places_of(HeadKind.MOUSE)
    motion: list[NDArray[np.float32]] = []
    sampled = 0
    for part in actions:
        if not np.isfinite(part).all():
            row, place = np.argwhere(~np.isfinite(part))[0]
            raise TrainingError(
                f"the value of '{space.names[place]}' in row {row} of an episode is no number",
                remedy="Convert the recording again, or leave the episode out",
            )
        frames += len(part)
        is_held = part >= 0.5
        held += is_held.sum(0)
        presses += (is_held[1:] & ~is_held[:-1]).sum(0)
        for head in space.of_kind(HeadKind.STICK, HeadKind.ANALOG, HeadKind.TRIGGER):
            low = 0.0 if head.kind is HeadKind.TRIGGER else -1.0
            for place in head.places:
                counts[place] += np.histogram(part[:, place].clip(low, 1), COARSE_BINS, (low, 1))[0]
        if mouse_places and sampled < MOUSE_SAMPLE:
            motion.append(np.abs(part[:, mouse_places]))
            sampled += len(part)
    if not frames:
        raise TrainingError("there are no actions to train on", remedy="Choose episodes that are not empty")
    speeds = np.concatenate(motion) if motion else np.zeros((1, 0), np.float32)
    scales: dict[str, float] = {}
    for head in space.of_kind(HeadKind.MOUSE):
        columns = speeds[:, [mouse_places.index(place) for place in head.places]]
        moving = columns[columns > 0]
        scales[head.name] = float(np.quantile(moving, MOUSE_QUANTILE)) if len(moving) else 1.0
    return ClassBalance(
        frames=frames,
        held={
            head.name: tuple(int(held[place]) for place in head.places)
            for head in space.of_kind(HeadKind.DIGITAL, HeadKind.CATEGORICAL)
        },
        histograms={
            head.name: tuple(tuple((counts[place] / frames).tolist()) for place in head.places)
            for head in space.of_kind(HeadKind.STICK, HeadKind.ANALOG, HeadKind.TRIGGER)
        },
        mouse_scales=scales,
        presses={
            head.name: tuple(int(presses[place]) for place in head.places) for head in space.of_kind(HeadKind.DIGITAL)
        },
    )
