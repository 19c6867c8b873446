"""YAML files that people write: read safely with the place of every value, written back without losing comments.

Values are read as text, numbers, flags, lists and mappings and nothing else: no tags, no merge keys, no timestamps.
The file is read event by event and never handed to a constructor, so that what a hostile file can cost is bounded
before it is paid: its size, its depth, and the number of values it stands for once its aliases are followed.
"""

from __future__ import annotations

import copy
import difflib
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
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

from playloom.errors import DefinitionError, OutputError

MAX_FILE_BYTES = 1 << 20
"""Real definitions are a few kilobytes; a megabyte is somebody's mistake, or worse."""
MAX_DEPTH = 32
"""A profile needs seven levels."""
MAX_VALUES = 50_000
"""Values in a file, each counted as often as aliases repeat it: a bomb of aliases ends here."""

_INTEGER = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NULLS = {"", "~", "null", "Null", "NULL"}
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


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
    try:
        root = _Reader(file).read(YAML(typ="safe", pure=True).parse(StringIO(text)))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = None if mark is None else f"line {mark.line + 1}"
        problem = " ".join(str(error.problem or error.context or "cannot be parsed").split())
        raise DefinitionError(file, f"is not valid YAML: {problem}", place=place) from error
    except (YAMLError, ValueError) as error:
        # ValueError: ruamel lets a few through, such as for a version number that is none.
        problem = " ".join(str(error).split())[:200]
        raise DefinitionError(file, f"is not valid YAML: {problem}") from error
    if root is None:
        raise DefinitionError(file, "is empty", remedy="Start from one of the files in examples/")
    if not isinstance(root.value, dict):
        raise root.error("the file must be a mapping (key: value)", remedy="Start from one of the files in examples/")
    return _placed(root.value, file, root.line, ())


class _Node:
    """A value and where it starts; an anchored one stands in the tree as often as it is named."""

    __slots__ = ("file", "line", "size", "value")

    def __init__(self, file: Path, line: int, value: Any) -> None:
        self.file, self.line, self.value, self.size = file, line, value, 1

    def error(self, problem: str, *, remedy: str | None = None) -> DefinitionError:
        return DefinitionError(self.file, problem, place=f"line {self.line}", remedy=remedy)


def _placed(value: Any, file: Path, line: int, keys: tuple[str, ...]) -> YamlValue:
    if isinstance(value, dict):
        value = {key: _placed(node.value, file, node.line, (*keys, key)) for key, node in value.items()}
    elif isinstance(value, list):
        value = [_placed(node.value, file, node.line, (*keys, str(place))) for place, node in enumerate(value)]
    return YamlValue(file=file, line=line, keys=keys, value=value)


class _Reader:
    """Builds the tree from the parser's events, with a stack of its own and not Python's."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.root: _Node | None = None
        self.open: list[_Node] = []
        self.open_keys: list[str | None] = []
        self.anchors: dict[str, _Node] = {}
        self.values = 0

    def read(self, events: Iterable[Any]) -> _Node | None:
        documents = 0
        for event in events:
            line = event.start_mark.line + 1
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._error(line, "holds more than one document", "Keep one, and no '---' after its start")
            elif isinstance(event, ScalarEvent):
                self._refuse_tag(event, line)
                node = _Node(self.file, line, event.value if not event.implicit[0] else _resolve(event.value))
                self._remember(event, node)
                self._add(node, line, key=event.value)
            elif isinstance(event, MappingStartEvent | SequenceStartEvent):
                self._refuse_tag(event, line)
                node = _Node(self.file, line, {} if isinstance(event, MappingStartEvent) else [])
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

    def _remember(self, event: Any, node: _Node) -> None:
        if event.anchor is not None:
            self.anchors[event.anchor] = node

    def _aliased(self, event: Any, line: int) -> _Node:
        target = self.anchors.get(event.anchor)
        if target is None:
            raise self._error(line, f"*{event.anchor} is not defined before this line", f"Add &{event.anchor} above")
        if any(target is node for node in self.open):
            raise self._error(line, f"*{event.anchor} contains itself", "Write the value out")
        return target

    def _open(self, node: _Node) -> None:
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

    def _add(self, node: _Node, line: int, *, key: str | None) -> None:
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

    def _key(self, mapping: dict[str, _Node], key: str | None, line: int) -> str:
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


class Keyed(dict[str, Any]):
    """A mapping whose keys are the writer's own (action ids): in saving, keys that are gone are removed."""


