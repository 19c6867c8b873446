"""The way through a game's actions: what is kept, what is asked next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from capture_node.mapping.gestures import Gesture
from capture_node.mapping.walk import MappingWalk, new_profile
from capture_node.mapping.words import binding_words, question
from playloom.bindings import (
    AxisButton,
    ButtonBinding,
    ComboPart,
    KeyBinding,
    MouseMotionBinding,
    StickBinding,
    TriggerBinding,
)
from playloom.errors import PlayloomError
from playloom.game_definition import ActionClass, ActionDefinition, ActionKind, GameDefinition, load_game_definition
from playloom.mapping_profile import load_mapping_profile

EXAMPLES = Path(__file__).parents[2] / "examples"
SOUTH, EAST, SPACE = ButtonBinding(control="south"), ButtonBinding(control="east"), KeyBinding(control="space")
PULL = AxisButton(control="right_trigger")
PUSH = AxisButton(control="leftx", direction="positive")
GAME = GameDefinition(
    game_id="game",
    display_name="Game",
    classes=(
        ActionClass(
            id="default",
            actions=(
                ActionDefinition(id="jump", kind=ActionKind.DIGITAL, label="Jump", required=True),
                ActionDefinition(id="move", kind=ActionKind.VECTOR2),
                ActionDefinition(id="throttle", kind=ActionKind.TRIGGER),
                ActionDefinition(id="steer", kind=ActionKind.ANALOG),
            ),
        ),
    ),
)


def doing(*controls: ComboPart) -> Gesture:
    return Gesture(controls=controls)


def key(name: str) -> Gesture:
    return doing(KeyBinding(control=name))


def walk(*kept: str) -> MappingWalk:
    """A walk that stands at the first action, or at the one named."""
    found = MappingWalk(GAME, new_profile(GAME, ["default"], "ada"))
    for name in kept:
        found.go_to(next(stop.number for stop in found.stops if stop.action.id == name))
    return found


def here(found: MappingWalk) -> str | None:
    return None if found.current is None else found.current.action.id


def test_a_control_becomes_the_candidate_and_enter_keeps_it_and_goes_on() -> None:
    found = walk()
    assert not found.take(doing(SOUTH))
    assert (found.candidate, found.profile.bindings) == (SOUTH, {})
    assert found.keep()
    assert (found.profile.bindings, here(found)) == ({"jump": (SOUTH,)}, "move")


def test_doing_it_again_keeps_it() -> None:
    found = walk()
    assert [found.take(doing(SOUTH)), found.take(doing(SOUTH))] == [False, True]
    assert (found.profile.bindings, here(found)) == ({"jump": (SOUTH,)}, "move")


def test_another_control_takes_the_candidates_place() -> None:
    found = walk()
    found.take(doing(SOUTH))
    assert not found.take(doing(EAST))
    assert found.candidate == EAST


def test_nothing_pressed_is_nothing_to_keep() -> None:
    found = walk()
    assert not found.keep()
    assert here(found) == "jump"


def test_several_controls_for_one_action() -> None:
    found = walk()
    found.take(doing(SOUTH))
    found.another()
    assert here(found) == "jump"
    found.take(key("space"))
    found.keep()
    assert found.profile.bindings["jump"] == (SOUTH, SPACE)


def test_the_same_control_twice_is_one() -> None:
    found = walk()
    found.take(doing(SOUTH))
    found.another()
    found.take(doing(SOUTH))
    assert found.serves_already() == SOUTH
    found.keep()
    assert found.profile.bindings["jump"] == (SOUTH,)


def test_a_new_control_replaces_the_old_ones_of_an_action_that_was_mapped_before() -> None:
    found = walk()
    found.take(doing(SOUTH))
    found.keep()
    found.back()
    assert (here(found), found.bindings) == ("jump", (SOUTH,))
    found.take(doing(EAST))
    found.keep()
    assert found.profile.bindings["jump"] == (EAST,)


def test_going_back_keeps_what_was_kept_and_drops_what_was_not() -> None:
    found = walk("throttle")
    found.take(doing(PULL))
    found.back()
    assert (here(found), found.candidate, dict(found.profile.bindings)) == ("move", None, {})
    for _ in range(5):
        found.back()
    assert here(found) == "jump"


def test_again_throws_away_and_asks_anew() -> None:
    found = walk()
    found.take(doing(SOUTH))
    found.keep()
    found.back()
    found.again()
    assert (here(found), found.bindings) == ("jump", ())


def test_a_skipped_action_is_done_and_can_be_mapped_after_all() -> None:
    found = walk()
    found.skip()
    assert (found.profile.skipped, here(found), len(found.open)) == ({"jump"}, "move", 3)
    found.back()
    found.take(doing(SOUTH))
    found.keep()
    assert (found.profile.skipped, found.profile.bindings["jump"]) == (frozenset(), (SOUTH,))


def test_skipping_over_a_mapped_action_leaves_it_as_it_is() -> None:
    found = walk()
    found.take(doing(SOUTH))
    found.keep()
    found.back()
    found.skip()
    assert (here(found), found.profile.bindings["jump"]) == ("move", (SOUTH,))


def test_keys_are_asked_for_direction_by_direction() -> None:
    found = walk("move")
    asked = []
    for name in "wasd":
        asked.append(found.push)
        found.take(key(name))
        found.take(key(name))
    assert asked == ["up", "left", "down", "right"]
    assert [binding_words(one) for one in found.profile.bindings["move"]] == [
        "key w: up",
        "key a: left",
        "key s: down",
        "key d: right",
    ]
    assert here(found) == "throttle"


def test_a_direction_can_be_left_out_and_the_question_says_which_is_asked_for() -> None:
    found = walk("steer")
    found.take(key("e"))
    found.keep()
    assert question(found)[0] == "steer: now the control for less (−)"
    assert found.keep()
    assert here(found) is None
    assert found.profile.bindings["steer"] == (KeyBinding(control="e", direction="positive"),)


def test_a_stick_needs_no_directions() -> None:
    found = walk("move")
    found.take(doing(PUSH))
    found.take(doing(AxisButton(control="lefty", direction="negative")))
    assert found.profile.bindings["move"] == (StickBinding(control="left_stick"),)


def test_a_threshold_is_set_before_it_is_kept_or_afterwards() -> None:
    found = walk("throttle")
    found.take(doing(PULL))
    found.adjust(4)
    found.take(doing(PULL))
    assert found.profile.bindings["throttle"] == (TriggerBinding(control="right_trigger", threshold=0.3),)
    found.back()
    found.adjust(-1)
    found.keep()
    assert found.profile.bindings["throttle"] == (TriggerBinding(control="right_trigger", threshold=0.25),)


def test_an_axis_is_turned_before_it_is_kept() -> None:
    found = walk("steer")
    found.take(doing(PUSH))
    found.turn()
    found.keep()
    assert [binding_words(one) for one in found.profile.bindings["steer"]] == ["left stick right"]


def test_a_mouse_that_is_touched_does_not_replace_a_control_nor_keep_itself() -> None:
    found = walk("move")
    found.take(doing(PUSH))
    found.take(Gesture(motion=(400.0, 0.0)))
    assert found.candidate == StickBinding(control="left_stick")
    found = walk("move")
    assert [found.take(Gesture(motion=(400.0, 0.0))) for _ in range(2)] == [False, False]
    assert found.candidate == MouseMotionBinding(control="xy", scale=0.01)


def test_what_cannot_do_the_action_is_refused_and_the_candidate_stays() -> None:
    found = walk("throttle")
    found.take(doing(PULL))
    found.take(doing(SOUTH))
    assert found.refusal is not None
    assert found.candidate == TriggerBinding(control="right_trigger", threshold=0.1)


def test_a_control_of_another_action_is_a_warning_and_no_error() -> None:
    found = walk()
    found.take(doing(PULL))
    found.keep()
    found.go_to(2)
    found.take(doing(PULL))
    assert [clash.action.id for clash in found.clashes()] == ["jump"]
    assert found.keep()
    assert len(found.profile.bindings) == 2


def test_what_will_never_be_heard_is_told_before_it_is_kept() -> None:
    found = walk("move")
    found.take(doing(PUSH))
    found.another()
    found.take(key("w"))
    assert found.warnings() == ("key w up is never used, because stick left_stick comes first",)


def test_the_walk_begins_at_the_first_open_action_of_an_unfinished_profile() -> None:
    game = load_game_definition(EXAMPLES / "games" / "action-rpg.yaml")
    profile = load_mapping_profile(EXAMPLES / "profiles" / "action-rpg-grace.yaml", game)
    bindings = {action: bound for action, bound in profile.bindings.items() if action not in ("potion", "war_cry")}
    found = MappingWalk(game, replace(profile, bindings=bindings, complete=False))
    assert (here(found), [stop.action.id for stop in found.open]) == ("potion", ["potion", "war_cry"])
    assert here(MappingWalk(game, profile)) is None


def test_finishing_skips_what_is_open_and_says_so() -> None:
    found = walk()
    found.take(doing(SOUTH))
    found.keep()
    found.finish()
    assert (found.profile.complete, found.profile.skipped) == (True, {"move", "throttle", "steer"})
    assert found.open == ()


def test_taking_a_control_away_makes_a_complete_profile_incomplete() -> None:
    found = walk()
    found.finish()
    found.go_to(0)
    found.again()
    assert not found.profile.complete


def test_a_profile_of_another_game_is_refused() -> None:
    with pytest.raises(PlayloomError, match="it is for the game 'other'"):
        MappingWalk(GAME, replace(new_profile(GAME, ["default"], "ada"), game_id="other"))
