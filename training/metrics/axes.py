"""Sticks, triggers and mouse: how much of what they did is told.

    R² = 1 − Σ (held − said)² / Σ (held − mean held)²

over all rows of the test part, of each axis; pooled over several axes, both sums run over all of them, each with its
own mean. 1 is perfect, 0 is as good as knowing the mean of the test part, below 0 is worse. A stick that rests the
whole time has no R² (None). Because a stick that moved once has a tiny lower sum, the share of rows at which it was
off rest stands beside it, and the mean absolute error in the dataset's units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.action_space import HeadKind
from training.metrics.intervals import Figure, figure, sums_by_group
from training.metrics.rows import Rows

FLAT = 1e-9
"""A variance below this, a row, is no movement but float32's last digits."""


@dataclass(frozen=True, kw_only=True)
class AxisScore:
    """How well one axis, or several, are told.

    Attributes:
        r2: see the module.
        mean_error: the mean absolute difference, in the dataset's units.
        moving_share: of rows at which it was not exactly at rest.
    """

    r2: Figure
    mean_error: float
    moving_share: float


@dataclass(frozen=True, kw_only=True)
class AxisFigures:
    """All axes.

    Attributes:
        axes: by the value's name, such as ``move.x``.
        pooled: by kind of head, over all its axes; units are the same within a kind.
    """

    axes: Mapping[str, AxisScore]
    pooled: Mapping[HeadKind, AxisScore]


def axis_figures(rows: Rows) -> AxisFigures:
    """Of all sticks, analog actions, triggers and mouse motions."""
    places: dict[HeadKind, list[int]] = {}
    for head in rows.axis_heads:
        places.setdefault(head.kind, []).extend(head.places)
    return AxisFigures(
        axes={
            rows.space.names[place]: _score(rows, [place])
            for place in sorted(place for found in places.values() for place in found)
        },
        pooled={kind: _score(rows, found) for kind, found in places.items()},
    )


def _score(rows: Rows, places: Sequence[int]) -> AxisScore:
    truth = rows.truth[:, places].astype(np.float64)
    said = rows.values[:, places].astype(np.float64)
    sums = [np.ones_like(truth), truth, truth**2, (truth - said) ** 2]
    parts = sums_by_group(np.stack(sums, -1), rows.groups)  # [G, axes, 4]
    flat = parts.reshape(len(parts), len(places) * 4)

    def r2(summed: NDArray[np.float64]) -> NDArray[np.float64]:
        count, total, squares, missed = np.moveaxis(summed.reshape(*summed.shape[:-1], len(places), 4), -1, 0)
        spread = squares - total**2 / count
        spread = np.where(spread > FLAT * count, spread, 0.0)
        whole = spread.sum(-1)
        return np.where(whole > 0, 1 - missed.sum(-1) / whole, np.nan)

    return AxisScore(
        r2=figure(flat, r2, counts=parts[:, 0, 0]),
        mean_error=float(np.abs(truth - said).mean()) if len(rows) else 0.0,
        moving_share=float((truth != 0).any(1).mean()) if len(rows) else 0.0,
    )
