"""Runs in words: lists, one of them, several beside each other."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from playloom.figures import age_in_words, count_in_words, one_line, rough_duration_in_words
from training.runs.comparing import Comparison
from training.runs.reading import LEFT, Run, RunState, figure_text

PIPE_COLUMNS = 1000
_STYLES = {RunState.RUNNING: "cyan", RunState.DONE: "green", RunState.STOPPED: "yellow", RunState.FAILED: "red"}
_TOLD = ("trainer.max_steps", "trainer.max_minutes", "data.batch", "trainer.learning_rate", "trainer.seed")


def print_runs(runs: Sequence[Run]) -> None:
    """A table."""
    rows = [
        (
            run.name,
            run.kind,
            Text(run.state, style=_STYLES[run.state]),
            f"{run.step:,}",
            "" if run.share is None else f"{100 * run.share:.0f} %",
            "" if run.headline is None else f"{run.headline[0]} {figure_text(run.headline[1])}",
            run.data,
        )
        for run in runs
    ]
    print_rows(("run", "kind", "state", "step", "over", "figure", "learns from"), rows)


def print_run(run: Run) -> None:
    """All that there is to know of one."""
    left = "" if run.left_s is None or run.state is not RunState.RUNNING else rough_duration_in_words(run.left_s)
    facts = [
        ("run", run.name),
        ("directory", str(run.path)),
        ("kind", run.kind),
        ("state", run.state.value),
        ("why", str(run.summary.get("problem", ""))),
        ("step", f"{run.step:,}" + ("" if run.share is None else f", {100 * run.share:.0f} %")),
        ("time left", left),
        ("trained", age_in_words(run.trained_s) if run.trained_s else ""),
        ("learns from", run.data),
        ("began with", ", ".join(str(one.get("path", "")) for one in run.lineage.get("parents") or ())),
        ("code", str(run.lineage.get("code") or run.lineage.get("playloom") or "")),
        ("terms", "; ".join(run.lineage.get("terms") or ())),
        ("told", ", ".join(f"{key}={run.settings[key]}" for key in _TOLD if run.settings.get(key) is not None)),
        ("checkpoints", _checkpoints(run)),
        ("registered", run.registered or ""),
    ]
    console = _console()
    for name, value in facts:
        if value:
            console.print(f"{name:<12} {one_line(value)}", markup=False)
    figures = {name: value for name, value in run.latest.items() if name != LEFT}
    if figures:
        print_rows(("figure", "last"), [(name, figure_text(value)) for name, value in figures.items()])


def print_comparison(comparison: Comparison) -> None:
    """Settings that differ, and figures, a column a run."""
    names = [run.name for run in comparison.runs]
    if comparison.settings:
        rows = [(key, *map(_setting, values)) for key, values in comparison.settings.items()]
        print_rows(("setting", *names), rows)
    else:
        say("They were told the same.")
    steps = ("step", *(f"{run.step:,}" for run in comparison.runs))
    rows = [steps] + [(name, *map(_figure, values)) for name, values in comparison.figures.items()]
    print_rows(("figure", *names), rows)


def next_of_run(run: Run) -> str:
    """What to do when one has looked at this."""
    match run.state:
        case RunState.RUNNING:
            return f"tensorboard --logdir {run.path / 'tensorboard'}"
        case RunState.STOPPED | RunState.FAILED:
            return f"playloom train {run.kind or 'idm'} --resume {run.path}"
        case _:
            return (
                f"playloom evaluate {run.kind or 'idm'} {run.path} DATASET; or playloom label {run.path} VIDEO -o OUT"
            )


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """A table; the first column names its row and is never broken."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(Text(one_line(column)), overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(one_line(cell)) for cell in row))
    _console().print(table, soft_wrap=False)


def print_json(value: Any) -> None:
    """For programs."""
    typer.echo(json_module.dumps(value, indent=2, ensure_ascii=False, default=str))


def say(text: str) -> None:
    """A line."""
    _console().print(one_line(text), markup=False)


def warn(text: str) -> None:
    """A line beside the output."""
    errors = Console(stderr=True, emoji=False, highlight=False, soft_wrap=True)
    errors.print(one_line(text), markup=False, style="yellow")


def print_next(what: str) -> None:
    """What to do next."""
    _console().print(f"Next: {what}", style="bold", markup=False)


def _console() -> Console:
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = PIPE_COLUMNS
    return console


def _checkpoints(run: Run) -> str:
    if not run.steps:
        return ""
    best = "" if run.best is None else f", the best is of step {run.best:,}"
    return f"{count_in_words(len(run.steps), 'checkpoint')}, up to step {run.steps[-1]:,}{best}"


def _setting(value: Any) -> str:
    if value is None:
        return "–"
    return json_module.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


def _figure(value: float | None) -> str:
    return "–" if value is None else figure_text(value)
