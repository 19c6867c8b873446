"""Writing YAML files that people write too: their comments, order and own keys stay; no crash leaves half a file."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarfloat import ScalarFloat

from playloom.errors import OutputError
from playloom.yaml_files import load_yaml


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
            if target.exists() and hasattr(os, "fchmod"):  # Windows has it from Python 3.13 on, and no modes to keep
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
    if isinstance(old, ScalarFloat) and len(repr(new)) > 15:
        return new  # ruamel would write the old one with fewer digits
    same = isinstance(old, bool) == isinstance(new, bool) and old == new
    return old if same and old is not None else new


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
