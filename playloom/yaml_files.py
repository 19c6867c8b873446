"""YAML files that people write, read so that every value knows its place and every mistake can be named.

`playloom.yaml_tree` parses, within bounds; this is what the readers of definitions ask. `playloom.yaml_saving` writes.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from playloom.errors import DefinitionError
from playloom.yaml_tree import read_tree

MAX_FILE_BYTES = 1 << 20
"""Real definitions are a few kilobytes; a megabyte is somebody's mistake, or worse."""


@dataclass(frozen=True, kw_only=True)
class YamlValue:
    """One value of a YAML file, with its place.

    Attributes:
        file: the file.
        line: the line where the value starts, from 1.
        keys: the way to it from the root: ("actions", "jump", "bindings", "0").
        value: None, bool, int, float, str, list[YamlValue] or dict[str, YamlValue].
        asked: the keys that were looked for in this mapping, from which `misspelt_keys` learns what is known.
    """

    file: Path
    line: int
    keys: tuple[str, ...]
    value: Any
    asked: set[str] = field(default_factory=set, compare=False, repr=False)

    @property
    def place(self) -> str:
        return ", ".join([f"line {self.line}", *([".".join(self.keys)] if self.keys else [])])

    def error(self, problem: str, *, remedy: str | None = None) -> DefinitionError:
        """The error that says that this value is wrong."""
        return DefinitionError(self.file, problem, place=self.place, remedy=remedy)

    def plain(self) -> Any:
        """The value in plain Python types, without places."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def mapping(self) -> dict[str, YamlValue]:
        if not isinstance(self.value, dict):
            self._wrong_type("a mapping (key: value)")
        return self.value

    def items(self) -> list[YamlValue]:
        if not isinstance(self.value, list):
            self._wrong_type("a list (- item)")
        return self.value

    def text(self) -> str:
        if not isinstance(self.value, str):
            remedy = "Put it in quotes" if isinstance(self.value, bool | int | float) else None
            self._wrong_type("text", remedy)
        if not self.value.strip():
            raise self.error("is empty", remedy="Write some text")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            self._wrong_type("true or false")
        return self.value

    def integer(self) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self._wrong_type("a whole number")
        return self.value

    def number(self) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self._wrong_type("a number")
        try:
            number = float(self.value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.error(f"{self.value} is not a finite number")
        return number

    def choice(self, choices: Iterable[str], what: str) -> str:
        """This text, which must be one of ``choices``; ``what`` names it in the error ("button")."""
        known = list(choices)
        text = self.text()
        if text not in known:
            raise self.error(f"unknown {what} '{text}'", remedy=did_you_mean(text, known))
        return text

    def get(self, key: str) -> YamlValue | None:
        """The value at ``key`` of this mapping, or None if it is not there or empty."""
        self.asked.add(key)
        child = self.mapping().get(key)
        return None if child is None or child.value is None else child

    def require(self, key: str) -> YamlValue:
        child = self.get(key)
        if child is None:
            raise self.error(f"'{key}' is missing", remedy=f"Add '{key}:'")
        return child

    def get_text(self, key: str) -> str | None:
        child = self.get(key)
        return None if child is None else child.text()

    def get_flag(self, key: str, default: bool) -> bool:
        child = self.get(key)
        return default if child is None else child.flag()

    def get_items(self, key: str) -> list[YamlValue]:
        child = self.get(key)
        return [] if child is None else child.items()

    def get_mapping(self, key: str) -> dict[str, YamlValue]:
        child = self.get(key)
        return {} if child is None else child.mapping()

    def _wrong_type(self, wanted: str, remedy: str | None = None) -> NoReturn:
        names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
        found = names.get(type(self.value), "a number")
        shown = f" ({self.value!r})" if isinstance(self.value, str | bool | int | float) else ""
        raise self.error(f"{wanted} is needed here and this is {found}{shown}", remedy=remedy)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy for an unknown word: the nearest known one, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"Did you mean '{near[0]}'?"
    if not names:
        return "Nothing is defined that could stand here"
    shown = ", ".join(names[:24])
    return f"Known are: {shown}{', …' if len(names) > 24 else ''}"


def misspelt_keys(root: YamlValue) -> tuple[str, ...]:
    """A sentence for each key that nobody asked for and that looks like one that was asked for in vain."""
    found: list[str] = []
    if isinstance(root.value, dict):
        missing = [key for key in root.asked if key not in root.value]
        for key in root.value.keys() - root.asked:
            near = difflib.get_close_matches(key, missing, n=1, cutoff=0.75)
            if near:
                found.append(f"{root.value[key].place}: the key '{key}' is not known. Did you mean '{near[0]}'?")
    children = root.value.values() if isinstance(root.value, dict) else root.value
    if isinstance(root.value, dict | list):
        found += [sentence for child in children for sentence in misspelt_keys(child)]
    return tuple(found)


def load_yaml(path: Path) -> YamlValue:
    """The root mapping of the YAML file ``path``.

    Raises:
        DefinitionError: it cannot be read, is too big, is not one YAML document with a mapping at its root, or holds
            something that these files do not use: duplicate keys, tags, merge keys.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DefinitionError(path, f"cannot be read: {reason}", remedy="Check the path and its permissions") from error
    if len(content) > MAX_FILE_BYTES:
        raise DefinitionError(
            path, f"is larger than {MAX_FILE_BYTES // 1024} KiB", remedy="Check that this is the right file"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"line {content.count(b'\n', 0, error.start) + 1}"
        raise DefinitionError(path, "is not UTF-8 text", place=place, remedy="Save it as UTF-8") from error
    return parse_yaml(text, path)


def parse_yaml(text: str, file: Path) -> YamlValue:
    """The root mapping of ``text``; ``file`` is what errors name. Raises as `load_yaml`."""
    root = read_tree(text, file)
    if root is None:
        raise DefinitionError(file, "is empty", remedy="Start from one of the files in examples/")
    if not isinstance(root.value, dict):
        raise root.error("the file must be a mapping (key: value)", remedy="Start from one of the files in examples/")
    return _placed(root.value, file, root.line, ())


def _placed(value: Any, file: Path, line: int, keys: tuple[str, ...]) -> YamlValue:
    if isinstance(value, dict):
        value = {key: _placed(node.value, file, node.line, (*keys, key)) for key, node in value.items()}
    elif isinstance(value, list):
        value = [_placed(node.value, file, node.line, (*keys, str(place))) for place, node in enumerate(value)]
    return YamlValue(file=file, line=line, keys=keys, value=value)
