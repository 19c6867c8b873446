"""Work in processes of its own, one task at a time each, so that a crash costs the one task that caused it.

Decoders read what players and games have made of their files. A segmentation fault or the kernel's memory killer then
ends one process, whose task fails with a reason, and a new process takes its place; `concurrent.futures` would give up
all tasks at once. The processes are plain children that run this module, not `multiprocessing`'s, which would run the
caller's main script a second time.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from playloom.errors import ProcessError

type Task[T] = Callable[[Callable[[int], None]], T]
"""Something to do in another process: picklable, as its result is. It is given a function that reports progress."""

_STOP_S = 5.0
"""How long a process may take to end after it was asked to."""


@dataclass(frozen=True, kw_only=True)
class TaskProcess:
    """A process that does one task at a time.

    It answers each task with any number of ``("progress", amount)`` and one ``("done", result)`` on its connection, or
    dies: then the connection ends.

    Attributes:
        process: it.
        connection: to it.
        log: where its standard error goes.
    """

    process: subprocess.Popen[bytes]
    connection: Connection
    log: Path

    @classmethod
    def start(cls, log: Path) -> TaskProcess:
        """Start one. It ends with the caller, however that ends."""
        ours, theirs = Pipe()
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "workers.processes", str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                pass_fds=[theirs.fileno()],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(entry or os.curdir for entry in sys.path)},
            )
        theirs.close()
        return cls(process=process, connection=ours, log=log)

    def begin(self, task: Task[Any]) -> None:
        """Give it something to do."""
        with contextlib.suppress(BrokenPipeError):  # it has died, as will be seen when its answer is awaited
            self.connection.send(task)

    def reap(self) -> int:
        """Wait for its end, but not for long; returns its exit status."""
        self.connection.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            return self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def why_it_died(self) -> ProcessError:
        """What to tell of a process that ended without being asked to."""
        status = self.reap()
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines()]
        if status < 0:
            name = signal.Signals(-status).name
            fault = next((line for line in lines if line.startswith("Fatal Python error")), None)
            hint = " (the system may have run out of memory)" if name == "SIGKILL" else ""
            said = "" if fault is None else f": {fault}"
            return ProcessError(f"its process was ended by {name}{hint}{said}")
        last = next((line for line in reversed(lines) if line), "no message")
        return ProcessError(f"its process ended with status {status}: {last}")


class ProcessPool:
    """Runs tasks in at most ``jobs`` processes. Their standard error goes into files in ``log_directory``."""

    def __init__(self, jobs: int, log_directory: Path) -> None:
        assert jobs >= 1
        self._jobs = jobs
        self._log_directory = log_directory
        self._workers: list[TaskProcess] = []
        self._started = 0

    def __enter__(self) -> ProcessPool:
        self._log_directory.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        """End all processes, whatever they are at."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.reap()
        self._workers.clear()

    def run[T](
        self, tasks: Sequence[Task[T]], on_progress: Callable[[int, int], None]
    ) -> Iterator[tuple[int, T | ProcessError]]:
        """Yield each task's position with its result, or with why it has none, in the order of completion.

        ``on_progress`` is called with a task's position and what the task reports. Tasks start in order, and not
        before their results' turn to be awaited comes: a caller that stops iterating starts no more.
        """
        waiting = deque(range(len(tasks)))
        idle = list(self._workers)
        busy: dict[Connection, tuple[TaskProcess, int]] = {}
        while waiting or busy:
            while waiting and len(busy) < self._jobs:
                worker = idle.pop() if idle else self._start()
                position = waiting.popleft()
                worker.begin(tasks[position])
                busy[worker.connection] = (worker, position)
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                worker, position = busy[ready]
                try:
                    kind, content = ready.recv()
                except (EOFError, ConnectionResetError):
                    del busy[ready]
                    self._workers.remove(worker)
                    yield position, worker.why_it_died()
                    continue
                if kind == "progress":
                    on_progress(position, content)
                else:
                    del busy[ready]
                    idle.append(worker)
                    yield position, content

    def _start(self) -> TaskProcess:
        worker = TaskProcess.start(self._log_directory / f"process-{self._started}.log")
        self._started += 1
        self._workers.append(worker)
        return worker


def _end_with_the_parent() -> None:
    """Standard input closes when the parent ends, however it ends."""
    os.read(0, 1)
    os._exit(1)


def _serve(connection: Connection) -> None:
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(("done", task(lambda amount: connection.send(("progress", amount)))))


def main() -> None:
    """Run tasks from the pipe whose descriptor is the first argument until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    faulthandler.enable()
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    _serve(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
