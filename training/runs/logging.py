"""Where a run's figures go: a file of lines, TensorBoard, and whatever else takes them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from playloom.errors import OutputError
from training.runs.directory import RunDirectory
from training.runs.schema import LoggingOptions


class FigureSink(Protocol):
    """Something that takes figures."""

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Take what was found at a step; names are as in "train/loss"."""
        ...

    def close(self) -> None: ...


class MetricsFile:
    """metrics.jsonl: a line with the step, the time and the figures each time that some were taken."""

    def __init__(self, path: Path, *, from_step: int = 0) -> None:
        """Open it. Args: from_step: lines of this step and later ones are of a future that did not come to be."""
        self._path = path
        try:
            kept = [line for line in _lines(path) if _step_of(line) <= from_step]
            path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        except OSError as error:
            raise _not_written(path, error) from error

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Add a line; what is no number becomes null."""
        plain = {name: value if math.isfinite(value) else None for name, value in figures.items()}
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step, "time": time, **plain}) + "\n")
        except OSError as error:
            raise _not_written(self._path, error) from error

    def close(self) -> None:
        """Nothing is held."""


class TensorBoardFigures:
    """The figures as TensorBoard shows them: `tensorboard --logdir RUN/tensorboard`."""

    def __init__(self, directory: Path, *, from_step: int = 0) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(directory), purge_step=from_step + 1 if from_step else None)

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class Figures:
    """All sinks of a run together."""

    def __init__(self, sinks: Sequence[FigureSink] = ()) -> None:
        self._sinks = sinks

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        for sink in self._sinks:
            sink.write(step, figures)

    def close(self) -> None:
        for sink in self._sinks:
            sink.close()


def open_figures(run: RunDirectory, options: LoggingOptions, *, from_step: int = 0) -> Figures:
    """The sinks that a run is told to have.

    Args:
        run: whose figures.
        options: which sinks.
        from_step: of the checkpoint that it goes on from.
    """
    sinks: list[FigureSink] = [MetricsFile(run.metrics, from_step=from_step)]
    if options.tensorboard:
        sinks.append(TensorBoardFigures(run.tensorboard, from_step=from_step))
    if options.wandb:
        from training.runs.wandb_figures import WandbFigures

        sinks.append(WandbFigures(run, options, settings=_settings(run)))
    return Figures(sinks)


def _settings(run: RunDirectory) -> dict[str, Any]:
    """What a run was told, by the keys of the command line."""
    from training.runs.reading import read_run

    found = read_run(run.path)
    return {} if found is None else dict(found.settings)


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The lines of a metrics.jsonl; a last line that was cut off is left out."""
    found: list[dict[str, float]] = []
    for line in _lines(path):
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict) and isinstance(document.get("step"), int):
            found.append(document)
    return found


def _not_written(path: Path, error: OSError) -> OutputError:
    return OutputError(
        path, f"cannot be written: {error.strerror or error}", remedy="Make room, then go on with the run: --resume"
    )


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf
