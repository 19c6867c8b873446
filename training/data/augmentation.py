"""Disturbances that live capture brings and clean recordings lack: compression, another scaling, other colours.

A clip is disturbed as a whole, each of its frames alike, because a screen does not change its gamma from one frame to
the next; and by a seed of its own, so that the same clip of the same epoch is disturbed alike wherever it is loaded.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How often and how much clips are disturbed; all nought: not at all.

    Attributes:
        compression: the share of clips that are compressed as JPEG, in whose blocks x264 works, too.
        compression_quality: the worst and the best quality, 1 to 95.
        resize: the share of clips that are scaled down or up and back.
        resize_range: the smallest and the largest size on the way, 1 being the clip's own.
        colour: the share of clips whose brightness, contrast, gamma and channels are changed.
        colour_strength: how much, as a share: 0.1 is ±10 %.
    """

    compression: float = 0.0
    compression_quality: tuple[int, int] = (30, 90)
    resize: float = 0.0
    resize_range: tuple[float, float] = (0.5, 1.5)
    colour: float = 0.0
    colour_strength: float = 0.1

    def __bool__(self) -> bool:
        return max(self.compression, self.resize, self.colour) > 0

    def apply(self, frames: NDArray[np.uint8], seed: tuple[int, ...]) -> None:
        """Disturb a clip in place, uint8[window, height, width, 3]."""
        chance = np.random.default_rng(seed)
        wanted = chance.random(3) < (self.resize, self.colour, self.compression)
        if wanted[0]:
            _resize(frames, chance, self.resize_range)
        if wanted[1]:
            frames[:] = _colour_table(chance, self.colour_strength)[np.arange(3), frames]
        if wanted[2]:
            low, high = self.compression_quality
            _compress(frames, int(chance.integers(low, high + 1)))

    def to_document(self) -> dict[str, Any]:
        """As a message or a checkpoint holds it."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Augmentation:
        """Read what `to_document` wrote."""
        values: dict[str, Any] = dict(document)
        for name in ("compression_quality", "resize_range"):
            values[name] = tuple(values[name])
        return cls(**values)


LIVE = Augmentation(compression=0.5, resize=0.3, colour=0.3)
"""What data.augment does: somewhat more than capture and streaming do to a picture."""


def _resize(frames: NDArray[np.uint8], chance: np.random.Generator, scale_range: tuple[float, float]) -> None:
    height, width = frames.shape[1:3]
    scale = np.exp(chance.uniform(*np.log(scale_range)))
    between = (max(1, round(width * scale)), max(1, round(height * scale)))
    down = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.BOX)[int(chance.integers(3))]
    for frame in frames:
        frame[:] = np.asarray(Image.fromarray(frame).resize(between, down).resize((width, height), down))


def _colour_table(chance: np.random.Generator, strength: float) -> NDArray[np.uint8]:
    """What each value of each channel becomes, uint8[3, 256]."""
    values = np.arange(256) / 255
    gamma = np.exp(chance.uniform(-strength, strength))
    contrast, brightness = 1 + chance.uniform(-strength, strength), chance.uniform(-strength, strength) / 2
    tint = 1 + chance.uniform(-strength, strength, 3) / 2
    changed = ((values**gamma - 0.5) * contrast + 0.5 + brightness)[None] * tint[:, None]
    return np.round(np.clip(changed, 0, 1) * 255).astype(np.uint8)


def _compress(frames: NDArray[np.uint8], quality: int) -> None:
    for frame in frames:
        packed = io.BytesIO()
        Image.fromarray(frame).save(packed, "jpeg", quality=quality)
        frame[:] = np.asarray(Image.open(packed))
