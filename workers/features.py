"""The columns of a dataset: which there are, in which order, of which type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VIDEO_FEATURE = "observation.images.main"
"""The pictures; LeGamer's name."""

AGENT_FEATURE = "action.agent"
"""Of each action, whether an agent decided on it in that frame, and not the player."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One numeric feature: a column of the data files.

    Attributes:
        name: of the feature; holds no '/'.
        dtype: "float32", "int64" or "bool".
        names: of its elements; None where there is one element, the number itself.
    """

    name: str
    dtype: str
    names: tuple[str, ...] | None

    @property
    def width(self) -> int:
        return 1 if self.names is None else len(self.names)


@dataclass(frozen=True, kw_only=True)
class FeatureSet:
    """What each frame of a dataset carries beside its picture.

    Attributes:
        action_names: of the action vector's slots.
        controller_names: of the raw controller state.
        keyboard_names, mouse_names: of those features, empty where the dataset has none.
        agent_names: of the actions of which the dataset tells whether an agent decided on them; empty where it does
            not tell.
        rewards: whether there are ``next.reward`` and ``next.done``.
    """

    action_names: tuple[str, ...]
    controller_names: tuple[str, ...]
    keyboard_names: tuple[str, ...] = ()
    mouse_names: tuple[str, ...] = ()
    agent_names: tuple[str, ...] = ()
    rewards: bool = False

    @property
    def recorded(self) -> tuple[Column, ...]:
        """The columns that come from the recording, in the dataset's order."""
        columns = [
            Column(name="action", dtype="float32", names=self.action_names),
            Column(name="controller", dtype="float32", names=self.controller_names),
        ]
        if self.keyboard_names:
            columns.append(Column(name="keyboard", dtype="float32", names=self.keyboard_names))
        if self.mouse_names:
            columns.append(Column(name="mouse", dtype="float32", names=self.mouse_names))
        if self.agent_names:
            columns.append(Column(name=AGENT_FEATURE, dtype="bool", names=self.agent_names))
        if self.rewards:
            columns.append(Column(name="next.reward", dtype="float32", names=None))
            columns.append(Column(name="next.done", dtype="bool", names=None))
        return tuple(columns)

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns of a data file, in order: the recorded ones, then LeRobot's own."""
        return (*self.recorded, *INDEX_COLUMNS)


INDEX_COLUMNS = (
    Column(name="timestamp", dtype="float32", names=None),
    Column(name="frame_index", dtype="int64", names=None),
    Column(name="episode_index", dtype="int64", names=None),
    Column(name="index", dtype="int64", names=None),
    Column(name="task_index", dtype="int64", names=None),
)


def column_json(column: Column) -> Mapping[str, object]:
    """A column as info.json describes it."""
    return {
        "dtype": column.dtype,
        "shape": [column.width],
        "names": None if column.names is None else list(column.names),
    }
