"""The module that knows Ray's tasks: of a cluster, of this machine alone or of many.

A task runs in a process of its own beside the process that Ray gives it. Ray sees to where there is room for it, this
process to what the task may take, and both are kept for the next task: starting them costs more than a short session.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playloom.errors import MissingExtraError, PlayloomError
from playloom.ray_patience import ENVIRONMENT as PATIENCE
from playloom.ray_patience import NodeDiedError, time_to_start
from playloom.ray_token import connect_as_asked, forget
from workers.jobs.watched_task import Task, TaskEvent, TaskLimits, WatchedProcess

LOCAL = "local"
"""A cluster of this machine alone, begun here and ended here."""

STORE_BYTES = 80 << 20
"""Of Ray's own object store, which holds nothing of ours: the least that it takes."""

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent to anyone
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_NICENESS = "RAY_worker_niceness"
"""Ray's own choice is 15: beside one busy program a core gives such a process a thirtieth of its time."""

_LOOPBACK = "127.0.0.1"
_DIRECTORY = "plray-"


class TaskLostError(PlayloomError):
    """A task's process, its machine or the cluster was lost: no fault of the task, it can be done again."""


class TaskStoppedError(PlayloomError):
    """A task was stopped as it was asked to."""


class ClusterError(PlayloomError):
    """There is no Ray cluster to run tasks on."""


@dataclass(frozen=True, kw_only=True)
class RaySettings:
    """Where tasks run.

    Attributes:
        address: a cluster's, ``auto``, or `LOCAL`.
        cpus: of a local cluster; None: all of this machine.
        niceness: of a local cluster's tasks, 0 to 19: how far they stand back behind other programs.
        task_cpus: that a task takes.
        resources: further resources of the cluster that a task takes, by name.
        spread: tasks go to as many machines as there are, instead of filling one after another.
    """

    address: str = LOCAL
    cpus: int | None = None
    niceness: int = 0
    task_cpus: float = 1.0
    resources: Mapping[str, float] = field(default_factory=dict)
    spread: bool = True


