"""Figures of a model that is being trained, beside those of who never looks at the picture.

They are quick ones, on clips that follow each other; `playloom evaluate idm` takes the thorough ones on the test part,
among them those of calibration, which mean nothing where temperatures were fitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.action_space import ActionSpace
from training.idm.estimates import estimates
from training.idm.losses import IdmLoss
from training.idm.model import IdmOutput
from training.metrics.accuracy import accuracy_figures
from training.metrics.axes import axis_figures
from training.metrics.baselines import EVENT_LEAD_FRAMES, ROW_LEAD_FRAMES, no_op, persistence
from training.metrics.events import event_figures
from training.metrics.rows import Rows
from training.trainer.task import FigureRow

NO_OP, PERSISTENCE = "no-op", "persistence"


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """One batch of clips that is not trained on. Tensors on the CPU.

    Attributes:
        output: what the model said.
        actions: float32[B, W, A], what was held.
        episode: int64[B].
        frame: int64[B, W], numbers in the episode.
    """

    output: IdmOutput
    actions: Tensor
    episode: Tensor
    frame: Tensor


def rows_of(batches: Sequence[HeldOut], space: ActionSpace, temperatures: Mapping[str, float]) -> Rows:
    """All frames but the last of each clip, in order, each once."""
    values: list[NDArray[np.float32]] = []
    probabilities: list[NDArray[np.float32]] = []
    confidence: list[NDArray[np.float32]] = []
    for batch in batches:
        found = estimates(batch.output, space, temperatures)
        values.append(_flat(found.values))
        probabilities.append(_flat(found.probabilities))
        confidence.append(_flat(found.confidence))
    truth = np.concatenate([_flat(batch.actions) for batch in batches])
    frame = np.concatenate([batch.frame[:, :-1].reshape(-1).numpy() for batch in batches])
    length = [batch.frame.shape[1] - 1 for batch in batches]
    episode = np.concatenate(
        [np.repeat(batch.episode.numpy(), count) for batch, count in zip(batches, length, strict=True)]
    )
    _, first = np.unique(np.stack([episode, frame]), axis=1, return_index=True)  # sorted by episode, then frame
    return Rows(
        space=space,
        truth=truth[first],
        values=np.concatenate(values)[first],
        probabilities=np.concatenate(probabilities)[first],
        confidence=np.concatenate(confidence)[first],
        episode=episode[first],
        frame=frame[first],
        group=episode[first],
    )


@torch.no_grad()
def calibrated_loss(
    loss: IdmLoss, batches: Sequence[HeldOut], temperatures: Mapping[str, float], device: torch.device
) -> float:
    """The mean loss of what is believed in the end, under the temperatures.

    By it two checkpoints are compared. Who trains on grows too sure before growing worse, and a temperature takes that
    away: by the bare loss the best checkpoint of a run would be too early a one.

    Args:
        loss: of the model.
        batches: at least one.
        temperatures: by head.
        device: of the loss.
    """
    total, clips = 0.0, 0
    for batch in batches:
        cooled = IdmOutput(
            logits={name: one.to(device) / temperatures[name] for name, one in batch.output.logits.items()},
            centres={name: one.to(device) for name, one in batch.output.centres.items()},
        )
        total += float(loss(cooled, batch.actions.to(device)).total) * len(batch.episode)
        clips += len(batch.episode)
    return total / clips


def figure_rows(rows: Rows) -> tuple[FigureRow, ...]:
    """The figures, each beside those of saying nothing and of repeating what was held; figures on nothing left out."""
    mine = _figures(rows, rows)
    others = {
        NO_OP: _figures(no_op(rows), no_op(rows)),
        PERSISTENCE: _figures(persistence(rows, EVENT_LEAD_FRAMES), persistence(rows, ROW_LEAD_FRAMES)),
    }
    return tuple(
        FigureRow(name=name, value=value, baselines={who: them[name] for who, them in others.items() if name in them})
        for name, value in mine.items()
    )


def _figures(events_by: Rows, rows_by: Rows) -> dict[str, float]:
    found: dict[str, float | None] = {}
    if rows_by.button_places:
        events = event_figures(events_by)
        found["event_f1"] = events.micro.both.f1.value
        found["event_f1_macro"] = events.macro_f1
        accuracy = accuracy_figures(rows_by)
        if accuracy is not None:
            found["joint_accuracy"] = accuracy.joint.value
            found["joint_accuracy_at_changes"] = accuracy.at_changes.value
    for kind, score in axis_figures(rows_by).pooled.items():
        found[f"{kind}_r2"] = score.r2.value
    return {name: value for name, value in found.items() if value is not None}


def _flat(values: Tensor) -> NDArray[np.float32]:
    return values[:, :-1].reshape(-1, values.shape[-1]).to(torch.float32).numpy()
