"""What a model predicts: the slots of a dataset's action vector, each read the way its kind asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from playloom.actions.layout import LAYOUT_VERSION, Slot
from playloom.game_definition import ActionKind
from training.errors import DatasetMismatchError


class HeadKind(StrEnum):
    """How a head's values are to be read."""

    DIGITAL = "digital"
    """0 or 1 each, independent of one another."""
    CATEGORICAL = "categorical"
    """At most one of several digital actions at a time."""
    STICK = "stick"
    """Two values in [-1, 1]."""
    ANALOG = "analog"
    """One value in [-1, 1]."""
    TRIGGER = "trigger"
    """One value in [0, 1]."""
    MOUSE = "mouse"
    """Two values without bounds: counts of motion in a frame."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """One thing that is predicted.

    Attributes:
        name: the action's id; of a categorical one its members' joined by "|".
        kind: how its values are to be read.
        places: in the action vector, in order.
    """

    name: str
    kind: HeadKind
    places: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ActionSpace:
    """The action vector of a dataset as heads see it.

    Attributes:
        game_id: the game.
        layout_version: of the layout.
        names: one a value of the vector, as the dataset's feature has them.
        heads: in the order of their first place; every place belongs to one head.
    """

    game_id: str
    layout_version: int
    names: tuple[str, ...]
    heads: tuple[Head, ...]

    @property
    def width(self) -> int:
        """How many values the vector has."""
        return len(self.names)

    def of_kind(self, *kinds: HeadKind) -> tuple[Head, ...]:
        """The heads of some kinds, in order."""
        return tuple(head for head in self.heads if head.kind in kinds)

    def places_of(self, *kinds: HeadKind) -> tuple[int, ...]:
        """Where the values of some kinds stand, in order."""
        return tuple(place for head in self.of_kind(*kinds) for place in head.places)

    def to_document(self) -> dict[str, Any]:
        """As a checkpoint holds it."""
        return {
            "game_id": self.game_id,
            "layout_version": self.layout_version,
            "names": list(self.names),
            "heads": [{"name": head.name, "kind": head.kind.value, "places": list(head.places)} for head in self.heads],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ActionSpace:
        """Read what `to_document` wrote."""
        return cls(
            game_id=document["game_id"],
            layout_version=document["layout_version"],
            names=tuple(document["names"]),
            heads=tuple(
                Head(name=one["name"], kind=HeadKind(one["kind"]), places=tuple(one["places"]))
                for one in document["heads"]
            ),
        )


def action_space_of(
    info: Mapping[str, Any], *, categorical: Sequence[Sequence[str]] = (), mouse: Sequence[str] = ()
) -> ActionSpace:
    """The action space of a dataset.

    Args:
        info: the dataset's ``info.json``.
        categorical: groups of digital actions of which at most one is held at a time.
        mouse: actions of two values that are mouse motion and not a stick.

    Raises:
        DatasetMismatchError: the dataset names no layout, one of another version, or not the actions that are named.
    """
    converter = info.get("extensions", {}).get("game_converter")
    if not isinstance(converter, Mapping) or "action_layout" not in converter:
        raise DatasetMismatchError(
            "the dataset's info.json holds no action layout", remedy="Make the dataset with 'playloom convert'"
        )
    version = int(converter.get("action_layout_version", LAYOUT_VERSION))
    if version != LAYOUT_VERSION:
        raise DatasetMismatchError(
            f"the dataset's actions are in layout version {version}, this program reads version {LAYOUT_VERSION}",
            remedy="Convert the recordings again",
        )
    slots = [
        Slot(action_id=one["action_id"], start=one["start"], size=one["size"], kind=ActionKind(one["kind"]))
        for one in converter["action_layout"]
    ]
    by_id = {slot.action_id: slot for slot in slots}
    groups = [_group(by_id, names) for names in categorical]
    grouped = {slot.action_id for group in groups for slot in group}
    for name in mouse:
        if name not in by_id or by_id[name].size != 2:
            raise DatasetMismatchError(f"'{name}' is no action of two values", remedy=_known(by_id))
    heads = [
        Head(name="|".join(slot.action_id for slot in group), kind=HeadKind.CATEGORICAL,
             places=tuple(slot.start for slot in group))
        for group in groups
    ]  # fmt: skip
    heads += [
        Head(name=slot.action_id, kind=_kind(slot, mouse), places=tuple(range(slot.start, slot.start + slot.size)))
        for slot in slots
        if slot.action_id not in grouped
    ]
    return ActionSpace(
        game_id=str(converter.get("game_id", "")),
        layout_version=version,
        names=tuple(slot.action_id + suffix for slot in slots for suffix in slot.kind.slot_names),
        heads=tuple(sorted(heads, key=lambda head: head.places[0])),
    )


def _group(by_id: Mapping[str, Slot], names: Sequence[str]) -> list[Slot]:
    for name in names:
        if name not in by_id or by_id[name].kind is not ActionKind.DIGITAL:
            raise DatasetMismatchError(f"'{name}' is no digital action of this dataset", remedy=_known(by_id))
    return [by_id[name] for name in names]


def _kind(slot: Slot, mouse: Sequence[str]) -> HeadKind:
    if slot.action_id in mouse:
        return HeadKind.MOUSE
    return {
        ActionKind.DIGITAL: HeadKind.DIGITAL,
        ActionKind.ANALOG: HeadKind.ANALOG,
        ActionKind.TRIGGER: HeadKind.TRIGGER,
        ActionKind.VECTOR2: HeadKind.STICK,
    }[slot.kind]


def _known(by_id: Mapping[str, Slot]) -> str:
    return f"There are {', '.join(by_id)}"
