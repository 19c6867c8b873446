"""Actions as numbers between −1 and 1, in which sticks, buttons and the mouse are alike; and back.

A button is −1 or 1, a trigger from −1 to 1, a stick as it is, and the mouse by the μ-law, which tells small motions
apart without losing flicks. Decoding gives what can be pressed: a button is cut in the middle, of a categorical head
at most one is held, everything lies in its range, and what hardly leaves its place is at rest.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from training.action_space import ActionSpace, HeadKind
from training.idm.balance import ClassBalance

MU = 255.0
"""Of the μ-law: the smallest motion is told from none."""

REST = 0.05
"""A stick or trigger that is pushed less far is at rest: what is made of noise is never exactly nothing, and a game
that has no dead zone of its own would drift."""


class ActionCoding(nn.Module):
    """The coding of an action space.

    Args:
        space: whose rows.
        balance: how far the mouse is moved; None: 1 count (the weights of a checkpoint bring the true one).
    """

    def __init__(self, space: ActionSpace, balance: ClassBalance | None = None) -> None:
        super().__init__()
        self.space = space
        scale = torch.ones(space.width)
        for head in space.of_kind(HeadKind.MOUSE):
            if balance is not None:
                scale[list(head.places)] = balance.mouse_scales[head.name]
        self.mouse_scale: Tensor
        self.register_buffer("mouse_scale", scale)
        self._buttons = list(space.places_of(HeadKind.DIGITAL, HeadKind.CATEGORICAL))
        self._triggers = list(space.places_of(HeadKind.TRIGGER))
        self._mouse = list(space.places_of(HeadKind.MOUSE))
        self._groups = [list(head.places) for head in space.of_kind(HeadKind.CATEGORICAL)]
        resting = space.of_kind(HeadKind.STICK, HeadKind.ANALOG, HeadKind.TRIGGER)
        self._resting = [list(head.places) for head in resting]

    def encode(self, rows: Tensor) -> Tensor:
        """The dataset's rows [..., A] as values in [−1, 1], float32."""
        coded = rows.to(torch.float32).clamp(-1, 1)
        coded[..., self._buttons] = (rows[..., self._buttons] >= 0.5).float() * 2 - 1
        coded[..., self._triggers] = rows[..., self._triggers].float().clamp(0, 1) * 2 - 1
        if self._mouse:
            share = (rows[..., self._mouse] / self.mouse_scale[self._mouse]).float()
            coded[..., self._mouse] = (share.sign() * torch.log1p(MU * share.abs()) / math.log1p(MU)).clamp(-1, 1)
        return coded

    def decode(self, coded: Tensor) -> Tensor:
        """What `encode` made, or something like it, as rows that can be pressed, [..., A]; NaN stays NaN."""
        rows = coded.clamp(-1, 1)
        values = rows.clone()
        held = rows > 0
        for places in self._groups:  # at most one of them
            first = torch.nn.functional.one_hot(rows[..., places].argmax(-1), len(places)).bool()
            held[..., places] &= first
        values[..., self._buttons] = torch.where(rows.isnan(), rows, held.to(rows.dtype))[..., self._buttons]
        values[..., self._triggers] = (rows[..., self._triggers] + 1) / 2
        for places in self._resting:  # a NaN is not below anything
            pushed = values[..., places]
            still = pushed.norm(dim=-1, keepdim=True) < REST
            values[..., places] = torch.where(still, torch.zeros_like(pushed), pushed)
        if self._mouse:
            share = rows[..., self._mouse]
            motion = torch.expm1(share.abs() * math.log1p(MU)) / MU
            values[..., self._mouse] = share.sign() * motion * self.mouse_scale[self._mouse]
        return values
