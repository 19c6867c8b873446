"""Opening a trained inverse dynamics model: from a run's directory, or one of its checkpoints."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from training.action_space import ActionSpace
from training.ema import averaged_weights
from training.errors import CheckpointError
from training.idm.balance import ClassBalance
from training.idm.config import IdmConfig
from training.idm.model import InverseDynamicsModel
from training.idm.spans import SpanRates, span_rates
from training.idm.sureness import Sureness
from training.runs.checkpoint import EMA, read_checkpoint
from training.runs.directory import find_checkpoint
from training.runs.lineage import Lineage

KIND = "idm"


@dataclass(frozen=True, kw_only=True)
class LoadedIdm:
    """A model to be used, and all that is to be known of it.

    Attributes:
        model: with its averaged weights, in eval mode.
        space: what it predicts.
        config: its shape; ``config.window`` frames of ``config.picture_size``.
        temperatures: by head; empty where none were fitted.
        sureness: of sticks and their like, by head; empty where none was fitted.
        spans: how long buttons are held; None where nobody counted.
        fps: of the play that it was trained on.
        frame_step: frames of that from one picture of its window to the next.
        game_id: the game.
        step: of the checkpoint.
        lineage: what it was trained on, and under which terms it may be used.
        document: the checkpoint's config.json.
        path: the checkpoint.
    """

    model: InverseDynamicsModel
    space: ActionSpace
    config: IdmConfig
    balance: ClassBalance
    temperatures: Mapping[str, float]
    sureness: Sureness
    spans: SpanRates | None
    fps: int
    frame_step: int
    game_id: str
    step: int
    lineage: Lineage
    document: Mapping[str, Any]
    path: Path


def load_checkpoint(where: str | Path, *, device: str | torch.device = "cpu") -> LoadedIdm:
    """Open a model.

    Args:
        where: a run's directory (its best checkpoint is taken), or a checkpoint's.
        device: to put the model on.

    Raises:
        CheckpointError: there is none, it is not whole, or it holds another kind of model.
    """
    path = find_checkpoint(Path(where))
    checkpoint = read_checkpoint(path, (EMA,))
    document = checkpoint.config
    if document.get("kind") != KIND:
        raise CheckpointError(f"{path}: holds a model of kind '{document.get('kind')}', not an inverse dynamics model")
    try:
        space = ActionSpace.from_document(document["space"])
        config = idm_config(document["model"])
        balance = ClassBalance.from_document(document["balance"])
        model = InverseDynamicsModel(config, space)
        model.load_state_dict(averaged_weights(checkpoint.tensors[EMA]))
        loaded = LoadedIdm(
            model=model.to(device).eval(),
            space=space,
            config=config,
            balance=balance,
            temperatures={name: float(value) for name, value in document.get("temperatures", {}).items()},
            sureness={
                name: (float(slope), float(offset)) for name, (slope, offset) in document.get("sureness", {}).items()
            },
            spans=span_rates(balance, space),
            fps=int(document["fps"]),
            frame_step=int(document["frame_step"]),
            game_id=space.game_id,
            step=int(checkpoint.state["step"]),
            lineage=checkpoint.lineage,
            document=document,
            path=path,
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{path}: its weights do not fit what its config.json says: {error}",
            remedy="Take it with the version of Playloom that wrote it: lineage.json names that",
        ) from error
    return loaded


def idm_config(document: Mapping[str, Any]) -> IdmConfig:
    """A model's shape as a checkpoint or a run's configuration holds it.

    Raises:
        TypeError: it holds what a model has not.
    """
    return IdmConfig(**document)


def model_document(config: IdmConfig) -> dict[str, Any]:
    """What `idm_config` reads."""
    return dataclasses.asdict(config)
