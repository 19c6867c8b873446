"""A job's log, read while it grows, through restarts of the server."""

from __future__ import annotations

import time
from collections.abc import Iterator

from coordinator.commands.jobs_words import ENDED, print_line
from playloom.client.connection import Connection
from playloom.client.errors import ServerUnavailableError
from protos import coordinator_pb2 as pb

PATIENCE_S = 120.0
"""Whoever follows a job for hours does not lose it to a restart of the server."""

PAUSE_S = 0.5


def read_log(server: Connection, job_id: str, *, after: int = 0, follow: bool = False) -> Iterator[pb.LogLine]:
    """The lines behind number ``after``; to follow it, also those to come."""
    request = pb.ReadLogRequest(job_id=job_id, after_line=after, follow=follow)
    yield from server.stream(server.jobs.ReadLog, request)


def follow_job(server: Connection, job_id: str, *, after: int = 0, show: bool = True, as_json: bool = False) -> pb.Job:
    """Print a job's log until the job has ended.

    Args:
        server: connected.
        job_id: of the job.
        after: only lines behind this one.
        show: whether its lines are printed at all.
        as_json: each as JSON.

    Returns:
        The job as it ended.

    Raises:
        ServerError: the job is not there, or the server stays away.
    """
    while True:
        try:
            for line in read_log(server, job_id, after=after, follow=True):
                after = line.line
                if show:
                    print_line(line, as_json=as_json)
        except ServerUnavailableError:
            time.sleep(PAUSE_S)  # asked below how the job is, for as long as it takes
        job = server.call(server.jobs.GetJob, pb.GetJobRequest(job_id=job_id), patience_s=PATIENCE_S)
        if job.state in ENDED:
            for line in read_log(server, job_id, after=after):  # what came after the stream was cut
                after = line.line
                if show:
                    print_line(line, as_json=as_json)
            return job
