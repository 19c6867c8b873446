"""Mapping profiles: LeGamer's files load, mistakes are named, oddities are warned of, and saves load again."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playloom.controls import AXES, BUTTONS, KEYS
from playloom.errors import DefinitionError, PlayloomError
from playloom.game_definition import ActionClass, ActionDefinition, ActionKind, GameDefinition, load_game_definition
from playloom.mapping_profile import (
    AxisBinding,
    AxisButton,
    ButtonBinding,
    ComboBinding,
    KeyBinding,
    MappingProfile,
    MouseButtonBinding,
    MouseMotionBinding,
    MouseWheelBinding,
    StickBinding,
    TriggerBinding,
    check_profile,
    load_mapping_profile,
    save_mapping_profile,
)

EXAMPLES = Path(__file__).parents[2] / "examples"

GAME = GameDefinition(
    game_id="path_of_exile_2",
    display_name="Path of Exile 2",
    classes=(
        ActionClass(
            id="default",
            actions=(
                ActionDefinition(id="move", kind=ActionKind.VECTOR2),
                ActionDefinition(id="jump", kind=ActionKind.DIGITAL, required=True),
                ActionDefinition(id="zoom", kind=ActionKind.ANALOG),
                ActionDefinition(id="charge", kind=ActionKind.TRIGGER),
            ),
        ),
        ActionClass(id="warrior", actions=(ActionDefinition(id="war_cry", kind=ActionKind.DIGITAL),)),
    ),
)

LEGAMER = """\
schema_version: 1
game_id: path_of_exile_2
class_ids:
  - default
  - warrior
profile_name: steam-deck
created_at: 2026-04-20T17:18:45Z
updated_at: 2026-04-20T17:18:45Z
complete: true
axis_button_thresholds:
  left_trigger: 0.5
  leftx: 0.5
  righty: 0.5
actions:
  move:
    skipped: false
    bindings:
      - type: stick
        control: left_stick
  jump:
    skipped: false
    bindings:
      - type: combo
        controls:
          - type: button
            control: east
          - type: axis_button
            control: left_trigger
          - type: axis_button
            control: leftx
            direction: negative
  zoom:
    skipped: false
    bindings:
      - type: axis
        control: righty
        direction: any
  charge:
    skipped: false
    bindings:
      - type: trigger
        control: right_trigger
        threshold: 0.65
  war_cry:
    skipped: true
    bindings:
      []
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    return path


def test_a_profile_of_legamers_mapper_loads_unchanged_and_saves_to_itself(tmp_path: Path) -> None:
    path = write(tmp_path, LEGAMER)
    profile = load_mapping_profile(path, GAME)
    combo = (
        ButtonBinding(control="east"),
        AxisButton(control="left_trigger"),
        AxisButton(control="leftx", direction="negative"),
    )
    assert profile == MappingProfile(
        game_id="path_of_exile_2",
        class_ids=("default", "warrior"),
        profile_name="steam-deck",
        complete=True,
        bindings={
            "move": (StickBinding(control="left_stick"),),
            "jump": (ComboBinding(controls=combo),),
            "zoom": (AxisBinding(control="righty", direction="any"),),
            "charge": (TriggerBinding(control="right_trigger", threshold=0.65),),
            "war_cry": (),
        },
        skipped=frozenset({"war_cry"}),
    )
    assert profile.warnings == ()
    save_mapping_profile(profile, path)
    assert path.read_text() == LEGAMER.replace("bindings:\n      []", "bindings: []")


def test_one_class_id_is_read_and_kept(tmp_path: Path) -> None:
    text = "game_id: path_of_exile_2\nclass_id: default\nprofile_name: x\nactions: {}\n"
    path = write(tmp_path, text)
    profile = load_mapping_profile(path, GAME)
    assert profile.class_ids == ("default",)
    save_mapping_profile(profile, path)
    assert path.read_text() == text


