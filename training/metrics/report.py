"""Everything that is to be known of a model on one part of a dataset, each figure beside those of the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from training.action_space import HeadKind
from training.metrics.accuracy import AccuracyFigures, accuracy_figures
from training.metrics.actions_only import ActionsOnlyModel
from training.metrics.axes import AxisFigures, axis_figures
from training.metrics.baselines import EVENT_LEAD_FRAMES, ROW_LEAD_FRAMES, no_op, persistence
from training.metrics.calibration import CalibrationFigures
from training.metrics.ceiling import PixelCeiling
from training.metrics.events import EventFigures, event_figures
from training.metrics.intervals import Figure
from training.metrics.lag import LagSweep
from training.metrics.rows import Rows

_KINDS = {
    HeadKind.STICK: "sticks",
    HeadKind.TRIGGER: "triggers",
    HeadKind.ANALOG: "analog actions",
    HeadKind.MOUSE: "mouse",
}
MODEL, NO_OP, PERSISTENCE, ACTIONS_ONLY = "model", "no-op", "persistence", "actions only"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one speaker gets. Attributes: events, axes; accuracy: None where there is no button."""

    events: EventFigures
    axes: AxisFigures
    accuracy: AccuracyFigures | None


@dataclass(frozen=True, kw_only=True)
class EvaluationReport:
    """What was measured.

    Attributes:
        about: of the model and of what it was held against, in words and numbers.
        model: its figures.
        baselines: by name, theirs.
        calibration: whether its probabilities can be believed; None where it has none.
        uncalibrated: the same before temperatures were applied; None where there are none.
        lag: whether what it says fits the frame it says it of.
        ceiling: what the pictures can show; None where the game could not be branched.
        shown_events: the model's events, those that no picture shows left out; None where nobody knows them.
        single_row_events: the model's events where each row is read by itself; None where that is all that is done.
        notes: what the reader has to know.
    """

    about: Mapping[str, Any]
    model: Figures
    baselines: Mapping[str, Figures]
    calibration: CalibrationFigures | None
    uncalibrated: CalibrationFigures | None
    lag: LagSweep
    ceiling: PixelCeiling | None = None
    shown_events: EventFigures | None = None
    single_row_events: EventFigures | None = None
    notes: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """As report.json holds it."""
        return {"format": 1, **_plain(self)}


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One figure of all speakers.

    Attributes:
        name: of the figure.
        figures: by speaker; who has none is left out.
        flatters: whether it is high for who says nothing.
    """

    name: str
    figures: Mapping[str, Figure]
    flatters: bool = False

    @property
    def count(self) -> int:
        """How many cases the model's figure stands on."""
        return self.figures[MODEL].count if MODEL in self.figures else 0


def figures_of(rows: Rows, event_rows: Rows | None = None) -> Figures:
    """All figures of one speaker.

    Args:
        rows: what it says.
        event_rows: what it says where events are counted; a baseline is told less there. None: the same.
    """
    return Figures(
        events=event_figures(rows if event_rows is None else event_rows),
        axes=axis_figures(rows),
        accuracy=accuracy_figures(rows),
    )


def baseline_figures(rows: Rows, train: Rows | None) -> dict[str, Figures]:
    """The figures of all baselines on the rows of a model.

    Args:
        rows: of the part that is tested.
        train: of the part that the model was trained on; None leaves the actions-only model out.
    """
    found = {
        NO_OP: figures_of(no_op(rows)),
        PERSISTENCE: figures_of(persistence(rows, ROW_LEAD_FRAMES), persistence(rows, EVENT_LEAD_FRAMES)),
    }
    if train is not None and len(train):
        by_row, by_event = (
            ActionsOnlyModel.fit(train, lead_frames=lead).say(rows) for lead in (ROW_LEAD_FRAMES, EVENT_LEAD_FRAMES)
        )
        found[ACTIONS_ONLY] = figures_of(by_row, by_event)
    return found


def table_of(report: EvaluationReport) -> list[TableRow]:
    """The figures in the order in which they are to be read: those that cannot flatter first."""
    speakers = {MODEL: report.model, **report.baselines}
    rows = [
        TableRow(name=name, figures={who: get(one) for who, one in speakers.items()})
        for name, get in (
            ("press and release F1", lambda one: one.events.micro.both.f1),
            ("press F1", lambda one: one.events.micro.press.f1),
            ("release F1", lambda one: one.events.micro.release.f1),
            ("event precision", lambda one: one.events.micro.both.precision),
            ("event recall", lambda one: one.events.micro.both.recall),
            ("mean F1 of the actions", lambda one: Figure(value=one.events.macro_f1)),
        )
        if report.model.events.actions
    ]
    rows += [
        TableRow(name=f"F1 {name}", figures={who: one.events.actions[name].both.f1 for who, one in speakers.items()})
        for name in report.model.events.actions
    ]
    rows += [
        TableRow(name=f"R² {_KINDS[kind]}", figures={who: one.axes.pooled[kind].r2 for who, one in speakers.items()})
        for kind in report.model.axes.pooled
    ]
    rows += [
        TableRow(name=f"R² {name}", figures={who: one.axes.axes[name].r2 for who, one in speakers.items()})
        for name in report.model.axes.axes
    ]
    accuracies = {who: one.accuracy for who, one in speakers.items() if one.accuracy is not None}
    if accuracies:
        rows += [
            TableRow(name="whole rows right", figures={who: one.joint for who, one in accuracies.items()}),
            TableRow(name="… where buttons change", figures={who: one.at_changes for who, one in accuracies.items()}),
        ]
    rows += _model_rows(report)
    if accuracies:
        flattering = {who: one.buttons for who, one in accuracies.items()}
        rows.append(TableRow(name="button accuracy", figures=flattering, flatters=True))
    return rows


def _model_rows(report: EvaluationReport) -> list[TableRow]:
    found: dict[str, Figure] = {}
    if report.shown_events is not None:
        found["press and release F1, of what is shown"] = report.shown_events.micro.both.f1
    if report.single_row_events is not None:
        found["press and release F1, each row by itself"] = report.single_row_events.micro.both.f1
    if report.ceiling is not None:
        found["pixel ceiling, all actions alike"] = report.ceiling.uniform
        found["pixel ceiling of this play"] = report.ceiling.with_habit
        if report.ceiling.accuracy is not None:
            found["accuracy up to what does the same"] = report.ceiling.accuracy
            found["… over the ceiling of this play"] = Figure(value=report.ceiling.accuracy_over_habit)
            found["… over that of all alike"] = Figure(value=report.ceiling.accuracy_over_ceiling)
    held = None if report.calibration is None else report.calibration.all_held
    if held is not None:
        found["ECE of held"] = held.ece
        found["ECE where held is possible"] = held.ece_possible
    before = None if report.uncalibrated is None else report.uncalibrated.all_held
    if before is not None:
        found["ECE of held without temperatures"] = before.ece
    if report.calibration is not None:
        found |= {f"ECE of confidence, {name}": one.ece for name, one in report.calibration.confidence.items()}
    return [TableRow(name=name, figures={MODEL: one}) for name, one in found.items()]


def _plain(value: Any) -> Any:
    """Of dataclasses, mappings and sequences what JSON knows."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
