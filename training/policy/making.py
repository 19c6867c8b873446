"""The model that a configuration asks for: ours, or one of LeRobot's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.action_space import ActionSpace
from training.idm.balance import ClassBalance
from training.policy.config import LEROBOT_HEADS, PolicyConfig
from training.policy.lerobot_heads import LeRobotModel
from training.policy.model import PolicyModel

type AnyPolicy = PolicyModel | LeRobotModel


def make_model(
    config: PolicyConfig,
    space: ActionSpace,
    *,
    tasks: int,
    balance: ClassBalance | None = None,
    vision: Mapping[str, Any] | None = None,
) -> AnyPolicy:
    """Make it; see `PolicyModel`.

    Raises:
        TrainingError: the configuration is not one of a policy for this action space.
        MissingExtraError: what it needs is not installed.
    """
    if config.head in LEROBOT_HEADS:
        return LeRobotModel(config, space, balance)
    return PolicyModel(config, space, tasks=tasks, balance=balance, vision=vision)
