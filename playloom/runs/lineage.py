"""What a run learned from: told to the coordinator, so that it is marked when a player takes their data out.

A run is registered once: all its checkpoints learned from the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playloom.client.connection import Connection
from playloom.errors import FileError
from protos import coordinator_pb2 as pb

LINEAGE, REGISTERED = "lineage.json", "registered.json"

REPOSITORY = "playloom/"
"""So begin the names of datasets that were pulled from a server."""


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """What a run learned from.

    Attributes:
        sources: names and numbers of dataset versions of a server.
        parents: the server's ids of what the run began with.
    """

    sources: tuple[tuple[str, int], ...] = ()
    parents: tuple[str, ...] = ()


def read_lineage(directory: Path) -> Lineage:
    """Of a run's directory.

    Directories that came from no server, and parents that no server knows, are left out: there is nothing to mark.

    Raises:
        FileError: there is none, or it is damaged.
    """
    path = directory / LINEAGE
    try:
        document = json.loads(path.read_bytes())
        found = [(str(one["name"]).removeprefix(REPOSITORY), _version(one)) for one in document.get("datasets", ())]
        sources = [(name, number) for name, number in found if number is not None]
        parents = [registered_as(Path(str(one["path"])).parent.parent) for one in document.get("parents", ())]
    except FileNotFoundError as error:
        raise FileError(path, "is not there", remedy="Name the directory of a run") from error
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise FileError(path, f"is no lineage: {error}") from error
    return Lineage(
        sources=tuple(dict.fromkeys(sources)), parents=tuple(dict.fromkeys(one for one in parents if one is not None))
    )


def _version(dataset: Mapping[str, Any]) -> int | None:
    """Of a server's dataset: as it was asked for, or as its tree in a `LocalCopy` is called."""
    if dataset.get("version"):
        return int(dataset["version"])
    tree = Path(str(dataset.get("path", "")))
    pulled = str(dataset["name"]).startswith(REPOSITORY) and tree.parent.name == "versions" and tree.name.isdecimal()
    return int(tree.name) if pulled else None


def registered_as(directory: Path) -> str | None:
    """Under which id a server knows the run of a directory, as `note_registered` left it."""
    try:
        return str(json.loads((directory / REGISTERED).read_bytes())["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def register_run(server: Connection, *, run: str, location: str, lineage: Lineage) -> pb.Checkpoint:
    """Tell the coordinator; the same again is the same entry.

    Raises:
        ServerError: the server is away, or does not know a version or a parent.
    """
    request = pb.RegisterCheckpointRequest(
        name=run,
        location=location,
        sources=[pb.CheckpointSource(dataset=name, version=version) for name, version in lineage.sources],
        parent_ids=lineage.parents,
    )
    return server.call(server.datasets.RegisterCheckpoint, request)


def note_registered(directory: Path, checkpoint_id: str, server: str) -> None:
    """Keep beside a run under which id a server knows it: what begins with it names that."""
    partial = directory / f".{REGISTERED}.partial"
    partial.write_text(json.dumps({"id": checkpoint_id, "server": server}, indent=1))
    partial.replace(directory / REGISTERED)
