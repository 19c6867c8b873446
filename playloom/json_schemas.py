"""JSON Schemas of the YAML files that people write, for their editors: completion, help and red underlines.

Generated from the values that the loaders accept into ``schemas/``; a test says when they are out of date. Write them
again with ``python -m playloom.json_schemas``. Editors find them through a file's first line:
``# yaml-language-server: $schema=../../schemas/game-definition.schema.json``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from playloom import bindings
from playloom.controls import AXES, BUTTONS, KEYS, MOUSE_BUTTON_IDS, SCANCODES, STICKS, TRIGGERS
from playloom.game_definition import MAX_NAME_LENGTH, ActionKind
from playloom.recording.session_info import MAX_SIDE

Schema = dict[str, Any]

SCHEMA_FOLDER = Path(__file__).resolve().parent.parent / "schemas"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"

_NAME: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_NAME_LENGTH,
    "pattern": r"^[^\s/\\]([^/\\]*[^\s/\\])?$",
}
_TEXT: Schema = {"type": "string", "minLength": 1}


def game_definition_schema() -> Schema:
    action = _object(
        {
            "id": _NAME | {"description": "The name that profiles and datasets use; unique in the file."},
            "kind": {
                "enum": [kind.value for kind in ActionKind],
                "description": "vector2: two values, x and y. digital: 0 or 1. analog: one signed value. "
                "trigger: one value from 0 to 1.",
            },
            "label": _TEXT | {"description": "What to show to people."},
            "description": _TEXT | {"description": "More words about it."},
            "required": {"type": "boolean", "description": "A profile without it gets a warning."},
        },
        required=("id", "kind"),
    )
    one_class = _object(
        {
            "id": _NAME | {"description": "The name that profiles use; unique in the file."},
            "label": _TEXT | {"description": "What to show to people."},
            "description": _TEXT | {"description": "More words about it."},
            "actions": _list(action, "In the order of the action vector."),
        },
        required=("id",),
    )
    return _root(
        "Playloom game definition",
        "What can be done in a game, whoever plays it with whatever pad.",
        {
            "game_id": _NAME | {"description": "The name that profiles, sessions and datasets use."},
            "display_name": _TEXT | {"description": "What to show to people."},
            "classes": _list(one_class, "Groups of actions; a profile takes some of them.", at_least=1),
        },
        required=("game_id", "classes"),
    )


def mapping_profile_schema() -> Schema:
    action = _object(
        {
            "bindings": _list({"oneOf": _binding_schemas()}, "Alternatives: any of them does the action."),
            "skipped": {"type": "boolean", "description": "Left unmapped on purpose."},
        },
        required=(),
    )
    schema = _root(
        "Playloom mapping profile",
        "How one player does the actions of a game, with which controls.",
        {
            "game_id": _NAME | {"description": "The game that it is for."},
            "class_ids": _list(_NAME, "The classes that make the action vector, in its order.", at_least=1)
            | {"uniqueItems": True},
            "class_id": _NAME | {"description": "One class: how LeGamer's mapper wrote it first. Prefer class_ids."},
            "profile_name": _TEXT | {"description": "Your name for this profile."},
            "complete": {"type": "boolean", "description": "Nothing is left to map."},
            "actions": {
                "type": "object",
                "description": "By action id.",
                "additionalProperties": {"anyOf": [action, {"type": "null"}]},
            },
            "axis_button_thresholds": {
                "type": "object",
                "description": "LeGamer's. Not applied: in a combo an axis counts from 0.5 on.",
                "properties": {axis: _threshold() for axis in AXES},
                "additionalProperties": False,
            },
        },
        required=("game_id", "profile_name"),
    )
    return schema | {"anyOf": [{"required": ["class_ids"]}, {"required": ["class_id"]}]}


def capture_profile_schema() -> Schema:
    side: Schema = {"type": "integer", "minimum": 16, "maximum": MAX_SIDE, "multipleOf": 2}
    presets = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
    names = _list(_TEXT, "FFmpeg's names; the first that works is used.", at_least=1)
    schema = _root(
        "Playloom capture profile",
        "How the picture is recorded.",
        {
            "name": _NAME | {"description": "What it is called."},
            "description": _TEXT | {"description": "What it is for."},
            "fps": _whole(1, 240, "Frames a second; 60 without it."),
            "width": side | {"description": "Of the video. Without width and height: the picture's own size."},
            "height": side | {"description": "Of the video. Black bars fill it where the picture's shape is another."},
            "crf": _whole(0, 51, "Quality as x264 counts it: 0 loses nothing, 23 is good, 51 is worst."),
            "preset": {"enum": list(presets), "description": "x264's balance of speed and size."},
            "keyframe_interval": _whole(1, 100_000, "Frames from one keyframe to the next; a second's without it."),
            "encoders": {"anyOf": [{"const": "auto"}, names], "description": "auto: hardware first, then x264."},
            "threads": _whole(0, 64, "Of the encoder; 0 lets it choose."),
            "roll_over_minutes": _between(0.01, 24 * 60, "A longer session goes on in a new one."),
            "roll_over_gb": _between(0.001, 1000, "A larger session goes on in a new one."),
            "cursor": {
                "type": "boolean",
                "description": "Whether the mouse pointer is in the picture; not on Windows.",
            },
        },
        required=("name",),
    )
    both = {"width": ["height"], "height": ["width"]}
    return schema | {"additionalProperties": False, "dependentRequired": both}


SCHEMAS = {
    "capture-profile.schema.json": capture_profile_schema,
    "game-definition.schema.json": game_definition_schema,
    "mapping-profile.schema.json": mapping_profile_schema,
}


def schema_text(name: str) -> str:
    """What ``schemas/name`` should hold."""
    return json.dumps(SCHEMAS[name](), indent=2) + "\n"


def _binding_schemas() -> list[Schema]:
    side = {"enum": list(bindings.SIDES), "description": "any: both sides, signed. Else one side, as a magnitude."}
    push = {
        "enum": list(bindings.PUSHES),
        "description": "Which way it pushes: positive or negative for analog actions, the others for vector2.",
    }
    scale = {"type": "number", "description": "What a count or notch is worth.", "not": {"const": 0}}
    return [
        _typed(bindings.ButtonBinding, BUTTONS, direction=push),
        _typed(bindings.AxisBinding, AXES, direction=side),
        _typed(bindings.StickBinding, tuple(STICKS)),
        _typed(bindings.TriggerBinding, TRIGGERS, threshold=_threshold()),
        _typed(bindings.KeyBinding, _keys(), direction=push),
        _typed(bindings.MouseButtonBinding, tuple(MOUSE_BUTTON_IDS), direction=push),
        _typed(bindings.MouseMotionBinding, ("x", "y", "xy"), direction=side, scale=scale),
        _typed(bindings.MouseWheelBinding, ("x", "y"), direction=side, scale=scale),
        _object(
            {
                "type": {"const": bindings.ComboBinding.type},
                "controls": _list({"oneOf": _part_schemas()}, "All of these held together.", at_least=1)
                | {"uniqueItems": True},
            },
            required=("type", "controls"),
        ),
    ]


def _part_schemas() -> list[Schema]:
    side = {"enum": ["positive", "negative"], "description": "Triggers have none; without it, positive."}
    return [
        _typed(bindings.ButtonBinding, BUTTONS, direction=None),
        _typed(bindings.AxisButton, AXES, direction=side),
        _typed(bindings.KeyBinding, _keys(), direction=None),
        _typed(bindings.MouseButtonBinding, tuple(MOUSE_BUTTON_IDS), direction=None),
    ]


def _typed(binding: type, controls: Sequence[str] | Schema, **others: Schema | None) -> Schema:
    """The schema of a binding; it has to speak of every field of the class that the loader makes."""
    assert {field.name for field in fields(binding)} == {"control", *others}
    control = controls if isinstance(controls, dict) else {"enum": list(controls)}
    keys = {"type": {"const": binding.type}, "control": control}
    return _object(keys | {name: schema for name, schema in others.items() if schema}, required=("type", "control"))


def _keys() -> Schema:
    names = {"enum": list(KEYS), "description": "The key's place on a US keyboard."}
    codes = {"type": "integer", "minimum": 0, "maximum": SCANCODES - 1, "description": "A digit, or a scancode."}
    return {"anyOf": [names, codes]}


def _whole(least: int, most: int, description: str) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, "description": description}


def _between(least: float, most: float, description: str) -> Schema:
    return {"type": "number", "minimum": least, "maximum": most, "description": description}


def _threshold() -> Schema:
    return {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": "From here on it counts, inclusive."}


def _object(properties: Schema, *, required: Sequence[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


def _list(items: Schema, description: str, *, at_least: int = 0) -> Schema:
    return {"type": "array", "items": items, "description": description} | ({"minItems": at_least} if at_least else {})


def _root(title: str, description: str, properties: Schema, *, required: Sequence[str]) -> Schema:
    words = {"$schema": _DRAFT, "title": title, "description": description}
    return words | _object(properties, required=required)


def main() -> None:
    SCHEMA_FOLDER.mkdir(exist_ok=True)
    for name in SCHEMAS:
        (SCHEMA_FOLDER / name).write_text(schema_text(name), encoding="utf-8")


if __name__ == "__main__":
    main()
