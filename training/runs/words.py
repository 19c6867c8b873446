"""What a run that is over says to people."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from playloom.figures import count_in_words, one_line

PIPE_COLUMNS = 1000


def print_summary(summary: Mapping[str, Any]) -> None:
    """The figures beside those of the baselines, where the model lies, and what to do with it."""
    console = _console()
    run, state = str(summary["path"]), summary["state"]
    console.print(
        f"{state} at step {summary['step']:,} after {summary['minutes']:.1f} minutes"
        f"{_skipped(summary)}; figures of the validation part:"
    )
    if summary["table"]:
        console.print(_figures(summary["table"]))
    elif state == "interrupted":
        console.print("  none yet")
    else:
        console.print("  none: there is no validation part")
    for trouble in summary["troubles"]:
        console.print(f"left out: {one_line(trouble)}")
    for term in summary["terms"]:
        console.print(f"terms of the data, which stay with the model: {one_line(term)}")
    named = shlex.quote(run)
    trained = "idm" if summary["kind"] == "idm" else "policy"
    again = f"playloom train {trained} --resume {named}"
    if state == "interrupted":
        console.print(f"go on:     {again}")
    else:
        if trained == "idm":
            console.print(f"evaluate:  playloom evaluate idm {named} {shlex.quote(str(summary['data']))}")
            console.print(f"label:     playloom label {named} VIDEO -o labels")
        else:
            console.print(f"evaluate:  playloom evaluate policy {named}")
            console.print(f"play:      playloom policy serve {named}")
        console.print(f"longer:    {again} trainer.max_steps={2 * summary['step']} trainer.max_minutes=60")
    console.print(f"curves:    tensorboard --logdir {named}/tensorboard")


def print_sweep(done: Sequence[tuple[Sequence[str], Mapping[str, Any]]]) -> None:
    """A line a run: what was told, and what it came to."""
    console = _console()
    common = set.intersection(*(set(overrides) for overrides, _ in done))
    table = Table("run", "with", "state", "score", "step", box=None, pad_edge=False)
    for overrides, summary in done:
        own = " ".join(one for one in overrides if one not in common)
        loss = summary.get("figures", {}).get("loss")
        cells = ("" if loss is None else f"loss {loss:.4f}", f"{summary.get('step', '')}")
        table.add_row(one_line(str(summary.get("path", summary["run"]))), own, summary["state"], *cells)
    console.print(table)
    for _, summary in done:
        if "problem" in summary:
            console.print(f"{summary['run']}: {one_line(summary['problem'])}")
    console.print("compare:   playloom runs compare RUN RUN …")


def sweep_json(done: Sequence[tuple[Sequence[str], Mapping[str, Any]]]) -> str:
    """The same for programs."""
    return json.dumps([{"overrides": list(overrides), **summary} for overrides, summary in done], indent=2)


def _figures(rows: Sequence[Mapping[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for row in rows for name in row["baselines"]))
    table = Table("figure", "model", *names, box=None, pad_edge=False)
    for row in rows:
        others = (f"{row['baselines'][name]:.3f}" if name in row["baselines"] else "" for name in names)
        table.add_row(row["name"], f"{row['value']:.3f}", *others)
    return table


def _skipped(summary: Mapping[str, Any]) -> str:
    skipped = summary["skipped_steps"]
    return f", {count_in_words(skipped, 'step')} left out because the loss was no number" if skipped else ""


def _console() -> Console:
    console = Console(emoji=False, highlight=False, soft_wrap=True, markup=False)
    if not console.is_terminal:
        console.width = PIPE_COLUMNS
    return console
