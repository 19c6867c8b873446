"""Runs beside each other: the settings that differ, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playloom.errors import OutputError
from training.runs.reading import LEFT, Run

PLACES = ("run.root", "run.name", "run.directory", "data.cache_directory")
"""Settings that say where a run lies: they differ always, and make no difference."""

CURVES = 6
WIDTH_IN, HEIGHT_IN = 5.0, 3.2
SMOOTH_SHARE = 0.05


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Runs beside each other.

    Attributes:
        runs: in the order in which they were named.
        settings: values of the settings that differ, a list in the runs' order; None where a run does not have it.
        figures: the same of the figures that were found last.
    """

    runs: tuple[Run, ...]
    settings: dict[str, list[Any]]
    figures: dict[str, list[float | None]]

    def to_document(self) -> dict[str, Any]:
        """For programs."""
        names = [run.name for run in self.runs]
        return {
            "runs": names,
            "settings": {key: dict(zip(names, values, strict=True)) for key, values in self.settings.items()},
            "figures": {key: dict(zip(names, values, strict=True)) for key, values in self.figures.items()},
        }


def compare_runs(runs: Sequence[Run]) -> Comparison:
    """What differs between them, and every figure that one of them has."""
    keys = sorted({key for run in runs for key in run.settings})
    settings = {key: [run.settings.get(key) for run in runs] for key in keys if key not in PLACES}
    data = [run.data for run in runs]
    differing = {key: values for key, values in settings.items() if any(value != values[0] for value in values)}
    if any(one != data[0] for one in data):
        differing = {"data": data, **differing}
    latest = [run.latest for run in runs]
    names = sorted({name for figures in latest for name in figures if name != LEFT}, key=_validation_first)
    return Comparison(
        runs=tuple(runs), settings=differing, figures={name: [one.get(name) for one in latest] for name in names}
    )


def draw_curves(runs: Sequence[Run], path: Path, names: Sequence[str] = ()) -> list[str]:
    """Draw figures over the steps, one picture for each, every run a line; as a PNG.

    Args:
        runs: whose.
        path: of the picture.
        names: of the figures; none: the first six that have a curve.

    Returns:
        The names of what was drawn.

    Raises:
        OutputError: it cannot be written.
    """
    from matplotlib.figure import Figure

    wanted = list(names) or _with_curves(runs)[:CURVES]
    columns = min(3, max(1, len(wanted)))
    rows = -(-max(1, len(wanted)) // columns)
    figure = Figure(figsize=(WIDTH_IN * columns, HEIGHT_IN * rows + 0.4 * (len(runs) > 1)), layout="constrained")
    for place, name in enumerate(wanted):
        axes = figure.add_subplot(rows, columns, place + 1)
        axes.set_title(name)
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
        for color, run in enumerate(runs):
            curve = run.curve(name)
            steps, values = [step for step, _ in curve], [value for _, value in curve]
            shade = f"C{color % 10}"
            if len(values) >= 20 / SMOOTH_SHARE:
                axes.plot(steps, values, color=shade, alpha=0.25, linewidth=0.8)
                values = _smooth(values)
            axes.plot(steps, values, color=shade, label=run.name, marker="o" if len(steps) == 1 else "")
        if place == 0:
            axes.legend(fontsize="small")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise OutputError(path, f"cannot be written: {error.strerror or error}") from error
    return wanted


def _with_curves(runs: Sequence[Run]) -> list[str]:
    names = sorted({name for run in runs for name in run.latest}, key=_validation_first)
    curved = [name for name in names if name != LEFT and any(len(run.curve(name)) > 1 for run in runs)]
    losses = [name for name in curved if name.endswith("/loss")]
    return losses + [name for name in curved if name not in losses]


def _validation_first(name: str) -> tuple[int, str]:
    order = ("validation/", "test/", "train/")
    return next((place for place, start in enumerate(order) if name.startswith(start)), len(order)), name


def _smooth(values: Sequence[float]) -> list[float]:
    """An average over some neighbours on both sides."""
    reach = max(1, int(len(values) * SMOOTH_SHARE / 2))
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    smooth = []
    for place in range(len(values)):
        begin, end = max(0, place - reach), min(len(values), place + reach + 1)
        smooth.append((sums[end] - sums[begin]) / (end - begin))
    return smooth
