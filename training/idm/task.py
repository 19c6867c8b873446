"""The inverse dynamics model as something to train: its clips, its loss, its figures, and what its checkpoints say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from training.action_space import ActionSpace
from training.data.cache import FrameCache
from training.data.clips import ClipPlan
from training.data.dataset import GameDataset
from training.data.loader import ClipBatch, ClipLoader
from training.data.splits import Parts
from training.idm.balance import ClassBalance, class_balance
from training.idm.config import IdmConfig
from training.idm.loading import KIND, model_document
from training.idm.losses import IdmLoss
from training.idm.model import IdmOutput, InverseDynamicsModel
from training.idm.sureness import fit_sureness
from training.idm.temperature import fit_temperatures
from training.idm.validation import HeldOut, calibrated_loss, figure_rows, rows_of
from training.runs.lineage import Lineage
from training.runs.schema import DataOptions, SplitOptions
from training.trainer.task import BatchSize, TaskLoss, Validation


@dataclass(frozen=True, kw_only=True)
class IdmData:
    """What an inverse dynamics model is trained on.

    Attributes:
        dataset: the chosen episodes.
        parts: which of them for what.
        space: what is predicted.
        batches: clips of the training part, without end.
        validation: clips of the validation part that follow each other; None where it is empty.
        cache: of pictures; None: they are decoded.
    """

    dataset: GameDataset
    parts: Parts
    space: ActionSpace
    batches: ClipLoader
    validation: ClipPlan | None
    cache: FrameCache | None


class IdmTask:
    """Trains a model of ``config`` on ``data``; `training.trainer.task.Task`."""

    kind = KIND

    def __init__(
        self, config: IdmConfig, data: IdmData, options: DataOptions, lineage: Lineage, device: torch.device
    ) -> None:
        self.config, self.data, self.options, self.lineage, self.device = config, data, options, lineage, device
        self.balance: ClassBalance = class_balance(
            (data.dataset.actions(episode) for episode in data.parts.train), data.space
        )
        self.model = InverseDynamicsModel(config, data.space, self.balance).to(device)
        self._loss = IdmLoss(data.space, config, self.balance).to(device)

    @property
    def batches(self) -> ClipLoader:
        return self.data.batches

    def loss(self, model: nn.Module, batch: ClipBatch) -> TaskLoss:
        report = self._loss(model(self._here(batch.frames)), self._here(batch.actions))
        return TaskLoss(total=report.total, parts=report.per_head)

    def size(self, batch: ClipBatch) -> BatchSize:
        return BatchSize(samples=batch.frames.shape[0], frames=batch.frames.shape[0] * batch.frames.shape[1])

    def where(self, batch: ClipBatch) -> str:
        return "; ".join(
            f"episode {episode} ({self.data.dataset.episode(episode).session}) frames {', '.join(spans)}"
            for episode, spans in clip_places(batch).items()
        )

    def validate(self, model: nn.Module) -> Validation:
        """Figures, and what makes confidence mean what it says, fitted on the same clips."""
        held_out, loss, weight = [], 0.0, 0
        for batch in self._validation_batches():
            output: IdmOutput = model(self._here(batch.frames))
            count = len(batch.episode)
            loss += float(self._loss(output, self._here(batch.actions)).total) * count
            weight += count
            held_out.append(
                HeldOut(
                    output=IdmOutput(
                        logits={name: one.float().cpu() for name, one in output.logits.items()},
                        centres={name: one.float().cpu() for name, one in output.centres.items()},
                    ),
                    actions=batch.actions,
                    episode=batch.episode,
                    frame=batch.frame,
                )
            )
        if not held_out:
            return Validation(figures={}, score=float("nan"))
        temperatures = self._temperatures(held_out)
        rows = rows_of(held_out, self.data.space, temperatures)
        table = figure_rows(rows)
        calibrated = calibrated_loss(self._loss, held_out, temperatures, self.device)
        figures = {"loss": loss / weight, "calibrated_loss": calibrated, **{row.name: row.value for row in table}}
        document = {"temperatures": temperatures, "sureness": fit_sureness(rows, self.balance.mouse_scales)}
        return Validation(figures=figures, score=-calibrated, document=document, table=table)

    def config_document(self) -> dict[str, Any]:
        dataset = self.data.dataset
        return {
            "kind": KIND,
            "space": self.data.space.to_document(),
            "model": model_document(self.config),
            "balance": self.balance.to_document(),
            "temperatures": {},
            "sureness": {},
            "fps": dataset.fps,
            "frame_step": self.options.frame_step,
            "dataset": {"repo_id": dataset.repo_id, "content_hash": dataset.content_hash},
            "split": split_document(self.options.split),
            "players": list(self.options.players),
            "sessions": list(self.options.sessions),
        }

    def lower(self) -> str:
        batch, config = self.options.batch, self.config
        halved = f"data.batch={max(1, batch // 2)} trainer.accumulate=2" if batch > 1 else "data.batch=1"
        return (
            f"Lower data.batch (it is {batch}; {halved} makes the same step), model.window (it is {config.window}), "
            f"the picture ({config.picture_width}x{config.picture_height}: model.picture_width, model.picture_height) "
            f"or model.width (it is {config.width})"
        )

    def troubles(self) -> Sequence[str]:
        return [
            f"{video} cannot be decoded and is left out: {reason}"
            for video, reason in self.data.batches.stats.corrupt.items()
        ]

    def _here(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(self.device, non_blocking=True)

    def _temperatures(self, held_out: Sequence[HeldOut]) -> dict[str, float]:
        return fit_temperatures([one.output for one in held_out], [one.actions for one in held_out], self.data.space)

    def _validation_batches(self) -> Iterator[ClipBatch]:
        plan = self.data.validation
        if plan is None:
            return
        loader = ClipLoader(
            plan,
            batch=min(self.options.batch, len(plan)),
            size=self.config.picture_size,
            seed=0,
            workers=0,
            cache=self.data.cache,
            epochs=1,
            shuffle=False,
        )
        limit, seen = self.options.validation_clips or len(plan), 0
        for batch in loader:
            yield batch
            seen += len(batch.episode)
            if seen >= limit:
                return


def split_document(split: SplitOptions) -> dict[str, Any]:
    """How a dataset was divided, as a checkpoint holds it: `training.data.splits.split_dataset` takes it."""
    return {"by": split.by.name, "validation": split.validation, "test": split.test, "seed": split.seed}


def clip_places(batch: ClipBatch) -> dict[int, list[str]]:
    """Of each episode of a batch its clips, as first–last frame."""
    found: dict[int, list[str]] = {}
    for episode, frames in zip(batch.episode.tolist(), batch.frame.tolist(), strict=True):
        found.setdefault(episode, []).append(f"{frames[0]}–{frames[-1]}")
    return dict(sorted(found.items()))
