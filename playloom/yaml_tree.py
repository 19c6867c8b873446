"""The tree of a YAML text, read event by event: no constructor, no recursion, and a bound on everything.

What a hostile file can cost is bounded before it is paid: its depth, and the number of values that it stands for
once its aliases are followed. No tags, no merge keys, no timestamps: text, numbers, flags, lists and mappings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from playloom.errors import DefinitionError

MAX_DEPTH = 32
"""A profile needs seven levels."""
MAX_VALUES = 50_000
"""Values in a file, each counted as often as aliases repeat it: a bomb of aliases ends here."""

_INTEGER = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NULLS = {"", "~", "null", "Null", "NULL"}
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def read_tree(text: str, file: Path) -> YamlNode | None:
    """The root of ``text``, or None if it is empty; ``file`` is what errors name.

    Raises:
        DefinitionError: it is not one YAML document, or holds what these files do not use.
    """
    try:
        return _Reader(file).read(YAML(typ="safe", pure=True).parse(StringIO(text)))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = None if mark is None else f"line {mark.line + 1}"
        problem = " ".join(str(error.problem or error.context or "cannot be parsed").split())
        raise DefinitionError(file, f"is not valid YAML: {problem}", place=place) from error
    except (YAMLError, ValueError) as error:
        # ValueError: ruamel lets a few through, such as for a version number that is none.
        problem = " ".join(str(error).split())[:200]
        raise DefinitionError(file, f"is not valid YAML: {problem}") from error


class YamlNode:
    """A value and where it starts; an anchored one stands in the tree as often as it is named."""

    __slots__ = ("file", "line", "size", "value")

    def __init__(self, file: Path, line: int, value: Any) -> None:
        self.file, self.line, self.value, self.size = file, line, value, 1

    def error(self, problem: str, *, remedy: str | None = None) -> DefinitionError:
        return DefinitionError(self.file, problem, place=f"line {self.line}", remedy=remedy)


class _Reader:
    """Builds the tree from the parser's events, with a stack of its own and not Python's."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.root: YamlNode | None = None
        self.open: list[YamlNode] = []
        self.open_keys: list[str | None] = []
        self.anchors: dict[str, YamlNode] = {}
        self.values = 0

    def read(self, events: Iterable[Any]) -> YamlNode | None:
        documents = 0
        for event in events:
            line = event.start_mark.line + 1
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._error(line, "holds more than one document", "Keep one, and no '---' after its start")
            elif isinstance(event, ScalarEvent):
                self._refuse_tag(event, line)
                node = YamlNode(self.file, line, event.value if not event.implicit[0] else _resolve(event.value))
                self._remember(event, node)
                self._add(node, line, key=event.value)
            elif isinstance(event, MappingStartEvent | SequenceStartEvent):
                self._refuse_tag(event, line)
                node = YamlNode(self.file, line, {} if isinstance(event, MappingStartEvent) else [])
                self._remember(event, node)
                self._open(node)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self._close()
            elif isinstance(event, AliasEvent):
                self._add(self._aliased(event, line), line, key=None)
        if self.root is not None and self.root.value is None:
            return None
        return self.root

    def _error(self, line: int, problem: str, remedy: str | None = None) -> DefinitionError:
        return DefinitionError(self.file, problem, place=f"line {line}", remedy=remedy)

    def _refuse_tag(self, event: Any, line: int) -> None:
        if event.ctag is not None and str(event.ctag) != "!":
            raise self._error(line, f"tags such as {event.ctag} are not allowed", "Remove the tag")

    def _remember(self, event: Any, node: YamlNode) -> None:
        if event.anchor is not None:
            self.anchors[event.anchor] = node

    def _aliased(self, event: Any, line: int) -> YamlNode:
        target = self.anchors.get(event.anchor)
        if target is None:
            raise self._error(line, f"*{event.anchor} is not defined before this line", f"Add &{event.anchor} above")
        if any(target is node for node in self.open):
            raise self._error(line, f"*{event.anchor} contains itself", "Write the value out")
        return target

    def _open(self, node: YamlNode) -> None:
        if self.open and isinstance(self.open[-1].value, dict) and self.open_keys[-1] is None:
            raise node.error("a key must be a single word or text", remedy="Write 'key: value'")
        if len(self.open) >= MAX_DEPTH:
            raise node.error(f"is nested deeper than {MAX_DEPTH} levels", remedy="Check the indentation and brackets")
        self.open.append(node)
        self.open_keys.append(None)

    def _close(self) -> None:
        node = self.open.pop()
        self.open_keys.pop()
        self._add(node, node.line, key=None)

    def _add(self, node: YamlNode, line: int, *, key: str | None) -> None:
        self.values += 1
        parent = self.open[-1] if self.open else None
        if parent is None:
            self.root = node
        elif isinstance(parent.value, list):
            parent.value.append(node)
        elif self.open_keys[-1] is None:
            self.open_keys[-1] = self._key(parent.value, key, line)
            return
        else:
            parent.value[self.open_keys[-1]] = node
            self.open_keys[-1] = None
        if parent is not None:
            parent.size += node.size
        if self.values > MAX_VALUES or node.size > MAX_VALUES:
            raise self._error(line, f"stands for more than {MAX_VALUES} values", "Check that this is the right file")

    def _key(self, mapping: dict[str, YamlNode], key: str | None, line: int) -> str:
        if key is None:
            raise self._error(line, "a key must be a single word or text", "Write 'key: value'")
        if key == "<<":
            raise self._error(line, "merge keys (<<) are not supported", "Write the keys out")
        if key in mapping:
            first = mapping[key].line
            raise self._error(line, f"the key '{key}' is there twice (first on line {first})", "Remove one of them")
        return key


def _resolve(text: str) -> bool | int | float | str | None:
    """What an unquoted word means in YAML 1.2."""
    if text in _NULLS:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    if _INTEGER.fullmatch(text) and len(text) <= 64:
        return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    if _NUMBER.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").replace(".n", "n"))
    return text
