"""What happens between a frame and the next: pictures in, one vector a step out.

The first layer sees a frame together with its differences to the frames beside it, which makes it a convolution over
three frames of time: most of what an input does is motion, and a small network that is handed the motion need not
find it first (a temporal convolution before the frames' encoder: Baker et al., "Video PreTraining", 2022; stacked
frames: Dosovitskiy et al., "FlowNet", 2015). The residual stages are those of Espeholt et al., "IMPALA" (2018), with
strides instead of pooling, and with none where pictures are still large: there they would cost most and see least.
How the picture moved as a whole (`matching`) also reaches the step's vector by a straight way.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.idm.config import IdmConfig
from training.idm.matching import ShiftMatching

COLOURS = 3
JOINING_STAGE = 2
"""The stage, from 0, into which shifts are mixed, or the last one if there are fewer; blocks begin there, too."""

BRIGHTNESS = (0.299, 0.587, 0.114)
"""Of red, green and blue (ITU-R BT.601)."""


class ResidualBlock(nn.Module):
    """Two convolutions that add to what they were given."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_groups(channels), channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.second(functional.relu(self.first(functional.relu(self.norm(features)))))


class StepEncoder(nn.Module):
    """Clips of W frames to a vector for each of the W − 1 steps between them."""

    def __init__(self, config: IdmConfig) -> None:
        super().__init__()
        channels = config.channels
        joining = min(JOINING_STAGE, len(channels) - 1)
        self._differences = config.frame_differences
        self.strides = nn.ModuleList()
        self.blocks = nn.ModuleList()
        before = COLOURS * 3 if config.frame_differences else COLOURS * 2
        for stage, width in enumerate(channels):
            kernel = 5 if stage == 0 else 3
            self.strides.append(nn.Conv2d(before, width, kernel, stride=2, padding=kernel // 2))
            blocks = config.blocks if stage >= joining else 0
            self.blocks.append(nn.Sequential(*(ResidualBlock(width) for _ in range(blocks))))
            before = width
        self._joining = joining
        self.matching = ShiftMatching(2 ** (joining + 1), config.shift_reach) if config.shift_reach else None
        self.brightness: Tensor
        self.register_buffer("brightness", torch.tensor(BRIGHTNESS).view(-1, 1, 1), persistent=False)
        if self.matching is not None:
            self.join = nn.Sequential(
                nn.Conv2d(self.matching.channels, 2 * channels[joining], 1),
                nn.ReLU(),
                nn.Conv2d(2 * channels[joining], channels[joining], 1),
            )
            self.overall = nn.Linear(self.matching.channels, config.width)
        shrunk = 2 ** len(channels)
        cells = (config.picture_width // shrunk) * (config.picture_height // shrunk)
        self.norm = nn.GroupNorm(_groups(before), before)
        self.project = nn.Linear(before * cells, config.width)

    def forward(self, frames: Tensor) -> Tensor:
        """Encode.

        Args:
            frames: uint8[B, W, H, W, 3].

        Returns:
            [B, W − 1, width].
        """
        pictures = frames.permute(0, 1, 4, 2, 3).to(torch.float32) / 255
        steps = pictures.shape[0], pictures.shape[1] - 1
        shifts = self._shifts(pictures)
        features = self._seen(pictures).flatten(0, 1)
        for stage, (stride, blocks) in enumerate(zip(self.strides, self.blocks, strict=True)):
            features = stride(functional.relu(features) if stage else features)
            if shifts is not None and stage == self._joining:
                features = features + self.join(shifts)
            features = blocks(features)
        encoded = self.project(functional.relu(self.norm(features)).flatten(1))
        if shifts is not None:
            encoded = encoded + self.overall(shifts.mean((2, 3)))
        return encoded.unflatten(0, steps)

    def _shifts(self, pictures: Tensor) -> Tensor | None:
        """[B · (W − 1), C, …] of each step, where they are looked at."""
        if self.matching is None:
            return None
        bright = (pictures * self.brightness).sum(2, keepdim=True)
        return self.matching(bright[:, :-1].flatten(0, 1), bright[:, 1:].flatten(0, 1))

    def _seen(self, pictures: Tensor) -> Tensor:
        """[B, W − 1, C, H, W]: of each step its picture beside the next one, or beside the changes around it."""
        if not self._differences:
            return torch.cat((pictures[:, :-1], pictures[:, 1:]), 2) * 2 - 1
        change = pictures[:, 1:] - pictures[:, :-1]
        changed = torch.cat((torch.zeros_like(change[:, :1]), change[:, :-1]), 1)
        return torch.cat((pictures[:, :-1] * 2 - 1, change * 4, changed * 4), 2)


def _groups(channels: int) -> int:
    return next(groups for groups in (8, 4, 2, 1) if channels % groups == 0)
