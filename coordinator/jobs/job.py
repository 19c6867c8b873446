"""What a job is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from coordinator.jobs.states import FINAL, OPEN, JobState

JOB_KIND = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
MAX_DOCUMENT_BYTES = 256 * 1024
MAX_PRIORITY = 1000
DEFAULT_ATTEMPTS = 5

ACCEPT = "accept"
"""In a payload: quality gates that the job passes whatever they find, because a player has appealed."""

GATE_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
MAX_ACCEPTED = 50

__all__ = [
    "ACCEPT",
    "DEFAULT_ATTEMPTS",
    "FINAL",
    "GATE_NAME",
    "JOB_KIND",
    "MAX_ACCEPTED",
    "MAX_DOCUMENT_BYTES",
    "MAX_PRIORITY",
    "OPEN",
    "Job",
    "JobRequest",
    "JobState",
    "job_of",
]


@dataclass(frozen=True, kw_only=True)
class JobRequest:
    """A job to be.

    Attributes:
        kind: what is to be done; workers ask for kinds.
        player_id: for whom; the players' jobs take turns.
        payload: what the worker needs to know.
        priority: -1000 to 1000; the highest goes first, whoever it is for.
        idempotency_key: a second request of the player with this key is the same job; None: always a new one.
        needs: jobs that must be done before.
        max_attempts: how often it is tried.
        ready_unix_ns: not before; None: at once.
    """

    kind: str
    player_id: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    idempotency_key: str | None = None
    needs: tuple[str, ...] = ()
    max_attempts: int = DEFAULT_ATTEMPTS
    ready_unix_ns: int | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as it stands.

    Attributes:
        id: its id.
        kind, player_id, payload, priority, idempotency_key, max_attempts: as requested.
        state: where it stands.
        attempts: how often it was begun.
        ready_unix_ns: not before.
        fence: the number of its latest lease: only who names it may report on the job.
        worker: who has or had it last.
        lease_until_unix_ns: when the lease runs out.
        cancel_requested: whether its worker is to stop.
        progress: 0 to 1, and in words.
        result: what the worker found.
        reason: why it failed last.
        created_unix_ns, started_unix_ns, finished_unix_ns: when.
    """

    id: str
    kind: str
    player_id: str
    state: JobState
    payload: Mapping[str, Any]
    priority: int
    idempotency_key: str | None
    attempts: int
    max_attempts: int
    ready_unix_ns: int
    fence: int
    worker: str | None
    lease_until_unix_ns: int | None
    cancel_requested: bool
    progress: float | None
    progress_text: str | None
    result: Mapping[str, Any] | None
    reason: str | None
    created_unix_ns: int
    started_unix_ns: int | None
    finished_unix_ns: int | None


def job_of(row: Row[Any]) -> Job:
    """The job in a row of the table."""
    values = dict(row._mapping)
    return Job(
        state=JobState(values["state"]),
        priority=-values["rank"],
        **{name: values[name] for name in Job.__dataclass_fields__ if name not in ("state", "priority")},
    )
