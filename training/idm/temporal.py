"""Steps put together: each looks at those before and after it.

A transformer without a mask over the whole clip (Vaswani et al., 2017; normalised before each layer as in Xiong et
al., 2020). What was held at a frame is often plain only later, when the jump has begun.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.idm.config import IdmConfig


class TemporalLayer(nn.Module):
    """Attention over all frames, then a network of each frame's own."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self._heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.ask = nn.Linear(width, 3 * width)
        self.answer = nn.Linear(width, width)
        self.own_norm = nn.LayerNorm(width)
        self.wide = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor) -> Tensor:
        """[B, W, width] to the same."""
        asked = self.ask(self.attention_norm(frames)).unflatten(-1, (3, self._heads, -1)).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(asked[0], asked[1], asked[2])
        frames = frames + self.dropout(self.answer(seen.transpose(1, 2).flatten(2)))
        return frames + self.dropout(self.narrow(functional.gelu(self.wide(self.own_norm(frames)))))


class TemporalModel(nn.Module):
    """The layers, with each frame's place in the clip."""

    def __init__(self, config: IdmConfig) -> None:
        super().__init__()
        self.places = nn.Parameter(torch.randn(config.window - 1, config.width) * 0.02)
        self.layers = nn.ModuleList(
            TemporalLayer(config.width, config.heads, config.dropout) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)

    def forward(self, frames: Tensor) -> Tensor:
        """[B, W − 1, width] to the same."""
        frames = frames + self.places[: frames.shape[1]]
        for layer in self.layers:
            frames = layer(frames)
        return self.norm(frames)
