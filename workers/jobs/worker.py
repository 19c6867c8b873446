"""A worker: takes jobs while it has room, does them side by side, and reports on them, until it is asked to end.

Who is killed here at any moment leaves jobs whose leases run out: another attempt finds what was done and goes on.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.client.errors import LimitReachedError, ServerError, ServerUnavailableError
from playloom.documents import document_in
from playloom.errors import PlayloomError
from protos import coordinator_pb2 as pb
from workers.jobs.leased_job import JobFailedError, JobStoppedError, LeasedJob, Stop
from workers.jobs.reporting import CANCELLED, FIRST_WAIT_S, LONGEST_WAIT_S, RETURNED, Reporter

WAIT_S = 30.0
"""One question for jobs waits so long for some."""

BEAT_S = 2.0
"""So often a job's lease is renewed and its progress told; a wish to cancel is heard as soon."""

WAITING_JOBS = 16
"""Jobs that need no slot any more, because they only wait for their version, at most."""

_log = logging.getLogger("workers.jobs")


class Slot:
    """Room for one job's work; given back when the work is done, at the latest with the job."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back = give_back
        self._given = False

    def release(self) -> None:
        """Let another job begin."""
        if not self._given:
            self._given = True
            self._give_back()


type Doer = Callable[[LeasedJob, Slot], Mapping[str, Any]]
"""Does a job of one kind and gives its result; what it raises says why it could not."""


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """How a worker works.

    Attributes:
        name: for people to read.
        slots: jobs whose work is under way at the same time.
        lease_s: a job is given to another so long after the worker was heard of last.
    """

    name: str
    slots: int
    lease_s: float = 60.0


class Worker:
    """One worker. `run` stays until `drain` or `hurry` is called, which any thread may.

    Args:
        access: of the coordinator, with a worker's token.
        settings: how it works.
        doers: what it can do, by the kind of job; an earlier one goes first.
    """

    def __init__(self, access: ServerAccess, settings: WorkerSettings, doers: Mapping[str, Doer]) -> None:
        self._access, self._settings, self._doers = access, settings, doers
        self._leasing = Connection(access, patience_s=0)
        self._reports = Connection(access)
        self._changed = threading.Condition()
        self._draining, self._giving_up, self._over = threading.Event(), threading.Event(), threading.Event()
        self._reporter = Reporter(self._reports, lease_s=settings.lease_s, giving_up=self._giving_up)
        self._free = settings.slots
        self._running: dict[str, LeasedJob] = {}

    def run(self) -> None:
        """Work until drained.

        Raises:
            ServerError: the coordinator refuses this worker.
        """
        beating = threading.Thread(target=self._beat, name="heartbeats", daemon=True)
        beating.start()
        try:
            self._lease()
        finally:
            self._draining.set()
            with self._changed:
                self._changed.wait_for(lambda: not self._running)
            self._over.set()
            beating.join()
            self._leasing.close()
            self._reports.close()

    def drain(self) -> None:
        """Take no more jobs; those that run come to their end."""
        self._draining.set()
        self._leasing.close()
        with self._changed:
            self._changed.notify_all()

    def hurry(self) -> None:
        """Stop the jobs that run and give them back."""
        self.drain()
        self._giving_up.set()
        for job in self._jobs():
            job.stop(Stop.RETURNED)

    def _jobs(self) -> list[LeasedJob]:
        with self._changed:
            return list(self._running.values())

    def _lease(self) -> None:
        wait_s = FIRST_WAIT_S
        while (limit := self._room()) > 0:
            request = pb.LeaseJobsRequest(
                worker=self._settings.name,
                kinds=list(self._doers),
                limit=limit,
                lease_s=self._settings.lease_s,
                wait_s=WAIT_S,
            )
            try:
                answer = self._leasing.call(self._leasing.jobs.LeaseJobs, request, timeout_s=WAIT_S + 30)
            except (ServerUnavailableError, LimitReachedError) as error:
                if self._draining.is_set():
                    return
                if wait_s == FIRST_WAIT_S:
                    _log.warning("no jobs for now: %s", error)
                self._draining.wait(wait_s * random.uniform(0.5, 1.0))
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
                continue
            wait_s = FIRST_WAIT_S
            for job in answer.jobs:
                self._begin(job)

    def _room(self) -> int:
        """How many jobs may be taken, when there is room for one; 0 when the worker drains."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._draining.is_set()
                    or (self._free > 0 and len(self._running) < self._settings.slots + WAITING_JOBS)
                )
            )
            return 0 if self._draining.is_set() else self._free

    def _begin(self, leased: pb.Job) -> None:
        job = LeasedJob(
            id=leased.id,
            kind=leased.kind,
            payload=document_in(leased.payload),
            fence=leased.fence,
            attempts=leased.attempts,
        )
        with self._changed:
            self._free -= 1
            self._running[job.id] = job
        threading.Thread(target=self._do, args=(job,), name=job.id, daemon=True).start()
        if self._giving_up.is_set():
            job.stop(Stop.RETURNED)

    def _do(self, job: LeasedJob) -> None:
        slot = Slot(self._give_back)
        job.say(f"taken by {self._settings.name}, attempt {job.attempts}")
        try:
            result = self._doers[job.kind](job, slot)
            slot.release()
            self._reporter.complete(job, result)
        except JobStoppedError as error:
            if error.why is Stop.CANCELLED:
                self._reporter.fail(job, CANCELLED, retry=False)
            elif error.why is Stop.RETURNED:
                self._reporter.fail(job, RETURNED, retry=True)
        except JobFailedError as error:
            self._reporter.fail(job, str(error), retry=error.retry)
        except ServerUnavailableError as error:
            self._reporter.fail(job, str(error), retry=True)
        except ServerError as error:
            self._reporter.fail(job, str(error), retry=False)
        except PlayloomError as error:
            self._reporter.fail(job, str(error), retry=True)
        finally:
            slot.release()
            with self._changed:
                del self._running[job.id]
                self._changed.notify_all()

    def _give_back(self) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_S):
            for job in self._jobs():
                self._reporter.beat(job)


class WorkerGroup:
    """Several workers as one: each takes jobs of its own kinds, into slots of its own."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers

    def run(self) -> None:
        """Work until drained.

        Raises:
            ServerError: the coordinator refuses one of them; the others come to their end.
        """
        problems: list[PlayloomError] = []

        def work(worker: Worker) -> None:
            try:
                worker.run()
            except PlayloomError as error:
                problems.append(error)
                self.drain()

        threads = [threading.Thread(target=work, args=(worker,), name="worker") for worker in self._workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]

    def drain(self) -> None:
        """See `Worker.drain`."""
        for worker in self._workers:
            worker.drain()

    def hurry(self) -> None:
        """See `Worker.hurry`."""
        for worker in self._workers:
            worker.hurry()
