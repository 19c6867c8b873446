"""What can go wrong in training; each error carries its facts and says what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from playloom.errors import PlayloomError


class TrainingError(PlayloomError):
    """A run cannot begin, or cannot go on."""


class DatasetMismatchError(TrainingError):
    """A dataset, a checkpoint or a configuration do not fit each other: another layout, rate, size or game."""


class CheckpointError(TrainingError):
    """A checkpoint is not whole, not ours, or of another kind."""


class NonFiniteLossError(TrainingError):
    """The loss, or its gradient, is no number.

    Attributes:
        step: where.
        loss: what it was.
        parts: the parts of it that are no numbers.
        where: the episodes and frames of the batch.
    """

    def __init__(self, *, step: int, loss: float, parts: Sequence[str], where: str, checkpoint: Path | None) -> None:
        self.step, self.loss, self.parts, self.where = step, loss, tuple(parts), where
        what = f"the loss is {loss}" if not math.isfinite(loss) else "the gradient of the loss is no number"
        of = f", by {', '.join(parts)}" if parts else ""
        last = "" if checkpoint is None else f"; the last checkpoint, {checkpoint.name}, is whole"
        super().__init__(
            f"{what} in step {step}{of}; its batch was of {where}",
            remedy=(
                "Look at these frames and their actions (playloom datasets verify); if nothing is wrong with them, "
                "lower trainer.learning_rate or trainer.clip_norm, take trainer.precision=float32, or let some such "
                f"steps pass with trainer.skip_nonfinite=10{last}"
            ),
        )


class PolicyError(TrainingError):
    """A policy cannot act on what it was given, or what it says cannot be pressed."""
