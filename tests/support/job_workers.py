"""Workers that are as unreliable as real ones, and a ledger of what they did under which lease."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from contextlib import suppress

from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.client.errors import NotNowError, ServerUnavailableError
from protos import coordinator_pb2 as pb

LEASE_S = 2.0
WAIT_S = 0.5


class Ledger:
    """Where the jobs' effects go. Any thread may call.

    Attributes:
        effects: the fences under which each job's effect was written, in their order.
        accepted: the fences under which the server took each job's end.
        turned_away: ends that it did not take: the lease was lost.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self.effects: dict[str, list[int]] = defaultdict(list)
        self.accepted: dict[str, set[int]] = defaultdict(set)
        self.turned_away = 0

    def write(self, job_id: str, fence: int) -> None:
        """An effect takes the place of one under an earlier fence, and none goes behind a later one."""
        with self._turn:
            written = self.effects[job_id]
            if not written or written[-1] < fence:
                written.append(fence)

    def accept(self, job_id: str, fence: int) -> None:
        with self._turn:
            self.accepted[job_id].add(fence)

    def turn_away(self) -> None:
        with self._turn:
            self.turned_away += 1


class Worker:
    """Leases jobs on a thread of its own, and now and then is killed, or is too slow, in the middle of one.

    Args:
        access: a worker's.
        name: of it.
        kinds: of jobs.
        ledger: where it writes what it does.
        seed: of its misfortunes.
    """

    def __init__(self, access: ServerAccess, name: str, kinds: list[str], ledger: Ledger, seed: int) -> None:
        self._access, self._name, self._kinds, self._ledger = access, name, kinds, ledger
        self._random = random.Random(seed)
        self._stop = threading.Event()
        self.reliable = threading.Event()
        self.problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), f"{self._name} hangs"

    def _run(self) -> None:
        try:
            with Connection(self._access, patience_s=0.5) as connection:
                while not self._stop.is_set():
                    self._take(connection)
        except BaseException as error:
            self.problem = error
            raise

    def _take(self, connection: Connection) -> None:
        request = pb.LeaseJobsRequest(worker=self._name, kinds=self._kinds, limit=2, lease_s=LEASE_S, wait_s=WAIT_S)
        try:
            jobs = connection.call(connection.jobs.LeaseJobs, request).jobs
        except ServerUnavailableError:
            self._stop.wait(0.1)
            return
        for job in jobs:
            with suppress(NotNowError):  # the lease is lost
                self._work(connection, job)

    def _work(self, connection: Connection, job: pb.Job) -> None:
        fate = 1.0 if self.reliable.is_set() else self._random.random()
        for _ in range(self._random.randint(0, 3)):
            self._stop.wait(0.1)
            beat = pb.HeartbeatRequest(job_id=job.id, fence=job.fence, lease_s=LEASE_S, progress=0.5)
            with suppress(ServerUnavailableError):
                connection.call(connection.jobs.Heartbeat, beat)
        if fate < 0.05:  # killed
            return
        if fate < 0.08:  # it hangs until its lease is another's
            self._stop.wait(LEASE_S * self._random.uniform(1, 3))
        self._ledger.write(job.id, job.fence)
        if fate < 0.1:  # killed between the two
            return
        self._complete(connection, job)

    def _complete(self, connection: Connection, job: pb.Job) -> None:
        request = pb.CompleteJobRequest(job_id=job.id, fence=job.fence)
        while True:
            try:
                connection.call(connection.jobs.CompleteJob, request)
            except ServerUnavailableError:
                if self._stop.wait(0.1):
                    return
            except NotNowError:
                self._ledger.turn_away()
                raise
            else:
                self._ledger.accept(job.id, job.fence)
                return
