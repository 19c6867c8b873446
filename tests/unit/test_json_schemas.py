"""The schemas for editors are up to date, accept what the loaders accept, and mark what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from playloom.json_schemas import SCHEMA_FOLDER, SCHEMAS, schema_text
from playloom.yaml_files import load_yaml, parse_yaml

EXAMPLES = Path(__file__).parents[2] / "examples"


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads(schema_text(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_schemas_are_up_to_date(name: str) -> None:
    written = (SCHEMA_FOLDER / name).read_text()
    assert written == schema_text(name), "Write them again: .venv/bin/python -m playloom.json_schemas"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("games/*.yaml")), ids=lambda path: path.stem)
def test_example_games_are_accepted_and_name_their_schema(path: Path) -> None:
    validator("game-definition.schema.json").validate(load_yaml(path).plain())
    assert path.read_text().startswith("# yaml-language-server: $schema=../../schemas/game-definition.schema.json\n")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("profiles/*.yaml")), ids=lambda path: path.stem)
def test_example_profiles_are_accepted_and_name_their_schema(path: Path) -> None:
    validator("mapping-profile.schema.json").validate(load_yaml(path).plain())
    assert path.read_text().startswith("# yaml-language-server: $schema=../../schemas/mapping-profile.schema.json\n")


def profile_with(binding: str) -> Any:
    text = f"game_id: g\nclass_id: c\nprofile_name: p\nactions:\n  a:\n    bindings:\n      - {binding}\n"
    return parse_yaml(text, Path("profile.yaml")).plain()


@pytest.mark.parametrize(
    "binding",
    [
        "{type: button, control: soth}",
        "{type: stick, control: leftx}",
        "{type: trigger, control: left_trigger, threshold: 0}",
        "{type: trigger, control: left_trigger, threshold: 1.5}",
        "{type: axis, control: leftx, direction: up}",
        "{type: combo, controls: []}",
        "{type: combo}",
        "{type: key, control: spcae}",
        "{type: mouse_motion, control: z}",
        "{type: mouse_wheel, control: y, scale: 0}",
        "{type: gesture, control: wave}",
        "{control: south}",
    ],
)
def test_a_wrong_binding_is_marked(binding: str) -> None:
    assert not validator("mapping-profile.schema.json").is_valid(profile_with(binding))


def test_a_wrong_kind_is_marked() -> None:
    text = "game_id: g\nclasses: [{id: c, actions: [{id: a, kind: digitel}]}]\n"
    assert not validator("game-definition.schema.json").is_valid(parse_yaml(text, Path("game.yaml")).plain())
