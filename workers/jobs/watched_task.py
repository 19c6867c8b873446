"""A task in a process of its own, which is kept for the next one: its memory is watched, and that it goes on.

A decoder that a video brings down takes this process with it and nothing else. Whoever runs the task is told why it
ended and how far it had come.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.processes import TaskProcess

LOOK_S = 0.05
"""So often the memory is looked at: what allocates 4 GiB/s gets 200 MiB too far."""

KEPT_SHARE = 0.5
"""A process that has kept more than this share of its limit after a task does no other."""

MEBIBYTE = 1 << 20
_LOG = "playloom-task-"


@dataclass(frozen=True, kw_only=True)
class TaskLimits:
    """What a task may take.

    Attributes:
        memory_bytes: of its process, without files that are mapped.
        silence_s: without a word of progress.
    """

    memory_bytes: int
    silence_s: float


@dataclass(frozen=True, kw_only=True)
class TaskProgress:
    """How far a task is. Attributes: what: what it told."""

    what: Any


@dataclass(frozen=True, kw_only=True)
class TaskDone:
    """What a task gave."""

    result: Any


@dataclass(frozen=True, kw_only=True)
class TaskDied:
    """A task's process ended without a result.

    Attributes:
        reason: why, a clause.
        over_limit: it was ended because it took more than it may.
        from_outside: somebody ended it, or the system, which had no memory left: not what it was at.
    """

    reason: str
    over_limit: bool = False
    from_outside: bool = False


type TaskEvent = TaskProgress | TaskDone | TaskDied
type Task = Callable[[Callable[[Any], None]], Any]
"""Something to do: picklable, as its result is. It is given a function that tells how far it is."""


class WatchedProcess:
    """A process for one task after another, started when it is needed.

    Args:
        directory: for what it says as it dies.
    """

    def __init__(self, directory: Path) -> None:
        self._process: TaskProcess | None = None
        _remove_left_logs(directory)
        self._log = directory / f"{_LOG}{os.getpid()}-{secrets.token_hex(4)}.log"

    def run(self, task: Task, limits: TaskLimits) -> Generator[TaskEvent]:
        """Do a task; the last event is its result, or why there is none. Closed early, the process is ended."""
        process = self._process or TaskProcess.start(self._log)
        self._process = None
        ended = False
        try:
            process.begin(task)
            for event in _events(process, limits):
                ended = isinstance(event, TaskDied)
                yield event
        except GeneratorExit:
            ended = True
            process.process.kill()
            process.reap()
            raise
        finally:
            if not ended and memory_bytes(process.process.pid) <= KEPT_SHARE * limits.memory_bytes:
                self._process = process
            elif not ended:
                process.reap()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.reap()
            self._process = None
        self._log.unlink(missing_ok=True)


def _events(process: TaskProcess, limits: TaskLimits) -> Generator[TaskEvent]:
    heard_s = time.monotonic()
    while True:
        try:
            if process.connection.poll(LOOK_S):
                kind, content = process.connection.recv()
                heard_s = time.monotonic()
                if kind == "done":
                    yield TaskDone(result=content)
                    return
                yield TaskProgress(what=content)
        except (EOFError, ConnectionResetError):
            reason = str(process.why_it_died())
            yield TaskDied(reason=reason, from_outside=process.process.returncode == -signal.SIGKILL)
            return
        problem = _over(process.process.pid, limits, time.monotonic() - heard_s)
        if problem is not None:
            process.process.kill()
            process.reap()
            yield TaskDied(reason=problem, over_limit=True)
            return


def _over(process_id: int, limits: TaskLimits, silent_s: float) -> str | None:
    if memory_bytes(process_id) > limits.memory_bytes:
        return f"it needed more than {limits.memory_bytes // MEBIBYTE} MiB of memory"
    if silent_s > limits.silence_s:
        return f"it did not go on for {limits.silence_s:.0f} s"
    return None


def _remove_left_logs(directory: Path) -> None:
    """Of processes that were killed."""
    for path in directory.glob(f"{_LOG}*.log"):
        owner = path.name.removeprefix(_LOG).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            with suppress(OSError):
                path.unlink()


def memory_bytes(process_id: int) -> int:
    """What a process holds in memory that is not a mapped file's; 0 where it has ended or the system does not say."""
    if sys.platform != "linux":
        return 0
    try:
        pages = Path(f"/proc/{process_id}/statm").read_text().split()
    except OSError:
        return 0
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")