def test_the_bindings_of_keyboard_and_mouse_load(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "game_id: path_of_exile_2\nclass_ids: [default]\nprofile_name: ada\nactions:\n  move:\n    bindings:\n"
        "      - {type: key, control: W, direction: up}\n      - {type: mouse_motion, control: xy, scale: 0.01}\n"
        "  jump:\n    bindings:\n      - {type: key, control: 44}\n      - {type: key, control: 1}\n"
        "      - {type: key, control: 300}\n      - {type: mouse_button, control: x1}\n"
        "      - {type: mouse_wheel, control: y, direction: positive}\n",
    )
    assert load_mapping_profile(path).bindings == {
        "move": (KeyBinding(control="w", direction="up"), MouseMotionBinding(control="xy", scale=0.01)),
        "jump": (
            KeyBinding(control="space"),
            KeyBinding(control="1"),
            KeyBinding(control=300),
            MouseButtonBinding(control="x1"),
            MouseWheelBinding(control="y", direction="positive"),
        ),
    }


HEAD = "game_id: path_of_exile_2\nclass_ids: [default]\nprofile_name: x\nactions:\n"
JUMP = HEAD + "  jump:\n    bindings:\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class_ids: [a]\nprofile_name: x\n", "line 1: 'game_id' is missing. Add 'game_id:'"),
        ("game_id: a\nprofile_name: x\n", "line 1: 'class_ids' is missing. Add 'class_ids: [default]' with the"),
        ("game_id: a\nclass_ids: []\n", "line 2, class_ids: no class is named. Name the game's classes"),
        ("game_id: a\nclass_ids: [a, a]\n", "line 2, class_ids.1: the class 'a' is named twice. Name each class once"),
        ("game_id: a\nclass_id: b\nclass_ids: [a]\n", "line 2, class_id: 'class_id' and 'class_ids' disagree. Remove"),
        ("game_id: a\nclass_ids: [a]\n", "line 1: 'profile_name' is missing. Add 'profile_name:'"),
        (
            "game_id: other\nclass_ids: [default]\nprofile_name: x\n",
            "line 1, game_id: it is for the game 'other', and the game definition is 'path_of_exile_2'. Take the",
        ),
        (
            "game_id: path_of_exile_2\nclass_ids: [default, warior]\nprofile_name: x\n",
            "line 2, class_ids.1: the game 'path_of_exile_2' has no class 'warior'. Did you mean 'warrior'?",
        ),
        (
            HEAD + "  jmup: {bindings: []}\n",
            "line 5, actions.jmup: the game 'path_of_exile_2' has no action 'jmup'. Did you mean 'jump'?",
        ),
        (HEAD + "  jump: {}\n  jump: {}\n", "line 6: the key 'jump' is there twice (first on line 5)"),
        (HEAD + "  jump: [1]\n", "line 5, actions.jump: a mapping (key: value) is needed here and this is a list"),
        (JUMP + "      - {control: south}\n", "line 7, actions.jump.bindings.0: 'type' is missing. Add 'type:'"),
        (JUMP + "      - {type: button}\n", "line 7, actions.jump.bindings.0: 'control' is missing. Add 'control:'"),
        (
            JUMP + "      - {type: buton, control: south}\n",
            "line 7, actions.jump.bindings.0.type: unknown binding type 'buton'. Did you mean 'button'?",
        ),
        (
            JUMP + "      - {type: button, control: soth}\n",
            "line 7, actions.jump.bindings.0.control: unknown button 'soth'. Did you mean 'south'?",
        ),
        (
            JUMP + "      - {type: key, control: spcae}\n",
            "line 7, actions.jump.bindings.0.control: unknown key 'spcae'. Did you mean 'space'?",
        ),
        (
            JUMP + "      - {type: key, control: 512}\n",
            "line 7, actions.jump.bindings.0.control: 512 is not a scancode. Scancodes are from 1 to 511",
        ),
        (
            JUMP + "      - {type: trigger, control: left_trigger, threshold: 1.5}\n",
            "line 7, actions.jump.bindings.0.threshold: the threshold 1.5 is out of range. Write a number above 0",
        ),
        (
            JUMP + "      - {type: trigger, control: left_trigger, threshold: 0}\n",
            "line 7, actions.jump.bindings.0.threshold: the threshold 0 is out of range",
        ),
        (
            JUMP + "      - {type: trigger, control: left_trigger, threshold: half}\n",
            "line 7, actions.jump.bindings.0.threshold: a number is needed here and this is text ('half')",
        ),
        (
            JUMP + "      - {type: axis, control: leftx, direction: up}\n",
            "line 7, actions.jump.bindings.0.direction: unknown direction 'up'. Known are: positive, negative, any",
        ),
        (
            JUMP + "      - {type: combo, controls: []}\n",
            "line 7, actions.jump.bindings.0.controls: a combo needs its parts. Add '- {type: button, control: south}'",
        ),
        (JUMP + "      - {type: combo}\n", "line 7, actions.jump.bindings.0: 'controls' is missing. Add 'controls:'"),
        (
            JUMP + "      - {type: combo, controls: [{type: stick, control: left_stick}]}\n",
            "line 7, actions.jump.bindings.0.controls.0.type: unknown part of a combo 'stick'. Known are: button",
        ),
        (
            JUMP + "      - {type: combo, controls: [{type: key, control: a}, {type: key, control: 4}]}\n"
            "      - {type: combo, controls: [{type: key, control: a}, {type: key, control: a}]}\n",
            "line 8, actions.jump.bindings.1.controls.1: key a is in this combo already. Remove it",
        ),
        (
            JUMP + "      - {type: mouse_motion, control: x, scale: 0}\n",
            "line 7, actions.jump.bindings.0.scale: the scale 0 is out of range",
        ),
        (
            HEAD + "  {}\naxis_button_thresholds: {leftx: 2}\n",
            "line 6, axis_button_thresholds.leftx: the threshold 2 is out of range",
        ),
    ],
)
def test_a_mistake_is_named_with_file_line_key_and_remedy(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DefinitionError) as caught:
        load_mapping_profile(path, GAME)
    assert str(caught.value).startswith(f"{path}, {message}")


