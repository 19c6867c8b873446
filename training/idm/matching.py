"""Where things went: how well each cell of a picture fits the next picture, moved by each of some shifts.

Cameras turn and sticks walk, and both move the whole picture by a little. A convolution learns to see that late, and
from much play; comparing patches sees it at once, costs a hundredth of a convolution and has nothing to learn. Block
matching: Jain and Jain, "Displacement measurement and its application in interframe image coding" (1981); as a part
of a network: Dosovitskiy et al., "FlowNet" (2015), and over several sizes Sun et al., "PWC-Net" (2018).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVELS = 3
"""Sizes at which pictures are compared, each half of the one before: a reach of 3 sees up to 12 pixels."""

FAINTEST = 0.01
"""Differences of brightness (0 to 1) below this say nothing: they are the video's noise."""


class ShiftMatching(nn.Module):
    """Pairs of pictures to features of cells; no parameters, no gradient.

    Args:
        cell: pixels of a cell's side; a multiple of 4.
        reach: of the shifts, in pixels of each level, each way.
    """

    is_never_compiled = True
    """Hundreds of small steps without gradient: the compiler would take minutes over them. Not by a decorator of
    torch's: that takes five seconds to import, in every program that opens a model."""

    def __init__(self, cell: int, reach: int) -> None:
        super().__init__()
        assert cell % 2 ** (LEVELS - 1) == 0
        self._cell = cell
        self._reach = reach

    @property
    def channels(self) -> int:
        """Features of a cell: for each level what each shift leaves unexplained, and how much there is to explain."""
        return LEVELS * ((2 * self._reach + 1) ** 2 + 1)

    @torch.no_grad()
    def forward(self, now: Tensor, then: Tensor) -> Tensor:
        """Compare.

        Args:
            now: brightness [N, 1, H, W], 0 to 1.
            then: of the next pictures, likewise.

        Returns:
            [N, channels, H / cell, W / cell].
        """
        features: list[Tensor] = []
        for level in range(LEVELS):
            if level:
                now, then = functional.avg_pool2d(now, 2), functional.avg_pool2d(then, 2)
            features += self._compare(now, then, self._cell >> level, step=2 if level == 0 else 1)
        return torch.cat(features, 1)

    def _compare(self, now: Tensor, then: Tensor, cell: int, *, step: int) -> list[Tensor]:
        """At every ``step``-th pixel only: a cell's mean needs no more."""
        reach = self._reach
        height, width = now.shape[-2:]
        around = functional.pad(then, (reach, reach, reach, reach), mode="replicate")
        here = now[..., ::step, ::step]
        # Shift by shift: the pictures stay in the processor's cache, which all of them at once would not.
        left = torch.cat(
            [
                functional.avg_pool2d(
                    (around[..., down : down + height : step, right : right + width : step] - here).abs_(), cell // step
                )
                for down in range(2 * reach + 1)
                for right in range(2 * reach + 1)
            ],
            1,
        )
        mean = left.mean(1, keepdim=True) + FAINTEST
        return [left / mean - 1, mean.log() / 4 + 0.5]
