"""Rows for tests of figures, from a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.action_space import ActionSpace, Head, HeadKind
from training.metrics.rows import Rows


def space_of(**kinds: HeadKind) -> ActionSpace:
    """An action space with these actions, in this order."""
    names: list[str] = []
    heads: list[Head] = []
    for name, kind in kinds.items():
        both = kind in (HeadKind.STICK, HeadKind.MOUSE)
        heads.append(Head(name=name, kind=kind, places=tuple(range(len(names), len(names) + 1 + both))))
        names += [f"{name}.x", f"{name}.y"] if both else [name]
    return ActionSpace(game_id="test", layout_version=1, names=tuple(names), heads=tuple(heads))


def rows_of(
    space: ActionSpace,
    truth: ArrayLike,
    values: ArrayLike | None = None,
    *,
    lengths: Sequence[int] | None = None,
    probabilities: ArrayLike | None = None,
    confidence: ArrayLike | None = None,
) -> Rows:
    """Rows of episodes of these lengths (one, by default), each a group of its own; perfect unless values are given."""
    held = np.asarray(truth, np.float32).reshape(-1, space.width)
    lengths = lengths or [len(held)]
    episode = np.repeat(np.arange(len(lengths)), lengths)
    return Rows(
        space=space,
        truth=held,
        values=held.copy() if values is None else np.asarray(values, np.float32).reshape(-1, space.width),
        probabilities=None if probabilities is None else np.asarray(probabilities, np.float32).reshape(-1, space.width),
        confidence=None if confidence is None else np.asarray(confidence, np.float32).reshape(len(held), -1),
        episode=episode.astype(np.int64),
        frame=np.concatenate([np.arange(length) for length in lengths]).astype(np.int64),
        group=episode.astype(np.int64),
    )


def timeline(text: str) -> NDArray[np.float32]:
    """``..##.`` as 0 0 1 1 0, [n, 1]."""
    return np.array([[sign == "#"] for sign in text], np.float32)


def timelines(**texts: str) -> tuple[ActionSpace, NDArray[np.float32]]:
    """Several buttons at once."""
    kinds: Mapping[str, HeadKind] = dict.fromkeys(texts, HeadKind.DIGITAL)
    return space_of(**kinds), np.concatenate([timeline(text) for text in texts.values()], axis=1)
