"""Where each head's numbers stand in a model's output, and what values its bins mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from training.action_space import ActionSpace, Head, HeadKind
from training.idm.balance import ClassBalance
from training.idm.bins import even_bins, mu_law_bins
from training.idm.config import IdmConfig

BINNED = (HeadKind.STICK, HeadKind.ANALOG, HeadKind.TRIGGER, HeadKind.MOUSE)
"""Kinds that are read as a distribution over bins, one for each of their values."""


@dataclass(frozen=True, kw_only=True)
class HeadOutput:
    """One head's part of what the model says.

    Attributes:
        head: which.
        start: its first logit.
        logits: how many it has: of a digital head one; of a categorical one a member each and, last, none of them;
            of the others bins for its first value, then for its second.
    """

    head: Head
    start: int
    logits: int

    @property
    def span(self) -> slice:
        """Its logits among all."""
        return slice(self.start, self.start + self.logits)


def head_outputs(space: ActionSpace, config: IdmConfig) -> tuple[HeadOutput, ...]:
    """The outputs of a model, in the space's order."""

    def lay_out() -> Iterator[HeadOutput]:
        start = 0
        for head in space.heads:
            logits = _logits(head, config)
            yield HeadOutput(head=head, start=start, logits=logits)
            start += logits

    return tuple(lay_out())


def _logits(head: Head, config: IdmConfig) -> int:
    match head.kind:
        case HeadKind.DIGITAL:
            return len(head.places)
        case HeadKind.CATEGORICAL:
            return len(head.places) + 1
        case HeadKind.TRIGGER:
            return _trigger_bins(config) * len(head.places)
        case HeadKind.MOUSE:
            return config.mouse_bins * len(head.places)
        case HeadKind.STICK | HeadKind.ANALOG:
            return config.bins * len(head.places)


def _trigger_bins(config: IdmConfig) -> int:
    return config.bins // 2 + 1


def bin_centres(space: ActionSpace, config: IdmConfig, balance: ClassBalance | None) -> dict[str, Tensor]:
    """By head, for those of `BINNED`: float32[n], what its bins mean in the units of the dataset.

    Args:
        space: the heads.
        config: how many bins.
        balance: how far the mouse was moved; None takes 1 count (the weights of a checkpoint bring the true one).
    """
    centres: dict[str, Tensor] = {}
    for head in space.of_kind(*BINNED):
        if head.kind is HeadKind.MOUSE:
            scale = balance.mouse_scales[head.name] if balance is not None else 1.0
            centres[head.name] = mu_law_bins(scale, config.mouse_bins)
        elif head.kind is HeadKind.TRIGGER:
            centres[head.name] = even_bins(0.0, 1.0, _trigger_bins(config))
        else:
            centres[head.name] = even_bins(-1.0, 1.0, config.bins)
    return centres
