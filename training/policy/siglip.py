"""SigLIP 2's vision transformer as the part that sees (Tschannen et al., 2025), by the transformers library.

Published weights come in two forms, and both are taken: for one size of picture (`google/siglip2-base-patch16-256`,
whose code is SigLIP's) and for any (`…-naflex`). What the transformer says of its patches is averaged over a few cells,
because a policy needs places and not patches, and because kept features would fill the disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from playloom.errors import MissingExtraError
from training.errors import TrainingError
from training.policy.config import EncoderConfig, PolicyConfig

FIXED, ANY_SIZE = "siglip_vision_model", "siglip2_vision_model"
"""The transformers library's names of the two forms."""

_LEARNED = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_channels",
            "image_size", "num_patches", "patch_size", "hidden_act", "layer_norm_eps")  # fmt: skip


class SiglipEncoder(nn.Module):
    """A vision transformer of SigLIP's kind.

    Args:
        config: of the policy.
        document: the transformer's shape, as `document` gave it; its weights are then loaded by who asks. None: the
            weights that the config names, or a small one that has learned nothing.

    Raises:
        TrainingError: there are no such weights, or they are of another kind of model.
        MissingExtraError: the transformers library is not installed.
    """

    is_of_pictures = True

    def __init__(self, config: PolicyConfig, document: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.config = config.encoder
        self.vision = _vision(config, document)
        shape = self.vision.config
        self.channels = int(shape.hidden_size)
        self._patch = int(shape.patch_size)
        self._is_any_size = shape.model_type == ANY_SIZE
        self._native = None if self._is_any_size else int(shape.image_size)
        width, height = config.picture_size
        if width % self._patch or height % self._patch:
            raise TrainingError(
                f"pictures of {width}x{height} have no whole patches of the encoder's {self._patch} pixels",
                remedy=f"Choose multiples of {self._patch}: model.picture_width, model.picture_height",
            )
        self._patches = (height // self._patch, width // self._patch)
        self._grid = (min(self.config.grid, self._patches[0]), min(self.config.grid, self._patches[1]))
        self.cells = self._grid[0] * self._grid[1]
        if self.config.frozen:
            self.requires_grad_(False)

    @property
    def document(self) -> dict[str, Any]:
        """Its shape, JSON."""
        shape = self.vision.config.to_dict()
        return {"model_type": shape["model_type"], **{name: shape[name] for name in _LEARNED if name in shape}}

    def fingerprint(self) -> str:
        """The SHA-256 of its weights and of how they are used."""
        total = hashlib.sha256(repr((sorted(self.document.items()), self._patches, self._grid)).encode())
        for name, value in sorted(self.vision.state_dict().items()):
            total.update(name.encode())
            total.update(value.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
        return total.hexdigest()

    def train(self, mode: bool = True) -> SiglipEncoder:
        """As of any module; a frozen one stays as it is."""
        return super().train(mode and not self.config.frozen)

    def forward(self, pictures: Tensor) -> Tensor:
        """uint8[B, T, H, W, 3] to [B, T, cells, channels]."""
        clips, count = pictures.shape[:2]
        seen = pictures.flatten(0, 1).permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.config.frozen):
            patches = self._of_any_size(seen) if self._is_any_size else self._of_one_size(seen)
            cells = functional.adaptive_avg_pool2d(patches.transpose(1, 2).unflatten(2, self._patches), self._grid)
        return cells.flatten(2).transpose(1, 2).unflatten(0, (clips, count)).float()

    def _of_one_size(self, seen: Tensor) -> Tensor:
        other = tuple(seen.shape[2:]) != (self._native, self._native)
        return self.vision(pixel_values=seen, interpolate_pos_encoding=other).last_hidden_state

    def _of_any_size(self, seen: Tensor) -> Tensor:
        side, (rows, columns) = self._patch, self._patches
        cut = seen.unflatten(2, (rows, side)).unflatten(4, (columns, side))  # [n, 3, rows, side, columns, side]
        flat = cut.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)
        shapes = torch.tensor([[rows, columns]], device=seen.device).expand(len(seen), -1)
        mask = torch.ones(flat.shape[:2], dtype=torch.int32, device=seen.device)
        return self.vision(
            pixel_values=flat, pixel_attention_mask=mask, spatial_shapes=shapes
        ).last_hidden_state  # fmt: skip


def _vision(config: PolicyConfig, document: Mapping[str, Any] | None) -> Any:
    try:
        from transformers import AutoConfig, Siglip2VisionConfig, Siglip2VisionModel, SiglipVisionConfig
        from transformers import SiglipVisionModel as FixedModel
    except ImportError as error:
        raise MissingExtraError("a SigLIP 2 encoder", "training") from error
    kinds = {FIXED: (SiglipVisionConfig, FixedModel), ANY_SIZE: (Siglip2VisionConfig, Siglip2VisionModel)}
    encoder = config.encoder
    if document is None and encoder.weights is None:
        document = _small(encoder, max(config.picture_size))
    if document is not None:
        shape_of, model_of = kinds[str(document["model_type"])]
        values = {name: value for name, value in document.items() if name != "model_type"}
        return model_of(shape_of(**values, vision_use_head=False))
    assert encoder.weights is not None
    try:
        whole = AutoConfig.from_pretrained(encoder.weights)
        shape = getattr(whole, "vision_config", whole)
        if getattr(shape, "model_type", None) not in kinds:
            raise TrainingError(
                f"model.encoder.weights={encoder.weights}: is a model of kind '{whole.model_type}', not SigLIP 2",
                remedy="Take a SigLIP 2 model, such as google/siglip2-base-patch16-256",
            )
        shape.vision_use_head = False
        return kinds[shape.model_type][1].from_pretrained(encoder.weights, config=shape, dtype=torch.float32)
    except (OSError, ValueError) as error:
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise TrainingError(
            f"model.encoder.weights={encoder.weights}: cannot be loaded: {first}",
            remedy="Name a directory that holds config.json and model.safetensors, or a model of the Hugging Face hub "
            "where it can be reached",
        ) from error


def _small(encoder: EncoderConfig, side: int) -> dict[str, Any]:
    """The shape of one without weights."""
    return {
        "model_type": FIXED,
        "hidden_size": encoder.width,
        "intermediate_size": 4 * encoder.width,
        "num_hidden_layers": encoder.layers,
        "num_attention_heads": encoder.heads,
        "image_size": side,
        "patch_size": encoder.patch,
    }
