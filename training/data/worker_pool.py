"""The workers of a loader: plain children, a few tasks ahead each, replaced when a video brings one down."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any, Protocol, cast

from training.data.tasks import Task, TaskRunner, WorkerSetup, task_to_bytes
from training.errors import TrainingError

DEPTH = 2
"""Tasks that a worker has at a time: the next one waits for it while its answer is on the way."""

_STOP_S = 5.0
_MAX_DEATHS = 2
"""A task during which so many workers die is given up."""

_MAX_STILLBORN = 3


class TaskDoers(Protocol):
    """Who does a loader's tasks."""

    @property
    def room(self) -> int:
        """How many tasks they would take now."""
        ...

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        ...

    def submit(self, task: Task) -> None:
        """Give them a task."""
        ...

    def wait(self, wake: Connection | None, timeout_s: float | None = None) -> list[tuple[Task, dict[str, Any]]]:
        """The tasks that are done and their answers; returns early when ``wake`` has something to read.

        An answer that is ``{"died": reason}`` is of a task that brought down its worker again and again.
        """
        ...

    def close(self) -> None:
        """End them."""
        ...


class AtHome:
    """Does tasks in this process, when it is waited for."""

    def __init__(self, setup: WorkerSetup) -> None:
        self._runner = TaskRunner(setup)
        self._tasks: deque[Task] = deque()

    @property
    def room(self) -> int:
        return 1 - len(self._tasks)

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def wait(self, wake: Connection | None, timeout_s: float | None = None) -> list[tuple[Task, dict[str, Any]]]:
        if not self._tasks:
            if wake is not None:
                wait([wake], timeout_s)
            return []
        task = self._tasks.popleft()
        return [(task, self._runner.run(task))]

    def close(self) -> None:
        self._tasks.clear()


class _Worker:
    """One process and what it has to do."""

    def __init__(self, setup: WorkerSetup, log: Path) -> None:
        self.tasks: deque[Task] = deque()
        self.answered = False
        self.connection, theirs = Pipe()
        descriptors = [area[0] for area in setup.areas.values()]
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "training.data.worker", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                pass_fds=[theirs.fileno(), *descriptors],
            )
        theirs.close()
        self.log = log
        with contextlib.suppress(OSError):  # it is dead already; that is met with when it is waited for
            self.connection.send_bytes(setup.to_bytes())

    def submit(self, task: Task) -> None:
        self.tasks.append(task)
        with contextlib.suppress(OSError):
            self.connection.send_bytes(task_to_bytes(task))

    def stop(self) -> None:
        self.connection.close()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        """How it died, and the last line that it wrote."""
        code = self.process.wait()
        said = self.log.read_text(errors="replace").strip().splitlines()
        return f"its process ended with {code}" + (f": {said[-1][:200]}" if said else "")


class WorkerPool:
    """Processes that do tasks.

    Args:
        count: how many.
        setup: what each knows.
    """

    def __init__(self, count: int, setup: WorkerSetup) -> None:
        self._setup = setup
        self._directory = tempfile.TemporaryDirectory(prefix="playloom-loader-")
        self._started = self._stillborn = 0
        self._deaths: dict[int, int] = {}
        self._workers = [self._start() for _ in range(count)]

    @property
    def room(self) -> int:
        return sum(DEPTH - len(worker.tasks) for worker in self._workers)

    @property
    def busy(self) -> bool:
        return any(worker.tasks for worker in self._workers)

    def submit(self, task: Task) -> None:
        min(self._workers, key=lambda worker: len(worker.tasks)).submit(task)

    def wait(self, wake: Connection | None, timeout_s: float | None = None) -> list[tuple[Task, dict[str, Any]]]:
        by_connection = {worker.connection: worker for worker in self._workers if worker.tasks}
        waited: Sequence[Any] = wait([*by_connection, *([wake] if wake is not None else [])], timeout_s)
        done: list[tuple[Task, dict[str, Any]]] = []
        for connection in waited:
            if connection is wake:
                continue
            worker = by_connection[cast("Connection", connection)]
            try:
                answer = json.loads(worker.connection.recv_bytes())
            except (EOFError, OSError):
                done += self._bury(worker)
                continue
            worker.answered = True
            task = worker.tasks.popleft()
            self._deaths.pop(id(task), None)
            done.append((task, answer))
        return done

    def close(self) -> None:
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.stop()
        self._workers = []
        self._directory.cleanup()

    def _start(self) -> _Worker:
        self._started += 1
        return _Worker(self._setup, Path(self._directory.name) / f"worker-{self._started}.log")

    def _bury(self, worker: _Worker) -> list[tuple[Task, dict[str, Any]]]:
        """Put another in a dead one's place. Its first task is tried once more, the others are done as if nothing was.

        Raises:
            TrainingError: workers die before they have done anything.
        """
        said = worker.last_words()
        worker.connection.close()
        self._stillborn = 0 if worker.answered else self._stillborn + 1
        if self._stillborn > _MAX_STILLBORN:
            raise TrainingError(f"the loader's workers do not start: {said}", remedy="Try with data.workers=0")
        fresh = self._start()
        self._workers[self._workers.index(worker)] = fresh
        given_up: list[tuple[Task, dict[str, Any]]] = []
        for place, task in enumerate(worker.tasks):
            if place == 0:
                deaths = self._deaths[id(task)] = self._deaths.get(id(task), 0) + 1
                if deaths >= _MAX_DEATHS:
                    del self._deaths[id(task)]
                    given_up.append((task, {"died": said}))
                    self._stillborn = 0
                    continue
            fresh.submit(task)
        return given_up
