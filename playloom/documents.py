"""JSON documents inside messages (google.protobuf.Struct), whose numbers are all doubles.

A whole number that a double holds exactly is a whole number again on the other side. Larger ones, such as times in
nanoseconds, travel as texts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Struct, Value

EXACT_BELOW = 2**53
"""From here on a double no longer holds every whole number."""


def document_in(struct: Struct) -> dict[str, Any]:
    """The document, by its keys: protobuf keeps no order.

    Raises:
        ValueError: it holds a number that JSON cannot say.
    """
    return {key: _plain(value) for key, value in sorted(struct.fields.items())}


def struct_with(document: Mapping[str, Any]) -> Struct:
    """The document as a message.

    Raises:
        ValueError: it holds what JSON cannot say, or a whole number that would come out as another.
    """
    _see_that_exact(document)
    struct = Struct()
    struct.update(document)
    return struct


def _plain(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "number_value":
            return _number(value.number_value)
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return document_in(value.struct_value)
        case "list_value":
            return _list(value.list_value)
        case _:
            return None


def _list(values: ListValue) -> list[Any]:
    return [_plain(value) for value in values.values]


def _number(value: float) -> float | int:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number of JSON")
    return int(value) if value.is_integer() and abs(value) < EXACT_BELOW else value


def _see_that_exact(value: Any) -> None:
    if isinstance(value, bool):
        return
    if isinstance(value, int) and abs(value) >= EXACT_BELOW:
        raise ValueError(f"the number {value} would be rounded; write it as a text")
    if isinstance(value, Mapping):
        for one in value.values():
            _see_that_exact(one)
    elif isinstance(value, list | tuple):
        for one in value:
            _see_that_exact(one)
