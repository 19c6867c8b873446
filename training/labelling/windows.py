"""Which windows a model looks through, and how their answers become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.action_space import ActionSpace, Head, HeadKind
from training.idm.spans import SpanRates, say_spans


@dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """Windows over the rows of a video.

    Attributes:
        starts: int64[k], the first row of each, increasing.
        window: pictures of one.
        step: rows from one picture to the next.
        rows: of the video.
    """

    starts: NDArray[np.int64]
    window: int
    step: int
    rows: int

    @property
    def span(self) -> int:
        """Rows from the first picture of a window to the last, both counted."""
        return (self.window - 1) * self.step + 1

    def rows_of(self, first: int, stop: int) -> NDArray[np.int64]:
        """int64[windows, window]: the rows that windows ``first`` to before ``stop`` look at."""
        return self.starts[first:stop, None] + np.arange(self.window) * self.step

    def settled(self, window: int) -> int:
        """Rows before it are looked at by no window from ``window`` on."""
        return int(self.starts[window]) if window < len(self.starts) else self.rows


def plan_windows(
    stretches: Sequence[tuple[int, int]], rows: int, *, window: int, step: int, overlap: int
) -> WindowPlan:
    """Windows that see each row about ``overlap`` times, and none across the end of a stretch.

    Args:
        stretches: (first row, row after the last) of rows that follow one another in time.
        rows: of the video.
        window: pictures of a window; of its last nothing can be said, because there is no next.
        step: rows from one picture to the next.
        overlap: how many windows see a row; where the window cannot be divided so, some rows are seen once less.
    """
    hop = -(-(window - 1) // overlap)
    span = (window - 1) * step + 1
    starts: set[int] = set()
    for first, stop in stretches:
        last = stop - span
        if last < first:
            continue
        wanted = (base + phase for base in range(first, last + 1, hop * step) for phase in range(step))
        starts |= {start for start in wanted if start <= last}
        starts |= {last - phase for phase in range(step) if last - phase >= first}
    return WindowPlan(starts=np.array(sorted(starts), np.int64), window=window, step=step, rows=rows)


def window_weights(window: int) -> NDArray[np.float32]:
    """float32[window]: how much of a window's answer counts at each place: most in the middle, nothing at the last."""
    seen = window - 1
    places = np.arange(seen)
    return np.append(np.minimum(places + 1, seen - places), 0).astype(np.float32)


@dataclass(kw_only=True)
class Merged:
    """What all windows said of rows, added up; row k of the arrays is row ``first + k``.

    Attributes:
        first: the first row.
        weight: float64[n].
        values, probabilities: float64[n, A], weighted sums.
        confidence: float64[n, H], likewise.
        least, most: float32[n, A], of what windows said, to tell how far they are apart.
    """

    first: int
    weight: NDArray[np.float64]
    values: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    confidence: NDArray[np.float64]
    least: NDArray[np.float32]
    most: NDArray[np.float32]

    @classmethod
    def empty(cls, rows: int, space: ActionSpace, first: int = 0) -> Merged:
        return cls(
            first=first,
            weight=np.zeros(rows),
            values=np.zeros((rows, space.width)),
            probabilities=np.zeros((rows, space.width)),
            confidence=np.zeros((rows, len(space.heads))),
            least=np.full((rows, space.width), np.inf, np.float32),
            most=np.full((rows, space.width), -np.inf, np.float32),
        )

    def add(
        self,
        rows: NDArray[np.int64],
        weights: NDArray[np.float32],
        values: NDArray[np.float32],
        probabilities: NDArray[np.float32],
        confidence: NDArray[np.float32],
    ) -> None:
        """Take windows' answers: [windows, window] rows, [windows, window, A or H] of the others."""
        said = np.where(np.isnan(probabilities), values, probabilities).astype(np.float32)
        for place in np.flatnonzero(weights):  # no row stands twice at one place of different windows
            at, weight = rows[:, place] - self.first, float(weights[place])
            self.weight[at] += weight
            self.values[at] += weight * values[:, place]
            self.probabilities[at] += weight * probabilities[:, place]
            self.confidence[at] += weight * confidence[:, place]
            self.least[at] = np.minimum(self.least[at], said[:, place])
            self.most[at] = np.maximum(self.most[at], said[:, place])

    def part(self, start: int, stop: int) -> Merged:
        """Rows ``start`` to before ``stop``."""
        part = slice(start - self.first, stop - self.first)
        arrays = {name: getattr(self, name)[part] for name in MERGED_ARRAYS}
        return Merged(first=start, **arrays)

    def put(self, part: Merged) -> None:
        """Take over what ``part`` holds of its rows."""
        place = slice(part.first - self.first, part.first - self.first + len(part.weight))
        for name in MERGED_ARRAYS:
            getattr(self, name)[place] = getattr(part, name)


