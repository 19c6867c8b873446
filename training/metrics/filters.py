"""A filter (menus, idle stretches, cuts …) against the truth: what it took away, rightly or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.metrics.events import EventScore, score
from training.metrics.intervals import sums_by_group


@dataclass(frozen=True, kw_only=True)
class FilterFigures:
    """How well a filter tells what it is to tell.

    Attributes:
        name: the filter's.
        score: precision, recall and F1 over frames, with intervals over groups; all None if the truth has no frame of
            that kind.
        flagged_share: of all frames.
        true_share: of all frames.
    """

    name: str
    score: EventScore
    flagged_share: float
    true_share: float

    def __str__(self) -> str:
        return (
            f"{self.name}: precision {self.score.precision}, recall {self.score.recall}, F1 {self.score.f1}; "
            f"{self.flagged_share:.1%} flagged, {self.true_share:.1%} true"
        )


def filter_figures(
    name: str, flagged: NDArray[np.bool_], true: NDArray[np.bool_], group: NDArray[np.int64]
) -> FilterFigures:
    """Hold a filter against the truth, frame by frame and without tolerance.

    Args:
        name: the filter's.
        flagged: bool[N], what it found.
        true: bool[N], what it was to find.
        group: int64[N], the session of each frame; intervals are drawn over sessions.
    """
    assert flagged.shape == true.shape == group.shape
    groups = np.unique(group, return_inverse=True)[1].astype(np.int64)
    parts = sums_by_group(np.column_stack([flagged & true, ~flagged & true, flagged & ~true]), groups)
    return FilterFigures(
        name=name,
        score=score(parts.reshape(-1, 3)),
        flagged_share=float(flagged.mean()) if len(flagged) else 0.0,
        true_share=float(true.mean()) if len(true) else 0.0,
    )
