"""The action vector's slots: a contract with every trained model."""

from __future__ import annotations

import pytest

from playloom.actions.layout import ActionLayout, Slot, layout_of
from playloom.errors import PlayloomError
from playloom.game_definition import ActionClass, ActionDefinition, ActionKind, GameDefinition

GAME = GameDefinition(
    game_id="rpg",
    display_name="RPG",
    classes=(
        ActionClass(
            id="default",
            actions=(
                ActionDefinition(id="move", kind=ActionKind.VECTOR2),
                ActionDefinition(id="jump", kind=ActionKind.DIGITAL),
            ),
        ),
        ActionClass(id="mage", actions=(ActionDefinition(id="aim", kind=ActionKind.ANALOG),)),
        ActionClass(
            id="archer",
            actions=(
                ActionDefinition(id="draw", kind=ActionKind.TRIGGER),
                ActionDefinition(id="look", kind=ActionKind.VECTOR2),
            ),
        ),
    ),
)


def test_actions_stand_in_the_order_of_the_classes_named_and_vector2_takes_two() -> None:
    layout = layout_of(GAME, ("archer", "default"))
    assert layout == ActionLayout(
        game_id="rpg",
        class_ids=("archer", "default"),
        version=1,
        slots=(
            Slot(action_id="draw", start=0, size=1, kind=ActionKind.TRIGGER),
            Slot(action_id="look", start=1, size=2, kind=ActionKind.VECTOR2),
            Slot(action_id="move", start=3, size=2, kind=ActionKind.VECTOR2),
            Slot(action_id="jump", start=5, size=1, kind=ActionKind.DIGITAL),
        ),
    )
    assert layout.width == 6
    assert layout.names == ("draw", "look.x", "look.y", "move.x", "move.y", "jump")


def test_a_class_without_actions_adds_nothing() -> None:
    game = GameDefinition(game_id="g", display_name="G", classes=(ActionClass(id="default", actions=()),))
    assert layout_of(game, ["default"]).width == 0


def test_an_unknown_class_and_one_named_twice_are_errors() -> None:
    with pytest.raises(PlayloomError, match=r"the game rpg has no class 'magee'. Did you mean 'mage'\?"):
        layout_of(GAME, ["magee"])
    with pytest.raises(PlayloomError, match="the class 'mage' is named twice"):
        layout_of(GAME, ["mage", "mage"])