MERGED_ARRAYS = ("weight", "values", "probabilities", "confidence", "least", "most")


@dataclass(frozen=True, kw_only=True)
class MergedLabels:
    """One answer a row.

    Attributes:
        seen: bool[n]: whether any window said something of it.
        values: float32[n, A] in the dataset's units.
        probabilities: float32[n, A]; NaN where a value is no button.
        confidence: float32[n, H]; 0 where nothing was said.
        disagreement: float32[n, H], from 0 to 1.
    """

    seen: NDArray[np.bool_]
    values: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    confidence: NDArray[np.float32]
    disagreement: NDArray[np.float32]


def merge(
    merged: Merged,
    space: ActionSpace,
    *,
    stretches: Sequence[tuple[int, int]] = (),
    spans: SpanRates | None = None,
) -> MergedLabels:
    """Make one answer of all.

    Args:
        merged: what windows said.
        space: what of.
        stretches: (first row, row after the last) of rows that follow one another in time.
        spans: how long buttons are held; None: each row is read by itself.
    """
    seen = merged.weight > 0
    weight = np.where(seen, merged.weight, 1.0)[:, None]
    values = (merged.values / weight).astype(np.float32)
    probabilities = (merged.probabilities / weight).astype(np.float32)
    confidence = (merged.confidence / weight).astype(np.float32)
    apart = np.where(seen[:, None], merged.most - merged.least, 0).astype(np.float32)
    disagreement = np.zeros_like(confidence)
    for number, head in enumerate(space.heads):
        places = list(head.places)
        largest = np.maximum(np.abs(merged.least[:, places]), np.abs(merged.most[:, places]))
        disagreement[:, number] = (apart[:, places] / _range(head, largest)).max(axis=1).clip(0, 1)
        if head.kind is HeadKind.DIGITAL:
            values[:, places] = probabilities[:, places] >= 0.5
        elif head.kind is HeadKind.CATEGORICAL:
            shares = probabilities[:, places]
            none = 1 - shares.sum(axis=1)
            chosen = shares.argmax(axis=1)
            values[:, places] = 0
            held = shares.max(axis=1) > none
            values[held, np.array(places)[chosen[held]]] = 1
    if spans is not None:
        say_spans(values, probabilities, confidence, _seen_runs(seen, stretches), space, spans)
    digital = list(space.places_of(HeadKind.DIGITAL, HeadKind.CATEGORICAL))
    others = np.setdiff1d(np.arange(space.width), digital)
    probabilities[:, others] = np.nan
    values[~seen] = 0
    probabilities[~seen] = np.nan
    confidence[~seen] = 0
    disagreement[~seen] = 0
    return MergedLabels(
        seen=seen,
        values=values,
        probabilities=probabilities,
        confidence=confidence,
        disagreement=disagreement,
    )


def _seen_runs(seen: NDArray[np.bool_], stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of each stretch the rows that follow one another and of which something was said."""
    runs: list[tuple[int, int]] = []
    for first, stop in stretches:
        edges = np.flatnonzero(np.diff(np.concatenate(([False], seen[first:stop], [False])))) + first
        runs += zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return runs


def _range(head: Head, largest: NDArray[np.float32]) -> NDArray[np.float32] | float:
    """How far a head's values can be apart."""
    if head.kind is HeadKind.MOUSE:
        return np.maximum(np.where(np.isfinite(largest), largest, 1), 1)
    return 2.0 if head.kind in (HeadKind.STICK, HeadKind.ANALOG) else 1.0
