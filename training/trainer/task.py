"""What the trainer trains: a model with its data, its loss and its figures. The IDM is one, the policy another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn

from training.runs.lineage import Lineage


@dataclass(frozen=True, kw_only=True)
class TaskLoss:
    """Attributes:
    total: what is descended, a scalar.
    parts: what it is made of, for the figures: scalars by name.
    """

    total: Tensor
    parts: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BatchSize:
    """How much a batch holds, of which speeds are told. Attributes: samples: clips; frames: pictures in them."""

    samples: int
    frames: int


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What was found on the validation part.

    Attributes:
        figures: by name; they go into metrics.jsonl and summary.json.
        score: which of two checkpoints is the better one: the higher.
        document: joins the checkpoint's config.json, such as temperatures; JSON.
        table: rows for people: a figure's name, the model's, and each baseline's by its name.
    """

    figures: Mapping[str, float]
    score: float
    document: Mapping[str, Any] = field(default_factory=dict)
    table: tuple[FigureRow, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FigureRow:
    """A figure beside those of who knows nothing. Attributes: name; value: the model's; baselines: by name."""

    name: str
    value: float
    baselines: Mapping[str, float] = field(default_factory=dict)


class Batches(Protocol):
    """An endless, seeded order of batches that can be taken up where it was left."""

    def __iter__(self) -> Iterator[Any]: ...

    def state_dict(self) -> dict[str, Any]:
        """Where it stands, as JSON: behind the last batch that was handed out, of this rank."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


class Task(Protocol):
    """Something to train. All of it but `model` and `loss` is called on every rank alike."""

    @property
    def kind(self) -> str:
        """What `config.json` calls it: "idm"."""
        ...

    @property
    def model(self) -> nn.Module: ...

    @property
    def batches(self) -> Batches: ...

    def loss(self, model: nn.Module, batch: Any) -> TaskLoss:
        """The loss of a batch. Args: model: `model`, wrapped or compiled, on its device."""
        ...

    def size(self, batch: Any) -> BatchSize: ...

    def where(self, batch: Any) -> str:
        """Which episodes and frames a batch is of, for an error."""
        ...

    def validate(self, model: nn.Module) -> Validation:
        """Figures on the validation part. Args: model: in eval mode, with the averaged weights."""
        ...

    def config_document(self) -> dict[str, Any]:
        """What a checkpoint's config.json says; JSON that names `kind`."""
        ...

    @property
    def lineage(self) -> Lineage: ...

    def troubles(self) -> Sequence[str]:
        """What was wrong with the data so far and was left out, a sentence each; once said, always said."""
        ...

    def lower(self) -> str:
        """What to make smaller when memory does not suffice, a sentence with the values that are in force."""
        ...
