"""How sure a model may be: one temperature a head, fitted on play that it was not trained on.

Dividing a head's logits by one number changes no decision and makes its confidence mean what it says (Guo et al.,
"On calibration of modern neural networks", 2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from training.action_space import ActionSpace, Head, HeadKind
from training.idm.heads import BINNED
from training.idm.losses import bin_loss, chosen_member
from training.idm.model import IdmOutput

COOLEST, HOTTEST = 0.05, 20.0
STEPS = 40
"""Of the search, each of which leaves 0.62 of the range: to nine digits."""

_GOLDEN = (math.sqrt(5) - 1) / 2


@torch.no_grad()
def fit_temperatures(
    outputs: Sequence[IdmOutput], actions: Sequence[Tensor], space: ActionSpace, weights: Sequence[Tensor] | None = None
) -> dict[str, float]:
    """The temperatures under which held-out batches are most likely.

    Args:
        outputs: of the model, a batch each.
        actions: float32[B, W, A] each.
        space: the model's.
        weights: [B, W] each, as `IdmLoss` takes them; None: all frames but the last of each clip.

    Returns:
        By head; 1 where nothing counts.
    """
    counts = [torch.ones_like(one[..., 0]) for one in actions] if weights is None else weights
    kept = [(one[:, :-1] > 0) for one in counts]
    truth = torch.cat([one[:, :-1][keep] for one, keep in zip(actions, kept, strict=True)])
    found: dict[str, float] = {}
    for head in space.heads:
        logits = torch.cat(
            [one.logits[head.name][:, :-1].float()[keep] for one, keep in zip(outputs, kept, strict=True)]
        )
        centres = outputs[0].centres.get(head.name) if outputs else None
        found[head.name] = _best(head, logits, truth[:, list(head.places)], centres) if len(truth) else 1.0
    return found


def _best(head: Head, logits: Tensor, truth: Tensor, centres: Tensor | None) -> float:
    """By golden section: the likelihood has one peak in the logarithm of the temperature."""

    def cost(log_temperature: float) -> float:
        return float(_cost(head, logits / math.exp(log_temperature), truth, centres))

    low, high = math.log(COOLEST), math.log(HOTTEST)
    first, second = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    first_cost, second_cost = cost(first), cost(second)
    for _ in range(STEPS):
        if first_cost <= second_cost:
            high, second, second_cost = second, first, first_cost
            first = high - _GOLDEN * (high - low)
            first_cost = cost(first)
        else:
            low, first, first_cost = first, second, second_cost
            second = low + _GOLDEN * (high - low)
            second_cost = cost(second)
    return math.exp((low + high) / 2)


def _cost(head: Head, logits: Tensor, truth: Tensor, centres: Tensor | None) -> Tensor:
    if head.kind in BINNED:
        assert centres is not None
        return bin_loss(logits, truth, centres).mean()
    if head.kind is HeadKind.CATEGORICAL:
        return functional.cross_entropy(logits, chosen_member(truth))
    return functional.binary_cross_entropy_with_logits(logits, (truth >= 0.5).float())
