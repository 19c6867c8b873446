"""What every training run does once its task stands, and where it runs: in this process or in several."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from torch import nn

from training.runs.checkpoint import Checkpoint
from training.runs.directory import LINEAGE_FILE, SUMMARY_FILE, RunDirectory
from training.runs.logging import Figures, open_figures
from training.runs.schema import LoggingOptions, TrainerOptions
from training.runs.summary import write_summary
from training.trainer.display import Display
from training.trainer.distributed import Distributed
from training.trainer.machine import choose_device
from training.trainer.task import Task
from training.trainer.trainer import Outcome, Trainer


@dataclass(frozen=True, kw_only=True)
class TrainedRun[T: Task]:
    """What a run came to. Attributes: outcome; task: with its model; summary: what summary.json holds."""

    outcome: Outcome
    task: T
    summary: dict[str, Any]


class RunOptions(Protocol):
    """What of a run's options is asked here."""

    trainer: TrainerOptions
    logging: LoggingOptions


class Train(Protocol):
    """Trains a kind of model: a function of a module, which a fresh process can import."""

    def __call__(
        self,
        options: Any,
        run: RunDirectory,
        *,
        resume: bool = False,
        distributed: Distributed | None = None,
        display: Display | None = None,
    ) -> TrainedRun[Any]: ...


def run_task[T: Task](
    task: T,
    options: RunOptions,
    run: RunDirectory,
    *,
    checkpoint: Checkpoint | None,
    introduce: Callable[[Display], None],
    distributed: Distributed,
    display: Display,
) -> TrainedRun[T]:
    """Train a task to its end, and write down what it came to.

    Args:
        task: what.
        options: how.
        run: where its files go.
        checkpoint: of this run, to go on from.
        introduce: tells a person what is trained.
        distributed: the processes that train together.
        display: what a person sees.
    """
    from_step = 0 if checkpoint is None else int(checkpoint.state["step"])
    first = distributed.rank == 0
    with closing(open_figures(run, options.logging, from_step=from_step) if first else Figures()) as figures:
        if first:
            run.write_document(LINEAGE_FILE, task.lineage.to_document())
            introduce(display)
            for term in task.lineage.terms:
                display.say(f"terms of this data, which stay with the model: {term}")
        trainer = Trainer(task, options.trainer, run, distributed=distributed, figures=figures, display=display)
        if checkpoint is not None:
            trainer.resume(checkpoint)
            display.say(f"going on from step {from_step:,}")
        outcome = trainer.run()
        summary = write_summary(run, task, outcome, parameters=weights_of(task.model)) if first else {}
    return TrainedRun(outcome=outcome, task=task, summary=summary)


def weights_of(model: nn.Module) -> int:
    """How many it has."""
    return sum(value.numel() for value in model.parameters())


def train_run(train: Train, options: Any, run: RunDirectory, *, resume: bool, quiet: bool) -> dict[str, Any]:
    """Train here, or by ``options.trainer.processes`` ranks; gives the summary.

    Raises:
        TrainingError: as ``train`` does.
    """
    display = Display(shown=not quiet)
    display.say(f"run {run.path}")
    trainer: TrainerOptions = options.trainer
    if trainer.processes == 1:
        return train(options, run, resume=resume, display=display).summary
    from training.trainer.ray_train import train_on_ranks

    train_on_ranks(
        partial(_train_rank, train, options, RunDirectory(path=run.path.absolute())),
        {"resume": resume, "quiet": quiet},
        processes=trainer.processes,
        directory=run.path,
        gpu=choose_device(trainer.device).type == "cuda",
        cpus=float(max(1, trainer.threads)),
    )
    return json.loads((run.path / SUMMARY_FILE).read_bytes())


def _train_rank(
    train: Train, options: Any, run: RunDirectory, document: Mapping[str, Any], distributed: Distributed
) -> None:
    shown = distributed.rank == 0 and not document["quiet"]
    train(options, run, resume=document["resume"], distributed=distributed, display=Display(shown=shown))
