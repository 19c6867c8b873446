"""A worker as a program: from its greeting to the last job that it lets end."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.errors import PlayloomError
from playloom.objects.open_store import open_store
from workers.jobs.dataset_jobs import COLLECT, COMPACT, REMOVE, ROLLBACK, ChangingDatasets
from workers.jobs.ingest_job import INGEST, Ingesting, RememberingCoordinator
from workers.jobs.ingest_step import IngestOrder, NotStaged, Staged, Tell, ingest
from workers.jobs.program_job import RunningPrograms
from workers.jobs.program_order import KINDS as PROGRAM_KINDS
from workers.jobs.ray_jobs import RayJobs, can_run_programs
from workers.jobs.ray_tasks import ClusterError, RaySettings, RayTasks
from workers.jobs.scratch import remove_left_attempts
from workers.jobs.tasks import TaskRunner
from workers.jobs.warm_up import warm_up
from workers.jobs.watched_task import TaskLimits
from workers.jobs.worker import Doer, Worker, WorkerGroup, WorkerSettings

ALL_KINDS = (REMOVE, ROLLBACK, INGEST, COMPACT, COLLECT)
"""An earlier one goes first: who wants to be forgotten does not wait behind a thousand conversions."""


def usual_kinds() -> tuple[str, ...]:
    """What a worker does unless it is told: training and labelling only where what they need is installed."""
    return ALL_KINDS + (PROGRAM_KINDS if can_run_programs() else ())


SILENCE_S = 900.0
"""A task that tells nothing for so long does not go on."""

LOOK_S = 5.0
"""So often it is asked whether the node of the cluster still lives."""

STARTS = 5
"""So often in a row a node may die before it is up: then it is not chance."""

_BEGUN = "PLAYLOOM_WORKER_STARTS"

PATIENCE_S = 300.0
"""A job that is under way waits so long for a coordinator that is away."""


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """What a worker is asked to be.

    Attributes:
        access: the coordinator, with a worker's token.
        store: the object store's address.
        name: for people; empty: this machine's.
        slots: jobs at the same time; None: as many as the cluster has room for, at least one.
        kinds: of jobs.
        programs: jobs of training and labelling at the same time, beside the slots.
        dashboard: of a cluster, where programs are submitted; None: asked of the cluster.
        scratch: for files under way, here and on the machines of the cluster.
        memory_bytes: that a task may take.
        lease_s: see `WorkerSettings`.
        ray: the cluster.
        retries: see `TaskRunner`.
        step: the conversion of a session.
    """

    access: ServerAccess
    store: str
    scratch: Path
    ray: RaySettings
    name: str = ""
    slots: int | None = None
    kinds: tuple[str, ...] = ALL_KINDS
    memory_bytes: int = 2 << 30
    lease_s: float = 60.0
    retries: int = 2
    programs: int = 1
    dashboard: str | None = None
    step: Callable[[IngestOrder, Tell], Staged | NotStaged] = ingest


@dataclass(frozen=True, kw_only=True)
class RunningWorker:
    """A worker that was put together. Attributes: slots: how many jobs it does at a time."""

    worker: WorkerGroup
    name: str
    slots: int


@contextmanager
def worker_for(options: WorkerOptions, cluster: RayTasks) -> Iterator[RunningWorker]:
    """Put a worker together on a cluster that was started; `Worker.run` is the caller's to call.

    Raises:
        PlayloomError: the store cannot be used, or there is no such kind of job.
    """
    every = (*ALL_KINDS, *PROGRAM_KINDS)
    unknown = [kind for kind in options.kinds if kind not in every]
    if unknown:
        raise PlayloomError(f"no worker does jobs of the kind '{unknown[0]}'", remedy=f"There are {', '.join(every)}")
    name = options.name or f"{socket.gethostname()}-{os.getpid()}"
    store = open_store(options.store)
    options.scratch.mkdir(parents=True, exist_ok=True)
    remove_left_attempts(options.scratch)
    slots = options.slots or cluster.room()
    limits = TaskLimits(memory_bytes=options.memory_bytes, silence_s=SILENCE_S)
    tasks = TaskRunner(cluster=cluster, limits=limits, retries=options.retries)
    with Connection(options.access, patience_s=PATIENCE_S) as connection:
        ingesting = Ingesting(
            connection=connection,
            coordinator=RememberingCoordinator(connection),
            tasks=tasks,
            store=store,
            store_url=options.store,
            scratch=options.scratch,
            worker=name,
            step=options.step,
        )
        changing = ChangingDatasets(
            access=options.access, tasks=tasks, store_url=options.store, scratch=options.scratch, worker=name
        )
        where = RayJobs(options.ray, dashboard=options.dashboard)
        programs = RunningPrograms(
            connection=connection,
            jobs=where,
            store=store,
            store_url=options.store,
            scratch=options.scratch,
        )
        converting: dict[str, Doer] = {
            kind: ingesting if kind == INGEST else changing for kind in options.kinds if kind in ALL_KINDS
        }
        running: dict[str, Doer] = {kind: programs for kind in options.kinds if kind in PROGRAM_KINDS}
        workers = [
            Worker(options.access, WorkerSettings(name=name, slots=room, lease_s=options.lease_s), doers)
            for doers, room in ((converting, slots), (running, options.programs))
            if doers
        ]
        try:
            yield RunningWorker(worker=WorkerGroup(workers), name=name, slots=slots)
        finally:
            where.close()


def run_worker(options: WorkerOptions, greet: Callable[[RunningWorker], None], *, until_closed: bool = False) -> bool:
    """Run until a signal: the first lets the jobs that run come to their end, the second gives them back.

    Returns:
        Whether the node of the cluster has died, also before it was up, so that this program must be begun again; its
        jobs were given back.

    Args:
        options: of the worker.
        greet: told when it takes jobs.
        until_closed: the end of standard input counts as two signals: whoever started this has died.

    Raises:
        PlayloomError: there is no cluster, no store, or the coordinator refuses this worker.
    """
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s", level=logging.WARNING)
    asked = _Asked()
    cluster = RayTasks(options.ray)
    try:
        asked.listen()
        if until_closed:
            threading.Thread(target=_hear_end, daemon=True).start()
        try:
            cluster.start()
        except ClusterError:
            if not cluster.is_lost or not _begins_once_more():
                raise
            return True
        os.environ.pop(_BEGUN, None)
        asked.is_working = True
        asked.listen()  # Ray has put its own handlers in place of ours
        with worker_for(options, cluster) as running:
            warm_up(cluster, running.slots, TaskLimits(memory_bytes=options.memory_bytes, silence_s=SILENCE_S))
            greet(running)
            _stay(running.worker, asked, cluster)
    except _AskedSoonError:
        pass
    finally:
        asked.is_working = True
        cluster.close()
    return cluster.is_lost and not asked.times


class _AskedSoonError(BaseException):
    """Asked to end before there was anything to end."""


class _Asked:
    """How often it was asked to end. While the cluster starts, which takes long, asking interrupts that."""

    def __init__(self) -> None:
        self.times = 0
        self.is_working = False

    def listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.hear)

    def hear(self, *_: object) -> None:
        self.times += 1
        if not self.is_working and self.times == 1:  # the second would interrupt the ending
            raise _AskedSoonError


def _begins_once_more() -> bool:
    """Whether this program may become itself anew, because its node has died before it was up; counts how often."""
    tries = int(os.environ.get(_BEGUN, "0")) + 1
    os.environ[_BEGUN] = str(tries)
    return tries < STARTS


def _stay(worker: WorkerGroup, asked: _Asked, cluster: RayTasks) -> None:
    problems: list[PlayloomError] = []

    def work() -> None:
        try:
            worker.run()
        except PlayloomError as error:
            problems.append(error)

    def watch() -> None:
        while thread.is_alive() and not cluster.is_lost:
            cluster.look()
            thread.join(LOOK_S)

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    threading.Thread(target=watch, name="cluster", daemon=True).start()
    heard, lost = 0, False
    while thread.is_alive():
        if cluster.is_lost and not lost:
            lost = True
            worker.hurry()
        if asked.times > heard:
            heard = asked.times
            worker.hurry() if heard > 1 else worker.drain()
        thread.join(0.1)
    if problems:
        raise problems[0]


def _hear_end() -> None:
    while os.read(0, 1024):
        pass
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.5)
