"""On which episodes a model is tested, and from which the actions-only baseline learns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from playloom.errors import PlayloomError
from training.action_space import ActionSpace
from training.data.dataset import GameDataset, open_training_dataset
from training.data.splits import split_dataset
from training.errors import DatasetMismatchError
from training.idm.loading import LoadedIdm
from training.metrics.rows import Rows

WHOLE = "all"
PARTS = ("test", "validation", "train", WHOLE)


@dataclass(frozen=True, kw_only=True)
class TestPart:
    """What is tested on.

    Attributes:
        name: one of `PARTS`.
        tested: the episodes' numbers.
        learned: those that the model was trained on, of the same dataset; empty for another one.
        notes: what has to be known of this choice.
    """

    __test__ = False  # pytest takes what is called Test… for tests

    name: str
    tested: tuple[int, ...]
    learned: tuple[int, ...]
    notes: tuple[str, ...]


def open_fitting(loaded: LoadedIdm, where: str | Path, version: int | None = None) -> tuple[GameDataset, GameDataset]:
    """A dataset that a model can be tested on: all of it, and of it what the model's training could choose from.

    Raises:
        DatasetMismatchError: its rate or its actions are not the model's.
        PlayloomError: there is no such dataset.
    """
    dataset = open_training_dataset(where, version=version, fps=loaded.fps)
    if dataset.action_names != loaded.space.names:
        raise DatasetMismatchError(
            f"{where}: its actions are {', '.join(dataset.action_names)}; "
            f"the model's are {', '.join(loaded.space.names)}",
            remedy="Test it on a dataset of the same game, converted with the same game definition",
        )
    players, sessions = loaded.document.get("players") or (), loaded.document.get("sessions") or ()
    if not players and not sessions:
        return dataset, dataset
    there = any(
        (not players or one.player in players)
        and (not sessions or one.session in sessions or one.session_id in sessions)
        for one in dataset.episodes
    )
    if not there:
        return dataset, dataset
    return dataset, open_training_dataset(where, version=version, players=players, sessions=sessions)


def choose_part(loaded: LoadedIdm, dataset: GameDataset, chosen: GameDataset, name: str | None) -> TestPart:
    """The part of a dataset to test a model on.

    Of the dataset that it was trained on, the parts are those of the training; of any other, there is only all of it.

    Args:
        loaded: the model.
        dataset: all of it.
        chosen: of it what the training could choose from (`open_fitting`).
        name: one of `PARTS`; None: "test" of its own dataset, all of another one.

    Raises:
        DatasetMismatchError: there is no such part, or no episode in it.
    """
    if name not in (None, *PARTS):
        raise DatasetMismatchError(f"there is no part '{name}'", remedy=f"There are {', '.join(PARTS)}")
    every = tuple(episode.index for episode in dataset.episodes)
    own = any(one.content_hash == chosen.content_hash for one in loaded.lineage.datasets)
    if not own:
        if name not in (None, WHOLE):
            raise DatasetMismatchError(
                f"{dataset.repo_id} is not what the model was trained on, and has no part '{name}'",
                remedy="Leave --split out: all of it is tested",
            )
        return TestPart(name=WHOLE, tested=every, learned=(), notes=_shared_players(loaded, dataset, every))
    split = loaded.document["split"]
    parts = split_dataset(
        chosen, by=split["by"], validation=split["validation"], test=split["test"], seed=split["seed"]
    )
    name = name or "test"
    tested = every if name == WHOLE else parts.of(name)
    if not tested:
        raise DatasetMismatchError(
            f"the model was trained without a {name} part",
            remedy="Train with data.split.test=0.1, or name another --split",
        )
    notes: tuple[str, ...] = ()
    if set(tested) & set(parts.train):
        notes = ("The model was trained on episodes of this part: its figures flatter.",)
    elif name == "validation":
        notes = ("The best checkpoint was chosen, and temperatures were fitted, on this part: its figures flatter.",)
    elif split["by"] != "player":
        notes = _shared_players(loaded, dataset, tested)
    return TestPart(name=name, tested=tested, learned=parts.train, notes=notes)


def learned_rows(loaded: LoadedIdm) -> Rows | None:
    """What was held in the episodes that a model was trained on, where their dataset still lies as it was."""
    split = loaded.document["split"]
    found: list[Rows] = []
    for one in loaded.lineage.datasets:
        try:
            dataset = open_training_dataset(
                one.path,
                version=one.version,
                players=loaded.document.get("players") or (),
                sessions=loaded.document.get("sessions") or (),
            )
            if dataset.content_hash != one.content_hash:
                return None
            parts = split_dataset(
                dataset, by=split["by"], validation=split["validation"], test=split["test"], seed=split["seed"]
            )
        except PlayloomError:
            return None
        found.append(true_rows(dataset, parts.train, loaded.space))
    return found[0] if len(found) == 1 else None


def _shared_players(loaded: LoadedIdm, dataset: GameDataset, tested: tuple[int, ...]) -> tuple[str, ...]:
    known = {player for one in loaded.lineage.datasets for player in one.players if player}
    shared = sorted(known & {dataset.episode(number).player for number in tested})
    if not shared:
        return ()
    return (f"The model has seen other play of {', '.join(shared)}: it knows their hands.",)


def true_rows(dataset: GameDataset, episodes: tuple[int, ...], space: ActionSpace) -> Rows:
    """All rows of some episodes, with nothing said; episodes of one session are one group."""
    groups = session_numbers(dataset)
    truth = [dataset.actions(number) for number in episodes]
    lengths = [len(one) for one in truth]
    held = np.concatenate(truth) if truth else np.zeros((0, space.width), np.float32)
    return Rows(
        space=space,
        truth=held,
        values=np.zeros_like(held),
        episode=np.repeat(np.array(episodes, np.int64), lengths),
        frame=np.concatenate([np.arange(length) for length in lengths] or [np.zeros(0)]).astype(np.int64),
        group=np.repeat(np.array([groups[one] for one in episodes], np.int64), lengths),
    )


def session_numbers(dataset: GameDataset) -> dict[int, int]:
    """By episode the number of its session: what intervals are drawn over."""
    numbers: dict[str, int] = {}
    return {one.index: numbers.setdefault(one.session, len(numbers)) for one in dataset.episodes}
