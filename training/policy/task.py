"""The policy as something to train: its clips, its loss, its figures, and what its checkpoints say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.action_space import ActionSpace
from training.data.dataset import GameDataset
from training.data.splits import Parts
from training.idm.balance import ClassBalance
from training.idm.task import split_document
from training.policy.batches import PolicyBatch, PolicyBatches
from training.policy.config import PolicyConfig
from training.policy.loading import kind_of, policy_document
from training.policy.losses import Noise, PolicyLoss, draw_noise
from training.policy.making import AnyPolicy
from training.policy.model import UNTOLD, PolicyModel, PolicyOutput, chunk_noise
from training.policy.schema import PolicyDataOptions
from training.policy.validation import SaidChunks, executed, policy_figures
from training.runs.lineage import Lineage
from training.trainer.task import BatchSize, TaskLoss, Validation

EPISODES_OF_A_PART = 1 << 32
"""Numbers of episodes of one dataset of a mix are told from another's by this."""


@dataclass(frozen=True, kw_only=True)
class PolicyData:
    """What a policy is trained on.

    Attributes:
        datasets: with their parts: which episodes for what.
        space: what is pressed.
        tasks: that are told apart; their numbers count from 1.
        balance: how often things are done in what is trained on.
        batches: clips of the training parts, without end.
        validation: makes clips of the validation parts, as far apart as chunks follow each other; None where there
            are none.
    """

    datasets: tuple[tuple[GameDataset, Parts], ...]
    space: ActionSpace
    tasks: tuple[str, ...]
    balance: ClassBalance
    batches: PolicyBatches
    validation: ValidationClips | None


class ValidationClips:
    """Batches of the validation parts, the same ones each time. Args: limit: clips of each part; 0: all."""

    def __init__(self, batches: Sequence[PolicyBatches], limit: int) -> None:
        self._batches = [(one, one.state_dict()) for one in batches]
        self._limit = limit

    def __iter__(self) -> Iterator[PolicyBatch]:
        for batches, begin in self._batches:
            batches.load_state_dict(begin)
            seen = 0
            for batch in batches:
                yield batch
                seen += len(batch.episode)
                if self._limit and seen >= self._limit:
                    break
            batches.close()


