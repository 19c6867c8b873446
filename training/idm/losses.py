"""How far a model's output is from what was held.

Each head is compared in the way of its kind: digital by binary cross-entropy, categorical by cross-entropy over its
members and none, sticks, triggers and the mouse by cross-entropy with two-hot bins.

Rare presses weigh more than the frames without them, yet probabilities stay what they are: a weighted loss alone
would learn probabilities that are too high by the weight, so the logits are raised by the weight's logarithm within
the loss, and the model learns the true ones (Menon et al., "Long-tail learning via logit adjustment", 2021, turned
round; the weights' power is that of Mahajan et al., 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.action_space import ActionSpace, Head, HeadKind
from training.errors import TrainingError
from training.idm.balance import ClassBalance
from training.idm.bins import two_hot
from training.idm.config import IdmConfig
from training.idm.heads import BINNED
from training.idm.model import IdmOutput

HEAVIEST = 10.0
"""No press weighs more than this: what was seen twice is not worth a thousand frames."""


@dataclass(frozen=True, kw_only=True)
class LossReport:
    """The loss of a batch.

    Attributes:
        total: the sum over the heads, with its gradient.
        per_head: by head, detached, means over the frames that count.
    """

    total: Tensor
    per_head: dict[str, Tensor]


class IdmLoss(nn.Module):
    """The loss of a model of ``config`` on ``space``. Move it to the model's device."""

    def __init__(self, space: ActionSpace, config: IdmConfig, balance: ClassBalance) -> None:
        super().__init__()
        self._space = space
        self._logs: dict[str, str] = {}
        for number, head in enumerate(space.heads):
            if head.kind not in BINNED:
                self._logs[head.name] = f"weight_{number}"
                self.register_buffer(f"weight_{number}", _weights(head, balance, config.balance))

    def forward(self, output: IdmOutput, actions: Tensor, weight: Tensor | None = None) -> LossReport:
        """Compare.

        Args:
            output: what the model said.
            actions: float32[B, W, A], the dataset's rows.
            weight: [B, W], what each frame counts; 0 (or False) for one whose row is not known or not valid, which
                may then hold anything. None: all alike. The last frame of a clip never counts.

        Raises:
            TrainingError: a value that counts is not a number, or the rows are of another width.
        """
        space = self._space
        if actions.shape[-1] != space.width:
            raise TrainingError(
                f"the actions have {actions.shape[-1]} values and the model predicts {space.width}",
                remedy="Train on the dataset that the action space was made of",
            )
        actions = actions[:, :-1]
        counts = torch.ones_like(actions[..., 0]) if weight is None else weight[:, :-1].to(actions.dtype)
        actions = self._valid(actions, counts)
        whole = counts.sum().clamp(min=1e-9)
        parts = {
            head.name: (self._of(head, output, actions[..., list(head.places)]) * counts).sum() / whole
            for head in space.heads
        }
        return LossReport(
            total=torch.stack(list(parts.values())).sum(),
            per_head={name: part.detach() for name, part in parts.items()},
        )

    def _valid(self, actions: Tensor, counts: Tensor) -> Tensor:
        wrong = ~actions.isfinite() & (counts > 0).unsqueeze(-1)
        if bool(wrong.any()):
            clip, frame, place = (int(one) for one in wrong.nonzero()[0])
            raise TrainingError(
                f"the value of '{self._space.names[place]}' in frame {frame} of clip {clip} of the batch is no number",
                remedy="Give frames whose actions are not known the weight 0",
            )
        return torch.where((counts > 0).unsqueeze(-1), actions, torch.zeros_like(actions))

    def _of(self, head: Head, output: IdmOutput, truth: Tensor) -> Tensor:
        """[B, W − 1]."""
        logits = output.logits[head.name][:, :-1].float()
        if head.kind in BINNED:
            centres = output.centres[head.name]
            return bin_loss(logits, truth, centres).sum(-1)
        weights = getattr(self, self._logs[head.name])
        if head.kind is HeadKind.CATEGORICAL:
            chosen = chosen_member(truth)
            raised = (logits + weights.log()).flatten(0, -2)
            return functional.cross_entropy(raised, chosen.flatten(), weight=weights, reduction="none").view_as(chosen)
        return functional.binary_cross_entropy_with_logits(
            logits + weights.log(), (truth >= 0.5).float(), pos_weight=weights, reduction="none"
        ).sum(-1)


def chosen_member(truth: Tensor) -> Tensor:
    """Of a categorical head's values [..., n] the number of the one that is held, n where none is: int64[...]."""
    none = (truth < 0.5).all(-1)
    return torch.where(none, truth.shape[-1], truth.argmax(-1))


def bin_loss(logits: Tensor, truth: Tensor, centres: Tensor) -> Tensor:
    """Cross-entropy of bins: logits [..., values · n] and truth [..., values] to [..., values]."""
    guessed = logits.unflatten(-1, (truth.shape[-1], -1)).log_softmax(-1)
    return -(two_hot(truth, centres) * guessed).sum(-1)


def _weights(head: Head, balance: ClassBalance, power: float) -> Tensor:
    """float32[n]: what a press weighs (digital), or each member and none (categorical, the commonest 1)."""
    held = torch.tensor(balance.held[head.name], dtype=torch.float64)
    if head.kind is HeadKind.CATEGORICAL:
        held = torch.cat((held, (balance.frames - held.sum()).clamp(min=0).unsqueeze(0)))
        rarity = held.max() / held.clamp(min=1)
    else:
        rarity = (balance.frames - held) / held.clamp(min=1)
    return (rarity**power).clamp(1.0, HEAVIEST).to(torch.float32)
