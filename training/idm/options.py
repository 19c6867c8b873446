"""What `playloom train idm` can be told, read from a command line or a run's config.yaml; light to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.idm.config import PRESETS
from training.runs.compose import Program, check_ranges, read_options
from training.runs.ranges import clip_ranges, trainer_ranges
from training.runs.resuming import may_change_in_any
from training.runs.schema import IdmTraining

if TYPE_CHECKING:
    from omegaconf import DictConfig

PROGRAM = Program(package="conf.idm", schema=IdmTraining, groups={"model": PRESETS})
"""`playloom train idm` as Hydra sees it."""

may_change = may_change_in_any
"""Whether a run that goes on may have another value at a key."""


def options_of(config: DictConfig) -> IdmTraining:
    """The options that a configuration holds, each in its range.

    Raises:
        PlayloomError: one is missing or cannot be.
    """
    options = read_options(
        config, IdmTraining, missing="data.path", remedy="Say what to train on: playloom train idm data.path=DATASET"
    )
    check_ranges((*clip_ranges(options.data), *trainer_ranges(options.trainer)))
    options.model.check()
    return options
