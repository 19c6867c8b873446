"""Controls that serve two actions."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture_node.mapping.clashes import Overlap, find_clashes, overlap_of
from capture_node.mapping.words import clash_words
from playloom.bindings import (
    AxisBinding,
    AxisButton,
    Binding,
    ButtonBinding,
    ComboBinding,
    KeyBinding,
    MouseMotionBinding,
    MouseWheelBinding,
    StickBinding,
    TriggerBinding,
)
from playloom.game_definition import load_game_definition
from playloom.mapping_profile import load_mapping_profile

EXAMPLES = Path(__file__).parents[2] / "examples"
SOUTH, EAST = ButtonBinding(control="south"), ButtonBinding(control="east")
LEFT = AxisButton(control="leftx", direction="negative")
PULL = AxisButton(control="left_trigger")


@pytest.mark.parametrize(
    ("binding", "other", "overlap"),
    [
        (SOUTH, SOUTH, Overlap.SAME),
        (SOUTH, EAST, None),
        (ButtonBinding(control="dpad_up", direction="up"), ButtonBinding(control="dpad_up"), Overlap.SAME),
        (KeyBinding(control="w"), KeyBinding(control=26), Overlap.SAME),
        (ComboBinding(controls=(SOUTH, EAST)), ComboBinding(controls=(EAST, SOUTH)), Overlap.SAME),
        (ComboBinding(controls=(SOUTH, EAST)), SOUTH, Overlap.HOLDS),
        (SOUTH, ComboBinding(controls=(SOUTH, EAST)), Overlap.WITHIN),
        (ComboBinding(controls=(SOUTH, EAST)), ComboBinding(controls=(SOUTH, PULL)), None),
        (ComboBinding(controls=(PULL,)), TriggerBinding(control="left_trigger"), Overlap.SAME),
        (StickBinding(control="left_stick"), AxisBinding(control="leftx"), Overlap.SAME),
        (StickBinding(control="left_stick"), StickBinding(control="right_stick"), None),
        (ComboBinding(controls=(LEFT, SOUTH)), StickBinding(control="left_stick"), Overlap.HOLDS),
        (AxisBinding(control="leftx", direction="positive"), AxisBinding(control="leftx", direction="negative"), None),
        (AxisBinding(control="left_trigger"), TriggerBinding(control="left_trigger"), Overlap.SAME),
        (MouseMotionBinding(control="xy"), MouseMotionBinding(control="x"), Overlap.SAME),
        (
            MouseWheelBinding(control="y", direction="positive"),
            MouseWheelBinding(control="y", scale=-1, direction="positive"),
            None,
        ),
    ],
)
def test_two_bindings_meet_where_doing_one_does_the_other(
    binding: Binding, other: Binding, overlap: Overlap | None
) -> None:
    assert overlap_of(binding, other) == overlap


def test_clashes_are_told_with_the_other_action_and_its_class() -> None:
    game = load_game_definition(EXAMPLES / "games" / "action-rpg.yaml")
    profile = load_mapping_profile(EXAMPLES / "profiles" / "action-rpg-grace.yaml", game)

    def said(binding: Binding, action: str) -> list[str]:
        return [clash_words(clash) for clash in find_clashes(binding, action, profile, game)]

    assert said(EAST, "interact") == ["It does Roll, too: both will be on together"]
    assert said(EAST, "war_cry") == ["It does Roll (Everyone), too: both will be on together"]
    assert said(ButtonBinding(control="left_shoulder"), "roll") == [
        "It is part of gamepad left shoulder (LB, L1) + gamepad dpad up, which does Drink a potion: that will do both"
    ]
    assert said(ComboBinding(controls=(ButtonBinding(control="west"), SOUTH)), "roll") == [
        "It holds gamepad south (A, ✕), which does Interact: both will be on together",
        "It holds gamepad west (X, □), which does Strike (Warrior): both will be on together",
    ]
    assert said(EAST, "roll") == []
