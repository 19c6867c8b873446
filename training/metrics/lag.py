"""Whether what is said fits the frame it is said of, or one beside it.

An input stream that is late by a frame, or a loader that is off by one, costs little in accuracy (most rows are like
their neighbours) and breaks everything that is trained on it. So what is said of frame t is held against what was held
at frame t + lag, for every lag from −4 to +4, without any tolerance. The best lag of a sound chain is 0. A best lag of
+1 says: what is said of a frame was held one frame later.

All lags are scored on the same rows, those with four rows of their run on either side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.metrics.axes import axis_figures
from training.metrics.events import event_figures
from training.metrics.rows import Rows

MOST_FRAMES = 4


@dataclass(frozen=True, kw_only=True)
class LagSweep:
    """How well what is said fits at each lag.

    Attributes:
        lags: in frames.
        event_f1: of all presses and releases, without tolerance; None where there is no event.
        r2: the mean over kinds of axes of their pooled R²; None where no axis moves.
        best: the lag with the greatest mean of both; None where nothing fits at any lag.
    """

    lags: tuple[int, ...]
    event_f1: tuple[float | None, ...]
    r2: tuple[float | None, ...]
    best: int | None


def lag_sweep(rows: Rows, most_frames: int = MOST_FRAMES) -> LagSweep:
    """Score every lag from ``-most_frames`` to ``most_frames``."""
    inside = _inside(rows.runs, most_frames)
    lags = tuple(range(-most_frames, most_frames + 1))
    events: list[float | None] = []
    axes: list[float | None] = []
    for lag in lags:
        moved = replace(rows, truth=np.roll(rows.truth, -lag, axis=0)).only(inside)
        events.append(event_figures(moved, tolerance=0).micro.both.f1.value)
        pooled = [one.r2.value for one in axis_figures(moved).pooled.values() if one.r2.value is not None]
        axes.append(float(np.mean(pooled)) if pooled else None)
    scores = [_score(event, axis) for event, axis in zip(events, axes, strict=True)]
    best = int(np.argmax(scores))
    return LagSweep(lags=lags, event_f1=tuple(events), r2=tuple(axes), best=lags[best] if scores[best] > 0 else None)


def _score(event_f1: float | None, r2: float | None) -> float:
    there = [max(0.0, one) for one in (event_f1, r2) if one is not None]
    return float(np.mean(there)) if there else 0.0


def _inside(runs: NDArray[np.int64], most_frames: int) -> NDArray[np.bool_]:
    """Rows with so many rows of their run on either side."""
    inside = np.zeros(len(runs), np.bool_)
    if len(runs) > 2 * most_frames:
        middle = slice(most_frames, len(runs) - most_frames)
        inside[middle] = runs[2 * most_frames :] == runs[: -2 * most_frames]
    return inside
