"""Game definitions: LeGamer's files load, mistakes are named, and what is saved loads again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playloom.errors import DefinitionError
from playloom.game_definition import (
    ActionClass,
    ActionDefinition,
    ActionKind,
    GameDefinition,
    load_game_definition,
    save_game_definition,
)

EXAMPLES = Path(__file__).parents[2] / "examples"

names = st.from_regex(r"[\w][\w .:#'\"{}*&!%@-]{0,12}[\w]", fullmatch=True).filter(lambda name: name.isprintable())
words = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1).filter(str.strip)


@st.composite
def definitions(draw: st.DrawFn) -> GameDefinition:
    ids = draw(st.lists(names.filter(lambda name: not name.endswith((".x", ".y"))), max_size=6, unique=True))
    actions = [
        ActionDefinition(
            id=action_id,
            kind=draw(st.sampled_from(ActionKind)),
            label=draw(st.none() | words),
            description=draw(st.none() | words),
            required=draw(st.booleans()),
        )
        for action_id in ids
    ]
    cut = draw(st.integers(0, len(actions)))
    classes = (
        ActionClass(id="default", actions=tuple(actions[:cut]), label=draw(st.none() | words)),
        ActionClass(id="other", actions=tuple(actions[cut:]), description=draw(st.none() | words)),
    )
    return GameDefinition(game_id=draw(names), display_name=draw(words), classes=classes)


@settings(max_examples=60, deadline=None)
@given(first=definitions(), second=definitions())
def test_what_is_saved_loads_again_also_over_another(
    tmp_path_factory: pytest.TempPathFactory, first: GameDefinition, second: GameDefinition
) -> None:
    path = tmp_path_factory.mktemp("game") / "game.yaml"
    save_game_definition(first, path)
    assert load_game_definition(path) == first
    save_game_definition(second, path)
    assert load_game_definition(path) == second


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "game.yaml"
    path.write_text(text)
    return path


def test_a_file_shaped_like_legamers_loads(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "game_id: path_of_exile_2\ndisplay_name: Path of Exile 2\nclasses:\n  - id: default\n    label: Default\n"
        "    actions:\n      # a comment\n      - id: move\n        label: Move\n        kind: vector2\n"
        '        description: "Walk."\n        required: true\n  - id: warrior\n    label: Warrior\n',
    )
    move = ActionDefinition(id="move", kind=ActionKind.VECTOR2, label="Move", description="Walk.", required=True)
    assert load_game_definition(path) == GameDefinition(
        game_id="path_of_exile_2",
        display_name="Path of Exile 2",
        classes=(
            ActionClass(id="default", actions=(move,), label="Default"),
            ActionClass(id="warrior", actions=(), label="Warrior"),
        ),
    )


HEAD = "game_id: g\nclasses:\n  - id: default\n    actions:\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("classes: []\n", "line 1: 'game_id' is missing. Add 'game_id:'"),
        ("game_id: g\n", "line 1: 'classes' is missing. Add 'classes:'"),
        ("game_id: g\nclasses: []\n", "line 2, classes: a game needs at least one class. Add '- id: default'"),
        (
            "game_id: 7\nclasses: []\n",
            "line 1, game_id: text is needed here and this is a number (7). Put it in quotes",
        ),
        ("game_id: ../g\nclasses: []\n", "line 1, game_id: '../g' cannot be a name. Use letters, digits, '_', '-' and"),
        ("game_id: g\nclasses: {}\n", "line 2, classes: a list (- item) is needed here and this is a mapping"),
        (HEAD + "      - {id: a}\n", "line 5, classes.0.actions.0: 'kind' is missing. Add 'kind:'"),
        (
            HEAD + "      - {id: a, kind: digitel}\n",
            "line 5, classes.0.actions.0.kind: unknown kind 'digitel'. Did you mean 'digital'?",
        ),
        (
            HEAD + "      - {id: a, kind: digital}\n  - id: other\n    actions:\n      - {id: a, kind: analog}\n",
            "line 8, classes.1.actions.0.id: the action id 'a' is taken already (on line 5). Give each its own id",
        ),
        (
            HEAD + "      - {id: a, kind: vector2}\n      - {id: a.x, kind: digital}\n",
            "line 6, classes.0.actions.1.id: the action id 'a.x' is taken already (on line 5)",
        ),
        (
            "game_id: g\nclasses:\n  - id: a\n  - id: a\n",
            "line 4, classes.1.id: the class id 'a' is taken already (on line 3)",
        ),
        (
            HEAD + "      - {id: a, kind: digital, required: 1}\n",
            "line 5, classes.0.actions.0.required: true or false is needed here and this is a number (1)",
        ),
    ],
)
def test_a_mistake_is_named_with_file_line_key_and_remedy(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DefinitionError) as caught:
        load_game_definition(path)
    assert str(caught.value).startswith(f"{path}, {message}")


def test_a_misspelt_key_is_a_warning(tmp_path: Path) -> None:
    path = write(tmp_path, "game_id: g\nclasses:\n  - id: default\n    acitons: []\n")
    assert load_game_definition(path).warnings == (
        "line 4, classes.0.acitons: the key 'acitons' is not known. Did you mean 'actions'?",
    )


def test_an_invalid_definition_is_not_saved(tmp_path: Path) -> None:
    twice = (ActionDefinition(id="a", kind=ActionKind.DIGITAL), ActionDefinition(id="a", kind=ActionKind.DIGITAL))
    game = GameDefinition(game_id="g", display_name="G", classes=(ActionClass(id="default", actions=twice),))
    with pytest.raises(DefinitionError, match="the action id 'a' is taken already"):
        save_game_definition(game, tmp_path / "game.yaml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", sorted((EXAMPLES / "games").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_load_without_warnings_and_save_to_themselves(tmp_path: Path, path: Path) -> None:
    game = load_game_definition(path)
    assert game.warnings == ()
    copy = tmp_path / path.name
    copy.write_text(path.read_text())
    save_game_definition(game, copy)
    assert copy.read_text() == path.read_text()
