"""The optimizer, and its state as tensors and a document: nothing of it is ever pickled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from training.errors import CheckpointError
from training.runs.schema import TrainerOptions

BETAS = (0.9, 0.95)


def make_optimizer(model: nn.Module, options: TrainerOptions, device: torch.device) -> torch.optim.AdamW:
    """AdamW; matrices decay, biases and norms do not."""
    trained = [value for value in model.parameters() if value.requires_grad]
    groups = [
        {"params": [value for value in trained if value.ndim >= 2], "weight_decay": options.weight_decay},
        {"params": [value for value in trained if value.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=options.learning_rate,
        betas=BETAS,
        fused=device.type == "cuda",
    )


def learning_rate(options: TrainerOptions, step: int, progress: float) -> float:
    """The rate of a step: it rises in a line, then falls along half a cosine.

    Args:
        options: how high, how long, how low.
        step: from 0.
        progress: how much of the run is over, 0 to 1.
    """
    rise = min(1.0, (step + 1) / max(1, options.warmup_steps))
    fall = options.final_rate + (1 - options.final_rate) * (1 + math.cos(math.pi * min(1.0, progress))) / 2
    return options.learning_rate * rise * fall


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Its tensors by parameter and name: "12.exp_avg"."""
    return {
        f"{number}.{name}": value
        for number, values in optimizer.state_dict()["state"].items()
        for name, value in values.items()
        if isinstance(value, Tensor)
    }


def optimizer_document(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The rest of it, as JSON."""
    state = optimizer.state_dict()
    return {
        "kind": type(optimizer).__name__,
        "groups": [
            {name: list(value) if isinstance(value, tuple) else value for name, value in group.items()}
            for group in state["param_groups"]
        ],
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], document: Mapping[str, Any]
) -> None:
    """Let it go on from what `optimizer_tensors` and `optimizer_document` gave.

    Raises:
        CheckpointError: it was another optimizer, or one of another model.
    """
    if document.get("kind") != type(optimizer).__name__:
        raise CheckpointError(
            f"the checkpoint's optimizer is {document.get('kind')}, this run's {type(optimizer).__name__}"
        )
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    groups = [
        {name: tuple(value) if name == "betas" else value for name, value in group.items()}
        for group in document["groups"]
    ]
    try:
        optimizer.load_state_dict({"state": state, "param_groups": groups})
    except (ValueError, KeyError) as error:
        raise CheckpointError(f"the checkpoint's optimizer is of another model: {error}") from error
