"""Where a job stands."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands. A job goes from the upper ones to the lower ones; only a retry goes back."""

    BLOCKED = "blocked"  # needs other jobs that are not done
    WAITING = "waiting"  # not before its time
    READY = "ready"  # a worker may take it
    LEASED = "leased"  # a worker has it
    DONE = "done"
    DEAD = "dead"  # failed too often, or for good; its reason says why
    CANCELLED = "cancelled"


FINAL = frozenset({JobState.DONE, JobState.DEAD, JobState.CANCELLED})
OPEN = tuple(state for state in JobState if state not in FINAL)
