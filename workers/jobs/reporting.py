"""What a worker says to the coordinator about its jobs. While that is away, nothing is lost but time."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from typing import Any

from playloom.client.connection import Connection
from playloom.client.errors import (
    LimitReachedError,
    NotNowError,
    NotThereError,
    RequestRefusedError,
    ServerUnavailableError,
)
from playloom.documents import struct_with
from protos import coordinator_pb2 as pb
from workers.jobs.leased_job import LeasedJob, Stop

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0

RETURNED = "its worker was ended before it was done"
CANCELLED = "cancelled"


class Reporter:
    """Reports on leased jobs. Any thread may call.

    Args:
        connection: to the coordinator.
        lease_s: how long a heartbeat is good for.
        giving_up: set when nothing is to be waited for any more.
    """

    def __init__(self, connection: Connection, *, lease_s: float, giving_up: threading.Event) -> None:
        self._connection, self._lease_s, self._giving_up = connection, lease_s, giving_up

    def beat(self, job: LeasedJob) -> None:
        """Keep the lease, say how far the job is and what it has logged; hear whether it is to stop."""
        share, text = job.progress
        request = pb.HeartbeatRequest(
            job_id=job.id, fence=job.fence, lease_s=self._lease_s, progress=share, progress_text=text
        )
        try:
            answer = self._connection.call(self._connection.jobs.Heartbeat, request, patience_s=0)
            self._send_lines(job)
        except (ServerUnavailableError, LimitReachedError):
            return  # the work goes on; whether the lease was lost will be told when the coordinator is back
        except (NotNowError, NotThereError):
            job.stop(Stop.LOST)
            return
        if answer.cancel_requested:
            job.stop(Stop.CANCELLED)

    def complete(self, job: LeasedJob, result: Mapping[str, Any]) -> None:
        """Report a job as done; nothing happens where the lease is lost."""
        request = pb.CompleteJobRequest(job_id=job.id, fence=job.fence, result=struct_with(result))
        self._report(job, lambda: self._connection.call(self._connection.jobs.CompleteJob, request, patience_s=0))

    def fail(self, job: LeasedJob, reason: str, *, retry: bool) -> None:
        """Report a job as failed; nothing happens where the lease is lost."""
        request = pb.FailJobRequest(job_id=job.id, fence=job.fence, reason=reason, retry=retry)
        self._report(job, lambda: self._connection.call(self._connection.jobs.FailJob, request, patience_s=0))

    def _report(self, job: LeasedJob, call: Callable[[], object]) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            try:
                self._send_lines(job)
                call()
                return
            except (NotNowError, NotThereError):
                return
            except (ServerUnavailableError, LimitReachedError):
                if self._giving_up.wait(wait_s * random.uniform(0.5, 1.0)):
                    return  # its lease runs out, and another worker finds out how far it had come
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _send_lines(self, job: LeasedJob) -> None:
        lines = job.take_lines()
        if not lines:
            return
        request = pb.AppendLogRequest(job_id=job.id, fence=job.fence, lines=lines)
        try:
            self._connection.call(self._connection.jobs.AppendLog, request, patience_s=0)
        except (ServerUnavailableError, LimitReachedError):
            job.put_back(lines)
            raise
        except RequestRefusedError:
            return  # a log that cannot be kept holds up no job
