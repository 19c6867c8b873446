"""An import at the terminal: progress while it runs, a report at the end, Ctrl-C in good order."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from workers.importing.batch import ImportJob, ImportProgress, import_all
from workers.importing.options import ImportOptions

INTERRUPTED = 130
"""The exit status of a program that Ctrl-C ended."""


def run_import(
    options: ImportOptions,
    jobs: Iterable[ImportJob],
    *,
    as_json: bool,
    next_step: Sequence[str],
    terms: Sequence[str] = (),
    notes: Callable[[], Sequence[str]] = tuple,
) -> int:
    """Import, show progress on a terminal, print the report, and return the exit status: 1 where anything failed.

    Args:
        options: of the import.
        jobs: what to import.
        as_json: print the report as JSON.
        next_step: what to do then, line by line.
        terms: under which the data may be used; shown first.
        notes: what is to be said of the whole, asked for at the end.
    """
    # Neither broken lines nor markup: paths and reasons are printed as they are.
    output = Console(emoji=False, highlight=False, soft_wrap=True, markup=False)
    errors = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True, markup=False)
    for sentence in terms:
        errors.print(f"terms: {sentence}")
    try:
        with progress_bar() as on_progress:
            report = import_all(options, jobs, on_progress=on_progress, terms=terms)
    except KeyboardInterrupt:
        errors.print("Stopped. What is imported stays.")
        errors.print("next: run the same command again to go on")
        return INTERRUPTED
    report = replace(report, notes=tuple(notes()))
    if as_json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        for line in report.lines(next_step if report.imported else ()):
            output.print(line)
    return 1 if report.failed else 0


@contextmanager
def progress_bar() -> Iterator[Callable[[ImportProgress], None]]:
    """A line on the terminal while the block runs; nothing where there is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = (TextColumn("importing"), BarColumn(20), MofNCompleteColumn(), TextColumn("{task.fields[frames]} frames"))
    with Progress(*columns, console=Console(emoji=False, stderr=True), transient=True) as bar:
        task = bar.add_task("import", total=None, frames="0")
        yield lambda progress: bar.update(
            task, total=progress.total, completed=progress.done, frames=f"{progress.frames:,}"
        )
