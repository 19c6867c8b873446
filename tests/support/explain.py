"""What a wait for a server's jobs tells of when it took too long."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.errors import PlayloomError
from protos import coordinator_pb2 as pb


def jobs_told(access: ServerAccess) -> str:
    """A server's jobs and their logs."""
    lines: list[str] = []
    try:
        with Connection(access, patience_s=5) as connection:
            answer = connection.call(connection.jobs.ListJobs, pb.ListJobsRequest(page_size=100))
            for job in answer.jobs:
                lines.append(
                    f"{job.id} {job.kind} {job.state}, attempt {job.attempts}, {job.worker or 'nobody'}, "
                    f"{job.progress:.0%} {job.progress_text} {job.reason}"
                )
                log = connection.stream(connection.jobs.ReadLog, pb.ReadLogRequest(job_id=job.id))
                lines += [f"    {line.text}" for line in log]
    except PlayloomError as error:
        lines.append(f"(the server does not say more: {error})")
    return "\n".join(lines) or "there are no jobs"


def ray_told(process_id: int) -> str:
    """The last that a local Ray cluster of a worker has logged."""
    lines: list[str] = []
    for path in sorted(Path(tempfile.gettempdir()).glob(f"plray-{process_id}-*/session_2*/logs/*")):
        if path.is_file() and (content := path.read_text(errors="replace")[-700:].strip()):
            lines.append(f"-- {path.name}\n{content}")
    return "\n".join(lines)
