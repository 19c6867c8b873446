"""A checkpoint of a small inverse dynamics model that has learned nothing: few tests mind what labels say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from training.action_space import ActionSpace, Head, HeadKind
from training.ema import WeightAverage
from training.idm.balance import class_balance
from training.idm.config import IdmConfig
from training.idm.loading import KIND, model_document
from training.idm.model import InverseDynamicsModel
from training.runs.checkpoint import EMA, MODEL, Checkpoint, write_checkpoint
from training.runs.lineage import DatasetLineage, new_lineage

SPACE = ActionSpace(
    game_id="test_game",
    layout_version=1,
    names=("move.x", "move.y", "attack", "left", "right", "heavy"),
    heads=(
        Head(name="move", kind=HeadKind.STICK, places=(0, 1)),
        Head(name="attack", kind=HeadKind.DIGITAL, places=(2,)),
        Head(name="left|right", kind=HeadKind.CATEGORICAL, places=(3, 4)),
        Head(name="heavy", kind=HeadKind.TRIGGER, places=(5,)),
    ),
)


def untaught_checkpoint(
    directory: Path, *, seed: int = 0, fps: int = 30, frame_step: int = 1, window: int = 4, terms: tuple[str, ...] = ()
) -> Path:
    """A run's directory with one checkpoint: pictures of 32x32."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    played = np.zeros((400, SPACE.width), np.float32)
    played[:, :2] = random.uniform(-1, 1, (400, 2))
    played[:, 2] = random.integers(0, 2, 400)
    played[:, 3] = np.arange(400) % 3 == 0
    played[:, 5] = random.uniform(0, 1, 400)
    balance = class_balance([played], SPACE)
    config = IdmConfig(
        window=window, picture_width=32, picture_height=32, channels=[8, 16], width=32, depth=1, heads=2, bins=9
    )
    model = InverseDynamicsModel(config, SPACE, balance)
    with torch.no_grad():
        model.read.weight.normal_(std=0.5)
    dataset = DatasetLineage(
        name="local/test", version=None, content_hash="0", path="/nowhere", episodes=1, players=("ada",),
        label_sources=("recorded",),
    )  # fmt: skip
    lineage = new_lineage(KIND, "untaught", [dataset], terms=terms)
    document = {
        "kind": KIND,
        "space": SPACE.to_document(),
        "model": model_document(config),
        "balance": balance.to_document(),
        "temperatures": {},
        "fps": fps,
        "frame_step": frame_step,
    }
    checkpoint = Checkpoint(
        config=document,
        lineage=lineage,
        state={"step": 7},
        tensors={MODEL: model.state_dict(), EMA: WeightAverage(model).state_dict()},
    )
    write_checkpoint(directory / "checkpoints", 7, checkpoint)
    return directory