def test_what_will_not_do_what_it_looks_like_is_a_warning(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        HEAD + "  move:\n    bindings:\n      - {type: button, control: dpad_up}\n"
        "      - {type: stick, control: left_stick}\n"
        "      - {type: stick, control: right_stick}\n      - {type: key, control: w, direction: up}\n"
        "  zoom:\n    bindings:\n      - {type: trigger, control: left_trigger}\n"
        "  charge:\n    bindings: [{type: button, control: south}]\n"
        "  war_cry:\n    bindings: [{type: combo, controls: [{type: axis_button, control: leftx}]}]\n"
        "axis_button_thresholds: {leftx: 0.3, lefty: 0.3}\n",
    )
    assert load_mapping_profile(path, GAME).warnings == (
        "axis_button_thresholds.leftx: 0.3 is not applied, combos take an axis at 0.5",
        "move: button dpad_up cannot feed a vector2 action and yields 0",
        "move: stick right_stick is never used, because stick left_stick comes first",
        "move: key w up is never used, because stick left_stick comes first",
        "zoom: trigger left_trigger from 0.5 cannot feed an analog action and yields 0",
        "charge: button south cannot feed a trigger action and yields 0",
        "war_cry: belongs to a class that this profile does not name, and is left out",
        "jump: is required by the game and has no binding; it will be 0 throughout",
    )


def test_a_profile_that_was_loaded_alone_can_be_checked_later() -> None:
    profile = MappingProfile(game_id="path_of_exile_2", class_ids=("default",), profile_name="x", bindings={"jmp": ()})
    with pytest.raises(
        PlayloomError, match=r"'x': the game 'path_of_exile_2' has no action 'jmp'. Did you mean 'jump'"
    ):
        check_profile(profile, GAME)
    skipping = MappingProfile(
        game_id="path_of_exile_2", class_ids=("default",), profile_name="x", skipped=frozenset({"jump"})
    )
    assert check_profile(skipping, GAME) == ()


def test_a_profile_travels_to_another_process() -> None:
    profile = MappingProfile(
        game_id="g", class_ids=("a",), profile_name="x", bindings={"jump": (ButtonBinding(control="south"),)}
    )
    assert pickle.loads(pickle.dumps(profile)) == profile


