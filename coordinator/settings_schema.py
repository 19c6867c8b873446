"""What stands in coordinator.yaml, key by key: the JSON Schema for editors, and the comments of a file that is new.

``python -m coordinator.settings_schema`` writes the schema into ``schemas/``; a test says when it is out of date.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from coordinator.settings import DAY_S, MEBIBYTE, CallLimits, CoordinatorSettings, embedded_settings
from playloom.json_schemas import SCHEMA_FOLDER

SCHEMA_FILE = "coordinator.schema.json"
MIN_PART_MIB, MAX_PART_MIB = 5, 64
"""S3 takes no smaller parts; a coordinator with a directory store holds none in memory, but a player's line drops."""

_WIDTH = 110

type Schema = dict[str, Any]


def coordinator_settings_schema() -> Schema:
    """The schema; a key's default is what holds without it, where that is one value."""
    settings, limits = _defaults(), CallLimits()
    properties: dict[str, Schema] = {
        "database": _text(
            "postgresql://USER@HOST/NAME, or sqlite:////path/to/file. Without it SQLite beside this file. No password "
            "belongs here: PostgreSQL's comes from PGPASSWORD or ~/.pgpass.",
            "postgresql://playloom@db.lan/playloom",
        ),
        "store": _text(
            "s3://BUCKET?endpoint=URL, or file:///path. Without it a folder beside this file. S3's keys come from "
            "AWS_* or MINIO_*.",
            "s3://games?endpoint=https://s3.lan:9000",
        ),
        "listen": _text("Where gRPC calls come, HOST:PORT; elsewhere than on loopback with tls only.", settings.listen),
        "http": _text("Where HTTP comes: parts of uploads while the store is a folder, figures.", settings.http),
        "names": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "description": "Names and addresses by which the PCs reach this machine; the first stands in URLs.",
            "examples": [["games.lan", "10.0.0.1"]],
        },
        "public_url": _text(
            "The HTTP port as the PCs see it, where that is another than names and http say.",
            "https://games.example.org",
        )
        | {"pattern": "^https?://[^/]+/?$"},
        "tls": {
            "description": "true: a certificate made here, of an authority whose certificate the PCs are given. Or "
            "the files of one that they trust anyway.",
            "anyOf": [
                {"type": "boolean"},
                _object({"certificate": _text("A PEM file."), "key": _text("Its key, a PEM file.")}, "Your own.")
                | {"required": ["certificate", "key"]},
            ],
            "examples": [True],
        },
        "limits": _object(
            {
                "calls_per_s": _number(1, 1_000_000, "Of one token.", limits.calls_per_s),
                "worker_calls_per_s": _number(1, 1_000_000, "Of a worker's token.", limits.worker_calls_per_s),
                "stranger_calls_per_s": _number(
                    1, 1_000_000, "Of one address without a good token.", limits.stranger_calls_per_s
                ),
                "running_calls": _number(1, 100_000, "Of one token at the same time.", limits.running_calls),
                "open_jobs": _number(1, 10_000_000, "Of one player: jobs that have not ended.", limits.open_jobs),
            },
            "How much one caller may ask for; more is refused.",
        ),
        "part_mib": _number(
            MIN_PART_MIB,
            MAX_PART_MIB,
            "Of an upload's parts, which are sent again whole.",
            settings.part_bytes / MEBIBYTE,
        ),
        "url_valid_minutes": _number(
            1, 24 * 60, "How long a permission to read or write an object lasts.", settings.url_valid_s / 60
        ),
        "restorable_days": _number(
            0,
            3650,
            "So long a deleted session can be restored; then it leaves the store.",
            settings.restorable_s / DAY_S,
        ),
        "abandoned_days": _number(
            0.01, 3650, "An upload that was not gone on with for so long is collected.", settings.abandoned_s / DAY_S
        ),
        "drain_s": _number(0, 3600, "When it is stopped, calls have so long to end.", settings.drain_s),
        "lease_grace_s": _number(
            0,
            3600,
            "Workers that could not report while the server or its database was away have so long to do so before "
            "their jobs are given to others.",
            settings.lease_grace_s,
        ),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Playloom coordinator settings",
    } | _object(properties, "What holds for one coordinator. Every key may be left out.")


def schema_text() -> str:
    """What ``schemas/coordinator.schema.json`` should hold."""
    return json.dumps(coordinator_settings_schema(), indent=2) + "\n"


def commented(written: Mapping[str, str]) -> str:
    """A settings file with every key: those that are written, and the others as comments that say what holds.

    Args:
        written: the lines of keys that are set.
    """
    lines: list[str] = []
    for key, schema in coordinator_settings_schema()["properties"].items():
        lines += ["", *_comment(schema["description"])]
        lines += (
            written[key].rstrip("\n").split("\n") if key in written else [f"# {line}" for line in _example(key, schema)]
        )
    return "\n".join(lines) + "\n"


def _example(key: str, schema: Schema) -> Iterator[str]:
    if "properties" in schema:
        yield f"{key}:"
        for name, inner in schema["properties"].items():
            yield f"  {name}: {_yaml(inner['default'])}  # {inner['description']}"
    else:
        yield f"{key}: {_yaml(schema['default'] if 'default' in schema else schema['examples'][0])}"


def _yaml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(map(_yaml, value))}]"
        case _:
            return str(value)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _defaults() -> CoordinatorSettings:
    return embedded_settings(Path("/"))


def _text(description: str, example: str | None = None) -> Schema:
    examples = {} if example is None else {"examples": [example]}
    return {"type": "string", "minLength": 1, "description": description} | examples


def _number(least: float, most: float, description: str, default: float) -> Schema:
    shown = int(default) if float(default).is_integer() else default
    return {"type": "number", "minimum": least, "maximum": most, "description": description, "default": shown}


def _object(properties: Schema, description: str) -> Schema:
    return {"type": "object", "description": description, "properties": properties, "additionalProperties": False}


def main() -> None:
    SCHEMA_FOLDER.mkdir(exist_ok=True)
    (SCHEMA_FOLDER / SCHEMA_FILE).write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
