"""Training, validation and test parts of a dataset: whole players or whole sessions, never frames of one in two."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from playloom.datasets.selection import EpisodeSpan
from playloom.errors import PlayloomError

PARTS: tuple[str, ...] = ("train", "validation", "test")


class SplitBy(StrEnum):
    """What stays together."""

    PLAYER = "player"
    SESSION = "session"


@dataclass(frozen=True, kw_only=True)
class Split:
    """The episodes of each part.

    Attributes:
        episodes: their numbers, in order, by "train", "validation", "test".
        frames: of each part.
        groups: the players or sessions of each part.
    """

    episodes: Mapping[str, tuple[int, ...]]
    frames: Mapping[str, int]
    groups: Mapping[str, tuple[str, ...]]


def split_episodes(
    spans: Sequence[EpisodeSpan], *, by: SplitBy, validation: float, test: float, seed: int = 0
) -> Split:
    """Divide a version's episodes.

    Groups are taken in an order that depends on the seed and their own names alone, each for the part that lacks the
    most of its share of frames; so what a group falls into changes little while the dataset grows.

    Args:
        spans: of the version.
        by: what stays together.
        validation, test: shares of the frames, 0 to 1.
        seed: another one gives another split.

    Raises:
        PlayloomError: the shares cannot be, or there are fewer groups than parts.
    """
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    if not all(0 <= share <= 1 for share in shares.values()) or shares["train"] <= 0:
        raise PlayloomError(
            f"the shares {validation:g} and {test:g} leave nothing to train on", remedy="Take less, such as 0.1 and 0.1"
        )
    wanted = [part for part in PARTS if shares[part] > 0]
    groups: dict[str, list[EpisodeSpan]] = {}
    for span in spans:
        name = span.session.player_id if by is SplitBy.PLAYER else span.session.session_id
        groups.setdefault(name, []).append(span)
    if len(groups) < len(wanted):
        raise PlayloomError(
            f"{len(groups)} {by}s cannot be divided into {len(wanted)} parts",
            remedy="Split by session" if by is SplitBy.PLAYER else "Record more, or ask for fewer parts",
        )
    order = sorted(groups, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    total = sum(span.frames for span in spans)
    frames = dict.fromkeys(PARTS, 0)
    chosen: dict[str, list[str]] = {part: [] for part in PARTS}
    for place, name in enumerate(order):
        empty = [part for part in wanted if not chosen[part]]
        # The last groups go where there is none yet.
        among = empty if len(order) - place <= len(empty) else wanted
        part = max(among, key=lambda one: shares[one] - frames[one] / total)
        chosen[part].append(name)
        frames[part] += sum(span.frames for span in groups[name])
    episodes = {
        part: tuple(
            sorted(
                episode
                for name in chosen[part]
                for span in groups[name]
                for episode in range(span.first, span.first + span.count)
            )
        )
        for part in PARTS
    }
    return Split(
        episodes=episodes,
        frames=frames,
        groups={part: tuple(sorted(_told(groups[name][0], by) for name in chosen[part])) for part in PARTS},
    )


def _told(span: EpisodeSpan, by: SplitBy) -> str:
    return span.session.player if by is SplitBy.PLAYER else span.session.session_id
