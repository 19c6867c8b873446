"""What `playloom train policy` can be told: the types behind `conf/policy`, as `training.runs.schema` has those of all.

A policy learns from one dataset (`data.path`) or from several (`data.mix`), each with its share of every step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from training.policy.config import PolicyConfig
from training.runs.schema import ClipOptions, LoggingOptions, RunOptions, TrainerOptions

ACTORS = ("player", "agent")
"""Who can have decided on an action; datasets that do not tell it are the player's."""


@dataclass(kw_only=True)
class MixPart:
    """One dataset of several.

    Attributes:
        path: a LeRobot dataset's directory, or the name of a pulled one.
        weight: its share of every step; the shares of all are 1 together.
        label_weight: what a row counts that a model has labelled, beside one that was recorded; its confidence weighs
            it further.
        version: of a pulled one; the newest that is here if none is given.
    """

    path: str = MISSING
    weight: float = MISSING
    label_weight: float = 1.0
    version: int | None = None


@dataclass(kw_only=True)
class PolicyDataOptions(ClipOptions):
    """Of `split`: of each dataset; of labelled ones that are mixed with recorded ones everything is trained on.

    Attributes:
    path: a LeRobot dataset's directory, or the name of a pulled one.
    mix: or several: '[{path: A, weight: 0.5}, {path: B, weight: 0.5, label_weight: 0.7}]'.
    label_weight: of the dataset that `path` names, as of a part of a mix.
    actors: learn only what these decided on, player or agent; empty: both. Where sessions were played beside an agent,
        [player] learns the corrections, and not again what the agent did.
    batch: clips in a step, before trainer.accumulate.
    feature_cache: of a frozen encoder keep what it makes of each picture, and no pictures.
    """

    path: str | None = None
    mix: list[MixPart] = field(default_factory=list)
    label_weight: float = 1.0
    actors: list[str] = field(default_factory=list)
    batch: int = 64
    feature_cache: bool = True

    @property
    def parts(self) -> list[MixPart]:
        """The datasets, one or several."""
        if self.mix:
            return self.mix
        return [MixPart(path=self.path or "", weight=1.0, label_weight=self.label_weight, version=self.version)]


@dataclass(kw_only=True)
class PolicyTraining:
    """All of `playloom train policy`."""

    data: PolicyDataOptions = field(default_factory=PolicyDataOptions)
    model: PolicyConfig = field(default_factory=PolicyConfig)
    trainer: TrainerOptions = field(default_factory=TrainerOptions)
    run: RunOptions = field(default_factory=RunOptions)
    logging: LoggingOptions = field(default_factory=LoggingOptions)
