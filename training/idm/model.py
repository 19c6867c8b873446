"""The inverse dynamics model: frames of a clip to what was held at each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.action_space import ActionSpace, HeadKind
from training.errors import TrainingError
from training.idm.balance import COARSE_BINS, ClassBalance
from training.idm.bins import even_bins, two_hot
from training.idm.config import IdmConfig
from training.idm.encoder import COLOURS, StepEncoder
from training.idm.heads import BINNED, HeadOutput, bin_centres, head_outputs
from training.idm.temporal import TemporalModel

RAREST = 1e-3
"""What was never held is taken to be this rare."""


@dataclass(frozen=True, kw_only=True)
class IdmOutput:
    """What a model says of a batch of clips. The last frame has no next picture: its row holds the base rates.

    Attributes:
        logits: by head [B, W, n] (`heads.HeadOutput` says what stands where).
        centres: by head that is read in bins, float32[n of one value]: what its bins mean, in the dataset's units.
    """

    logits: Mapping[str, Tensor]
    centres: Mapping[str, Tensor]


class InverseDynamicsModel(nn.Module):
    """The model of a config and an action space.

    Args:
        config: its shape.
        space: what it predicts.
        balance: how often things are done, from which its first guesses come; None for one whose weights are loaded.

    Raises:
        TrainingError: the config is not one of a model.
    """

    def __init__(self, config: IdmConfig, space: ActionSpace, balance: ClassBalance | None = None) -> None:
        super().__init__()
        config.check()
        self.config = config
        self.space = space
        self.outputs = head_outputs(space, config)
        self.encoder = StepEncoder(config)
        self.temporal = TemporalModel(config)
        self.read = nn.Linear(config.width, sum(output.logits for output in self.outputs))
        centres = bin_centres(space, config, balance)
        self._centre_spans: dict[str, slice] = {}
        start = 0
        for name, values in centres.items():
            self._centre_spans[name] = slice(start, start + len(values))
            start += len(values)
        self.centres: Tensor
        self.register_buffer("centres", torch.cat(list(centres.values())) if centres else torch.zeros(0))
        nn.init.normal_(self.read.weight, std=0.01)
        nn.init.zeros_(self.read.bias)
        if balance is not None:
            with torch.no_grad():
                for output in self.outputs:
                    if output.head.kind is not HeadKind.MOUSE:
                        self.read.bias[output.span] = _base_rates(output, balance, centres)

    def forward(self, frames: Tensor) -> IdmOutput:
        """Predict.

        Args:
            frames: uint8[B, W, H, W, 3] of the configured picture size; W from 2 to the configured window.

        Raises:
            TrainingError: frames of another shape or type.
        """
        self._check(frames)
        steps = self.read(self.temporal(self.encoder(frames))).float()
        logits = torch.cat((steps, self.read.bias.float().expand(steps.shape[0], 1, -1)), 1)
        return IdmOutput(
            logits={output.head.name: logits[..., output.span] for output in self.outputs},
            centres={name: self.centres[span] for name, span in self._centre_spans.items()},
        )

    def _check(self, frames: Tensor) -> None:
        config = self.config
        wanted = (config.picture_height, config.picture_width, COLOURS)
        if frames.dtype != torch.uint8 or frames.ndim != 5 or tuple(frames.shape[2:]) != wanted:
            raise TrainingError(
                f"the model looks at bytes of {config.picture_width}x{config.picture_height} pictures in clips, "
                f"and was given {str(frames.dtype).removeprefix('torch.')}{list(frames.shape)}",
                remedy="Load clips with the picture size of the model's config",
            )
        if not 2 <= frames.shape[1] <= config.window:
            raise TrainingError(
                f"the model looks at 2 to {config.window} frames, and was given {frames.shape[1]}",
                remedy="Load clips with the window of the model's config",
            )


def _base_rates(output: HeadOutput, balance: ClassBalance, centres: Mapping[str, Tensor]) -> Tensor:
    """The logits of a head that has seen no picture (Lin et al., "Focal loss", 2017, section 4.1)."""
    head = output.head
    if head.kind in BINNED:
        low = 0.0 if head.kind is HeadKind.TRIGGER else -1.0
        half = (1 - low) / COARSE_BINS / 2
        coarse = two_hot(even_bins(low + half, 1 - half, COARSE_BINS), centres[head.name])
        shares = torch.tensor(balance.histograms[head.name], dtype=torch.float32) @ coarse
        return shares.clamp(min=RAREST).log().flatten()
    held = torch.tensor(balance.held[head.name], dtype=torch.float64) / balance.frames
    if head.kind is HeadKind.CATEGORICAL:
        held = torch.cat((held, (1 - held.sum()).clamp(min=0).unsqueeze(0)))
        return held.clamp(min=RAREST).log().to(torch.float32)
    return torch.logit(held.clamp(RAREST, 1 - RAREST)).to(torch.float32)
