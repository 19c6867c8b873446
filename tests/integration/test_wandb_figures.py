"""Weights & Biases, with the real package and nothing sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.errors import TrainingError
from training.runs.directory import RunDirectory
from training.runs.logging import open_figures
from training.runs.schema import LoggingOptions
from training.runs.wandb_figures import WandbFigures

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the package's own


@pytest.mark.slow
def test_figures_are_kept_below_the_run_offline_and_a_resumed_run_is_the_same_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    run = RunDirectory(path=tmp_path / "first")
    run.path.mkdir()
    run.config.write_text("trainer:\n  max_steps: 3\n")
    options = LoggingOptions(tensorboard=False, wandb=True)

    for step in (1, 2):
        figures = open_figures(run, options)
        figures.write(step, {"train/loss": 1.0 / step, "train/none": float("nan")})
        figures.close()

    kept = sorted((run.path / "wandb").glob("offline-run-*/*.wandb"))
    assert kept
    (name,) = {path.name for path in kept}
    assert name.removeprefix("run-").removesuffix(".wandb") in (run.path / "wandb.json").read_text()


def test_a_mode_that_there_is_not_is_told_with_those_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    with pytest.raises(TrainingError, match="online or offline"):
        WandbFigures(RunDirectory(path=tmp_path), LoggingOptions(wandb=True, wandb_mode="later"), settings={})
