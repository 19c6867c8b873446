"""A run's directory: what it was told, what it reached, and one program at a time in it.

runs/2026-11-21-190312-courier/
    config.yaml        all that it was told
    lineage.json       what it is trained on, by which code
    metrics.jsonl      a line each time that figures were taken
    tensorboard/       the same for TensorBoard
    checkpoints/       see `training.runs.checkpoint`
    summary.json       what came out; there when the run is over
    lock               held by the program that works in it
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from playloom.errors import OutputError
from playloom.file_lock import lock_for_this_program
from training.errors import CheckpointError
from training.runs.checkpoint import BEST, LATEST, checkpoints, clean, newest, pointed
from training.runs.schema import RunOptions

CONFIG_FILE = "config.yaml"
LINEAGE_FILE = "lineage.json"
METRICS_FILE = "metrics.jsonl"
SUMMARY_FILE = "summary.json"
LOCK_FILE = "lock"
NAME_LIMIT = 60


@dataclass(frozen=True, kw_only=True)
class RunDirectory:
    """Where a run's files lie. Attributes: path: the directory."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def config(self) -> Path:
        return self.path / CONFIG_FILE

    @property
    def metrics(self) -> Path:
        return self.path / METRICS_FILE

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def summary(self) -> Path:
        return self.path / SUMMARY_FILE

    def latest(self) -> Path | None:
        """The checkpoint to resume from, if there is one."""
        return pointed(self.checkpoints, LATEST) or newest(self.checkpoints)

    def best(self) -> Path | None:
        """The checkpoint to use: the one with the best figures, or the latest."""
        return pointed(self.checkpoints, BEST) or self.latest()

    def has_figures(self) -> bool:
        """Whether a step of it has left a trace."""
        return self.metrics.exists() and self.metrics.stat().st_size > 0

    def write_document(self, name: str, document: Mapping[str, Any]) -> None:
        """Write a JSON file, whole or not at all."""
        self.write_text(name, json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, whole or not at all."""
        path, partial = self.path / name, self.path / f".{name}.{os.getpid()}.partial"
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise OutputError(path, f"cannot be written: {error.strerror or error}") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Work in it alone.

        Raises:
            OutputError: another program does, or nothing can be written there.
        """
        lock = self.path / LOCK_FILE
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            file = lock.open("ab")
        except OSError as error:
            raise OutputError(
                self.path, f"cannot be written: {error.strerror or error}", remedy="Choose another place: run.root=DIR"
            ) from error
        with file:
            if not lock_for_this_program(file):
                raise OutputError(
                    self.path, "another program is training in this run", remedy="Wait for it, or stop it with Ctrl-C"
                )
            if self.checkpoints.is_dir():
                clean(self.checkpoints)
            yield


def new_run_directory(root: Path, name: str, *, now: datetime | None = None) -> RunDirectory:
    """A directory of its own under ``root``, made at once so that no other run takes it.

    Raises:
        OutputError: it cannot be made.
    """
    moment = (now or datetime.now()).strftime("%Y-%m-%d-%H%M%S")
    plain = "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in name)[:NAME_LIMIT].strip("-.") or "run"
    for number in range(1000):
        path = root / (f"{moment}-{plain}" if number == 0 else f"{moment}-{plain}-{number + 1}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise OutputError(
                path, f"cannot be made: {error.strerror or error}", remedy="Choose another place: run.root=DIR"
            ) from error
        return RunDirectory(path=path)
    raise OutputError(root, f"a thousand runs begin with {moment}-{plain}")


def begin_run(options: RunOptions, name: str) -> RunDirectory:
    """The directory of a run that begins. Args: options: of its place; name: what it is called otherwise.

    Raises:
        OutputError: it cannot be made, or holds a run.
    """
    if options.directory is None:
        return new_run_directory(Path(options.root), options.name or name)
    run = RunDirectory(path=Path(options.directory))
    if run.latest() is not None:
        raise OutputError(
            run.path, "holds a run already", remedy=f"Go on with it: --resume {run.path}; or name another directory"
        )
    if run.path.is_dir() and any(run.path.iterdir()) and not run.config.exists():
        raise OutputError(run.path, "holds other files", remedy="Name a directory of the run's own")
    return run


def find_checkpoint(where: Path) -> Path:
    """The checkpoint that a person means: a checkpoint's directory, a run's, or a folder of checkpoints.

    Of a run it is the one with the best figures.

    Raises:
        CheckpointError: there is none.
    """
    if (where / "state.json").is_file():
        return where
    root = where if checkpoints(where) else where / "checkpoints"
    found = pointed(root, BEST) or pointed(root, LATEST) or newest(root)
    if found is None:
        raise CheckpointError(
            f"{where}: holds no checkpoint",
            remedy="Name a run's directory (playloom runs list), or one of its checkpoints",
        )
    return found
