"""Which slot of the action vector means what. A contract with every trained model: a change is a new version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playloom.errors import PlayloomError
from playloom.game_definition import ActionKind, GameDefinition
from playloom.yaml_files import did_you_mean

LAYOUT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Where one action stands in the vector.

    Attributes:
        action_id: the action.
        start: its first place.
        size: 2 for vector2 (x right, y down as sticks have it), else 1.
        kind: how its value is to be read.
    """

    action_id: str
    start: int
    size: int
    kind: ActionKind


@dataclass(frozen=True, kw_only=True)
class ActionLayout:
    """The action vector of a game and a choice of its classes.

    Attributes:
        slots: one an action, in the order of ``class_ids`` and of the actions in each class, without gaps.
        game_id: the game.
        class_ids: its classes.
        version: `LAYOUT_VERSION` when it was made.
    """

    slots: tuple[Slot, ...]
    game_id: str
    class_ids: tuple[str, ...]
    version: int = LAYOUT_VERSION

    @property
    def width(self) -> int:
        """How many values the vector has."""
        return sum(slot.size for slot in self.slots)

    @property
    def names(self) -> tuple[str, ...]:
        """One name a value: ("move.x", "move.y", "jump")."""
        return tuple(slot.action_id + suffix for slot in self.slots for suffix in slot.kind.slot_names)


def layout_of(game: GameDefinition, class_ids: Sequence[str]) -> ActionLayout:
    """The layout of ``game`` for the classes that a profile names.

    Raises:
        PlayloomError: a class that the game does not have, or one named twice.
    """
    classes = {one.id: one for one in game.classes}
    slots: list[Slot] = []
    start = 0
    for place, class_id in enumerate(class_ids):
        if class_id not in classes:
            problem = f"the game {game.game_id} has no class '{class_id}'"
            raise PlayloomError(problem, remedy=did_you_mean(class_id, classes))
        if class_id in class_ids[:place]:
            raise PlayloomError(f"the class '{class_id}' is named twice", remedy="Name each class once")
        for action in classes[class_id].actions:
            size = len(action.slot_names)
            slots.append(Slot(action_id=action.id, start=start, size=size, kind=action.kind))
            start += size
    return ActionLayout(slots=tuple(slots), game_id=game.game_id, class_ids=tuple(class_ids))
