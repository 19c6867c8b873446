"""Processes for tasks, started before the first job comes: importing what a conversion needs takes a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from workers.jobs.ray_tasks import RayTasks
from workers.jobs.watched_task import TaskLimits

HOLD_S = 0.2
"""A process stays busy so long, so that the next task starts another."""


def warm_up(cluster: RayTasks, slots: int, limits: TaskLimits) -> None:
    """Start as many processes as jobs may run at a time; does not wait for them."""
    for _ in range(slots):
        cluster.begin_and_forget(partial(_import), limits)


def _import(_: Callable[[object], None]) -> None:
    from workers.jobs import ingest_step  # noqa: F401

    time.sleep(HOLD_S)
