"""Chunks out of noise: a diffusion transformer that is trained by flow matching.

Between noise ε and a chunk a lies a straight line, x = (1 − t) ε + t a; the network learns the way along it, a − ε,
from x, t and what is seen (Lipman et al., "Flow Matching", 2023; for actions: Black et al., "π0", 2024). To act, the
line is walked in some steps from noise to a chunk. Unlike a mean, a chunk drawn so is one that somebody might have
played: at a fork it goes left or right and not into the wall between.

The transformer is a DiT (Peebles and Xie, 2023): t and the whole scene scale and shift each layer (adaLN, which begins
as nothing), the rows of the chunk look at each other and at the scene's tokens. The whole scene is also added to each
row, loud enough to be heard beside the noise.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.policy.config import PolicyConfig

TIME_ALPHA, TIME_BETA = 1.5, 1.0
"""How the share of noise is drawn in training: rather much, where the direction is decided."""

SLOWEST_WAVE = 1000.0

TOLD_APART = 0.5
"""How far the rows of a chunk lie apart from the beginning on."""


class Attention(nn.Module):
    """Rows ask, tokens answer. Args: rows and tokens may be the same."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        self.ask = nn.Linear(width, width)
        self.know = nn.Linear(width, 2 * width)
        self.answer = nn.Linear(width, width)

    def forward(self, rows: Tensor, tokens: Tensor) -> Tensor:
        ask = self.ask(rows).unflatten(-1, (self._heads, -1)).transpose(-2, -3)
        know, tell = self.know(tokens).unflatten(-1, (2, self._heads, -1)).unbind(-3)
        found = functional.scaled_dot_product_attention(ask, know.transpose(-2, -3), tell.transpose(-2, -3))
        return self.answer(found.transpose(-2, -3).flatten(-2))


class FlowLayer(nn.Module):
    """Rows look at each other, at the scene, and think for themselves."""

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__()
        width = config.width
        self.own_norm = nn.LayerNorm(width, elementwise_affine=False)
        self.own = Attention(width, config.heads)
        self.scene_norm = nn.LayerNorm(width)
        self.scene = Attention(width, config.heads)
        self.wide_norm = nn.LayerNorm(width, elementwise_affine=False)
        self.wide = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(config.dropout)
        self.adapt = nn.Linear(width, 6 * width)
        nn.init.zeros_(self.adapt.weight)
        nn.init.zeros_(self.adapt.bias)
        with torch.no_grad():
            self.adapt.bias.view(6, width)[[2, 5]] = 1  # the gates: few layers need not begin shut

    def forward(self, rows: Tensor, tokens: Tensor, state: Tensor) -> Tensor:
        """[B, K, C, width] by tokens [B, N, width] and state [B, K, 1, width]."""
        shift, scale, gate, wide_shift, wide_scale, wide_gate = self.adapt(state).chunk(6, -1)
        rested = self.own_norm(rows) * (1 + scale) + shift
        rows = rows + gate * self.dropout(self.own(rested, rested))
        draws, length = rows.shape[1:3]
        asked = self.scene(self.scene_norm(rows).flatten(1, 2), tokens)  # the draws of a clip see one scene
        rows = rows + self.dropout(asked.unflatten(1, (draws, length)))
        thought = self.wide_norm(rows) * (1 + wide_scale) + wide_shift
        return rows + wide_gate * self.dropout(self.narrow(functional.gelu(self.wide(thought))))


class FlowHead(nn.Module):
    """The way from noise to a chunk. Args: values: of a row."""

    def __init__(self, config: PolicyConfig, values: int) -> None:
        super().__init__()
        width = config.width
        self.values, self.chunk = values, config.chunk
        self.enter = nn.Linear(values, width)
        self.places = nn.Parameter(torch.randn(config.chunk, width) * TOLD_APART)
        self.tell = nn.Linear(width, config.chunk * width)
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.layers = nn.ModuleList(FlowLayer(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.adapt = nn.Linear(width, 2 * width)
        self.leave = nn.Linear(width, values)
        waves = torch.exp(torch.linspace(0, math.log(SLOWEST_WAVE), width // 2))
        self.waves: Tensor
        self.register_buffer("waves", waves, persistent=False)
        for layer in (self.adapt, self.leave):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, noisy: Tensor, time: Tensor, tokens: Tensor, whole: Tensor) -> Tensor:
        """The way at a point.

        Args:
            noisy: float[B, K, C, values], K points for each clip.
            time: float[B, K], from 0, noise, to 1, a chunk.
            tokens: [B, N, width], the scene.
            whole: [B, width], all of it in one, with what else is known; values of about 1.

        Returns:
            float32[B, K, C, values].
        """
        told = self.tell(whole).unflatten(-1, (self.chunk, -1)).unsqueeze(1)
        angles = time.unsqueeze(-1) * self.waves
        state = self.time(torch.cat((angles.sin(), angles.cos()), -1)) + whole.unsqueeze(1)
        state = functional.silu(state).unsqueeze(2)
        rows = self.enter(noisy) + self.places + told
        for layer in self.layers:
            rows = layer(rows, tokens, state)
        shift, scale = self.adapt(state).chunk(2, -1)
        return self.leave(self.norm(rows) * (1 + scale) + shift).float()


def draw_times(clips: int, draws: int, device: torch.device) -> Tensor:
    """Times to learn at, float32[clips, draws]. Drawn on the CPU: a seed gives the same ones everywhere."""
    most = torch.distributions.Beta(TIME_ALPHA, TIME_BETA).sample((clips, draws))
    return (1 - most).to(device)


def walk(head: FlowHead, noise: Tensor, tokens: Tensor, whole: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """From noise to a chunk, in even steps.

    Args:
        head: the way.
        noise: float32[B, C, values].
        tokens, whole: the scene.
        steps: how many.

    Returns:
        The chunk, and where it was headed halfway, both float32[B, C, values]: how far they lie apart tells how
        undecided it was.
    """
    point, halfway = noise.unsqueeze(1), noise.unsqueeze(1)
    for step in range(steps):
        time = torch.full(point.shape[:2], step / steps, device=point.device)
        way = head(point, time, tokens, whole)
        if step == steps // 2:
            halfway = point + way * (1 - step / steps)
        point = point + way / steps
    return point.squeeze(1), halfway.squeeze(1)
