"""A job's work as a task of the cluster: begun again where the cluster lost it, stopped where the job is to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workers.jobs.leased_job import JobFailedError, JobStoppedError, LeasedJob, Stop
from workers.jobs.ray_tasks import ClusterError, RayTasks, TaskLostError, TaskStoppedError
from workers.jobs.watched_task import Task, TaskDied, TaskDone, TaskLimits

CRASHES = 2
"""A task whose process crashes is tried so often: more memory may be free the next time, but a poisoned video stays."""


@dataclass(frozen=True, kw_only=True)
class TaskRunner:
    """Runs tasks for jobs.

    Attributes:
        cluster: where.
        limits: of each.
        retries: how often a task that the cluster lost is begun again under the same lease.
    """

    cluster: RayTasks
    limits: TaskLimits
    retries: int = 2

    def run(self, job: LeasedJob, task: Task) -> Any:
        """The task's result.

        Raises:
            JobStoppedError: the job is to stop, or to be given back because the worker has lost its cluster.
            JobFailedError: the task's process died, or the cluster lost it too often.
        """
        lost = 0
        while True:
            job.checkpoint()
            try:
                return self._once(job, task)
            except (TaskLostError, ClusterError) as error:
                if self.cluster.is_lost:  # the worker gives its jobs back, and begins again
                    raise JobStoppedError(Stop.RETURNED) from error
                lost += 1
                if lost > self.retries:
                    raise JobFailedError(f"{error}{_place(job)}", retry=True) from error
                job.say(f"{error}; it is begun again")
            except TaskStoppedError as error:
                job.checkpoint()
                raise JobStoppedError(Stop.RETURNED) from error

    def _once(self, job: LeasedJob, task: Task) -> Any:
        running = self.cluster.run(task, self.limits)
        job.while_running(running.stop)
        try:
            for event in running.events():
                match event:
                    case TaskDone():
                        return event.result
                    case TaskDied():
                        retry = not event.over_limit and (event.from_outside or job.attempts < CRASHES)
                        raise JobFailedError(f"{event.reason}{_place(job)}", retry=retry)
                    case _:
                        share, text = event.what
                        job.tell(share, text)
        finally:
            job.while_running(None)
        raise TaskLostError("its task ended without a result")


def _place(job: LeasedJob) -> str:
    share, text = job.progress
    return f", at {share:.0%}: {text}" if text else ""
