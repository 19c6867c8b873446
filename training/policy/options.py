"""What `playloom train policy` can be told, read from a command line or a run's config.yaml; light to import."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from training.errors import TrainingError
from training.policy.config import PRESETS
from training.policy.schema import ACTORS, PolicyDataOptions, PolicyTraining
from training.runs.compose import Program, check_ranges, read_options
from training.runs.ranges import clip_ranges, trainer_ranges
from training.runs.resuming import may_change_in_any

if TYPE_CHECKING:
    from omegaconf import DictConfig

PROGRAM = Program(package="conf.policy", schema=PolicyTraining, groups={"model": PRESETS})
"""`playloom train policy` as Hydra sees it."""

NEAR_ONE = 1e-3
"""Shares that are written with three digits may miss 1 by so much."""


def may_change(key: str) -> bool:
    """Whether a run that goes on may have another value there."""
    return may_change_in_any(key) or key == "model.steps"


def options_of(config: DictConfig) -> PolicyTraining:
    """The options that a configuration holds, each in its range.

    Raises:
        PlayloomError: one is missing or cannot be.
    """
    options = read_options(
        config, PolicyTraining, missing="data.mix", remedy="Give each dataset of data.mix its path and its weight"
    )
    data = options.data
    check_ranges(
        (
            *clip_ranges(data),
            ("data.label_weight", data.label_weight, 0, 1000),
            *trainer_ranges(options.trainer),
        )
    )
    _check_data(data)
    options.model.check()
    return options


def _check_data(data: PolicyDataOptions) -> None:
    if data.path is None and not data.mix:
        raise TrainingError(
            "data.path is missing", remedy="Say what to train on: playloom train policy data.path=DATASET"
        )
    if data.path is not None and data.mix:
        raise TrainingError("data.path and data.mix are both given", remedy="Put all datasets into data.mix")
    for actor in data.actors:
        if actor not in ACTORS:
            raise TrainingError(f"data.actors: nobody is called '{actor}'", remedy=f"Choose of {', '.join(ACTORS)}")
    for number, part in enumerate(data.mix):
        check_ranges(
            (
                (f"data.mix[{number}].weight", part.weight, 0, 1),
                (f"data.mix[{number}].label_weight", part.label_weight, 0, 1000),
            )
        )
        if part.weight == 0:
            raise TrainingError(f"data.mix: {part.path} has the weight 0", remedy="Leave it out")
    total = math.fsum(part.weight for part in data.mix)
    if data.mix and abs(total - 1) > NEAR_ONE:
        each = " + ".join(f"{part.weight:g}" for part in data.mix)
        raise TrainingError(
            f"data.mix: the weights are {total:g} together ({each}), and a step is divided by them",
            remedy=f"Let them add up to 1, such as {', '.join(f'{part.weight / total:.3g}' for part in data.mix)}",
        )
    if data.mix and len(data.mix) > data.batch:
        raise TrainingError(
            f"data.batch={data.batch} has no clip for each of {len(data.mix)} datasets",
            remedy=f"Choose {len(data.mix)} or more",
        )