@dataclass(frozen=True, kw_only=True)
class Default:
    """In saving, a value that goes without saying: it replaces one that is there, and is not written otherwise."""

    value: Any


def save_yaml(path: Path, content: Mapping[str, Any], *, header: str = "") -> str:
    """The text that ``path`` should hold: ``content`` in the order given.

    Comments, key order and unknown keys of a file that is there are kept. A None in ``content`` removes the key.
    ``header`` starts a file that is new.
    """
    if path.exists():
        load_yaml(path)  # refuses what we would not read, so that a file is never replaced by something poorer
        merged = _merge(_round_trip().load(path.read_text("utf-8-sig")), content, set())
        header = ""
    else:
        merged = _merge(CommentedMap(), content, set())
    stream = StringIO(header)
    stream.seek(0, os.SEEK_END)
    _round_trip().dump(merged, stream)
    return stream.getvalue()


def replace_file(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` so that a reader, or a crash, finds the old content or the new one.

    Raises:
        OutputError: the file cannot be written.
    """
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            if target.exists():
                os.fchmod(file.fileno(), target.stat().st_mode & 0o7777)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise OutputError(path, f"cannot be written: {reason}", remedy="Choose another place or free some") from error


def _round_trip() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = 1 << 20
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _merge(old: Any, new: Any, seen: set[int]) -> Any:
    """``new`` in the clothes of ``old``: same comments, order and quotes where the values are the same."""
    if isinstance(old, CommentedMap | CommentedSeq):
        if id(old) in seen:  # an alias: what is written here must not change the other place
            old = copy.deepcopy(old)
        old.anchor.value = None
        seen.add(id(old))
    if isinstance(new, Mapping):
        return _merge_mapping(old if isinstance(old, CommentedMap) else CommentedMap(), new, seen)
    if isinstance(new, Sequence) and not isinstance(new, str):
        return _merge_list(old if isinstance(old, CommentedSeq) else CommentedSeq(), new, seen)
    same = type(new) is bool or not isinstance(old, bool)
    return old if same and old == new and (old is not None) == (new is not None) else new


def _merge_mapping(old: CommentedMap, new: Mapping[str, Any], seen: set[int]) -> CommentedMap:
    if isinstance(new, Keyed):
        for key in [key for key in old if key not in new]:
            del old[key]
    for key, value in new.items():
        if value is None:
            old.pop(key, None)
        elif key in old or not isinstance(value, Default):
            value = value.value if isinstance(value, Default) else value
            merged = _merge(old.get(key), value, seen)
            if key not in old or old[key] is not merged:
                old[key] = merged
    return old


def _identity(value: Any) -> Any:
    return value.get("id") if isinstance(value, Mapping) else None


def _merge_list(old: CommentedSeq, new: Sequence[Any], seen: set[int]) -> CommentedSeq:
    by_id = {_identity(item): item for item in old if _identity(item) is not None}
    partners = [
        by_id.get(_identity(item), old[place] if place < len(old) and _identity(item) is None else None)
        for place, item in enumerate(new)
    ]
    merged = [_merge(partner, item, seen) for partner, item in zip(partners, new, strict=True)]
    if len(merged) == len(old) and all(one is other for one, other in zip(merged, old, strict=True)):
        return old
    if [_identity(item) for item in old] == [_identity(item) for item in new]:
        for place, item in enumerate(merged):
            old[place] = item
        return old
    fresh = CommentedSeq(merged)
    fresh.fa.set_block_style()
    return fresh
