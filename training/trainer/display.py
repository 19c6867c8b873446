"""What a person sees of a run while it goes: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from playloom.figures import one_line, rough_duration_in_words
from training.trainer.task import Validation

LINE_EVERY_S = 10.0
"""Where there is no bar."""

FIGURES_SHOWN = 6
"""Of a validation, in its line; the rest is in metrics.jsonl."""


class Display:
    """Tells of a run on the standard error.

    Args:
        shown: whether anything is told; False on all ranks but the first, and with --quiet.
        console: where.
    """

    def __init__(self, *, shown: bool = True, console: Console | None = None) -> None:
        self._console = console or Console(
            emoji=False, stderr=True, highlight=False, markup=False, soft_wrap=True, quiet=not shown
        )
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[figures]}", markup=False),
            console=self._console,
            transient=True,
            disable=not (shown and sys.stderr.isatty()),
        )
        self._said = float("-inf")
        self._task = self._bar.add_task("starting", total=1.0, figures="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(one_line(text))

    def step(self, step: int, progress: float, figures: Mapping[str, float], left_s: float) -> None:
        """Figures of the training at a step."""
        words = step_in_words(figures, left_s)
        self._bar.update(self._task, completed=progress, description=f"step {step:,}", figures=words)
        if self._bar.disable and time.monotonic() - self._said >= LINE_EVERY_S:
            self._said = time.monotonic()
            self.say(f"step {step:,}  {words}")

    def validation(self, step: int, found: Validation) -> None:
        """Figures of the validation part."""
        words = "  ".join(f"{name} {value:.4g}" for name, value in list(found.figures.items())[:FIGURES_SHOWN])
        self.say(f"step {step:,}  validation: {words}")

    @contextmanager
    def counting(self, what: str, things: str) -> Iterator[Callable[[int, int], None]]:
        """Something that takes a while before the training begins: tell it how many are done, and of how many."""
        begun = time.monotonic()
        said = begun

        def progress(done: int, whole: int) -> None:
            nonlocal said
            now = time.monotonic()
            self._bar.update(
                self._task, completed=done / max(1, whole), description=what, figures=f"{done:,} of {whole:,} {things}"
            )
            if self._bar.disable and now - said >= LINE_EVERY_S:
                said = now
                left_s = (now - begun) / max(1, done) * (whole - done)
                self.say(f"{what}: {done:,} of {whole:,} {things}, {rough_duration_in_words(left_s)} left")

        yield progress

    def waiting_for_cache(self) -> None:
        """Another program makes what is needed."""
        self.say("another program fills the same cache now: waiting until it is done")

    def working(self, what: str) -> None:
        """Something else than training goes on."""
        self._bar.update(self._task, figures=what)


def step_in_words(figures: Mapping[str, float], left_s: float) -> str:
    """One line of figures."""
    return (
        f"loss {figures['train/loss']:.4f}  {figures['speed/samples_s']:,.0f} clips/s  "
        f"{figures['speed/data_wait'] * 100:.0f} % data wait  {rough_duration_in_words(left_s)} left"
    )
