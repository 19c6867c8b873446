"""Texts, optional fields and enums as messages hold them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


def wire_text(text: str) -> str:
    """Text that can travel: titles and paths may hold bytes that are none."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def optional_field(message: Any, field: str) -> Any:
    """The value of an optional field, or None."""
    return getattr(message, field) if message.HasField(field) else None


def enum_number(enum: Any, prefix: str, member: StrEnum) -> Any:
    """A member of ours as the message's enum has it: ``prefix`` and its name."""
    return enum.Value(f"{prefix}_{member.name}")


def enum_member[Member: StrEnum](enum: Any, prefix: str, number: int, members: type[Member], unknown: Member) -> Member:
    """The inverse of `enum_number`; ``unknown`` for what this version does not know."""
    if number not in enum.values():
        return unknown
    return members.__members__.get(enum.Name(number).removeprefix(f"{prefix}_"), unknown)