pushes = st.none() | st.sampled_from(["positive", "negative", "left", "right", "up", "down"])
sides = st.sampled_from(["positive", "negative", "any"])
scales = st.floats(-1e6, 1e6, allow_nan=False).filter(bool)
buttons = st.sampled_from(BUTTONS)
keys = st.sampled_from(sorted(KEYS)) | st.sampled_from([1, 3, 300, 511])
mouse_buttons = st.sampled_from(["left", "middle", "right", "x1", "x2"])
parts = (
    st.builds(ButtonBinding, control=buttons)
    | st.builds(AxisButton, control=st.sampled_from(["left_trigger", "right_trigger"]))
    | st.builds(
        AxisButton,
        control=st.sampled_from(["leftx", "lefty", "rightx", "righty"]),
        direction=st.sampled_from([None, "positive", "negative"]),
    )
    | st.builds(KeyBinding, control=keys.filter(lambda key: key not in (1, 3)))
    | st.builds(MouseButtonBinding, control=mouse_buttons)
)
bindings = (
    st.builds(ButtonBinding, control=buttons, direction=pushes)
    | st.builds(AxisBinding, control=st.sampled_from(AXES), direction=sides)
    | st.builds(StickBinding, control=st.sampled_from(["left_stick", "right_stick"]))
    | st.builds(
        TriggerBinding,
        control=st.sampled_from(["left_trigger", "right_trigger"]),
        threshold=st.floats(0, 1, exclude_min=True),
    )
    | st.builds(KeyBinding, control=keys.filter(lambda key: key not in (1, 3)), direction=pushes)
    | st.builds(MouseButtonBinding, control=mouse_buttons, direction=pushes)
    | st.builds(MouseMotionBinding, control=st.sampled_from(["x", "y"]), scale=scales, direction=sides)
    | st.builds(MouseMotionBinding, control=st.just("xy"), scale=scales)
    | st.builds(MouseWheelBinding, control=st.sampled_from(["x", "y"]), scale=scales, direction=sides)
    | st.builds(ComboBinding, controls=st.lists(parts, min_size=1, max_size=3, unique=True).map(tuple))
)
action_ids = st.sampled_from(["move", "jump", "yes", "null", "1", "on: x", "'", "#", "é", "true", "0x1"])


@st.composite
def profiles(draw: st.DrawFn) -> MappingProfile:
    actions = draw(st.dictionaries(action_ids, st.lists(bindings, max_size=3).map(tuple), max_size=4))
    return MappingProfile(
        game_id=draw(action_ids),
        class_ids=tuple(draw(st.lists(action_ids, min_size=1, max_size=3, unique=True))),
        profile_name=draw(action_ids),
        complete=draw(st.booleans()),
        bindings=actions,
        skipped=frozenset(action for action in actions if draw(st.booleans())),
    )


@settings(max_examples=60, deadline=None)
@given(first=profiles(), second=profiles())
def test_what_is_saved_loads_again_also_over_another(
    tmp_path_factory: pytest.TempPathFactory, first: MappingProfile, second: MappingProfile
) -> None:
    path = tmp_path_factory.mktemp("profile") / "profile.yaml"
    save_mapping_profile(first, path)
    assert load_mapping_profile(path) == first
    save_mapping_profile(second, path)
    assert load_mapping_profile(path) == second


@pytest.mark.parametrize("path", sorted((EXAMPLES / "profiles").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_fit_their_games_without_warnings_and_save_to_themselves(tmp_path: Path, path: Path) -> None:
    game = load_game_definition(EXAMPLES / "games" / f"{path.stem.rpartition('-')[0]}.yaml")
    profile = load_mapping_profile(path, game)
    assert profile.warnings == ()
    assert profile.profile_name == path.stem.rpartition("-")[2]
    copy = tmp_path / path.name
    copy.write_text(path.read_text())
    save_mapping_profile(profile, copy)
    assert load_mapping_profile(copy) == profile
    assert copy.read_text() == path.read_text()
