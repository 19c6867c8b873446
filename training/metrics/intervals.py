"""A figure with what it stands on: its value, and how far it would move with other sessions.

Frames of one session are alike, so an interval over frames would be far too narrow. Here whole groups (sessions, or
episodes) are drawn anew with replacement (the percentile bootstrap), which is cheap because every figure is a function
of sums: each group brings its sums once, and a draw weighs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
SEED = 20260
LEVEL = 0.95
FEWEST_GROUPS = 2
"""With one session alone nothing says how another would be."""

type Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From sums float64[..., K] to figures float64[...], NaN where there is none."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure.

    Attributes:
        value: None where it stands on nothing (no press in the test part, a stick that never moved).
        low, high: within which 95 of 100 draws of other groups lie; None with fewer than two groups.
        count: how many cases it stands on: events, rows.
        groups: how many sessions or episodes brought them.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    count: int = 0
    groups: int = 0

    def __str__(self) -> str:
        if self.value is None:
            return "none"
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


def figure(parts: NDArray[np.float64], statistic: Statistic, *, counts: NDArray[np.float64] | None = None) -> Figure:
    """The figure of all groups together, with its interval.

    Args:
        parts: float64[G, K], what each group adds to the sums.
        statistic: what is made of the sums.
        counts: float64[G], how many cases each group brings; None: 1 each.
    """
    parts = np.asarray(parts, np.float64)
    counts = np.ones(len(parts)) if counts is None else counts
    contributing = int((counts > 0).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(statistic(parts.sum(0))) if len(parts) else float("nan")
        if not np.isfinite(value):
            return Figure(value=None, count=int(counts.sum()), groups=contributing)
        low = high = None
        if contributing >= FEWEST_GROUPS:
            drawn = statistic(_draws(len(parts)) @ parts)
            drawn = drawn[np.isfinite(drawn)]
            tail = (1 - LEVEL) / 2
            if len(drawn):
                low, high = (float(edge) for edge in np.quantile(drawn, (tail, 1 - tail)))
    return Figure(value=value, low=low, high=high, count=int(counts.sum()), groups=contributing)


def sums_by_group(
    values: NDArray[np.floating | np.bool_ | np.integer], groups: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What each group adds up to.

    Args:
        values: [N] or [N, K].
        groups: int64[N], from 0 on.

    Returns:
        float64[G] or float64[G, K].
    """
    count = int(groups.max()) + 1 if len(groups) else 0
    found = np.zeros((count, *values.shape[1:]), np.float64)
    np.add.at(found, groups, values.astype(np.float64))
    return found


def share(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The statistic of (part, whole): how much of the whole; NaN of nothing."""
    return np.where(parts[..., 1] > 0, parts[..., 0] / parts[..., 1], np.nan)


@lru_cache(maxsize=8)
def _draws(groups: int) -> NDArray[np.float64]:
    """How often each group is drawn, float64[DRAWS, G]; the same every time."""
    random = np.random.default_rng([SEED, groups])
    return random.multinomial(groups, np.full(groups, 1 / groups), size=DRAWS).astype(np.float64)