class PolicyTask:
    """Trains a ``model`` on ``data``; `training.trainer.task.Task`."""

    def __init__(
        self,
        config: PolicyConfig,
        model: AnyPolicy,
        data: PolicyData,
        options: PolicyDataOptions,
        lineage: Lineage,
        device: torch.device,
    ) -> None:
        self.config, self.data, self.options, self.lineage, self.device = config, data, options, lineage, device
        self.kind = kind_of(config)
        self.model = model.to(device)
        self._loss = PolicyLoss(model, data.balance).to(device) if isinstance(model, PolicyModel) else None

    @property
    def batches(self) -> PolicyBatches:
        return self.data.batches

    def loss(self, model: nn.Module, batch: PolicyBatch) -> TaskLoss:
        config = self.config
        seen, told = self._here(batch.seen), len(batch.episode)
        still = torch.rand(told) < config.still_dropout
        if still.any():
            seen[self._here(still)] = seen[self._here(still)][:, -1:]
        task = torch.where(torch.rand(told) < config.task_dropout, UNTOLD, batch.task)
        held = self.model.tell_held(self._here(batch.held), self._here(torch.rand(told) >= config.held_dropout))
        coded = self.model.coding.encode(self._here(batch.rows))
        noise = self._noise(coded)
        total, parts = self._compare(model, seen, self._here(task), held, coded, self._here(batch.weights), noise)
        return TaskLoss(total=total, parts=parts)

    def size(self, batch: PolicyBatch) -> BatchSize:
        return BatchSize(samples=len(batch.episode), frames=batch.frame.numel())

    def where(self, batch: PolicyBatch) -> str:
        found: dict[tuple[int, int], list[str]] = {}
        for part, episode, frames in zip(
            batch.part.tolist(), batch.episode.tolist(), batch.frame.tolist(), strict=True
        ):  # fmt: skip
            found.setdefault((part, episode), []).append(f"{frames[0]}–{frames[-1]}")
        several = len(self.data.datasets) > 1

        def name(part: int, episode: int) -> str:
            dataset = self.data.datasets[part][0]
            of = f" of {dataset.repo_id}" if several else ""
            return f"episode {episode}{of} ({dataset.episode(episode).session})"

        return "; ".join(f"{name(*place)} frames {', '.join(spans)}" for place, spans in sorted(found.items()))

    def validate(self, model: nn.Module) -> Validation:
        """Figures, with the same noise each time."""
        if self.data.validation is None:
            return Validation(figures={}, score=float("nan"))
        said: list[SaidChunks] = []
        loss, weight = 0.0, 0.0
        random = torch.random.get_rng_state()
        torch.manual_seed(0)
        for batch in self.data.validation:
            batch_loss, batch_weight, chunks = self._validate_batch(batch)
            loss += batch_loss * batch_weight
            weight += batch_weight
            said.append(chunks)
        torch.random.set_rng_state(random)
        if not weight:
            return Validation(figures={}, score=float("nan"))
        table = policy_figures(said, self.data.space)
        figures = {"loss": loss / weight, **{row.name: row.value for row in table}}
        return Validation(figures=figures, score=-figures["loss"], table=table)

    def config_document(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "space": self.data.space.to_document(),
            "model": policy_document(self.config),
            "vision": self.model.vision_document,
            "tasks": list(self.data.tasks),
            "balance": self.data.balance.to_document(),
            "fps": self.data.datasets[0][0].fps,
            "frame_step": self.options.frame_step,
            "datasets": [
                {"repo_id": dataset.repo_id, "content_hash": dataset.content_hash} for dataset, _ in self.data.datasets
            ],
            "split": split_document(self.options.split),
            "players": list(self.options.players),
            "sessions": list(self.options.sessions),
        }

    def lower(self) -> str:
        batch, config = self.options.batch, self.config
        halved = f"data.batch={max(1, batch // 2)} trainer.accumulate=2" if batch > 1 else "data.batch=1"
        return (
            f"Lower data.batch (it is {batch}; {halved} makes the same step), model.history (it is {config.history}), "
            f"model.draws (it is {config.draws}), the picture ({config.picture_width}x{config.picture_height}: "
            f"model.picture_width, model.picture_height) or model.width (it is {config.width})"
        )

    def troubles(self) -> Sequence[str]:
        return [
            f"{video} cannot be decoded and is left out: {reason}"
            for video, reason in self.data.batches.corrupt.items()
        ]

    def _validate_batch(self, batch: PolicyBatch) -> tuple[float, float, SaidChunks]:
        """The loss, what it counts, and what would be pressed."""
        model = self.model
        seen, task = self._here(batch.seen), self._here(batch.task)
        held = model.tell_held(self._here(batch.held), torch.ones(len(batch.held), dtype=torch.bool).to(self.device))
        coded, weights = model.coding.encode(self._here(batch.rows)), self._here(batch.weights)
        noise = self._noise(coded)
        _, parts = self._compare(model, seen, task, held, coded, weights, noise)
        seeds = (batch.episode * 1_000_003 + batch.frame[:, -1]).tolist()
        values, _ = model.chunk(seen, task, held, chunk_noise(seeds, *coded.shape[1:]).to(self.device))
        rows = executed(self.config.chunk)
        ahead = torch.arange(1, rows + 1)
        chunks = SaidChunks(
            said=values[:, :rows].float().cpu().numpy(),
            truth=batch.rows[:, :rows].numpy(),
            counts=(batch.weights[:, :rows] > 0).any(-1).numpy(),
            episode=(batch.part * EPISODES_OF_A_PART + batch.episode).numpy(),
            frame=(batch.frame[:, -1:] + ahead).numpy(),
        )
        loss = torch.stack(list(parts.values())).mean()
        return float(loss), float(batch.weights.sum()), chunks

    def _compare(
        self,
        model: nn.Module,
        seen: Tensor,
        task: Tensor,
        held: Tensor,
        coded: Tensor,
        weights: Tensor,
        noise: Noise | None,
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        if self._loss is None:
            total: Tensor = model(seen, coded, weights)
            return total, {"chunk": total.detach()}
        given = () if noise is None else (noise.noisy, noise.time)
        output: PolicyOutput = model(seen, task, held, *given)
        return self._loss(output, coded, weights, noise)

    def _noise(self, coded: Tensor) -> Noise | None:
        """What the flow head learns from; None without one."""
        if not isinstance(self.model, PolicyModel) or self.model.flow is None:
            return None
        return draw_noise(self.model, coded, self.config.draws)

    def _here(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, non_blocking=True)


def number_of_tasks(known: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """The model's number of each of a dataset's tasks, int64[n]; `UNTOLD` for one without a name."""
    numbers = {name: number for number, name in enumerate(known, 1)}
    return np.array([numbers.get(name, UNTOLD) for name in names], np.int64)
