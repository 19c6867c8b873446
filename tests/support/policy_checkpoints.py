"""A checkpoint of a small policy that has learned nothing: most tests mind how it is asked, not what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from training.action_space import ActionSpace, Head, HeadKind
from training.ema import WeightAverage
from training.idm.balance import class_balance
from training.policy.config import EncoderConfig, HeadChoice, PolicyConfig
from training.policy.loading import kind_of, policy_document
from training.policy.model import PolicyModel
from training.runs.checkpoint import EMA, MODEL, Checkpoint, write_checkpoint
from training.runs.lineage import DatasetLineage, new_lineage

STEP = 7
POLICY_SPACE = ActionSpace(
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


def untaught_policy(
    directory: Path,
    *,
    seed: int = 0,
    space: ActionSpace = POLICY_SPACE,
    fps: int = 30,
    history: int = 2,
    frame_step: int = 1,
    chunk: int = 4,
    picture_size: tuple[int, int] = (32, 32),
    tasks: tuple[str, ...] = ("Deliver the parcels",),
    head: HeadChoice = HeadChoice.flow,
    held_dropout: float = 1.0,
    terms: tuple[str, ...] = (),
    spoiled: bool = False,
) -> Path:
    """A run's directory with one checkpoint. Another ``seed``, another policy; a ``spoiled`` one says NaN."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    played = np.zeros((400, space.width), np.float32)
    for one in space.heads:
        for place in one.places:
            axis = one.kind not in (HeadKind.DIGITAL, HeadKind.CATEGORICAL)
            played[:, place] = random.uniform(0, 1, 400) if axis else random.integers(0, 2, 400)
    config = PolicyConfig(
        history=history, picture_width=picture_size[0], picture_height=picture_size[1], chunk=chunk, head=head,
        width=32, depth=1, heads=2, steps=4, held_dropout=held_dropout, encoder=EncoderConfig(channels=[8, 16]),
    )  # fmt: skip
    model = PolicyModel(config, space, tasks=len(tasks), balance=class_balance([played], space))
    with torch.no_grad():
        for parameter in model.parameters():  # what begins as nothing would say the same of every picture
            if not parameter.any():
                parameter.normal_(std=0.3)
        if spoiled:
            model.overall.join.weight.fill_(torch.nan)
    dataset = DatasetLineage(
        name="local/test", version=None, content_hash="0", path="/nowhere", episodes=1, players=("ada",),
        label_sources=("recorded",),
    )  # fmt: skip
    document = {
        "kind": kind_of(config),
        "space": space.to_document(),
        "model": policy_document(config),
        "tasks": list(tasks),
        "fps": fps,
        "frame_step": frame_step,
    }
    checkpoint = Checkpoint(
        config=document,
        lineage=new_lineage(kind_of(config), "untaught", [dataset], terms=terms),
        state={"step": STEP},
        tensors={MODEL: model.state_dict(), EMA: WeightAverage(model).state_dict()},
    )
    write_checkpoint(directory / "checkpoints", STEP, checkpoint)
    return directory
