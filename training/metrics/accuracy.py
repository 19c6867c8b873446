"""Whole rows right, and the button accuracy that flatters.

A row is right if every digital and categorical value of it is right (`joint`). `at_changes` counts only rows whose
buttons are not those of the row before: whoever repeats the row before has 0 there. `buttons` is the mean over actions
of the share of rows at which that one action is right: the figure that is often published. It is here to be
distrusted: buttons rest most of the time, so saying "nothing is held" earns 0.9 of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.metrics.intervals import Figure, figure, share, sums_by_group
from training.metrics.rows import Rows


@dataclass(frozen=True, kw_only=True)
class AccuracyFigures:
    """Shares of rows.

    Attributes:
        joint: all buttons of the row right.
        at_changes: likewise, of rows that differ from the row before; None without one.
        buttons: the mean over actions. It flatters.
        actions: of each action alone. They flatter.
    """

    joint: Figure
    at_changes: Figure
    buttons: Figure
    actions: Mapping[str, Figure]


def accuracy_figures(rows: Rows) -> AccuracyFigures | None:
    """Of all digital and categorical actions; None where there are none."""
    places = list(rows.button_places)
    if not places:
        return None
    right = rows.truth_held[:, places] == rows.said_held[:, places]
    everything = np.ones(len(rows), np.bool_)
    return AccuracyFigures(
        joint=accuracy(right.all(1), everything, rows.groups),
        at_changes=accuracy(right.all(1), changes(rows), rows.groups),
        buttons=accuracy(right.mean(1), everything, rows.groups),
        actions={
            rows.space.names[place]: accuracy(right[:, number], everything, rows.groups)
            for number, place in enumerate(places)
        },
    )


def changes(rows: Rows) -> NDArray[np.bool_]:
    """bool[N]: rows whose buttons are not those of the row before, in the same run."""
    held = rows.truth_held[:, list(rows.button_places)]
    found = np.zeros(len(rows), np.bool_)
    found[1:] = (held[1:] != held[:-1]).any(1) & (rows.runs[1:] == rows.runs[:-1])
    return found


def accuracy(right: NDArray[np.bool_ | np.floating], counted: NDArray[np.bool_], groups: NDArray[np.int64]) -> Figure:
    """The mean of ``right`` over the rows that are counted, with its interval."""
    whole = counted.astype(np.float64)
    parts = sums_by_group(np.column_stack([right * whole, whole]), groups)
    return figure(parts, share, counts=parts[:, 1])
