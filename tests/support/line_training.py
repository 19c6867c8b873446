"""The smallest thing that can be trained: points on a plane, divided among ranks. A fresh process can import it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from playloom.errors import RecordingError
from training.runs.directory import RunDirectory
from training.runs.lineage import Lineage
from training.runs.logging import Figures, MetricsFile, read_metrics
from training.runs.schema import Device, Precision, TrainerOptions
from training.trainer.display import Display
from training.trainer.distributed import Distributed
from training.trainer.machine import prepare
from training.trainer.task import BatchSize, TaskLoss, Validation
from training.trainer.trainer import Trainer

LINEAGE = Lineage(
    kind="line", run="line", created="2026-11-21T00:00:00+00:00", playloom="0", code="", torch="", datasets=()
)


class Points:
    """Batch k of all ranks together is the same however many ranks there are."""

    def __init__(self, batch: int, rank: int) -> None:
        self.batch, self.rank, self.next = batch, rank, 0

    def __iter__(self) -> Iterator[Tensor]:
        while True:
            chance = torch.Generator().manual_seed(self.next)
            whole = torch.randn(64, 3, generator=chance)
            self.next += 1
            yield whole[self.rank * self.batch : (self.rank + 1) * self.batch]

    def state_dict(self) -> dict[str, Any]:
        return {"next": self.next, "rank": self.rank}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        assert state["rank"] == self.rank
        self.next = int(state["next"])


class Line:
    """Learns what a plane's height is. See `training.trainer.task.Task`."""

    kind = "line"
    lineage = LINEAGE

    def __init__(self, batch: int, rank: int) -> None:
        self.model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        self.batches = Points(batch, rank)

    def loss(self, model: nn.Module, batch: Tensor) -> TaskLoss:
        return TaskLoss(total=(model(batch[:, :2])[:, 0] - batch[:, 0] * batch[:, 1]).square().mean())

    def size(self, batch: Tensor) -> BatchSize:
        return BatchSize(samples=len(batch), frames=len(batch))

    def where(self, batch: Tensor) -> str:
        return ""

    def validate(self, model: nn.Module) -> Validation:
        return Validation(figures={}, score=0.0)

    def config_document(self) -> dict[str, Any]:
        return {"kind": "line"}

    def lower(self) -> str:
        return ""

    def troubles(self) -> tuple[str, ...]:
        return ()


def train_line(document: Mapping[str, Any], distributed: Distributed) -> None:
    """A run of ``document["steps"]`` steps, each rank on its part of the points."""
    run = RunDirectory(path=Path(document["run"]))
    options = TrainerOptions(
        max_steps=document["steps"], validate_every=10_000, log_every=1, device=Device.cpu, threads=1, warmup_steps=5,
        learning_rate=0.02, precision=Precision.float32,
    )  # fmt: skip
    prepare(options)
    figures = Figures([MetricsFile(run.metrics)] if distributed.rank == 0 else [])
    trainer = Trainer(
        Line(document["batch"], distributed.rank), options, run,
        distributed=distributed, figures=figures, display=Display(shown=False),
    )  # fmt: skip
    trainer.run()
    figures.close()


def losses(run: Path) -> list[float]:
    """Of every step."""
    return [line["train/loss"] for line in read_metrics(run / "metrics.jsonl") if "train/loss" in line]


def refuse(document: Mapping[str, Any], _: Distributed) -> None:
    """What a rank does whose data is spoiled: an error whose constructor takes more than a message."""
    raise RecordingError(Path(document["video"]), "is damaged", place="frame 3", remedy="Leave it out")
