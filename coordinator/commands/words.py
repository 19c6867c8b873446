"""Answers of a server for people and, as JSON, for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import typer
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from playloom.documents import document_in
from playloom.figures import age_in_words, one_line

PIPE_COLUMNS = 1000


def console_of_command() -> Console:
    """Where a command's answer goes; into a pipe as wide as it comes."""
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = PIPE_COLUMNS
    return console


def plain(message: Message) -> dict[str, Any]:
    """A message's fields by their names, numbers as numbers; what is not set and has no default is null."""
    values: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        if field.has_presence and not message.HasField(field.name):
            values[field.name] = None
            continue
        value = getattr(message, field.name)
        values[field.name] = [_plain_value(one) for one in value] if field.is_repeated else _plain_value(value)
    return values


def _plain_value(value: Any) -> Any:
    if isinstance(value, Struct):
        return document_in(value)
    return plain(value) if isinstance(value, Message) else value


def print_json(value: Any) -> None:
    """Messages, alone or in lists and mappings, as JSON."""
    typer.echo(json.dumps(_jsonable(value), indent=2, ensure_ascii=False))


def _jsonable(value: Any) -> Any:
    if isinstance(value, Message):
        return plain(value)
    if isinstance(value, Mapping):
        return {key: _jsonable(one) for key, one in value.items()}
    return [_jsonable(one) for one in value] if isinstance(value, (list, tuple)) else value


def print_rows(console: Console, columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """A table; the first column names its row and is never broken."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(one_line(cell)) for cell in row))
    console.print(table, soft_wrap=False)


def print_facts(console: Console, facts: Iterable[tuple[str, str]]) -> None:
    """What there is to know of one thing, a line each; what is empty is left out."""
    for name, value in facts:
        if value:
            console.print(f"{name:<11} {one_line(value)}", markup=False)


def print_next(console: Console, what: str) -> None:
    """What to do next."""
    console.print(f"Next: {what}", style="bold", markup=False)


def moment(unix_ns: int) -> str:
    """A time on this machine's clock."""
    return f"{datetime.fromtimestamp(unix_ns / 1e9):%Y-%m-%d %H:%M}"


def ago(unix_ns: int) -> str:
    """How long ago that was."""
    return age_in_words(time.time() - unix_ns / 1e9)
