"""Whether a probability means what it says: of a hundred "0.8" eighty should be so.

Rows are sorted into bins by the probability; in each bin the mean probability is held against the share that was so.

    ECE = Σ over bins of (rows of the bin / all rows) · |mean probability − share|

`ece` has `BINS` bins of equal width over [0, 1]; `ece_equal_mass` has as many with equally many rows each. As buttons
rest most of the time, most rows stand near 0 and both are small for whoever says "almost never" everywhere. Therefore
`ece_possible` looks only at rows whose probability is at least `POSSIBLE`, and `skill` says how much better the
probabilities are than the constant share itself (Brier's skill score: 1 perfect, 0 no better, below 0 worse):
calibrated and worthless is possible, and seen there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.action_space import Head, HeadKind
from training.metrics.intervals import Figure, figure
from training.metrics.rows import BUTTON_KINDS, Rows

BINS = 15
POSSIBLE = 0.1
STICK_RIGHT = 0.1
"""A stick, a trigger or an analog action is told rightly if it is no further off than this, on every axis."""


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Rows of like probability.

    Attributes:
        low, high: its edges.
        count: rows.
        said: their mean probability.
        was: the share that was so.
    """

    low: float
    high: float
    count: int
    said: float
    was: float


@dataclass(frozen=True, kw_only=True)
class CalibrationScore:
    """How far probabilities can be believed.

    Attributes:
        ece, ece_equal_mass, ece_possible: see the module; `ece_possible` is None where no row is possible.
        skill: None where it was always so, or never.
        bins: of equal width; those without rows are left out.
    """

    ece: Figure
    ece_equal_mass: Figure
    ece_possible: Figure
    skill: float | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True, kw_only=True)
class CalibrationFigures:
    """Of everything that says how sure it is.

    Attributes:
        held: by action, the probability that it is held, against whether it was.
        all_held: the same of all buttons in one; None without probabilities.
        confidence: by head, its confidence against whether what it says is right.
    """

    held: Mapping[str, CalibrationScore]
    all_held: CalibrationScore | None
    confidence: Mapping[str, CalibrationScore]


def calibration_figures(rows: Rows, mouse_scales: Mapping[str, float] | None = None) -> CalibrationFigures:
    """Of all heads that say how sure they are.

    Args:
        rows: with probabilities and confidence.
        mouse_scales: by mouse head, the counts a frame of its fastest bin; see `is_right`.
    """
    held: dict[str, CalibrationScore] = {}
    everything = None
    places = list(rows.button_places)
    if rows.probabilities is not None and places and len(rows):
        chances, was = rows.probabilities[:, places], rows.truth_held[:, places]
        for number, place in enumerate(places):
            held[rows.space.names[place]] = calibration_score(chances[:, number], was[:, number], rows.groups)
        everything = calibration_score(chances.ravel(), was.ravel(), np.repeat(rows.groups, len(places)))
    confidence: dict[str, CalibrationScore] = {}
    if rows.confidence is not None and len(rows):
        for number, head in enumerate(rows.space.heads):
            confidence[head.name] = calibration_score(
                rows.confidence[:, number], is_right(rows, head, (mouse_scales or {}).get(head.name, 0.0)), rows.groups
            )
    return CalibrationFigures(held=held, all_held=everything, confidence=confidence)


def is_right(rows: Rows, head: Head, mouse_scale: float = 0.0) -> NDArray[np.bool_]:
    """bool[N]: what a head says is right.

    Of sticks, triggers and analog actions: within `STICK_RIGHT`. Of the mouse: within this part of what is said, or of
    the same part of its scale, whichever is more.
    """
    places = list(head.places)
    if head.kind in BUTTON_KINDS:
        return (rows.truth_held[:, places] == rows.said_held[:, places]).all(axis=1)
    off = np.abs(rows.truth[:, places] - rows.values[:, places]).max(1)
    if head.kind is HeadKind.MOUSE:
        said = np.abs(rows.values[:, places]).max(1)
        return off <= STICK_RIGHT * np.maximum(said, mouse_scale * STICK_RIGHT)
    return off <= STICK_RIGHT


def calibration_score(
    probability: NDArray[np.floating], was: NDArray[np.bool_], groups: NDArray[np.int64]
) -> CalibrationScore:
    """Hold probabilities against what was.

    Args:
        probability: [n], in [0, 1].
        was: bool[n].
        groups: int64[n], from 0 on.
    """
    probability = np.clip(probability.astype(np.float64), 0, 1)
    even = np.linspace(0, 1, BINS + 1, dtype=np.float64)
    inner = np.unique(np.quantile(probability, even[1:-1])).astype(np.float64)
    possible = probability >= POSSIBLE
    return CalibrationScore(
        ece=_ece(probability, was, groups, even[1:-1]),
        ece_equal_mass=_ece(probability, was, groups, inner),
        ece_possible=_ece(probability[possible], was[possible], groups[possible], even[1:-1]),
        skill=_skill(probability, was),
        bins=_bins(probability, was, even),
    )


def _ece(
    probability: NDArray[np.float64], was: NDArray[np.bool_], groups: NDArray[np.int64], inner: NDArray[np.floating]
) -> Figure:
    bins = len(inner) + 1
    number = np.searchsorted(inner, probability, side="right")
    count = int(groups.max()) + 1 if len(groups) else 0
    parts = np.zeros((count, bins, 3))
    np.add.at(parts, (groups, number), np.column_stack([np.ones(len(was)), probability, was]))

    def ece(summed: NDArray[np.float64]) -> NDArray[np.float64]:
        rows, said, held = np.moveaxis(summed.reshape(*summed.shape[:-1], bins, 3), -1, 0)
        whole = rows.sum(-1)
        return np.where(whole > 0, np.abs(said - held).sum(-1) / whole, np.nan)

    return figure(parts.reshape(count, bins * 3), ece, counts=parts[..., 0].sum(-1))


def _skill(probability: NDArray[np.float64], was: NDArray[np.bool_]) -> float | None:
    share = was.mean()
    if share in (0.0, 1.0):
        return None
    return float(1 - ((probability - was) ** 2).mean() / (share * (1 - share)))


def _bins(probability: NDArray[np.float64], was: NDArray[np.bool_], edges: NDArray[np.floating]) -> tuple[Bin, ...]:
    number = np.searchsorted(edges[1:-1], probability, side="right")
    found: list[Bin] = []
    for place in range(len(edges) - 1):
        inside = number == place
        if inside.any():
            found.append(
                Bin(
                    low=float(edges[place]),
                    high=float(edges[place + 1]),
                    count=int(inside.sum()),
                    said=float(probability[inside].mean()),
                    was=float(was[inside].mean()),
                )
            )
    return tuple(found)
