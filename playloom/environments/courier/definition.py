"""Courier's actions and a player's pad as the files that `playloom convert` takes."""

from __future__ import annotations

from playloom.bindings import Binding, ButtonBinding, StickBinding, TriggerBinding
from playloom.controls import BUTTONS
from playloom.environments.courier.controls import DIGITAL, ButtonMap
from playloom.environments.courier.environment import GAME_ID
from playloom.game_definition import ActionClass, ActionDefinition, ActionKind, GameDefinition
from playloom.mapping_profile import MappingProfile

CLASS_ID = "default"
TRIGGER_THRESHOLD = 0.01
"""A trigger's whole way counts."""

_ANALOG = {
    "move": ActionKind.VECTOR2,
    "look": ActionKind.VECTOR2,
    "shield": ActionKind.TRIGGER,
    "beam": ActionKind.TRIGGER,
}


def courier_definition() -> GameDefinition:
    """All that can be done: two sticks, two triggers, eight buttons."""
    kinds = _ANALOG | dict.fromkeys(DIGITAL, ActionKind.DIGITAL)
    actions = tuple(
        ActionDefinition(id=name, label=name.replace("_", " ").capitalize(), kind=kind) for name, kind in kinds.items()
    )
    return GameDefinition(
        game_id=GAME_ID,
        display_name="Courier",
        classes=(ActionClass(id=CLASS_ID, label="Default", actions=actions),),
    )


def courier_profile(profile_name: str, *, hidden_seed: int | None = None) -> MappingProfile:
    """How a pad plays it.

    Args:
        profile_name: of the profile.
        hidden_seed: of a session whose buttons are swapped; None: the ordinary ones.
    """
    buttons = (ButtonMap() if hidden_seed is None else ButtonMap.hidden(hidden_seed)).buttons
    bindings: dict[str, tuple[Binding, ...]] = {
        "move": (StickBinding(control="left_stick"),),
        "look": (StickBinding(control="right_stick"),),
        "shield": (TriggerBinding(control="left_trigger", threshold=TRIGGER_THRESHOLD),),
        "beam": (TriggerBinding(control="right_trigger", threshold=TRIGGER_THRESHOLD),),
    }
    bindings |= {what: (ButtonBinding(control=BUTTONS[buttons[what]]),) for what in DIGITAL}
    return MappingProfile(
        game_id=GAME_ID, class_ids=(CLASS_ID,), profile_name=profile_name, complete=True, bindings=bindings
    )
