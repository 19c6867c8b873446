"""The report's plots, as PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from playloom.labels.labels_file import Labels
from playloom.labels.reasons import Reason

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KEPT_COLOUR = "#2e7d32"
COLOURS: Mapping[Reason, str] = {
    Reason.LOW_CONFIDENCE: "#ef6c00",
    Reason.DISAGREEMENT: "#f9a825",
    Reason.LOADING: "#37474f",
    Reason.MENU: "#1565c0",
    Reason.IDLE: "#8d6e63",
    Reason.CUT: "#c62828",
    Reason.DUPLICATE: "#6a1b9a",
    Reason.DAMAGED: "#000000",
    Reason.END: "#9e9e9e",
    Reason.GAP: "#616161",
    Reason.SHORT: "#b0bec5",
}
COLUMNS = 1200
"""Of a timeline; a longer video's rows share them."""

BINS = 40


def reasons_plot(reasons: Mapping[Reason, int], kept: int, rows: int) -> bytes:
    """How many rows are kept, and how many go for each reason."""
    figure = _figure(8, 0.5 + 0.32 * (len(reasons) + 1))
    axes = figure.add_subplot()
    names = ["kept", *(reason.words for reason in reasons)]
    counts = [kept, *reasons.values()]
    bars = axes.barh(names, counts, color=[KEPT_COLOUR, *(COLOURS[reason] for reason in reasons)])
    axes.bar_label(bars, [f"{count:,} ({count / max(1, rows):.1%})" for count in counts], padding=4, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.25 * max(1, *counts))
    axes.set_xlabel("rows; one may go for several reasons")
    return _png(figure)


def timeline_plot(reasons: NDArray[np.int32], fps: int) -> bytes:
    """A video from its beginning to its end, each moment in the colour of what became of it."""
    from matplotlib.colors import to_rgb

    order = list(COLOURS)
    ranks = np.zeros(len(reasons), np.int64)
    for place, reason in reversed(list(enumerate(order, 1))):
        ranks[reasons & reason != 0] = place
    columns = min(COLUMNS, len(ranks))
    edges = np.linspace(0, len(ranks), columns + 1).astype(np.int64)
    shown = np.array([np.bincount(ranks[a:b]).argmax() for a, b in pairwise(edges)])
    palette = np.array([to_rgb(KEPT_COLOUR), *(to_rgb(COLOURS[reason]) for reason in order)])
    figure = _figure(10, 0.7)
    axes = figure.add_subplot()
    axes.imshow(palette[shown][None], aspect="auto", extent=(0, len(reasons) / fps, 0, 1), interpolation="nearest")
    axes.set_yticks([])
    axes.set_xlabel("seconds", fontsize=8)
    axes.tick_params(labelsize=8)
    return _png(figure)


def confidence_plot(labels: Sequence[Labels], names: Sequence[str]) -> bytes:
    """How sure the model was, head by head: the share of kept and of all rows by confidence."""
    figure = _figure(10, 0.6 + 0.28 * len(names))
    axes = figure.add_subplot()
    confidence = np.concatenate([one.confidence for one in labels])
    edges = np.linspace(0, 1, BINS + 1)
    picture = np.stack([np.histogram(confidence[:, place], edges)[0] for place in range(len(names))]).astype(np.float64)
    picture /= np.maximum(picture.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(picture, aspect="auto", extent=(0, 1, len(names), 0), cmap="viridis", interpolation="nearest")
    axes.set_yticks(np.arange(len(names)) + 0.5, list(names), fontsize=8)
    axes.set_xlabel("confidence; bright where most rows are", fontsize=8)
    axes.tick_params(labelsize=8)
    figure.colorbar(image, ax=axes, fraction=0.02)
    return _png(figure)


def activity_plot(labels: Sequence[Labels], names: Sequence[str]) -> bytes:
    """How much of the time each value is not at rest, in the rows that are kept: a dead or stuck button shows."""
    kept = np.concatenate([one.action[one.reasons == 0] for one in labels])
    shares = (np.abs(kept) > 0.2).mean(axis=0) if len(kept) else np.zeros(len(names))
    figure = _figure(8, 0.5 + 0.24 * len(names))
    axes = figure.add_subplot()
    bars = axes.barh(list(names), shares, color=KEPT_COLOUR)
    axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=4, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15)
    axes.tick_params(labelsize=8)
    axes.set_xlabel("share of kept rows in which it is not at rest", fontsize=8)
    return _png(figure)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", dpi=100)


def _png(figure: Figure) -> bytes:
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return target.getvalue()
