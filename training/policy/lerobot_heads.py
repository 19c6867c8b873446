"""LeRobot's own policies on our data: ACT (Zhao et al., 2023) and diffusion policy (Chi et al., 2023), for comparison.

The networks and their losses are LeRobot's. Ours are the data, the coding of actions in [−1, 1], the alignment (what is
said begins with the row after the last picture) and the trainer. Their sizes follow ``model.width``, ``depth`` and
``heads``, so that like is compared with like; the ResNet-18 that sees begins without weights unless
``model.encoder.weights`` names torchvision's ("ResNet18_Weights.IMAGENET1K_V1"). ACT looks at the last picture alone.
They know no tasks, and leave a row out or take it in: how sure a label is makes no difference to them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from playloom.errors import MissingExtraError
from training.action_space import ActionSpace
from training.idm.balance import ClassBalance
from training.policy.coding import ActionCoding
from training.policy.config import HeadChoice, PolicyConfig

PICTURE = "observation.images.main"
PICTURES, STATE, ACTION, PAD = "observation.images", "observation.state", "action", "action_is_pad"
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the pictures that ResNet's published weights were made with, by colour."""

HALVINGS = 8
"""The diffusion policy's U-Net halves its rows three times: their number is a multiple of this."""


class LeRobotModel(nn.Module):
    """One of LeRobot's policies, asked as `training.policy.model.PolicyModel` is.

    Args:
        config: its shape; ``config.head`` says which.
        space: what it presses.
        balance: how far the mouse is moved; None for one whose weights are loaded.

    Raises:
        MissingExtraError: LeRobot, or what this policy of it needs, is not installed.
    """

    looks_at_held = False
    vision_document = None

    def __init__(self, config: PolicyConfig, space: ActionSpace, balance: ClassBalance | None = None) -> None:
        super().__init__()
        config.check()
        self.config, self.space = config, space
        self.coding = ActionCoding(space, balance)
        self.encoder = _policy(config, space)
        self.mean: Tensor
        self.spread: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("spread", torch.tensor(SPREAD).view(3, 1, 1), persistent=False)

    def tell_held(self, rows: Tensor, told: Tensor) -> Tensor:
        """What is held, which it does not look at."""
        return rows * told.unsqueeze(-1)

    def forward(self, seen: Tensor, coded: Tensor, weights: Tensor) -> Tensor:
        """Its own loss.

        Args:
            seen: uint8[B, history, H, W, 3].
            coded: float32[B, C, A], what was done.
            weights: float32[B, C, A]; a row counts if any of its values does.
        """
        batch = self._observed(seen)
        rows, counts = coded, (weights > 0).any(-1)
        short = _rows(self.config) - rows.shape[1]
        if short:
            rows = torch.cat((rows, rows[:, -1:].expand(-1, short, -1)), 1)
            counts = torch.cat((counts, counts.new_zeros(len(counts), short)), 1)
        batch |= {ACTION: rows, PAD: ~counts}
        return self.encoder(batch)[0]

    def chunk(self, pictures: Tensor, task: Tensor, held: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Act, as `PolicyModel.chunk` does; of its confidence it says nothing, which reads as 1."""
        rows = noise.shape[1]
        batch = self._observed(pictures)
        if self.config.head is HeadChoice.act:
            coded = self.encoder.predict_action_chunk(batch)
        else:
            more = _rows(self.config) - rows
            whole = torch.cat((noise, noise.flip(1).repeat(1, HALVINGS, 1)[:, :more]), 1) if more else noise
            network = self.encoder.diffusion
            batch[PICTURES] = batch[PICTURE].unsqueeze(2)
            coded = network.conditional_sample(
                len(whole), global_cond=network._prepare_global_conditioning(batch), noise=whole
            )
        sure = torch.ones(*noise.shape[:2], len(self.space.heads), device=noise.device)
        return self.coding.decode(coded[:, :rows].float()), sure

    def _observed(self, seen: Tensor) -> dict[str, Tensor]:
        """What LeRobot calls an observation; a state that tells nothing, which its networks ask for."""
        pictures = (seen.permute(0, 1, 4, 2, 3).to(torch.float32) / 255 - self.mean) / self.spread
        state = torch.zeros(*pictures.shape[:2], 1, device=seen.device)
        if self.config.head is HeadChoice.act:
            return {PICTURE: pictures[:, -1], STATE: state[:, -1]}
        return {PICTURE: pictures, STATE: state}


def _rows(config: PolicyConfig) -> int:
    """Rows that its network makes: a chunk, or somewhat more."""
    return config.chunk if config.head is HeadChoice.act else -(-config.chunk // HALVINGS) * HALVINGS


def _policy(config: PolicyConfig, space: ActionSpace) -> Any:
    try:
        return _act(config, space) if config.head is HeadChoice.act else _diffusion(config, space)
    except ImportError as error:
        raise MissingExtraError(f"LeRobot's policy '{config.head.name}'", "lerobot") from error


def _act(config: PolicyConfig, space: ActionSpace) -> Any:
    from lerobot.policies.act.modeling_act import ACTConfig, ACTPolicy

    return ACTPolicy(
        ACTConfig(
            **_common(config, space), chunk_size=config.chunk, n_action_steps=config.chunk, dim_model=config.width,
            n_heads=config.heads, dim_feedforward=4 * config.width, n_encoder_layers=config.depth,
            n_vae_encoder_layers=config.depth,
        )
    )  # fmt: skip


def _diffusion(config: PolicyConfig, space: ActionSpace) -> Any:
    import diffusers  # noqa: F401  # LeRobot says only later that it is missing
    from lerobot.configs.types import FeatureType, PolicyFeature
    from lerobot.policies.diffusion.modeling_diffusion import DiffusionConfig, DiffusionPolicy

    features = _common(config, space)
    features["input_features"] |= {STATE: PolicyFeature(type=FeatureType.STATE, shape=(1,))}
    return DiffusionPolicy(
        DiffusionConfig(
            **features, n_obs_steps=config.history, horizon=_rows(config), n_action_steps=1,
            down_dims=(config.width, 2 * config.width, 4 * config.width), num_inference_steps=config.steps,
            noise_scheduler_type="DDIM", do_mask_loss_for_padding=True, use_group_norm=config.encoder.weights is None,
        )
    )  # fmt: skip


def _common(config: PolicyConfig, space: ActionSpace) -> dict[str, Any]:
    """What both are told."""
    from lerobot.configs.types import FeatureType, PolicyFeature

    picture = PolicyFeature(type=FeatureType.VISUAL, shape=(3, config.picture_height, config.picture_width))
    return {
        "input_features": {PICTURE: picture},
        "output_features": {ACTION: PolicyFeature(type=FeatureType.ACTION, shape=(space.width,))},
        "device": "cpu",  # until the trainer moves it
        "pretrained_backbone_weights": config.encoder.weights,
        "push_to_hub": False,
    }
