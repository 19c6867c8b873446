"""A report of a model: its table, its page, its document and its pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.metric_rows import rows_of, space_of
from training.action_space import HeadKind
from training.metrics.calibration import calibration_figures
from training.metrics.intervals import Figure
from training.metrics.lag import lag_sweep
from training.metrics.markdown import markdown_of
from training.metrics.plots import draw_report
from training.metrics.report import (
    ACTIONS_ONLY,
    MODEL,
    NO_OP,
    PERSISTENCE,
    EvaluationReport,
    TableRow,
    baseline_figures,
    figures_of,
    table_of,
)
from training.metrics.rows import Rows

SPACE = space_of(jump=HeadKind.DIGITAL, never=HeadKind.DIGITAL, move=HeadKind.STICK)
EPISODES, LENGTH = 6, 200


def played(*, quality: float = 0.95) -> Rows:
    """Taps and a wandering stick; what is said is right so often."""
    random = np.random.default_rng(5)
    count = EPISODES * LENGTH
    jump = np.repeat(random.random(count // 4) < 0.2, 4)
    stick = np.clip(np.cumsum(random.normal(0, 0.08, (count, 2)), 0), -1, 1)
    truth = np.column_stack([jump, np.zeros(count), stick])
    wrong = random.random(count) > quality
    said = truth.copy()
    said[wrong, 0] = 1 - said[wrong, 0]
    said[:, 2:] += random.normal(0, 0.05, (count, 2))
    chances = np.where(said[:, :2] > 0.5, 0.93, 0.04)
    chances = np.column_stack([chances, np.full((count, 2), np.nan)])
    confidence = np.column_stack([np.full((count, 2), 0.95), np.full(count, 0.9)])
    return rows_of(SPACE, truth, said, lengths=[LENGTH] * EPISODES, probabilities=chances, confidence=confidence)


@pytest.fixture(scope="module")
def report() -> EvaluationReport:
    rows = played()
    return EvaluationReport(
        about={"title": "Inverse dynamics, test", "model": "a run"},
        model=figures_of(rows),
        baselines=baseline_figures(rows, rows),
        calibration=calibration_figures(rows),
        uncalibrated=None,
        lag=lag_sweep(rows),
        notes=("A note.",),
    )


def row_named(report: EvaluationReport, name: str) -> TableRow:
    return next(row for row in table_of(report) if row.name == name)


def value(figure: Figure) -> float:
    assert figure.value is not None
    return figure.value


def test_every_figure_stands_beside_those_of_the_baselines(report: EvaluationReport) -> None:
    events = row_named(report, "press and release F1").figures
    assert list(events) == [MODEL, NO_OP, PERSISTENCE, ACTIONS_ONLY]
    assert value(events[MODEL]) > 0.6 > value(events[ACTIONS_ONLY])
    assert value(events[NO_OP]) == 0.0
    assert value(row_named(report, "R² sticks").figures[MODEL]) > 0.9


def test_button_accuracy_is_the_last_and_said_to_flatter(report: EvaluationReport) -> None:
    last = table_of(report)[-1]
    assert (last.name, last.flatters) == ("button accuracy", True)
    assert value(last.figures[NO_OP]) > 0.85


def test_a_button_that_nobody_pressed_has_no_figure(report: EvaluationReport) -> None:
    assert row_named(report, "F1 never").figures[MODEL].value is None
    assert "| F1 never | none | none | none | none |" in markdown_of(report)


def test_the_page_says_what_is_to_be_known(report: EvaluationReport) -> None:
    page = markdown_of(report, ("events.png",))
    assert page.startswith("# Inverse dynamics, test\n\n- model: a run\n")
    assert "- A note." in page
    assert "What is said fits best at lag 0, as it should." in page
    assert "| button accuracy (flatters) |" in page
    assert "![Presses and releases found, by action](events.png)" in page


def test_an_alignment_that_is_off_is_the_first_thing_that_is_said() -> None:
    rows = played(quality=1)
    late = rows.saying(np.roll(rows.truth, 1, axis=0))
    found = EvaluationReport(
        about={}, model=figures_of(late), baselines={}, calibration=None, uncalibrated=None, lag=lag_sweep(late)
    )
    assert "What is said fits best 1 frame earlier (lag -1)" in markdown_of(found)


def test_the_document_is_json_and_none_is_null(report: EvaluationReport) -> None:
    document = json.loads(json.dumps(report.to_document(), allow_nan=False))
    assert document["model"]["events"]["actions"]["never"]["both"]["f1"]["value"] is None
    assert document["baselines"][NO_OP]["events"]["micro"]["both"]["hits"] == 0
    assert document["lag"]["best"] == 0


def test_the_pictures_are_drawn(report: EvaluationReport, tmp_path: Path) -> None:
    names = draw_report(report, tmp_path)
    assert names == ("events.png", "reliability.png", "lag.png")
    for name in names:
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 400
            assert len(set(picture.convert("L").resize((40, 40)).tobytes())) > 20
