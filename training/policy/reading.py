"""A chunk read straight off the scene, without noise: the baseline's head, and buttons as probabilities.

The flow head has one, too, which nobody presses by: it teaches the encoder. The noise in what flows drowns what little
of its loss depends on the scene, so that by the flow alone an encoder does not know after 400 steps where a spot is,
which it is taught here in 100.

Buttons are logits, one each; of a categorical head a member each and, last, none of them. Sticks and the like are one
number each, coded as `training.policy.coding` has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.action_space import ActionSpace, Head, HeadKind
from training.idm.balance import ClassBalance
from training.policy.config import PolicyConfig

BUTTONS = (HeadKind.DIGITAL, HeadKind.CATEGORICAL)
RAREST = 1e-3
"""What was never held is taken to be this rare."""


@dataclass(frozen=True, kw_only=True)
class ReadHead:
    """One head's part of what is read. Attributes: head; span: its numbers among all."""

    head: Head
    span: slice


def read_heads(space: ActionSpace) -> tuple[ReadHead, ...]:
    """What is read for an action space."""

    def lay_out() -> Iterator[ReadHead]:
        start = 0
        for head in space.heads:
            numbers = len(head.places) + (head.kind is HeadKind.CATEGORICAL)
            yield ReadHead(head=head, span=slice(start, start + numbers))
            start += numbers

    return tuple(lay_out())


class ChunkReader(nn.Module):
    """From the scene to the numbers of all rows of a chunk."""

    def __init__(self, config: PolicyConfig, heads: tuple[ReadHead, ...], balance: ClassBalance | None) -> None:
        super().__init__()
        width = config.width
        self.chunk, self.numbers = config.chunk, heads[-1].span.stop
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(config.depth))
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(config.dropout)
        self.leave = nn.Linear(width, config.chunk * self.numbers)
        nn.init.normal_(self.leave.weight, std=0.01)
        nn.init.zeros_(self.leave.bias)
        if balance is not None:
            with torch.no_grad():
                bias = self.leave.bias.view(config.chunk, self.numbers)
                for one in heads:
                    if one.head.kind in BUTTONS:
                        bias[:, one.span] = _base_rates(one.head, balance)

    def think(self, whole: Tensor) -> Tensor:
        """What is made of the scene, [B, width] each: values of about 1."""
        for layer in self.layers:
            whole = whole + self.dropout(functional.gelu(layer(whole)))
        return self.norm(whole)

    def forward(self, thought: Tensor) -> Tensor:
        """[B, width] to float32[B, C, numbers]."""
        return self.leave(thought).unflatten(-1, (self.chunk, self.numbers)).float()


def _base_rates(head: Head, balance: ClassBalance) -> Tensor:
    """The logits of who has seen no picture."""
    held = torch.tensor(balance.held[head.name], dtype=torch.float64) / balance.frames
    if head.kind is HeadKind.CATEGORICAL:
        held = torch.cat((held, (1 - held.sum()).clamp(min=0).unsqueeze(0)))
        return held.clamp(min=RAREST).log().to(torch.float32)
    return torch.logit(held.clamp(RAREST, 1 - RAREST)).to(torch.float32)
