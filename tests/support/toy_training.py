"""Something to train that takes no data and no time: a line through points, with dropout, so that chance matters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import Tensor, nn

from training.runs.directory import RunDirectory
from training.runs.lineage import DatasetLineage, Lineage
from training.runs.logging import Figures, MetricsFile
from training.runs.schema import TrainerOptions
from training.trainer.display import Display
from training.trainer.distributed import Alone, Distributed
from training.trainer.task import BatchSize, FigureRow, TaskLoss, Validation
from training.trainer.trainer import Trainer

LINEAGE = Lineage(
    kind="toy",
    run="toy",
    created="2026-11-21T19:03:12+00:00",
    playloom="0.1.0",
    code="",
    torch="2.11.0",
    datasets=(
        DatasetLineage(
            name="me/line", version=3, content_hash="ab", path="/ds", episodes=2, players=("ada",), label_sources=("x",)
        ),
    ),
    terms=("non-commercial research only",),
)


class CountingBatches:
    """Batch k holds the numbers 4k to 4k + 3."""

    def __init__(self) -> None:
        self._next = 0

    def __iter__(self) -> Iterator[Tensor]:
        torch.rand(3)  # as loaders do that draw the seeds of their workers
        while True:
            first = self._next * 4
            self._next += 1
            yield torch.arange(first, first + 4, dtype=torch.float32)

    def state_dict(self) -> dict[str, Any]:
        return {"next": self._next}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._next = int(state["next"])


class ToyTask:
    """Learns y = sin x. Args: broken: batches whose loss is no number, from 0."""

    kind = "toy"
    lineage = LINEAGE

    def __init__(self, *, broken: Sequence[int] = (), scores: Sequence[float] = ()) -> None:
        torch.manual_seed(0)
        self.model: nn.Module = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Tanh(), nn.Linear(8, 1))
        self.batches = CountingBatches()
        self.losses: list[float] = []
        self._broken, self._scores = set(broken), list(scores)

    def loss(self, model: nn.Module, batch: Tensor) -> TaskLoss:
        total = ((model(batch[:, None] / 100) - torch.sin(batch[:, None])) ** 2).mean()
        if int(batch[0]) // 4 in self._broken:
            total = total * math.nan
        self.losses.append(float(total.detach()))
        return TaskLoss(total=total, parts={"jump": total})

    def size(self, batch: Tensor) -> BatchSize:
        return BatchSize(samples=len(batch), frames=2 * len(batch))

    def where(self, batch: Tensor) -> str:
        return f"episode 7 frames {int(batch[0])}–{int(batch[-1])}"

    def validate(self, model: nn.Module) -> Validation:
        assert not model.training
        score = self._scores.pop(0) if self._scores else 0.0
        return Validation(
            figures={"loss": -score},
            score=score,
            document={"temperatures": {"jump": 1.5}},
            table=(FigureRow(name="loss", value=-score, baselines={"no-op": 9.0}),),
        )

    def config_document(self) -> dict[str, Any]:
        return {"kind": "toy"}

    def troubles(self) -> Sequence[str]:
        return ("video 3 is broken",)

    def lower(self) -> str:
        return "Lower data.batch (it is 4)"


def toy_options(**changes: Any) -> TrainerOptions:
    """Options of a short run that takes figures of every step."""
    return TrainerOptions(**{"max_steps": 12, "warmup_steps": 2, "log_every": 1, "validate_every": 5, **changes})


def toy_trainer(
    task: ToyTask, run: Path, *, console: Console | None = None, distributed: Distributed | None = None, **changes: Any
) -> Trainer:
    """A trainer of it in a run's directory."""
    directory = RunDirectory(path=run)
    run.mkdir(parents=True, exist_ok=True)
    return Trainer(
        task,
        toy_options(**changes),
        directory,
        distributed=distributed or Alone(device=torch.device("cpu")),
        figures=Figures([MetricsFile(directory.metrics)]),
        display=Display(shown=console is not None, console=console),
    )
