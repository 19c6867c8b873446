"""What a run begins from, for its lineage: episodes of datasets, and the weights of another run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training.data.dataset import GameDataset
from training.errors import DatasetMismatchError
from training.runs.checkpoint import EMA, read_checkpoint, sha256_of
from training.runs.directory import find_checkpoint
from training.runs.lineage import DatasetLineage, Lineage, ParentCheckpoint


def dataset_lineage(dataset: GameDataset, version: int | None, trained_on: Sequence[int]) -> DatasetLineage:
    """Of a dataset. Args: version: of a shared one; trained_on: the numbers of the episodes."""
    episodes = [dataset.episode(number) for number in trained_on]
    return DatasetLineage(
        name=dataset.repo_id,
        version=version,
        content_hash=dataset.content_hash,
        path=str(dataset.path.absolute()),
        episodes=len(episodes),
        players=tuple(sorted({episode.player for episode in episodes})),
        label_sources=tuple(sorted({episode.label_source for episode in episodes})),
    )


def parent_run(named: str) -> tuple[ParentCheckpoint, tuple[str, ...]]:
    """The checkpoint of a run whose weights are begun from, and the terms that come with them.

    Raises:
        CheckpointError: there is none.
    """
    path = find_checkpoint(Path(named))
    parent = ParentCheckpoint(path=str(path), sha256=sha256_of(path / f"{EMA}.safetensors"))
    return parent, read_checkpoint(path, ()).lineage.terms


def check_same_data(lineage: Lineage, datasets: Sequence[GameDataset]) -> None:
    """See that a run that goes on learns from what it began with.

    Raises:
        DatasetMismatchError: a dataset has changed since.
    """
    before = [one.content_hash for one in lineage.datasets]
    for number, dataset in enumerate(datasets):
        if number >= len(before) or before[number] != dataset.content_hash:
            raise DatasetMismatchError(
                f"{dataset.path} is not what the run began with: its content has changed since",
                remedy="Bring the dataset back as it was, or begin a run of its own with run.initialize_from=RUN",
            )
