"""Values as shares of bins: a value between two centres is split among them, so that the expectation gives it back.

Sticks are read as a distribution and not as one number, because what a picture leaves open (left or right of a
fence) has two answers and a mean that is neither. Two-hot targets: Schrittwieser et al., "Mastering Atari, Go, Chess
and Shogi by planning with a learned model" (2019), appendix F. The mouse's bins stand close together near rest and
far apart in a flick, by the mu-law of ITU-T G.711, as in Baker et al., "Video PreTraining" (2022).
"""

from __future__ import annotations

import torch
from torch import Tensor

MU = 255.0
"""How much finer the mouse is read near rest than at its fastest."""


def even_bins(low: float, high: float, count: int) -> Tensor:
    """float32[count], centres at equal distances, both ends among them."""
    return torch.linspace(low, high, count, dtype=torch.float64).to(torch.float32)


def mu_law_bins(scale: float, count: int) -> Tensor:
    """float32[count], centres from ``-scale`` to ``scale``, dense around 0."""
    even = torch.linspace(-1.0, 1.0, count, dtype=torch.float64)
    return (even.sign() * torch.expm1(even.abs() * torch.log1p(torch.tensor(MU))) / MU * scale).to(torch.float32)


def two_hot(values: Tensor, centres: Tensor) -> Tensor:
    """Each value as shares of the two bins beside it; one beyond the ends is its end's.

    Args:
        values: float32[...].
        centres: float32[n], rising.

    Returns:
        float32[..., n], each row adding up to 1.
    """
    inside = values.clamp(centres[0], centres[-1])
    upper = torch.searchsorted(centres, inside.contiguous()).clamp(1, len(centres) - 1)
    below, above = centres[upper - 1], centres[upper]
    share = ((inside - below) / (above - below)).unsqueeze(-1)
    shares = torch.zeros(*values.shape, len(centres), dtype=centres.dtype, device=values.device)
    shares.scatter_(-1, (upper - 1).unsqueeze(-1), 1 - share)
    return shares.scatter_(-1, upper.unsqueeze(-1), share)


def expectation(probabilities: Tensor, centres: Tensor) -> Tensor:
    """The mean value of a distribution over bins: [..., n] to [...]."""
    return (probabilities * centres).sum(-1)
