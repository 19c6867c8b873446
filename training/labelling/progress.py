"""How far labelling is, at the terminal: rows, speed and time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from playloom.errors import PlayloomError
from training.labelling.job import LabelledVideo
from training.labelling.run import Watcher
from training.labelling.sources import FoundSources, LabelSource, index_source

_SPEED_S = 30.0
"""The time over which the speed is averaged."""


@contextmanager
def labelling_progress(console: Console, *, shown: bool) -> Iterator[Watcher]:
    """A bar on a terminal, and a line for what cannot be labelled; without a terminal only the lines."""

    def failed(source: LabelSource, outcome: LabelledVideo | PlayloomError) -> None:
        if isinstance(outcome, PlayloomError):
            console.print(f"not labelled: {source.video}: {outcome}")

    if not (shown and console.is_terminal):
        yield Watcher(on_video=failed)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(24),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True, speed_estimate_period=_SPEED_S) as bar:
        task = bar.add_task("labelling", total=None, speed="")

        def found(sources: FoundSources) -> None:
            total = 0
            for source in sources.sources:
                try:
                    total += index_source(source.video).frames
                except PlayloomError:
                    continue  # told when its turn comes
            bar.update(task, total=total)

        def rows(more: int) -> None:
            bar.update(task, advance=more)
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(task, speed="" if speed is None else f"{speed:,.0f} rows/s")

        yield Watcher(
            on_found=found,
            on_rows=rows,
            on_video=failed,
            on_stage=lambda stage: bar.update(task, description=stage),
        )
