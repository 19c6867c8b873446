"""The keys in a directory store, in S3's order, without reading more of the directories than is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def walk_keys(root: Path, prefix: str, after: str | None) -> Iterator[str]:
    """Keys that begin with ``prefix`` and come after ``after``, in the order of their UTF-8 bytes.

    A folder sorts with its slash: "a-b" comes before "a/b", because "-" comes before "/".
    """
    bound = None if after is None else after.encode()
    yield from _walk(root, "", prefix, bound)


def _walk(folder: Path, base: str, prefix: str, after: bytes | None) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(
                (base + entry.name + ("/" if entry.is_dir(follow_symlinks=False) else "") for entry in entries),
                key=str.encode,
            )
    except FileNotFoundError:  # removed meanwhile, or never there
        return
    for name in names:
        if not (name.startswith(prefix) or prefix.startswith(name)):
            continue
        if name.endswith("/"):
            # Nothing below comes after `after` if all names with this beginning come before it.
            if after is not None and name.encode() < after and not after.startswith(name.encode()):
                continue
            yield from _walk(folder / name[len(base) : -1], name, prefix, after)
        elif name.startswith(prefix) and (after is None or name.encode() > after):
            yield name
