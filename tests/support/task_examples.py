"""Conversions that go wrong, or wait: real ones, run by real workers in processes of their own."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from workers.jobs.ingest_step import IngestOrder, NotStaged, Staged, Tell, ingest

POISON = b"poison"
"""A file of this content brings its decoder down; `BOMB` takes all the memory it can get."""

BOMB = b"bomb"


def told_processes(scratch: Path) -> list[int]:
    """The processes that `held_ingest` has told of, the earliest first."""
    return [int(line) for line in (scratch / "processes.txt").read_text().split()]


def poisoned_ingest(order: IngestOrder, tell: Tell) -> Staged | NotStaged:
    """Converts a session whose decoder does what its name says."""
    if "poison" in order.session:
        tell((0.3, "converting, 7 of 60 frames"))
        os.kill(os.getpid(), signal.SIGSEGV)
    if "bomb" in order.session:
        tell((0.4, "converting, 9 of 60 frames"))
        held = []
        while True:
            held.append(bytearray(32 << 20))
            time.sleep(0.01)
    return ingest(order, tell)


def held_ingest(order: IngestOrder, tell: Tell) -> Staged | NotStaged:
    """Stops where the file `hold` in the scratch directory says, until that is gone; tells its process's number."""
    order.scratch.mkdir(parents=True, exist_ok=True)
    with (order.scratch / "processes.txt").open("a") as file:
        file.write(f"{os.getpid()}\n")
    hold = order.scratch / "hold"

    def told(what: tuple[float, str]) -> None:
        tell(what)
        while hold.exists() and what[1].startswith(hold.read_text()):
            time.sleep(0.02)

    return ingest(order, told)
