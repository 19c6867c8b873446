"""A JSON file's values, each checked as it is taken: an error names the file, the key and what belongs there.

Reading by hand and not through a validation library, because a gaming PC's recorder reads and writes one such file and
should not wait a third of a second for the library's import.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from playloom.errors import RecordingError

MAX_JSON_BYTES = 16 << 20
"""A larger file is not one of ours; read whole, it would only fill the memory."""

MAX_TEXT_CHARACTERS = 4096

INT64_MAX = (1 << 63) - 1


class JsonSection:
    """One object of a JSON file.

    Attributes:
        file: the file.
        key: where the object stands in it, as in "clock", or "" for the file's own object.
        values: what it holds.
    """

    def __init__(self, file: Path, key: str, values: Mapping[str, Any]) -> None:
        self.file = file
        self.key = key
        self.values = values

    @classmethod
    def read(cls, file: Path) -> JsonSection:
        """The object that a file holds.

        Raises:
            RecordingError: the file is missing, too large, or not a JSON object.
        """
        try:
            with file.open("rb") as stream:
                content = stream.read(MAX_JSON_BYTES + 1)
        except FileNotFoundError as error:
            raise RecordingError(file, "is missing") from error
        except OSError as error:
            raise RecordingError(file, f"cannot be read: {error.strerror}") from error
        if len(content) > MAX_JSON_BYTES:
            raise RecordingError(file, f"is larger than {MAX_JSON_BYTES >> 20} MiB, which no such file is")
        try:
            values = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
        except UnicodeDecodeError as error:
            raise RecordingError(file, "is not UTF-8 text", place=f"byte {error.start}") from error
        except json.JSONDecodeError as error:
            raise RecordingError(file, f"is not JSON: {error.msg}", place=f"line {error.lineno}") from error
        except RecursionError as error:
            raise RecordingError(file, "is nested deeper than any such file is") from error
        except ValueError as error:
            raise RecordingError(file, f"is not JSON that can be used: {error}") from error
        if not isinstance(values, dict):
            raise RecordingError(file, "must hold a JSON object")
        return cls(file, "", values)

    def place(self, key: str) -> str:
        return f"{self.key}.{key}" if self.key else key

    def wrong(self, key: str, problem: str, *, remedy: str | None = None) -> RecordingError:
        return RecordingError(self.file, problem, place=self.place(key), remedy=remedy)

    def text(self, key: str) -> str:
        value = self._required(key)
        if not isinstance(value, str):
            raise self.wrong(key, f"must be a text, not {_kind(value)}")
        if len(value) > MAX_TEXT_CHARACTERS:
            raise self.wrong(key, f"is longer than {MAX_TEXT_CHARACTERS} characters")
        if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
            raise self.wrong(key, "holds half a character (a lone surrogate), which no file can")
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.values.get(key) is None else self.text(key)

    def integer(self, key: str, *, least: int = 0, most: int = INT64_MAX) -> int:
        value = self._required(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(key, f"must be a whole number, not {_kind(value)}")
        if not least <= value <= most:
            raise self.wrong(key, f"is {value}, outside {least} to {most}")
        return value

    def optional_integer(self, key: str, *, least: int = 0, most: int = INT64_MAX) -> int | None:
        return None if self.values.get(key) is None else self.integer(key, least=least, most=most)

    def numbers(self, key: str) -> dict[str, float]:
        """An object of numbers."""
        section = self.section(key)
        for name, value in section.values.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise section.wrong(name, f"must be a number, not {_kind(value)}")
        return dict(section.values)

    def texts(self, key: str) -> dict[str, str]:
        """An object of texts."""
        section = self.section(key)
        return {name: section.text(name) for name in section.values}

    def text_list(self, key: str) -> tuple[str, ...]:
        value = self._list(key)
        for place, text in enumerate(value):
            if not isinstance(text, str):
                raise self.wrong(f"{key}[{place}]", f"must be a text, not {_kind(text)}")
        return tuple(value)

    def section(self, key: str) -> JsonSection:
        return self._section(key, self._required(key))

    def optional_section(self, key: str) -> JsonSection | None:
        return None if self.values.get(key) is None else self.section(key)

    def sections(self, key: str) -> list[JsonSection]:
        """A list of objects; a list that is not there is empty."""
        return [self._section(f"{key}[{place}]", value) for place, value in enumerate(self._list(key))]

    def _required(self, key: str) -> Any:
        if key not in self.values:
            raise self.wrong(key, "is missing")
        return self.values[key]

    def _list(self, key: str) -> Sequence[Any]:
        value = self.values.get(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, f"must be a list, not {_kind(value)}")
        return value

    def _section(self, key: str, value: object) -> JsonSection:
        if not isinstance(value, dict):
            raise self.wrong(key, f"must be an object, not {_kind(value)}")
        return JsonSection(self.file, self.place(key), value)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"
