"""What sees: pictures of a clip to features, which may be kept, and features to what a head is told.

Two encoders. `ConvEncoder` sees all pictures at once, each beside what changed since: motion costs it one layer.
`training.policy.siglip` sees each picture alone, as published weights do.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.idm.encoder import COLOURS, ResidualBlock
from training.policy.config import PolicyConfig

BLOCKS_FROM_STAGE = 2
"""Residual blocks begin in this stage, from 0: where pictures are still large they cost most and see least."""

SQUEEZED = 32
"""Values of each token that are told to the head at once, place by place."""


class Encoder(Protocol):
    """Something that sees: an `nn.Module`.

    Attributes:
        cells: vectors of a clip, or of each of its pictures.
        channels: of each vector.
        is_of_pictures: whether each picture has its own features, which then can be kept: [B, history, cells, …].
    """

    cells: int
    channels: int
    is_of_pictures: bool

    def __call__(self, pictures: Tensor) -> Tensor:
        """uint8[B, history, H, W, 3] to float[B, cells, channels] or, of pictures, [B, history, cells, channels]."""
        ...


class ConvEncoder(nn.Module):
    """Strided convolutions with residual blocks (Espeholt et al., "IMPALA", 2018) over pictures and their changes."""

    is_of_pictures = False

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__()
        channels = config.encoder.channels
        self.strides = nn.ModuleList()
        self.blocks = nn.ModuleList()
        before = COLOURS * config.history
        first_with_blocks = min(BLOCKS_FROM_STAGE, len(channels) - 1)
        for stage, width in enumerate(channels):
            kernel = 5 if stage == 0 else 3
            self.strides.append(nn.Conv2d(before, width, kernel, stride=2, padding=kernel // 2))
            blocks = config.encoder.blocks if stage >= first_with_blocks else 0
            self.blocks.append(nn.Sequential(*(ResidualBlock(width) for _ in range(blocks))))
            before = width
        shrunk = 2 ** len(channels)
        self.cells = (config.picture_width // shrunk) * (config.picture_height // shrunk)
        self.channels = before
        self.norm = nn.LayerNorm(before)

    def forward(self, pictures: Tensor) -> Tensor:
        seen = pictures.permute(0, 1, 4, 2, 3).to(torch.float32) / 255
        last = seen[:, -1:] * 2 - 1
        changes = (seen[:, 1:] - seen[:, :-1]) * 4
        features = torch.cat((last, changes), 1).flatten(1, 2)
        for stage, (stride, blocks) in enumerate(zip(self.strides, self.blocks, strict=True)):
            features = blocks(stride(functional.relu(features) if stage else features))
        return self.norm(features.flatten(2).transpose(1, 2))


class Tokens(nn.Module):
    """An encoder's features as tokens, each with its place and time: for heads that look around in a scene."""

    def __init__(self, encoder: Encoder, config: PolicyConfig) -> None:
        super().__init__()
        self.project = nn.Linear(encoder.channels, config.width)
        self.places = nn.Parameter(torch.randn(encoder.cells, config.width) * 0.02)
        pictures = config.history
        self.times = nn.Parameter(torch.randn(pictures, 1, config.width) * 0.02) if encoder.is_of_pictures else None
        self.norm = nn.LayerNorm(config.width)

    def forward(self, features: Tensor) -> Tensor:
        """Features as an encoder gives them to [B, N, width]."""
        tokens = self.project(features) + self.places
        if self.times is not None:
            tokens = (tokens + self.times).flatten(1, 2)
        return self.norm(tokens)


class Overall(nn.Module):
    """An encoder's features in one vector, which still knows what was where."""

    def __init__(self, encoder: Encoder, config: PolicyConfig) -> None:
        super().__init__()
        pictures = config.history if encoder.is_of_pictures else 1
        self.squeeze = nn.Linear(encoder.channels, SQUEEZED)
        self.join = nn.Linear(pictures * encoder.cells * SQUEEZED, config.width)

    def forward(self, features: Tensor) -> Tensor:
        """Features as an encoder gives them to [B, width]."""
        return self.join(functional.gelu(self.squeeze(features)).flatten(1))
