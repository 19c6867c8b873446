"""Documents of the database as messages, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from coordinator.errors import InvalidError
from playloom.documents import document_in

_MAX_BIGINT = 2**63 - 1


def document_of(field: str, message: Struct) -> dict[str, Any]:
    """A document that was sent; its whole numbers are whole again.

    Raises:
        InvalidError: it holds what JSON cannot say.
    """
    try:
        return document_in(message)
    except (ValueError, RecursionError) as error:
        raise InvalidError(field, "it holds what JSON cannot say") from error


def struct_of(document: Mapping[str, Any] | None) -> Struct | None:
    """A document as a message; its numbers are doubles."""
    if document is None:
        return None
    struct = Struct()
    struct.update(document)
    return struct


def check_message(message: Message) -> None:
    """See that what was sent can be kept: no text holds a NUL, no number is larger than the database's.

    Raises:
        InvalidError: names the field.
    """
    for name, value in _values(message, ""):
        if isinstance(value, str) and "\0" in value:
            raise InvalidError(name, "it holds a NUL character")
        if isinstance(value, int) and value > _MAX_BIGINT:
            raise InvalidError(name, f"{value} is too large")


def _values(message: Message, path: str) -> Iterator[tuple[str, object]]:
    for field, value in message.ListFields():
        name = f"{path}{field.name}"
        if field.message_type is None:
            if field.is_repeated:
                yield from ((name, item) for item in value)
            else:
                yield name, value
        elif field.message_type.GetOptions().map_entry:
            for key, item in value.items():
                yield name, key
                if isinstance(item, Message):
                    yield from _values(item, f"{name}.{str(key)[:40]}.")
                else:
                    yield name, item
        else:
            for item in value if field.is_repeated else (value,):
                yield from _values(item, f"{name}.")
