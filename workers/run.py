"""A conversion at the terminal: progress while it runs, a report at the end, Ctrl-C in good order."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from workers.convert import ConvertOptions, ConvertProgress, convert_sessions
from workers.working_directory import working_path

INTERRUPTED = 130
"""The exit status of a program that Ctrl-C ended."""

WIDE = 100
"""Characters of a terminal from which on the progress line says everything; a narrower one breaks it."""


def run_conversion(options: ConvertOptions, *, as_json: bool = False, quiet: bool = False) -> int:
    """Convert, show progress on a terminal, print the report, and return the exit status."""
    # Neither broken lines nor markup: paths and reasons are printed as they are.
    output = Console(emoji=False, highlight=False, soft_wrap=True, markup=False)
    errors = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True, markup=False)
    for profile in options.profiles:
        for warning in profile.warnings:
            errors.print(f"note: mapping profile '{profile.profile_name}': {warning}")
    try:
        with _terminated_like_interrupted(), _progress_bar(shown=not quiet) as on_progress:
            report = convert_sessions(options, on_progress)
    except KeyboardInterrupt:
        kept = working_path(options.output_root.resolve())
        if options.output_root.exists() and not (kept / "dataset").exists():  # only the tidying up was stopped
            errors.print(f"Stopped at the very end: the dataset stands in {options.output_root}.")
        else:
            errors.print("Stopped. No dataset was written; the sessions that are done are kept.")
        errors.print(f"next: run the same command with --resume to go on, or remove {kept}")
        return INTERRUPTED
    if as_json:
        print(json.dumps(report.to_json(), indent=2))
    elif not quiet:
        for line in report.lines():
            output.print(line)
    return 0


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM ends the conversion as Ctrl-C does."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def progress_columns(width: int) -> tuple[ProgressColumn, ...]:
    """What a progress line of so many characters has room for."""
    how_far = (BarColumn(min(40, max(8, width - 35))), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    if width < WIDE:
        return how_far
    return (
        TextColumn("converting"),
        *how_far[:-1],
        TextColumn("frames, {task.fields[rate]} a second,"),
        TimeRemainingColumn(),
        TextColumn("left, {task.fields[sessions]} sessions"),
    )


@contextmanager
def _progress_bar(*, shown: bool) -> Iterator[Callable[[ConvertProgress], None] | None]:
    if not shown or not sys.stderr.isatty():
        yield None
        return
    console = Console(emoji=False, stderr=True)
    with Progress(*progress_columns(console.width), console=console, transient=True) as bar:
        task = bar.add_task("convert", total=None, rate="-", sessions="-")

        def show(progress: ConvertProgress) -> None:
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(
                task,
                total=progress.frames_total,
                completed=progress.frames_done,
                rate="-" if speed is None else f"{speed:.0f}",
                sessions=f"{progress.sessions_done}/{progress.sessions_total}",
            )

        yield show
