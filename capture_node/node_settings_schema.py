"""The JSON Schema of node.yaml, for editors: completion, help and red underlines.

Written into ``schemas/`` by ``python -m capture_node.node_settings_schema``; a test says when it is out of date.
"""

from __future__ import annotations

import json
from typing import Any

from capture_node.hotkeys.hotkey import DEFAULT_HOTKEYS, HotkeyAction
from capture_node.node_settings import KEYS
from capture_node.recorder.settings import InputScope
from capture_node.upload.settings import MAX_PARTS_AT_ONCE
from playloom.json_schemas import SCHEMA_FOLDER

SCHEMA_FILE = "node.schema.json"

type Schema = dict[str, Any]

_ORDERS = {
    HotkeyAction.TOGGLE: "Starts recording, or stops it.",
    HotkeyAction.PAUSE: "Pauses, or goes on.",
    HotkeyAction.MARK: "Notes this moment.",
    HotkeyAction.DISCARD: "Throws away the last minutes, see discard_minutes.",
}


def node_settings_schema() -> Schema:
    properties = {
        "player": _text("Who plays; stands in session.json."),
        "game_id": _text("The game, as its definition calls it."),
        "mapping_profile": _text("The mapping profile that fits the player's controls."),
        "task": _text("What the player is trying to do."),
        "source": _object(
            {
                "monitor": {"type": "integer", "minimum": 0, "maximum": 63, "description": "A monitor's number."},
                "window": _text("A part of a window's title, in any case."),
                "gym": _text("A game that a script plays."),
                "pattern": {"type": "boolean", "description": "A test picture."},
                "backend": _text("How screens are read: dxgi or winrt on Windows; x11 on Linux."),
            },
            "What is recorded when nothing else is asked for, by the start hotkey too. One of them.",
        ),
        "profile": _text("The capture profile: training, archive, one of your own."),
        "input": {
            "enum": list(InputScope),
            "description": "focus: while the window has the focus. always: all that is typed anywhere, passwords too. "
            "pads: gamepads only.",
        },
        "masks": {
            "type": "array",
            "description": "Parts of the picture that are blacked out before it is recorded, in fractions of it.",
            "items": _object(
                {side: _number(0, 1) for side in ("x", "y", "width", "height")},
                "From the picture's upper left corner.",
                required=("x", "y", "width", "height"),
            ),
        },
        "encoders": {
            "description": "To try, in this order; auto: as the capture profile says.",
            "anyOf": [
                {"const": "auto"},
                {"type": "array", "minItems": 1, "items": {"type": "string"}},
            ],
        },
        "spool": _object(
            {
                "path": _text("The folder of sessions; from this file's folder on, unless it is absolute."),
                "quota_gb": _number(0, 1_000_000, "No recording begins when they take more; 0: no limit."),
            },
            "Where sessions wait.",
        ),
        "disk_reserve_gb": _number(0, 1_000_000, "Recording ends in good order when no more is free."),
        "hotkeys": {
            "description": "By which keys it is ordered while the game has the focus; false: by none.",
            "anyOf": [
                {"const": False},
                _object({action: _hotkey(action) for action in HotkeyAction}, "What is ordered by which keys."),
            ],
        },
        "discard_minutes": _number(0.1, 24 * 60, "What the discard hotkey throws away."),
        "notifications": {"type": "boolean", "description": "Whether the desktop shows what you should know."},
        "yield_to_game": {
            "type": "boolean",
            "description": "Whether encoding and writing get less of a busy machine than the game: true, unless a "
            "recording without gaps is worth more than the game's own frames.",
        },
        "sdl": _text("SDL's library or its folder; by default the installed one or the system's."),
        "listen": _text("Where the node listens, HOST:PORT; elsewhere than on loopback with tls only."),
        "tls": {
            "description": "true: a certificate made here.",
            "anyOf": [
                {"type": "boolean"},
                _object(
                    {
                        "certificate": _text("A PEM file."),
                        "key": _text("Its key, a PEM file."),
                        "names": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "Names and addresses that clients use, for a certificate made here.",
                        },
                    },
                    "A certificate of your own, or the names of one made here.",
                )
                | {"dependentRequired": {"certificate": ["key"], "key": ["certificate"]}},
            ],
        },
        "upload": _object(
            {
                "enabled": {"type": "boolean", "description": "Whether the node sends sessions by itself."},
                "bytes_per_s": _number(0, 1e12, "Send no faster; 0: as fast as the line is."),
                "quiet_hours": {
                    "type": "array",
                    "items": {"type": "string", "pattern": "^[0-9]{1,2}:[0-9]{2} *- *[0-9]{1,2}:[0-9]{2}$"},
                    "description": 'Spans of the day in which nothing is sent, such as "18:00-23:30".',
                },
                "while_recording": {"type": "boolean", "description": "Whether sending goes on while one records."},
                "growing": {
                    "type": "boolean",
                    "description": "Whether what is being recorded is sent already, but for the last minutes. "
                    "Without a word: as while_recording.",
                },
                "parts_at_once": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_PARTS_AT_ONCE,
                    "description": "How many parts of a file are on their way together.",
                },
                "keep": {
                    "description": "How long sessions stay on this machine once the server has confirmed them.",
                    "anyOf": [
                        {"const": "always"},
                        _object(
                            {
                                "days": _number(0, 36_500, "They go so long after the server has confirmed them."),
                                "free_gb": _number(0, 1_000_000, "The oldest go while less than this is free."),
                            },
                            "Never without asking the server, at that moment, whether it has them.",
                        )
                        | {"minProperties": 1},
                    ],
                },
                "orders": {
                    "type": "boolean",
                    "description": "Whether the server may start, stop and mark recordings here.",
                },
            },
            "How sessions are sent to the server, once the machine is enrolled: playloom enrol.",
        ),
    }
    assert tuple(properties) == KEYS, "every key of the loader, in its order"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Playloom node settings",
    } | _object(properties, "What holds for every recording on a machine. Every key may be left out.")


def schema_text() -> str:
    """What ``schemas/node.schema.json`` should hold."""
    return json.dumps(node_settings_schema(), indent=2) + "\n"


def _hotkey(action: HotkeyAction) -> Schema:
    words = f"{_ORDERS[action]} By default {DEFAULT_HOTKEYS[action]}; false: none."
    return {"description": words, "anyOf": [{"const": False}, {"type": "string"}]}


def _text(description: str) -> Schema:
    return {"type": "string", "minLength": 1, "description": description}


def _number(least: float, most: float, description: str | None = None) -> Schema:
    words = {} if description is None else {"description": description}
    return {"type": "number", "minimum": least, "maximum": most} | words


def _object(properties: Schema, description: str, *, required: tuple[str, ...] = ()) -> Schema:
    schema = {"type": "object", "description": description, "properties": properties, "additionalProperties": False}
    return schema | ({"required": list(required)} if required else {})


def main() -> None:
    SCHEMA_FOLDER.mkdir(exist_ok=True)
    (SCHEMA_FOLDER / SCHEMA_FILE).write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
