"""Training, validation and test episodes: whole players, sessions, seeds or games, never frames of one in two parts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from training.data.dataset import Episode, GameDataset
from training.errors import DatasetMismatchError


class SplitBy(StrEnum):
    """What stays together."""

    PLAYER = "player"
    SESSION = "session"
    SEED = "seed"
    GAME = "game"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The numbers of the episodes of each part, in order; and by name, whose they are."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    groups: Mapping[str, tuple[str, ...]]

    def of(self, name: str) -> tuple[int, ...]:
        """The episodes of "train", "validation" or "test".

        Raises:
            DatasetMismatchError: there is no such part.
        """
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        if name not in parts:
            raise DatasetMismatchError(f"there is no part '{name}'", remedy=f"There are {', '.join(parts)}")
        return parts[name]


def split_dataset(
    dataset: GameDataset,
    *,
    by: SplitBy | str = SplitBy.SESSION,
    validation: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
) -> Parts:
    """Divide a dataset's chosen episodes.

    Groups are taken in an order that depends on the seed and their own names alone, each for the part that lacks the
    most of its share of frames; so what a group falls into changes little while the dataset grows.

    Args:
        dataset: whose episodes.
        by: what stays together.
        validation, test: shares of the frames, 0 to 1; 0 leaves the part empty.
        seed: another one gives another split.

    Raises:
        DatasetMismatchError: the shares cannot be, or there are fewer groups than parts.
    """
    by = SplitBy(by)
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    if not all(0 <= share <= 1 for share in shares.values()) or shares["train"] <= 0:
        raise DatasetMismatchError(
            f"the shares {validation:g} and {test:g} leave nothing to train on", remedy="Take less, such as 0.1 and 0.1"
        )
    wanted = [part for part in shares if shares[part] > 0]
    groups: dict[str, list[Episode]] = {}
    for episode in dataset.episodes:
        groups.setdefault(_group(episode, by), []).append(episode)
    if len(groups) < len(wanted):
        raise DatasetMismatchError(
            f"{_counted(len(groups), by)} cannot be divided into {len(wanted)} parts without leaving one empty",
            remedy=_remedy(by),
        )
    order = sorted(groups, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    total = sum(episode.length for episode in dataset.episodes)
    frames = dict.fromkeys(shares, 0)
    chosen: dict[str, list[str]] = {part: [] for part in shares}
    for place, name in enumerate(order):
        empty = [part for part in wanted if not chosen[part]]
        among = empty if len(order) - place <= len(empty) else wanted  # the last groups go where there is none yet
        part = max(among, key=lambda one: shares[one] - frames[one] / total)
        chosen[part].append(name)
        frames[part] += sum(episode.length for episode in groups[name])
    numbers = {
        part: tuple(sorted(episode.index for name in chosen[part] for episode in groups[name])) for part in shares
    }
    return Parts(**numbers, groups={part: tuple(sorted(chosen[part])) for part in shares})


def _group(episode: Episode, by: SplitBy) -> str:
    session = episode.session_id or episode.session
    match by:
        case SplitBy.PLAYER:
            return episode.player
        case SplitBy.SESSION:
            return session
        case SplitBy.SEED:
            return session if episode.seed is None else f"seed {episode.seed}"
        case SplitBy.GAME:
            return episode.game_id


def _counted(count: int, by: SplitBy) -> str:
    return f"1 {by}" if count == 1 else f"{count} {by}s"


def _remedy(by: SplitBy) -> str:
    if by in (SplitBy.PLAYER, SplitBy.GAME):
        return "Split by session, or take a share of 0 for the part that is not needed"
    return "Record more, or take a share of 0 for the part that is not needed"
