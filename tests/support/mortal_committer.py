"""A worker that commits, and is killed at a chosen moment: ``python -m tests.support.mortal_committer``.

Reads a JSON object a line: what to commit, and before or after which of its writes and calls it is to die (by SIGKILL);
answers with a line: how it ended, and how many such moments there were. A process of its own does each.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av  # noqa: F401 - loaded once, before the forks
import pyarrow.parquet  # noqa: F401

from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.objects.open_store import open_store
from workers.dataset import commit, compact, remove
from workers.dataset.coordinator_client import CoordinatorClient

NEVER = -1


class Fate:
    """Counts moments, and kills at one of them."""

    def __init__(self, die_at: int) -> None:
        self._die_at = die_at
        self.moments = 0

    def passes(self) -> None:
        if self.moments == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.moments += 1


class Mortal:
    """Something whose named methods are moments: one before each call, one after it."""

    def __init__(self, of: Any, methods: frozenset[str], fate: Fate) -> None:
        self._of, self._methods, self._fate = of, methods, fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        if name not in self._methods:
            return found

        def called(*given: Any, **named: Any) -> Any:
            self._fate.passes()
            result = found(*given, **named)
            self._fate.passes()
            return result

        return called


def run(order: dict[str, Any]) -> int:
    """Do what is ordered; returns how many moments there were."""
    fate = Fate(order["die_at"])
    commit.TURN_S = order["turn_s"]
    with Connection(ServerAccess(**order["access"])) as connection:
        client = CoordinatorClient(connection)
        coordinator: Any = Mortal(client, frozenset({"take_turn", "commit", "end_turn", "removed_sessions"}), fate)
        store: Any = Mortal(open_store(order["store"]), frozenset({"put", "delete"}), fate)
        common: dict[str, Any] = {"dataset": "test", "worker": f"w{os.getpid()}", "scratch": Path(order["scratch"])}
        if order["work"] == "commit":
            commit.commit_staged(
                coordinator, store, session_id=order["session_id"], wait_s=2.0, turn_s=order["turn_s"], **common
            )
        else:
            works: dict[str, Callable[..., int]] = {
                "remove": remove.remove_sessions,
                "compact": compact.compact_dataset,
            }
            works[order["work"]](coordinator, store, **common)
    return fate.moments


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            os.close(reading)
            os.write(writing, str(run(order)).encode())
            os._exit(0)
        os.close(writing)
        moments = os.read(reading, 100).decode()
        os.close(reading)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status), "moments": int(moments or 0)}), flush=True)


class MortalCommitters:
    """The same from a test's side; a context manager."""

    def __enter__(self) -> MortalCommitters:
        command = [sys.executable, "-m", "tests.support.mortal_committer"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()

    def do(self, order: dict[str, Any]) -> dict[str, int]:
        """How a process ended that did this: {"status": …, "moments": …}."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


if __name__ == "__main__":
    main()
