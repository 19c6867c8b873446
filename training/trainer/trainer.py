"""The trainer: takes a task's batches, descends its loss, takes figures, and leaves checkpoints to go on from.

A run that is killed anywhere and resumed takes the same batches, draws the same random numbers and so has the same
losses as one that was left alone: a checkpoint holds the weights, their average, the optimizer, the random states and
the place in the order of batches, all as they were between two steps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.ema import WeightAverage
from training.errors import CheckpointError, NonFiniteLossError
from training.runs.checkpoint import (
    BEST,
    EMA,
    MODEL,
    OPTIMIZER,
    RANDOM,
    Checkpoint,
    keep_checkpoints,
    point,
    write_checkpoint,
)  # fmt: skip
from training.runs.directory import RunDirectory
from training.runs.logging import Figures
from training.runs.schema import TrainerOptions
from training.trainer.display import Display
from training.trainer.distributed import Distributed
from training.trainer.machine import (
    autocast,
    compiled,
    memory_errors,
    number_format,
    random_states,
    restore_random_states,
)
from training.trainer.optimizer import (
    learning_rate,
    make_optimizer,
    optimizer_document,
    optimizer_tensors,
    restore_optimizer,
    set_learning_rate,
)  # fmt: skip
from training.trainer.speed import Speed
from training.trainer.stopping import StopRequest
from training.trainer.task import Task, Validation


class Ending(StrEnum):
    """How a run came to its end."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run came to.

    Attributes:
        ending: how.
        step: how far.
        elapsed_s: how long it trained, over all resumptions.
        validation: the last one; None where there was none.
        best_step: of the checkpoint with the best figures.
        checkpoint: the last one.
        skipped: steps whose loss was no number.
        speed: the figures of its speed over the whole of this program's part.
    """

    ending: Ending
    step: int
    elapsed_s: float
    validation: Validation | None
    best_step: int | None
    checkpoint: Path | None
    skipped: int
    speed: Mapping[str, float] = field(default_factory=dict)


class Trainer:
    """Trains a task.

    Args:
        task: what; its model stands on ``distributed.device``.
        options: how.
        run: where checkpoints go.
        distributed: the processes beside this one.
        figures: where figures go; on rank 0.
        display: what a person sees; on rank 0.
    """

    def __init__(
        self,
        task: Task,
        options: TrainerOptions,
        run: RunDirectory,
        *,
        distributed: Distributed,
        figures: Figures,
        display: Display,
    ) -> None:
        self.task, self.options, self.run_directory = task, options, run
        self.distributed, self.figures, self.display = distributed, figures, display
        self.optimizer = make_optimizer(task.model, options, distributed.device)
        self.average = WeightAverage(task.model, decay=options.ema_decay)
        self.step = 0
        self.skipped = 0
        self._elapsed_before_s = 0.0
        self._begun = time.monotonic()
        self._validation: Validation | None = None
        self._best: tuple[float, int] | None = None
        self._checkpoint: Path | None = None
        self._checkpoint_at = self._begun
        self._random: Mapping[str, Tensor] | None = None
        self._dtype = number_format(options, distributed.device)
        self._model = distributed.wrap(compiled(task.model) if options.compile else task.model)
        self._speed = Speed()
        self._iterator: Iterator[Any] | None = None
        self._troubles_said = 0

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint of this run.

        Raises:
            CheckpointError: it is of another model, or not one to go on from.
        """
        state = checkpoint.state
        try:
            self.task.model.load_state_dict(dict(checkpoint.tensors[MODEL]))
            self.average.load_state_dict(checkpoint.tensors[EMA])
            restore_optimizer(self.optimizer, checkpoint.tensors[OPTIMIZER], state["optimizer"])
            places = state["batches"]  # of each rank its own
            if len(places) != self.distributed.world:
                raise CheckpointError(
                    f"{checkpoint.path}: {len(places)} processes trained together, and now there are "
                    f"{self.distributed.world}",
                    remedy=f"Go on with as many: trainer.processes={len(places)}",
                )
            self.task.batches.load_state_dict(places[self.distributed.rank])
            self._speed.restore(state["pending"], self.distributed.device)
            self.step, self.skipped = int(state["step"]), int(state["skipped"])
            self._elapsed_before_s = float(state["elapsed_s"])
            best = state["best"]
        except (KeyError, RuntimeError) as error:
            raise CheckpointError(f"{checkpoint.path}: cannot be gone on from: {error}") from error
        self._best = None if best is None else (float(best["score"]), int(best["step"]))
        self._random = checkpoint.tensors.get(RANDOM)
        self._checkpoint = checkpoint.path

    def run(self) -> Outcome:
        """Train until the steps or the minutes are over, or somebody asks to stop.

        Raises:
            NonFiniteLossError: the loss is no number, more often than is allowed.
            TrainingError: memory does not suffice.
            CheckpointError: a checkpoint cannot be written.
        """
        self._begun = self._checkpoint_at = time.monotonic()
        if self._random is None:
            torch.manual_seed(self.options.seed + self.distributed.rank)
        validated_at, written_at = -1, self.step
        ending = Ending.FINISHED
        with StopRequest() as stop:
            while not self._is_over():
                self._take_step()
                if self.step % self.options.log_every == 0:
                    self._tell()
                if self.step % self.options.validate_every == 0:
                    self._validate()
                    self._write()
                    validated_at = written_at = self.step
                elif self._is_time_to_write():
                    self._write()
                    written_at = self.step
                if self.distributed.any(stop.asked or self.distributed.is_stopping()):
                    ending = Ending.INTERRUPTED
                    break
            if ending is Ending.FINISHED and validated_at != self.step:
                self._validate()
                written_at = -1
            if written_at != self.step:
                self._write()
        return Outcome(
            ending=ending,
            step=self.step,
            elapsed_s=self.elapsed_s,
            validation=self._validation,
            best_step=None if self._best is None else self._best[1],
            checkpoint=self._checkpoint,
            skipped=self.skipped,
            speed=self._speed.overall(),
        )

    @property
    def elapsed_s(self) -> float:
        """How long the run has trained, over all resumptions."""
        return self._elapsed_before_s + time.monotonic() - self._begun

    @property
    def progress(self) -> float:
        """How much of it is over, 0 to 1: by steps or by the clock, whichever is further."""
        by_steps = self.step / self.options.max_steps
        if self.options.max_minutes is None:
            return by_steps
        return max(by_steps, self.distributed.first(self.elapsed_s / 60 / self.options.max_minutes))

    def _is_over(self) -> bool:
        return self.progress >= 1

    def _is_time_to_write(self) -> bool:
        due = time.monotonic() - self._checkpoint_at >= self.options.checkpoint_minutes * 60
        return self.distributed.first(float(due)) > 0

    def _take_step(self) -> None:
        begun = time.monotonic()
        self._model.train()
        rate = learning_rate(self.options, self.step, self.progress)
        set_learning_rate(self.optimizer, rate)
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.distributed.device)
        parts: dict[str, Tensor] = {}
        batches: list[Any] = []
        with memory_errors(self.task.lower(), self.step + 1):
            for _ in range(self.options.accumulate):
                batch = self._next_batch()
                batches.append(batch)
                with autocast(self.distributed.device, self._dtype):
                    loss = self.task.loss(self._model, batch)
                share = loss.total / self.options.accumulate
                share.backward()
                total += share.detach()
                for name, value in loss.parts.items():
                    parts[name] = parts.get(name, 0) + value.detach() / self.options.accumulate
            gradient = self._gradient()
            taken = not self.distributed.any(not math.isfinite(float(total)) or not math.isfinite(float(gradient)))
            if taken:
                self.optimizer.step()
                self.average.update(self.task.model)
        self.step += 1
        if not taken:
            self._skip(batches, total, parts)
        self._speed.stepped(time.monotonic() - begun)
        if taken:
            self._speed.figures(total, parts, gradient, rate)

    def _next_batch(self) -> Any:
        begun = time.monotonic()
        if self._iterator is None:
            self._iterator = iter(self.task.batches)
        batch = next(self._iterator)
        if self._random is not None:  # only now: what makes the first batch may draw numbers too
            restore_random_states(self._random, self.distributed)
            self._random = None
        self._speed.waited(time.monotonic() - begun, self.task.size(batch))
        return batch

    def _gradient(self) -> Tensor:
        """The gradient's length before it is shortened to the longest that is allowed."""
        values = [value for value in self.task.model.parameters() if value.grad is not None]
        longest = self.options.clip_norm or math.inf
        return torch.nn.utils.clip_grad_norm_(values, longest)

    def _skip(self, batches: list[Any], total: Tensor, parts: Mapping[str, Tensor]) -> None:
        self.skipped += 1
        where = "; ".join(self.task.where(batch) for batch in batches)
        wrong = [name for name, value in parts.items() if not math.isfinite(float(value))]
        problem = NonFiniteLossError(
            step=self.step, loss=float(total), parts=wrong, where=where, checkpoint=self._checkpoint
        )
        if self.skipped > self.options.skip_nonfinite:
            raise problem
        self.display.say(f"left out: {problem.problem}")

    def _tell(self) -> None:
        for trouble in self.task.troubles()[self._troubles_said :]:
            self.display.say(trouble)
            self._troubles_said += 1
        figures = self._speed.take(self.distributed)
        if not figures:
            return
        left_s = self._left_s(figures["speed/step_s"])
        self.figures.write(self.step, {**figures, "speed/left_s": left_s})
        self.display.step(self.step, self.progress, figures, left_s)

    def _left_s(self, step_s: float) -> float:
        left_s = (self.options.max_steps - self.step) * step_s
        if self.options.max_minutes is not None:
            left_s = min(left_s, self.options.max_minutes * 60 - self.elapsed_s)
        return max(0.0, left_s)

    @torch.no_grad()
    def _validate(self) -> None:
        self.display.working("validating")
        model = self.task.model
        model.eval()
        with (
            self.average.applied_to(model),
            memory_errors(self.task.lower(), self.step),
            autocast(self.distributed.device, self._dtype),
        ):
            found = self.task.validate(model)
        self._validation = found
        self.figures.write(self.step, {f"validation/{name}": value for name, value in found.figures.items()})
        self.display.validation(self.step, found)
        if math.isfinite(found.score) and (self._best is None or found.score > self._best[0]):
            self._best = (found.score, self.step)

    def _write(self) -> None:
        """Leave a checkpoint. Every rank comes here, the first one writes."""
        self.display.working("writing a checkpoint")
        randoms = random_states(self.distributed)
        places = self.distributed.documents(self.task.batches.state_dict())
        if self.distributed.rank == 0:
            made = self._as_checkpoint(randoms, places)
            self._checkpoint = write_checkpoint(self.run_directory.checkpoints, self.step, made)
            if self._best is not None and self._best[1] == self.step:
                point(self.run_directory.checkpoints, BEST, self._checkpoint.name)
            keep_checkpoints(self.run_directory.checkpoints, self.options.keep)
        self._checkpoint_at = time.monotonic()
        self.distributed.barrier()

    def _as_checkpoint(self, randoms: Mapping[str, Tensor], places: list[dict[str, Any]]) -> Checkpoint:
        found = self._validation
        document = {} if found is None else found.document
        return Checkpoint(
            config={**self.task.config_document(), **document},
            lineage=self.task.lineage,
            state={
                "step": self.step,
                "elapsed_s": self.elapsed_s,
                "skipped": self.skipped,
                "pending": self._speed.state(),
                "batches": places,
                "optimizer": optimizer_document(self.optimizer),
                "best": None if self._best is None else {"score": self._best[0], "step": self._best[1]},
                "figures": {} if found is None else dict(found.figures),
            },
            tensors={
                MODEL: self.task.model.state_dict(),
                EMA: self.average.state_dict(),
                OPTIMIZER: optimizer_tensors(self.optimizer),
                RANDOM: randoms,
            },
        )
