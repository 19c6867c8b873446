"""What a player must know of a policy that it is driven by, and the rows that come from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playloom.play.errors import BadChunkError

MOST_ABS = {"stick": 1.0, "analog": 1.0, "trigger": 1.0, "digital": 1.0, "categorical": 1.0}
"""How far a value of a kind can go; mouse motion has no end. SDL's -32768 is a little more than 1."""

_SLACK = 1e-3

KINDS = frozenset({*MOST_ABS, "mouse"})
"""All there are."""

CONTINUOUS = frozenset({"stick", "analog", "trigger", "mouse"})
"""The kinds between whose values there are others."""


@dataclass(frozen=True, kw_only=True)
class ActionHead:
    """Values of the action vector that belong together.

    Attributes:
        name: the action's id; of a categorical one its members' joined by "|".
        kind: digital, categorical, stick, analog, trigger or mouse.
        places: in the action vector, in order.
    """

    name: str
    kind: str
    places: tuple[int, ...]

    @property
    def actions(self) -> tuple[str, ...]:
        """The ids of its actions."""
        return tuple(self.name.split("|"))


@dataclass(frozen=True, kw_only=True)
class PolicyFacts:
    """A policy as it describes itself.

    Attributes:
        label: the run's name and step.
        kind: of policy.
        game_id: what it plays.
        layout_version: of the action vector.
        action_names: one a value of the action vector.
        heads: which values belong together.
        fps: frames a second.
        picture_size: (width, height) in pixels.
        history: pictures of an observation.
        frame_step: frames from one of them to the next.
        chunk: frames that an answer covers.
        tasks: what it was trained to do.
    """

    label: str
    kind: str
    game_id: str
    layout_version: int
    action_names: tuple[str, ...]
    heads: tuple[ActionHead, ...]
    fps: int
    picture_size: tuple[int, int]
    history: int
    frame_step: int
    chunk: int
    tasks: tuple[str, ...]

    @property
    def width(self) -> int:
        """How many values the action vector has."""
        return len(self.action_names)

    @property
    def actions(self) -> tuple[str, ...]:
        """The ids of all actions, in the vector's order."""
        return tuple(action for head in self.heads for action in head.actions)

    @property
    def picture_bytes(self) -> int:
        """Of an observation's pictures."""
        width, height = self.picture_size
        return self.history * width * height * 3

    def plays_like(self, other: PolicyFacts) -> bool:
        """Whether the other can take its place in the middle of a game: all but the label and the tasks is equal."""
        return all(
            getattr(self, name) == getattr(other, name)
            for name in (
                "game_id", "layout_version", "action_names", "heads", "fps", "picture_size", "history", "frame_step",
                "chunk",
            )
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class ActionRows:
    """What to hold at consecutive frames.

    Attributes:
        first: the frame of row 0, the one after the observation's.
        values: float32[rows, width], in the dataset's units.
        confidence: float32[rows, heads], in [0, 1].
    """

    first: int
    values: NDArray[np.float32]
    confidence: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.values)


def checked_rows(
    facts: PolicyFacts, frame: int, rows: int, values: Sequence[float], confidence: Sequence[float], *, asked: int
) -> ActionRows:
    """An answer's rows, after everything that a player must not act on has been refused.

    Args:
        facts: of the policy that was described.
        frame: the observation that it says it answers.
        rows: how many it says there are.
        values, confidence: row after row.
        asked: the frame of the observation that waits for an answer; -1: none does.

    Raises:
        BadChunkError: it answers what was not asked, has another layout, or holds what is no number or out of range.
    """
    if frame != asked:
        what = "nothing was asked" if asked < 0 else f"frame {asked} was asked"
        raise BadChunkError(f"the policy answers for frame {frame}, and {what}")
    if rows != facts.chunk or len(values) != rows * facts.width or len(confidence) != rows * len(facts.heads):
        raise BadChunkError(
            f"the policy answers in another layout: {rows} rows, {len(values)} values and {len(confidence)} "
            f"confidences, where {facts.chunk} rows of {facts.width} values and {len(facts.heads)} confidences belong"
        )
    table = np.array(values, np.float32).reshape(rows, facts.width)
    sure = np.array(confidence, np.float32).reshape(rows, len(facts.heads))
    for head in facts.heads:
        found = table[:, list(head.places)]
        if not np.isfinite(found).all():
            raise BadChunkError(f"the policy's answer for '{head.name}' is no number")
        most = MOST_ABS.get(head.kind)
        if most is not None and np.abs(found).max(initial=0) > most + _SLACK:
            raise BadChunkError(f"the policy's answer for '{head.name}' is {np.abs(found).max():g}, beyond {most:g}")
    if not (np.isfinite(sure).all() and (sure >= -_SLACK).all() and (sure <= 1 + _SLACK).all()):
        raise BadChunkError("the policy's confidence is no number from 0 to 1")
    return ActionRows(first=frame + 1, values=table, confidence=np.clip(sure, 0, 1))
