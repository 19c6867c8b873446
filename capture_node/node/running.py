"""One node at a time works on one data directory, and its commands find it there."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from playloom.errors import OutputError, PlayloomError
from playloom.private_files import make_private_directory, write_private_file

LOCK_FILE = "lock"
RUN_FILE = "running.json"

PROBE_S = 0.5
"""A command that looks whether a node runs holds the lock for a moment; one that is held for longer is a node's."""

_HOW_TO_START = "Start it in another terminal: playloom node run"


class NodeRunsError(PlayloomError):
    """Another node works on this data directory.

    Attributes:
        node: what it says of itself; None where it is still starting.
    """

    def __init__(self, directory: Path, node: RunningNode | None) -> None:
        self.node = node
        who = "" if node is None else f" (process {node.pid}, at {node.address})"
        super().__init__(
            f"a node works on {directory.parent} already{who}",
            remedy="See what it does: playloom node status. For a second one set PLAYLOOM_HOME to another directory",
        )


class NodeNotRunningError(PlayloomError):
    """No node works on this data directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"no node is running on {directory.parent}", remedy=_HOW_TO_START)


@dataclass(frozen=True, kw_only=True)
class RunningNode:
    """A node that is running.

    Attributes:
        pid: of its process.
        address: on loopback, HOST:PORT.
        remote_address: where it listens with TLS; None where it does not.
    """

    pid: int
    address: str
    remote_address: str | None = None


@contextmanager
def node_claimed(directory: Path) -> Iterator[None]:
    """Within the block this process is the one that works on a data directory. A crash lets go of it too.

    Args:
        directory: the private one.

    Raises:
        NodeRunsError: another process is.
        OutputError: nothing can be written there.
    """
    make_private_directory(directory)
    path = directory / LOCK_FILE
    try:
        file = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)  # noqa: PTH123, SIM115
    except OSError as error:
        problem = f"cannot be written: {error.strerror or error}"
        raise OutputError(path, problem, remedy="Choose a place that you may write to, with PLAYLOOM_HOME") from error
    with file:
        deadline_s = time.monotonic() + PROBE_S
        while not _lock(file):
            if time.monotonic() > deadline_s:
                raise NodeRunsError(directory, _read(directory))
            time.sleep(0.02)
        (directory / RUN_FILE).unlink(missing_ok=True)  # of a node that was killed
        yield


def announce(directory: Path, node: RunningNode) -> None:
    """Say where the node is to be found; by the process that has claimed the directory.

    Raises:
        OutputError: it cannot be written.
    """
    write_private_file(directory / RUN_FILE, (json.dumps(asdict(node)) + "\n").encode())


def renounce(directory: Path) -> None:
    """The node is not to be found any more."""
    (directory / RUN_FILE).unlink(missing_ok=True)


def is_running(directory: Path) -> bool:
    """Whether a node works on this data directory."""
    try:
        with (directory / LOCK_FILE).open("r+b", buffering=0) as file:
            return not _lock(file)
    except (FileNotFoundError, NotADirectoryError):
        return False


def find_running(directory: Path) -> RunningNode:
    """The node that works on a data directory.

    Raises:
        NodeNotRunningError: there is none.
        PlayloomError: there is one, and it does not say where (it starts or stops this moment).
    """
    if not is_running(directory):
        raise NodeNotRunningError(directory)
    node = _read(directory)
    if node is None:
        raise PlayloomError("the node is starting or stopping", remedy="Try again in some seconds")
    return node


def _read(directory: Path) -> RunningNode | None:
    try:
        values = json.loads((directory / RUN_FILE).read_text("utf-8"))
        return RunningNode(**values)
    except (OSError, ValueError, TypeError):
        return None


def _lock(file: IO[bytes]) -> bool:
    """Lock an open file until it is closed; False if another process has."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
