"""Opening a trained policy: from a run's directory, or one of its checkpoints."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import torch

from training.action_space import ActionSpace
from training.ema import averaged_weights
from training.errors import CheckpointError
from training.policy.acting import ActingPolicy, PolicyFacts
from training.policy.config import LEROBOT_HEADS, Buttons, EncoderConfig, EncoderKind, HeadChoice, PolicyConfig
from training.policy.making import make_model
from training.policy.model import chunk_noise
from training.runs.checkpoint import EMA, Checkpoint, read_checkpoint
from training.runs.directory import find_checkpoint
from training.runs.schema import Device
from training.trainer.machine import choose_device

POLICY_KIND, BC_KIND, LEROBOT_KIND = "policy", "bc", "lerobot"

_OTHERS = {
    "idm": "an inverse dynamics model, which says what was pressed and not what to press: 'playloom label' takes it",
}


def load_policy(path: str | Path, device: str = "auto") -> ActingPolicy:
    """Open a policy.

    Args:
        path: a run's directory (its best checkpoint is taken), or a checkpoint's.
        device: "cpu", "cuda", or "auto" for a GPU where there is one.

    Raises:
        CheckpointError: there is none, it is not whole, or it holds no policy.
    """
    place = find_checkpoint(Path(path))
    checkpoint = read_checkpoint(place, (EMA,))
    return acting_policy(checkpoint, place, choose_device(Device[device]))


def acting_policy(checkpoint: Checkpoint, path: Path, device: torch.device) -> ActingPolicy:
    """The policy that a checkpoint holds.

    Raises:
        CheckpointError: it holds none.
    """
    document = checkpoint.config
    kind = str(document.get("kind"))
    if kind not in (POLICY_KIND, BC_KIND, LEROBOT_KIND):
        what = _OTHERS.get(kind, f"a model of kind '{kind}'")
        raise CheckpointError(f"{path}: holds {what}", remedy="Name the run of a policy: 'playloom train policy'")
    try:
        config = policy_config(document["model"])
        space = ActionSpace.from_document(document["space"])
        tasks = tuple(map(str, document["tasks"]))
        model = make_model(config, space, tasks=len(tasks), vision=document.get("vision"))
        model.load_state_dict(averaged_weights(checkpoint.tensors[EMA]))
        model = model.to(device).eval().requires_grad_(False)
        facts = PolicyFacts(
            kind=kind,
            game_id=space.game_id,
            fps=int(document["fps"]),
            picture_size=config.picture_size,
            history=config.history,
            frame_step=int(document["frame_step"]),
            chunk=config.chunk,
            space=space,
            tasks=tasks,
            label=f"{checkpoint.lineage.run}@{int(checkpoint.state['step'])}",
            looks_at_held=model.looks_at_held,
            lineage=checkpoint.lineage,
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{path}: its weights do not fit what its config.json says: {error}",
            remedy="Take it with the version of Playloom that wrote it: lineage.json names that",
        ) from error

    def make(
        pictures: torch.Tensor, held: torch.Tensor, tasks: torch.Tensor, seeds: Sequence[int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        told = model.tell_held(held, torch.ones(len(held), dtype=torch.bool, device=device))
        noise = chunk_noise(seeds, config.chunk, space.width).to(device)
        return model.chunk(pictures, tasks, told, noise)

    return ActingPolicy(facts, make, device=device)


def policy_config(document: Mapping[str, Any]) -> PolicyConfig:
    """A policy's shape as a checkpoint holds it.

    Raises:
        TypeError, KeyError: it holds what a policy has not.
    """
    encoder = dict(document["encoder"])
    return PolicyConfig(
        **{
            **document,
            "head": HeadChoice[document["head"]],
            "buttons": Buttons[document["buttons"]],
            "encoder": EncoderConfig(**{**encoder, "kind": EncoderKind[encoder["kind"]]}),
        }
    )


def policy_document(config: PolicyConfig) -> dict[str, Any]:
    """What `policy_config` reads."""

    def plain(values: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        return {name: value.name if isinstance(value, Enum) else value for name, value in values}

    return dataclasses.asdict(config, dict_factory=plain)


def kind_of(config: PolicyConfig) -> str:
    """What `config.json` calls a policy of this shape."""
    if config.head in LEROBOT_HEADS:
        return LEROBOT_KIND
    return BC_KIND if config.head is HeadChoice.bc else POLICY_KIND
