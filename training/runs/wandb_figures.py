"""Figures for Weights & Biases, where somebody asks for that: logging.wandb=true."""

from __future__ import annotations

import json
import math
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playloom.errors import MissingExtraError
from training.errors import TrainingError
from training.runs.directory import RunDirectory
from training.runs.schema import LoggingOptions

ID_FILE = "wandb.json"
"""In the run's directory: what the run is called there, so that it is the same one when it is resumed."""

MODES = ("online", "offline")


class WandbFigures:
    """The figures of a run at Weights & Biases, or kept below its directory for ``wandb sync``.

    Args:
        run: whose figures.
        options: the project, and whether anything is sent. The variable WANDB_MODE goes before `wandb_mode`.
        settings: what the run was told.

    Raises:
        MissingExtraError: the package is not installed.
        TrainingError: there is no such mode, or the service refuses.
    """

    def __init__(self, run: RunDirectory, options: LoggingOptions, *, settings: Mapping[str, Any]) -> None:
        mode = os.environ.get("WANDB_MODE") or options.wandb_mode
        if mode not in (*MODES, "disabled"):
            raise TrainingError(f"logging.wandb_mode={mode} cannot be", remedy=f"Choose {' or '.join(MODES)}")
        try:
            import wandb
            from wandb.errors import Error
        except ImportError as error:
            raise MissingExtraError("logging.wandb=true", "wandb") from error
        try:
            self._run = wandb.init(
                project=options.wandb_project,
                name=run.path.name,
                id=_id(run.path),
                resume="allow",
                dir=str(run.path),
                mode=mode,
                config=dict(settings),
                settings=wandb.Settings(silent=True, console="off", disable_git=True, save_code=False),
            )
        except Error as error:
            raise TrainingError(
                f"Weights & Biases does not take the run: {error}",
                remedy="Log in with 'wandb login', or keep the figures here: logging.wandb_mode=offline",
            ) from error

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """What is no number is left out. The service takes no step twice: what is done again after a kill stays."""
        numbers = {name: value for name, value in figures.items() if math.isfinite(value)}
        self._run.log(numbers, step=step)

    def close(self) -> None:
        self._run.finish()


def _id(directory: Path) -> str:
    path = directory / ID_FILE
    try:
        return str(json.loads(path.read_bytes())["id"])
    except (OSError, ValueError, KeyError, TypeError):
        made = secrets.token_hex(8)
        path.write_text(json.dumps({"id": made}))
        return made
