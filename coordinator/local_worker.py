"""The worker that `playloom up` runs beside the server: a program of its own, begun again when it dies.

Its crash, or that of the Ray cluster under it, is not the server's. When the server is killed its standard input ends,
and so does it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from coordinator.logs import say
from playloom.scheduling import let_session_stand_back

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
STEADY_S = 60.0
"""A worker that lived so long had no trouble to start: the next one begins at once."""

NICENESS = 10
"""Conversions take what the server leaves, and the game that is played on the same machine."""

HURRY_S = 20.0
"""Giving its jobs back takes no longer; then it is killed."""

_log = logging.getLogger("coordinator.worker")


@dataclass(frozen=True, kw_only=True)
class LocalWorker:
    """What is to be run.

    Attributes:
        access: the folder with the worker's token.
        store: the object store's address.
        scratch: for its files under way.
        log_file: where it writes.
        drain_s: so long its jobs have to come to their end when the server does.
    """

    access: Path
    store: str
    scratch: Path
    log_file: Path
    drain_s: float

    @property
    def command(self) -> list[str]:
        options = {"--access": self.access, "--store": self.store, "--scratch": self.scratch}
        said = [str(word) for option in options.items() for word in option] + ["--nice", str(NICENESS)]
        return [sys.executable, "-m", "playloom", "worker", "run", *said, "--until-closed"]


def is_worker_installed() -> bool:
    """Whether this machine has what a worker needs."""
    return importlib.util.find_spec("ray") is not None


@asynccontextmanager
async def worker_beside(worker: LocalWorker, hurrying: asyncio.Event) -> AsyncIterator[None]:
    """Within the block it runs; at its end its jobs come to theirs, or are given back.

    Args:
        worker: what to run.
        hurrying: set when nobody wants to wait any more.
    """
    ending = asyncio.Event()
    keeping = asyncio.create_task(_keep(worker, ending, hurrying))
    try:
        yield
    finally:
        ending.set()
        await keeping


async def _keep(worker: LocalWorker, ending: asyncio.Event, hurrying: asyncio.Event) -> None:
    wait_s = FIRST_WAIT_S
    while not ending.is_set():
        begun_s = time.monotonic()
        process = await _start(worker)
        waiting = [asyncio.create_task(process.wait()), asyncio.create_task(ending.wait())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        if ending.is_set():
            await _end(process, worker.drain_s, hurrying)
            return
        say(_log, logging.WARNING, "the worker has ended", status=process.returncode, log=str(worker.log_file))
        wait_s = FIRST_WAIT_S if time.monotonic() - begun_s > STEADY_S else min(2 * wait_s, LONGEST_WAIT_S)
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), wait_s)


async def _start(worker: LocalWorker) -> asyncio.subprocess.Process:
    worker.log_file.parent.mkdir(parents=True, exist_ok=True)
    with worker.log_file.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *worker.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a terminal's Ctrl-C is for the server, which tells the worker
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
    let_session_stand_back(process.pid, NICENESS)
    return process


async def _end(process: asyncio.subprocess.Process, drain_s: float, hurrying: asyncio.Event) -> None:
    if await _ends(process, drain_s, hurrying):
        return
    if await _ends(process, HURRY_S, asyncio.Event()):
        return
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _ends(process: asyncio.subprocess.Process, within_s: float, sooner: asyncio.Event) -> bool:
    """Ask it to end; whether it does in time."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    waiting = [asyncio.create_task(process.wait()), asyncio.create_task(sooner.wait())]
    await asyncio.wait(waiting, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    return process.returncode is not None
