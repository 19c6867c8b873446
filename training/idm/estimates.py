"""From a model's numbers to values of the action vector, and how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from training.action_space import ActionSpace, Head, HeadKind
from training.idm.bins import expectation
from training.idm.heads import BINNED
from training.idm.model import IdmOutput
from training.idm.sureness import Sureness, sure

CLOSE = 0.1
"""An estimate of a stick or trigger is right if it is this near; of the mouse, if it is this part of its scale or
of the true motion near, whichever is more."""


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """What was held, by a model. Tensors on the output's device, without gradient.

    Attributes:
        values: float32[B, W, A] in the dataset's units; digital ones 0 or 1.
        confidence: float32[B, W, H], one a head in the space's order: how probable it is that the head's values are
            right: exactly, for digital and categorical ones; within `CLOSE` for the others.
        probabilities: float32[B, W, A]: that it is held, for digital and categorical places; NaN for the others.
    """

    values: Tensor
    confidence: Tensor
    probabilities: Tensor


@torch.no_grad()
def estimates(
    output: IdmOutput,
    space: ActionSpace,
    temperatures: Mapping[str, float] | None = None,
    sureness: Sureness | None = None,
) -> Estimates:
    """Read a model's output.

    Args:
        output: of the model.
        space: its action space.
        temperatures: by head, as `temperature.fit_temperatures` found them; a head that is missing has 1.
        sureness: by head, as `sureness.fit_sureness` found it under these temperatures; a head that is missing is
            believed.
    """
    shape = next(iter(output.logits.values())).shape[:2]
    device = next(iter(output.logits.values())).device
    values = torch.zeros(*shape, space.width, device=device)
    probabilities = torch.full_like(values, torch.nan)
    confidence = torch.zeros(*shape, len(space.heads), device=device)
    for number, head in enumerate(space.heads):
        logits = output.logits[head.name].float() / (temperatures or {}).get(head.name, 1.0)
        places = list(head.places)
        if head.kind in BINNED:
            centres = output.centres[head.name]
            shares = logits.unflatten(-1, (len(places), -1)).softmax(-1)
            guess = expectation(shares, centres)
            values[..., places] = guess
            near = _close_share(head, shares, guess, centres).prod(-1)
            curve = (sureness or {}).get(head.name)
            confidence[..., number] = near if curve is None else sure(near, *curve)
        elif head.kind is HeadKind.CATEGORICAL:
            shares = logits.softmax(-1)
            most, chosen = shares.max(-1)
            values[..., places] = torch.nn.functional.one_hot(chosen, len(places) + 1)[..., :-1].float()
            probabilities[..., places] = shares[..., :-1]
            confidence[..., number] = most
        else:
            shares = logits.sigmoid()
            values[..., places] = (shares >= 0.5).float()
            probabilities[..., places] = shares
            confidence[..., number] = torch.maximum(shares, 1 - shares).prod(-1)
    return Estimates(values=values, confidence=confidence, probabilities=probabilities)


def _close_share(head: Head, shares: Tensor, guess: Tensor, centres: Tensor) -> Tensor:
    """How much of a distribution lies within `CLOSE` of the guess.

    Between two centres the mass is taken to lie evenly, as two-hot targets put it there: each bin's share is a
    triangle that reaches to its neighbours.
    """
    if head.kind is HeadKind.MOUSE:
        reach = CLOSE * torch.maximum(guess.abs(), centres[-1] * CLOSE)
    else:
        reach = torch.full_like(guess, CLOSE)
    ends = torch.stack((guess - reach, guess + reach), -1)
    return (_mass_below(shares, ends[..., 1:], centres) - _mass_below(shares, ends[..., :1], centres)).squeeze(-1)


def _mass_below(shares: Tensor, value: Tensor, centres: Tensor) -> Tensor:
    """The mass of triangular bins up to ``value``: [..., n] and [..., 1] to [..., 1]."""
    widths = centres.diff()
    left = torch.cat((widths[:1], widths))
    right = torch.cat((widths, widths[-1:]))
    rising = ((value - (centres - left)) / left).clamp(0, 1) ** 2 / 2 * left
    falling = (1 - (1 - ((value - centres) / right).clamp(0, 1)) ** 2) / 2 * right
    return (shares * (rising + falling) / ((left + right) / 2)).sum(-1, keepdim=True)
