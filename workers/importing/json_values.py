"""Values out of JSON that somebody else wrote: looked at before they are believed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from playloom.errors import RecordingError

MAX_LINE_BYTES = 4 << 20
"""Of one line of a file of JSON lines. VPT's have two to ten kB, an inventory and statistics included."""


MAX_NUMBER = 1e12
"""Of a place, a motion or an axis; what a recording holds as float32 bears it."""


class JsonPlace:
    """A JSON object and where it stands, for errors that name both.

    Attributes:
        values: the object.
        file: that it stands in.
        place: where in it.
    """

    def __init__(self, values: Mapping[str, Any], file: Path, place: str) -> None:
        self.values, self.file, self.place = values, file, place

    def wrong(self, key: str, problem: str, *, remedy: str | None = None) -> RecordingError:
        return RecordingError(self.file, f"{key} {problem}", place=self.place, remedy=remedy)

    def section(self, key: str) -> JsonPlace:
        value = self.values.get(key)
        if not isinstance(value, dict):
            raise self.wrong(key, "is missing" if value is None else "is no object")
        return JsonPlace(value, self.file, f"{self.place}, {key}")

    def number(self, key: str, default: float | None = None) -> float:
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, "is missing" if value is None else "is no number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.wrong(key, "is no finite number")
        if abs(number) > MAX_NUMBER:
            raise self.wrong(key, f"is {number:g}, beyond {MAX_NUMBER:g}")
        return number

    def integer(self, key: str, default: int | None = None, *, least: int = -(1 << 62), most: int = 1 << 62) -> int:
        value = self.values.get(key, default)
        if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(key, "is missing" if value is None else "is no whole number")
        if not least <= value <= most:
            raise self.wrong(key, f"is {value}, not from {least} to {most}")
        return value

    def text(self, key: str, *, most: int = 4096) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or len(value) > most:
            raise self.wrong(
                key, "is missing" if value is None else "is no text" if not isinstance(value, str) else "is too long"
            )
        return value

    def listed(self, key: str, *, most: int = 1024) -> list[Any]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or len(value) > most:
            raise self.wrong(key, "is no list" if not isinstance(value, list) else f"has more than {most} entries")
        return value


def parse_object(content: bytes, file: Path, place: str) -> JsonPlace:
    """A JSON object out of bytes.

    Raises:
        RecordingError: they are none.
    """
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RecordingError(file, f"is not JSON: {error}", place=place) from error
    if not isinstance(values, dict):
        raise RecordingError(file, "is no JSON object", place=place)
    return JsonPlace(values, file, place)


def read_json(path: Path, *, most_bytes: int) -> JsonPlace:
    """A file that holds one JSON object.

    Raises:
        RecordingError: it is missing, too large, or none.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise RecordingError(path, f"cannot be read: {error.strerror}") from error
    if len(content) > most_bytes:
        raise RecordingError(path, f"is larger than {most_bytes} bytes", remedy="This is not what it should be")
    return parse_object(content, path, "the whole")


def json_lines(path: Path) -> Iterator[JsonPlace]:
    """The objects of a file of JSON lines, one after another; empty lines are passed over.

    Raises:
        RecordingError: it cannot be read, a line is too long, or no object; names the line. A last line without its
            end that is no object has been cut off: it raises `CutOffError`.
    """
    number = 0
    try:
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise RecordingError(path, f"is longer than {MAX_LINE_BYTES} bytes", place=f"line {number}")
                if not line.strip():
                    continue
                try:
                    yield parse_object(line, path, f"line {number}")
                except RecordingError as error:
                    if line.endswith(b"\n") or error.place != f"line {number}":
                        raise
                    raise CutOffError(path, "the last line is cut off", place=error.place) from error
    except OSError as error:
        raise RecordingError(path, f"cannot be read: {error.strerror}") from error


class CutOffError(RecordingError):
    """The last line of a file is not whole: what came before it is."""