class RayTasks:
    """A connection to a Ray cluster. Any thread may run tasks.

    A connection whose node of the cluster has died is good for nothing any more, and Ray bears no second one in the
    same process: see `is_lost`.
    """

    def __init__(self, settings: RaySettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._remote: Any = None
        self._warming: list[Any] = []
        self._directory: str | None = None
        self._broken = False
        self._begun = False

    def start(self) -> None:
        """Connect, or begin the local cluster.

        Raises:
            ClusterError: it does not answer.
        """
        with self._lock:
            self._start()

    def run(self, task: Task, limits: TaskLimits) -> RunningTask:
        """Begin a task when there is room for it.

        Raises:
            ClusterError: there is no cluster any more.
        """
        try:
            return RunningTask(self._connected().remote(task, limits, self._directory), self._lost)
        except _ray().exceptions.RayError as error:
            raise self._lost(error) from error

    def begin_and_forget(self, task: Task, limits: TaskLimits) -> None:
        """Begin a task for what it leaves in its process."""
        self._warming.append(self._connected().remote(task, limits, self._directory))

    @property
    def is_lost(self) -> bool:
        """Whether the node of the cluster has died: this process must be begun again."""
        return self._broken

    def look(self) -> None:
        """Ask the cluster whether our node of it lives: without a task under way nobody else would notice that.

        It takes the cluster some seconds to know. What it does not answer is no news.
        """
        ray = _ray()
        with suppress(ray.exceptions.RayError, RuntimeError, ConnectionError):
            ours = ray.get_runtime_context().get_node_id()
            if any(node["NodeID"] == ours and not node["Alive"] for node in ray.nodes()):
                self._broken = True

    def room(self) -> int:
        """How many tasks the cluster has room for, at least one."""
        total = _ray().cluster_resources().get("CPU", 1.0)
        return max(1, int(total / self._settings.task_cpus)) if self._settings.task_cpus else max(1, int(total))

    def close(self) -> None:
        """End the connection, and a local cluster with it."""
        with self._lock:
            self._stop()

    def _connected(self) -> Any:
        with self._lock:
            if self._broken:
                raise ClusterError("the worker's node of the Ray cluster has died")
            if self._remote is None:
                self._start()
            return self._remote

    def _start(self) -> None:
        settings = self._settings
        if settings.address.startswith("ray://"):
            raise ClusterError(
                f"'{settings.address}' is for Ray's client, which hands on no progress of tasks",
                remedy="Run the worker on a machine that is part of the cluster, with --ray-address auto or HOST:PORT",
            )
        if settings.address == LOCAL:
            forget()
        else:
            connect_as_asked(settings.address)
        ray = _ray()
        options: dict[str, Any] = {"configure_logging": False, "log_to_driver": False}
        if settings.address == LOCAL:
            os.environ.setdefault(_NICENESS, str(settings.niceness))
            _remove_left_directories()
            # Short: it is part of sockets' names.
            self._directory = tempfile.mkdtemp(prefix=f"{_DIRECTORY}{os.getpid()}-")
            options |= {
                "num_cpus": settings.cpus,
                "include_dashboard": False,
                "object_store_memory": STORE_BYTES,
                "_node_ip_address": _LOOPBACK,
                "_temp_dir": self._directory,
            }
        self._begun = True
        try:
            with time_to_start(ray):
                ray.init(address=settings.address, **options)
        except (ConnectionError, TimeoutError, ray.exceptions.RayError, RuntimeError, ValueError) as error:
            self._broken = isinstance(error, NodeDiedError)
            self._stop()
            raise ClusterError(
                f"there is no Ray cluster at '{settings.address}': {str(error).splitlines()[0]}",
                remedy="Name its address with --ray-address, or leave that out for one of this machine's own",
            ) from error
        remote: Any = ray.remote(_serve)
        self._remote = remote.options(
            num_cpus=settings.task_cpus,
            resources=dict(settings.resources) or None,
            scheduling_strategy="SPREAD" if settings.spread else "DEFAULT",
            max_retries=0,
            num_returns="streaming",
            name="playloom",
        )
        self._broken = False

    def _stop(self) -> None:
        self._remote = None
        self._warming.clear()
        if self._begun:  # a signal can come while Ray is being imported, and half of it cannot be shut down
            _ray().shutdown()
            self._begun = False
        if self._directory is not None:
            _end_processes(self._directory)
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def _lost(self, error: BaseException) -> TaskLostError:
        ray = _ray()
        if isinstance(error, ray.exceptions.LocalRayletDiedError | ray.exceptions.RaySystemError):
            self._broken = True
        if isinstance(error, ray.exceptions.OutOfMemoryError):
            return TaskLostError("its machine had hardly any memory left, so that Ray ended it")
        return TaskLostError(f"its place in the Ray cluster was lost ({type(error).__name__})")


class RunningTask:
    """A task that was begun. Iterating gives what it tells, in the end its result, or why its process ended."""

    def __init__(self, stream: Any, lost: Callable[[BaseException], TaskLostError]) -> None:
        self._stream, self._lost = stream, lost
        self._stopped = threading.Event()

    def events(self) -> Generator[TaskEvent]:
        """Everything that the task tells, as it comes.

        Raises:
            TaskStoppedError: `stop` was called.
            TaskLostError: Ray lost it.
        """
        ray = _ray()
        try:
            for reference in self._stream:
                yield ray.get(reference)
        except ray.exceptions.RayError as error:
            if self._stopped.is_set():
                raise TaskStoppedError("the task was stopped") from error
            raise self._lost(error) from error

    def stop(self) -> None:
        """End it, whatever it is at."""
        self._stopped.set()
        _ray().cancel(self._stream, force=True)


_process: WatchedProcess | None = None
"""Of the process that Ray gives: kept from task to task."""


def _serve(task: Task, limits: TaskLimits, directory: str | None) -> Generator[TaskEvent]:
    """What runs on the cluster. ``directory``: of a local one, which goes with it."""
    global _process
    if _process is None:
        _process = WatchedProcess(Path(directory or tempfile.gettempdir()))
    yield from _process.run(task, limits)


def _remove_left_directories() -> None:
    """Of local clusters whose worker was killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{_DIRECTORY}*"):
        owner = path.name.removeprefix(_DIRECTORY).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(path, ignore_errors=True)


def _end_processes(directory: str) -> None:
    """Of a local cluster of ours that was not up yet: Ray itself ends those of one that was."""
    import psutil

    with suppress(psutil.Error):
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                if any(directory in word for word in process.cmdline()):
                    process.kill()


def _ray() -> Any:
    for name, value in (_ENVIRONMENT | PATIENCE).items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("running jobs", "workers") from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    return ray
