"""Controls that serve several actions: allowed, and worth a word, because it is often a slip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from playloom.bindings import (
    AxisBinding,
    AxisButton,
    Binding,
    ButtonBinding,
    ComboBinding,
    ComboPart,
    KeyBinding,
    MouseButtonBinding,
    MouseMotionBinding,
    MouseWheelBinding,
    StickBinding,
    TriggerBinding,
)
from playloom.controls import STICKS, TRIGGERS
from playloom.game_definition import ActionClass, ActionDefinition, GameDefinition
from playloom.mapping_profile import MappingProfile

type Element = tuple[str, str | int, str]
"""What can be active by itself: its type, its control, its side."""


class Overlap(StrEnum):
    """How two bindings meet."""

    SAME = "same"  # each does the other's action
    HOLDS = "holds"  # doing this one does the other, too
    WITHIN = "within"  # doing the other does this one, too


@dataclass(frozen=True, kw_only=True)
class Clash:
    """One binding that meets another action's.

    Attributes:
        action: the other action.
        action_class: its class.
        binding: its binding.
        overlap: how the new binding meets it.
        same_class: whether both actions are of one class; of two, a player may never do both at a time.
    """

    action: ActionDefinition
    action_class: ActionClass
    binding: Binding
    overlap: Overlap
    same_class: bool


def find_clashes(binding: Binding, action_id: str, profile: MappingProfile, game: GameDefinition) -> Iterator[Clash]:
    """Where ``binding``, chosen for ``action_id``, meets other actions of ``profile``, in the game's order."""
    home = next(one.id for one in game.classes if any(action.id == action_id for action in one.actions))
    for one in game.classes:
        if one.id not in profile.class_ids:
            continue
        for action in one.actions:
            if action.id == action_id:
                continue
            for other in profile.bindings.get(action.id, ()):
                overlap = overlap_of(binding, other)
                if overlap is not None:
                    yield Clash(
                        action=action,
                        action_class=one,
                        binding=other,
                        overlap=overlap,
                        same_class=one.id == home,
                    )
                    break


def overlap_of(binding: Binding, other: Binding) -> Overlap | None:
    """How ``binding`` meets ``other``, None where neither does the other's action."""
    ways, other_ways = _ways(binding), _ways(other)
    does = any(theirs <= ours for ours in ways for theirs in other_ways)
    is_done = any(ours <= theirs for ours in ways for theirs in other_ways)
    if does and is_done:
        return Overlap.SAME
    if does:
        return Overlap.HOLDS
    return Overlap.WITHIN if is_done else None


def _ways(binding: Binding) -> list[frozenset[Element]]:
    """The ways to do ``binding``: what has to be held or moved together for each."""
    if isinstance(binding, ComboBinding):
        return [frozenset(_part(part) for part in binding.controls)]
    return [frozenset([element]) for element in _elements(binding)]


def _elements(binding: Binding) -> list[Element]:
    match binding:
        case ComboBinding():
            raise AssertionError("a combo has parts")
        case ButtonBinding() | KeyBinding() | MouseButtonBinding():
            return [_part(binding)]
        case TriggerBinding(control=control):
            return [("axis", control, "positive")]
        case StickBinding(control=control):
            return [("axis", axis, side) for axis in STICKS[control] for side in ("positive", "negative")]
        case AxisBinding(control=control) if control in TRIGGERS:
            return [("axis", control, "positive")]
        case AxisBinding(control=control, direction=direction):
            return [("axis", control, side) for side in _sides(direction)]
        case MouseMotionBinding(control=control, scale=scale, direction=direction):
            return [("mouse", axis, side) for axis in control for side in _sides(direction, scale)]
        case MouseWheelBinding(control=control, scale=scale, direction=direction):
            return [("wheel", control, side) for side in _sides(direction, scale)]


def _sides(direction: str, scale: float = 1.0) -> tuple[str, ...]:
    if direction == "any":
        return ("positive", "negative")
    return (direction,) if scale > 0 else ("negative" if direction == "positive" else "positive",)


def _part(part: ComboPart) -> Element:
    match part:
        case AxisButton(control=control, direction=direction):
            return ("axis", control, direction or "positive")
        case KeyBinding():
            return ("key", part.scancode, "")
        case ButtonBinding(control=control) | MouseButtonBinding(control=control):
            return (part.type, control, "")
