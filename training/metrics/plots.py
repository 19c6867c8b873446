"""A report as pictures: events by action, reliability diagrams, the lag sweep."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from training.metrics.calibration import CalibrationScore
from training.metrics.lag import LagSweep
from training.metrics.report import ACTIONS_ONLY, MODEL, NO_OP, PERSISTENCE, EvaluationReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

COLOURS = {MODEL: "#2b6cb0", NO_OP: "#b8b8b8", PERSISTENCE: "#d69e2e", ACTIONS_ONLY: "#9f7aea"}
DPI = 110
COLUMNS = 4
MOST_DIAGRAMS = 16
FEW_ROWS = 20
"""A bin of fewer is drawn apart: its share is chance."""


def draw_report(report: EvaluationReport, directory: Path) -> tuple[str, ...]:
    """Draw what there is to be drawn; the names of the files.

    Args:
        report: what was measured.
        directory: an existing one.
    """
    sheets: dict[str, Sheet] = {}
    if report.model.events.actions:
        sheets["events.png"] = _events(report)
    diagrams = _diagrams(report)
    if diagrams:
        sheets["reliability.png"] = reliability_sheet(diagrams)
    sheets["lag.png"] = _lag(report.lag)
    for name, sheet in sheets.items():
        sheet.savefig(directory / name, dpi=DPI)
    return tuple(sheets)


def reliability_sheet(scores: Mapping[str, CalibrationScore]) -> Sheet:
    """A reliability diagram each: what was said against what was, and how often it was said."""
    columns = min(COLUMNS, len(scores))
    rows = -(-len(scores) // columns)
    sheet = _sheet(2.7 * columns, 2.9 * rows)
    for number, (name, score) in enumerate(scores.items()):
        _reliability(sheet.add_subplot(rows, columns, number + 1), name, score)
    return sheet


def _reliability(axes: Axes, name: str, score: CalibrationScore) -> None:
    whole = sum(one.count for one in score.bins)
    middles = [(one.low + one.high) / 2 for one in score.bins]
    width = 1 / 15
    # How many rows stand in each bin, by the square root: one bin holds nearly all.
    heights = [(one.count / whole) ** 0.5 for one in score.bins]
    axes.bar(middles, heights, width=width, color="#e2e8f0", label="√ share of rows")
    axes.plot([0, 1], [0, 1], color="#a0aec0", linewidth=1, linestyle="--")
    firm = [one for one in score.bins if one.count >= FEW_ROWS]
    few = [one for one in score.bins if one.count < FEW_ROWS]
    axes.plot(
        [one.said for one in firm], [one.was for one in firm],
        marker="o", markersize=3.5, color=COLOURS[MODEL], linewidth=1.2,
    )  # fmt: skip
    axes.plot([one.said for one in few], [one.was for one in few], "o", markersize=3, color="#cbd5e0", fillstyle="none")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    skill = "none" if score.skill is None else f"{round(score.skill, 2) + 0.0:.2f}"
    axes.set_title(f"{name}\nECE {score.ece.value or 0:.3f}, skill {skill}", fontsize=8)
    axes.set_xlabel("said", fontsize=8)
    axes.set_ylabel("was", fontsize=8)
    axes.tick_params(labelsize=7)


def _diagrams(report: EvaluationReport) -> dict[str, CalibrationScore]:
    if report.calibration is None:
        return {}
    found: dict[str, CalibrationScore] = {}
    if report.calibration.all_held is not None:
        found["held, all buttons"] = report.calibration.all_held
    found |= {f"held: {name}": one for name, one in report.calibration.held.items()}
    buttons = set(report.calibration.held)
    found |= {f"confidence: {name}": one for name, one in report.calibration.confidence.items() if name not in buttons}
    return dict(list(found.items())[:MOST_DIAGRAMS])


def _events(report: EvaluationReport) -> Sheet:
    names = [name for name, one in report.model.events.actions.items() if one.both.f1.value is not None]
    shown = [*names, "all"]
    sheet = _sheet(max(5.0, 1.1 * len(shown) + 1.5), 3.6)
    axes = sheet.add_subplot()
    speakers = {MODEL: report.model, **report.baselines}
    width = 0.8 / len(speakers)
    for number, (who, figures) in enumerate(speakers.items()):
        scores = [figures.events.actions[name].both.f1 for name in names] + [figures.events.micro.both.f1]
        places = [place + (number - (len(speakers) - 1) / 2) * width for place in range(len(shown))]
        values = [score.value or 0.0 for score in scores]
        axes.bar(places, values, width=width, color=COLOURS[who], label=who)
        for place, score in zip(places, scores, strict=True):
            if score.low is not None and score.high is not None:
                axes.plot([place, place], [score.low, score.high], color="#2d3748", linewidth=1)
    events = [report.model.events.actions[name].both.true_events for name in names]
    events.append(report.model.events.micro.both.true_events)
    labels = [f"{name}\n{count:,}" for name, count in zip(shown, events, strict=True)]
    axes.set_xticks(range(len(shown)), labels, fontsize=8)
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("F1 of presses and releases, ±1 frame", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=len(speakers), frameon=False)
    return sheet


def _lag(sweep: LagSweep) -> Sheet:
    sheet = _sheet(4.6, 3.0)
    axes = sheet.add_subplot()
    for values, label, colour in ((sweep.event_f1, "event F1, no tolerance", "#2b6cb0"), (sweep.r2, "R²", "#dd6b20")):
        there = [(lag, value) for lag, value in zip(sweep.lags, values, strict=True) if value is not None]
        if there:
            lags, heights = zip(*there, strict=True)
            axes.plot(lags, [max(-0.2, one) for one in heights], marker="o", markersize=4, label=label, color=colour)
    if sweep.best is not None:
        axes.axvline(sweep.best, color="#a0aec0", linestyle="--", linewidth=1)
    best = "none" if sweep.best is None else f"{sweep.best:+d}" if sweep.best else "0"
    axes.set_title(f"best lag: {best}", fontsize=9)
    axes.set_xticks(sweep.lags)
    axes.set_ylim(-0.22, 1.02)
    axes.set_xlabel("frames by which the truth is later", fontsize=8)
    axes.tick_params(labelsize=8)
    if axes.has_data() and axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False)
    return sheet


def _sheet(width: float, height: float) -> Sheet:
    """Inches; without pyplot, which would look for a screen and keep every sheet."""
    from matplotlib.figure import Figure as Sheet

    return Sheet(figsize=(width, height), layout="constrained")
