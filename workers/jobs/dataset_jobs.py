"""The jobs `dataset.*`: versions without some sessions, of fewer files, of earlier content; and what none names goes.

Each is one task: it makes its version from within the cluster, so that a large dataset's files pass through the machine
that has room for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.client.errors import ServerUnavailableError
from playloom.errors import OutputError, PlayloomError
from playloom.manifest.errors import CommitUnknownError
from playloom.objects.errors import ObjectStoreError
from playloom.objects.object_store import ObjectStore
from playloom.objects.open_store import open_store
from workers.dataset.collect import collect_garbage
from workers.dataset.compact import compact_dataset
from workers.dataset.coordinator import DatasetCoordinator
from workers.dataset.coordinator_client import CoordinatorClient
from workers.dataset.remove import remove_sessions
from workers.dataset.rollback import roll_back
from workers.jobs.ingest_step import NotStaged
from workers.jobs.leased_job import JobFailedError, LeasedJob
from workers.jobs.tasks import TaskRunner
from workers.jobs.worker import Slot

REMOVE, COMPACT, ROLLBACK, COLLECT = "dataset.remove", "dataset.compact", "dataset.rollback", "dataset.gc"

PATIENCE_S = 300.0
"""So long a task waits for a coordinator that is away."""


@dataclass(frozen=True, kw_only=True)
class DatasetOrder:
    """A change of a dataset.

    Attributes:
        kind: of the job; payload: what it asks for.
        access: of the coordinator.
        store: the object store's address.
        scratch: a directory for files under way.
        worker: who is told to have done it.
    """

    kind: str
    payload: Mapping[str, Any]
    access: ServerAccess
    store: str
    scratch: Path
    worker: str


@dataclass(frozen=True, kw_only=True)
class _Place:
    """What all of them are given."""

    order: DatasetOrder
    coordinator: DatasetCoordinator
    store: ObjectStore
    checkpoint: Callable[[], None]

    @property
    def common(self) -> dict[str, Any]:
        return {
            "dataset": _text(self.order.payload, "dataset"),
            "worker": self.order.worker,
            "scratch": self.order.scratch,
            "checkpoint": self.checkpoint,
        }


def change_dataset(order: DatasetOrder, tell: Callable[[tuple[float, str]], None]) -> Mapping[str, Any] | NotStaged:
    """Do it; gives the job's result, or why there is none."""
    steps = 0

    def checkpoint() -> None:
        nonlocal steps
        steps += 1
        tell((min(0.95, steps / (steps + 10)), f"{order.kind}, step {steps}"))

    try:
        with Connection(order.access, patience_s=PATIENCE_S) as connection:
            place = _Place(
                order=order,
                coordinator=CoordinatorClient(connection),
                store=open_store(order.store),
                checkpoint=checkpoint,
            )
            return _KINDS[order.kind](place)
    except (ServerUnavailableError, ObjectStoreError, CommitUnknownError, OutputError) as error:
        return NotStaged(reason=str(error), retry=True)
    except PlayloomError as error:
        return NotStaged(reason=str(error), retry=False)


def _remove(place: _Place) -> Mapping[str, Any]:
    session_ids = place.order.payload.get("session_ids") or ()
    return {"version": remove_sessions(place.coordinator, place.store, session_ids=tuple(session_ids), **place.common)}


def _compact(place: _Place) -> Mapping[str, Any]:
    return {"version": compact_dataset(place.coordinator, place.store, **place.common)}


def _roll_back(place: _Place) -> Mapping[str, Any]:
    to = place.order.payload.get("version", 0)
    if not isinstance(to, int) or to < 1:
        raise PlayloomError("the job's payload names no version to go back to")
    return {"version": roll_back(place.coordinator, place.store, to=to, **place.common)}


def _collect(place: _Place) -> Mapping[str, Any]:
    wanted: dict[str, Any] = {
        name: float(place.order.payload[name]) for name in _COLLECT_TIMES if name in place.order.payload
    }
    return asdict(collect_garbage(place.coordinator, place.store, **place.common, **wanted))


_COLLECT_TIMES = ("grace_s", "withdraw_after_s")
_KINDS: Mapping[str, Callable[[_Place], Mapping[str, Any]]] = {
    REMOVE: _remove,
    ROLLBACK: _roll_back,
    COMPACT: _compact,
    COLLECT: _collect,
}
KINDS = tuple(_KINDS)


@dataclass(frozen=True, kw_only=True)
class ChangingDatasets:
    """Does these jobs. Attributes: as `DatasetOrder` says; tasks: runs them."""

    access: ServerAccess
    tasks: TaskRunner
    store_url: str
    scratch: Path
    worker: str

    def __call__(self, job: LeasedJob, _: Slot) -> Mapping[str, Any]:
        """See `Doer`."""
        order = DatasetOrder(
            kind=job.kind,
            payload=job.payload,
            access=self.access,
            store=self.store_url,
            scratch=self.scratch,
            worker=self.worker,
        )
        done = self.tasks.run(job, partial(change_dataset, order))
        if isinstance(done, NotStaged):
            raise JobFailedError(done.reason, retry=done.retry)
        return _logged(job, done)


def _logged(job: LeasedJob, result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result without what is for the log."""
    deleted = result.get("deleted", ())
    for key in deleted:
        job.say(f"deleted {key}")
    if (more := result.get("objects", 0) - len(deleted)) > 0:
        job.say(f"deleted {more:,} more")
    return {name: value for name, value in result.items() if name != "deleted"}


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value:
        raise PlayloomError(f"the job's payload names no {name}")
    return value
