from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from playloom.cli import run as run_command
from playloom.client.access import HOME_VARIABLE
from tests.support.command import in_pipe, wait_until
from tests.support.training_datasets import changed_info, courier_dataset
from training.errors import CheckpointError
from training.idm.heads import BINNED
from training.idm.loading import load_checkpoint
from training.runs.checkpoint import newest
from training.runs.logging import read_metrics

STEPS = 24
DETERMINISTIC = (
    "preset=debug", "trainer.deterministic=true", "trainer.log_every=1", "trainer.validate_every=8",
    f"trainer.max_steps={STEPS}", "logging.tensorboard=false", "data.validation_clips=8",
)  # fmt: skip


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return courier_dataset(tmp_path_factory.mktemp("courier"), episodes=3, steps=60)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where caches go; and PyTorch is left as it was."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(tmp_path_factory.mktemp("home")))
        yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


@dataclass(frozen=True)
class Told:
    """What the command said. Attributes: status; output; errors."""

    status: int
    output: str
    errors: str


def train(*arguments: str) -> Told:
    """`playloom train idm` in this process, which has PyTorch already."""
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        status = run_command(["train", "idm", *arguments])
    return Told(status, output.getvalue(), errors.getvalue())


def losses(run: Path) -> dict[int, Any]:
    return {
        int(line["step"]): line["train/loss"] for line in read_metrics(run / "metrics.jsonl") if "train/loss" in line
    }


@pytest.fixture(scope="module")
def whole_run(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was left alone."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    told = train(f"data.path={dataset}", f"run.directory={run}", *DETERMINISTIC)
    assert told.status == 0, told.errors
    assert told.output.startswith(f"finished at step {STEPS} after ")
    assert "persistence" in told.output
    assert f"evaluate:  playloom evaluate idm {run}" in told.output
    assert "step 8  validation: loss" in told.errors
    return run


def test_a_run_leaves_figures_a_summary_and_a_model_that_can_be_used(whole_run: Path, dataset: Path) -> None:
    assert sorted(losses(whole_run)) == list(range(1, STEPS + 1))
    summary = json.loads((whole_run / "summary.json").read_text())
    assert (summary["state"], summary["step"], summary["kind"]) == ("finished", STEPS, "idm")
    names = [row["name"] for row in summary["table"]]
    assert {"joint_accuracy", "stick_r2"} <= set(names)
    assert all(set(row["baselines"]) <= {"no-op", "persistence"} for row in summary["table"])
    loaded = load_checkpoint(whole_run)
    assert loaded.config.window == 4
    assert loaded.space.game_id
    assert set(loaded.temperatures) == {head.name for head in loaded.space.heads}
    assert set(loaded.sureness) == {head.name for head in loaded.space.heads if head.kind in BINNED}
    assert loaded.lineage.datasets[0].name == "local/courier"
    assert loaded.document["split"] == {"by": "session", "validation": 0.1, "test": 0.1, "seed": 0}
    with torch.no_grad():
        output = loaded.model(torch.zeros(1, 4, 32, 32, 3, dtype=torch.uint8))
    assert all(logits.isfinite().all() for logits in output.logits.values())


@pytest.mark.parametrize(("moment", "goes_on_from"), [("step 11", 8), ("checkpoint 16", 8)])
def test_a_run_that_was_killed_goes_on_to_the_same_losses_bit_for_bit(
    whole_run: Path, dataset: Path, tmp_path: Path, moment: str, goes_on_from: int
) -> None:
    run = tmp_path / "killed"
    command = [sys.executable, "-m", "tests.support.mortal_training", moment]
    done = subprocess.run(
        [*command, f"data.path={dataset}", f"run.directory={run}", *DETERMINISTIC], capture_output=True, timeout=300
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert max(losses(run)) == int(moment.split()[1])
    told = train("--resume", str(run))
    assert told.output.startswith(f"finished at step {STEPS}"), told.errors
    assert f"going on from step {goes_on_from}" in told.errors
    assert losses(run) == losses(whole_run)
    last = f"checkpoints/step-0000{STEPS}"
    ours, theirs = (load_checkpoint(one / last).model.state_dict() for one in (run, whole_run))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_run_that_is_asked_to_stop_leaves_a_checkpoint_and_says_how_to_go_on(dataset: Path, tmp_path: Path) -> None:
    run = tmp_path / "stopped"
    arguments = [
        "train",
        "idm",
        f"data.path={dataset}",
        f"run.directory={run}",
        *DETERMINISTIC,
        "trainer.max_steps=100000",
    ]
    with in_pipe(arguments, os.environ) as process:
        wait_until(lambda: (run / "metrics.jsonl").exists() and len(losses(run)) >= 2, "two steps", 300)
        refused = train("--resume", str(run))
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=60)
    assert refused.status == 1
    assert f"{run}: another program is training in this run" in refused.errors
    assert process.returncode == 130
    assert told.startswith("interrupted at step ")
    assert f"go on:     playloom train idm --resume {run}" in told
    last = newest(run / "checkpoints")  # on a fast machine there is one of the first validation as well
    assert last is not None
    state = json.loads((last / "state.json").read_text())
    assert state["step"] == json.loads((run / "summary.json").read_text())["step"]


def test_a_changed_dataset_is_not_gone_on_with(whole_run: Path, dataset: Path, tmp_path: Path) -> None:
    changed = changed_info(dataset, tmp_path / "changed", {"robot_type": "another"})
    shutil.copytree(whole_run, tmp_path / "run")
    told = train("--resume", str(tmp_path / "run"), f"data.path={changed}", "trainer.max_steps=30")
    assert told.status == 1
    assert "is not what the run began with: its content has changed since" in told.errors


def test_what_cannot_be_trained_on_leaves_no_run(dataset: Path, tmp_path: Path) -> None:
    old = changed_info(dataset, tmp_path / "old", {"codebase_version": "v2.1"})
    told = train(f"data.path={old}", f"run.root={tmp_path / 'runs'}", "preset=debug")
    assert told.status == 1
    assert "layout v2.1, training reads v3.0" in told.errors
    assert list((tmp_path / "runs").iterdir()) == []
    (tmp_path / "mine").mkdir()
    assert train(f"data.path={old}", f"run.directory={tmp_path / 'mine'}", "preset=debug").status == 1
    assert (tmp_path / "mine").is_dir()


def test_a_sweep_trains_once_with_each_value(dataset: Path, tmp_path: Path) -> None:
    told = train(
        "-m", f"data.path={dataset}", f"run.root={tmp_path}", "preset=debug", "trainer.max_steps=2",
        "trainer.seed=0,1", "data.cache=false", "--json",
    )  # fmt: skip
    found = json.loads(told.output)
    assert [one["state"] for one in found] == ["finished", "finished"]
    assert [one["overrides"][-2] for one in found] == ["trainer.seed=0", "trainer.seed=1"]
    assert len(list(tmp_path.glob("*/checkpoints/step-000002"))) == 2


def test_a_model_of_another_kind_is_refused(whole_run: Path, tmp_path: Path) -> None:
    from tests.support.toy_training import ToyTask, toy_trainer

    toy_trainer(ToyTask(), tmp_path, max_steps=1).run()
    with pytest.raises(CheckpointError, match="holds a model of kind 'toy', not an inverse dynamics model"):
        load_checkpoint(tmp_path)
