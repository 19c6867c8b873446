"""How far what a policy says is from what was done. Values that do not count (`PolicyBatch.weights`) add nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.action_space import Head, HeadKind
from training.idm.balance import ClassBalance
from training.idm.losses import HEAVIEST, chosen_member
from training.policy.flow import draw_times
from training.policy.model import PolicyModel, PolicyOutput

LEAST = 1e-6

GUIDANCE = 10.0
"""What reading weighs where nobody presses by it: at 1 the noise of the flow still drowns it in every step."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What the flow head learns from in a step.

    Attributes:
        noise: float32[B, K, C, F].
        time: float32[B, K].
        noisy: float32[B, K, C, F], between the noise and the chunk.
        way: float32[B, K, C, F], from the noise to the chunk.
    """

    noise: Tensor
    time: Tensor
    noisy: Tensor
    way: Tensor


def draw_noise(model: PolicyModel, coded: Tensor, draws: int) -> Noise:
    """Noise for chunks. Args: coded: float32[B, C, A]. Draws from PyTorch's random state of the CPU."""
    chunk = coded[..., list(model.flowing)].unsqueeze(1)
    clips, _, rows, values = chunk.shape
    noise = torch.randn(clips, draws, rows, values).to(coded.device)
    time = draw_times(clips, draws, coded.device)
    share = time.view(clips, draws, 1, 1)
    return Noise(noise=noise, time=time, noisy=(1 - share) * noise + share * chunk, way=chunk - noise)


class PolicyLoss(nn.Module):
    """The loss of a model. Move it to the model's device. Args: balance: how often buttons are held."""

    def __init__(self, model: PolicyModel, balance: ClassBalance) -> None:
        super().__init__()
        self._space, self._flowing, self._reads = model.space, model.flowing, model.reads
        self._pressed_as_read = model.pressed_as_read
        for number, one in enumerate(self._reads):
            if one.head.kind in (HeadKind.DIGITAL, HeadKind.CATEGORICAL):
                self.register_buffer(f"rarity_{number}", _rarity(one.head, balance, model.config.balance))

    def forward(
        self, output: PolicyOutput, coded: Tensor, weights: Tensor, noise: Noise | None
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The loss, and that of each head by which is pressed: the mean of these, and what teaches the encoder beside.

        Args:
            output: of the model.
            coded: float32[B, C, A], what was done.
            weights: float32[B, C, A].
            noise: what the flow head was given; None where the model has none.
        """
        parts: dict[str, Tensor] = {}
        if output.way is not None and noise is not None:
            off = ((output.way - noise.way) ** 2).mean(1)
            for head in self._space.heads:
                places = [self._flowing.index(place) for place in head.places if place in self._flowing]
                if places:
                    parts[head.name] = _mean(off[..., places], weights[..., list(head.places)])
        guides: list[Tensor] = []
        for number, one in enumerate(self._reads):
            off = self._of_read(number, one.head, output.read[..., one.span], coded[..., list(one.head.places)])
            read = _mean(off, weights[..., list(one.head.places)].mean(-1))
            if one in self._pressed_as_read:
                parts[one.head.name] = read
            else:
                guides.append(read)
        total = torch.stack(list(parts.values())).mean()
        if guides:
            total = total + GUIDANCE * torch.stack(guides).mean()
        return total, {name: value.detach() for name, value in parts.items()}

    def _of_read(self, number: int, head: Head, read: Tensor, coded: Tensor) -> Tensor:
        """[B, C]. Rare buttons weigh more, and probabilities stay what they are: see `training.idm.losses`."""
        if head.kind not in (HeadKind.DIGITAL, HeadKind.CATEGORICAL):
            return ((read - coded) ** 2).sum(-1)
        rarity = getattr(self, f"rarity_{number}")
        raised = read + rarity.log()
        if head.kind is HeadKind.CATEGORICAL:
            chosen = chosen_member((coded > 0).float())
            return functional.cross_entropy(
                raised.flatten(0, -2), chosen.flatten(), weight=rarity, reduction="none"
            ).view_as(chosen)
        return functional.binary_cross_entropy_with_logits(
            raised, (coded > 0).float(), pos_weight=rarity, reduction="none"
        ).sum(-1)


def _mean(off: Tensor, weights: Tensor) -> Tensor:
    return (off * weights).sum() / weights.sum().clamp(min=LEAST)


def _rarity(head: Head, balance: ClassBalance, power: float) -> Tensor:
    """float32[n]: what a press weighs, or each member of a categorical head and none."""
    held = torch.tensor(balance.held[head.name], dtype=torch.float64)
    if head.kind is HeadKind.CATEGORICAL:
        held = torch.cat((held, (balance.frames - held.sum()).clamp(min=0).unsqueeze(0)))
        rare = held.max() / held.clamp(min=1)
    else:
        rare = (balance.frames - held) / held.clamp(min=1)
    return (rare**power).clamp(1.0, HEAVIEST).to(torch.float32)
