"""The jobs `train` and `label`: a program for hours, in the cluster, watched from here.

Who is killed here leaves a program that goes on. The next attempt finds it by its name and follows it; where it has
died, another is begun, which finds the last checkpoint in the object store.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playloom.client.connection import Connection
from playloom.client.errors import ServerError, ServerUnavailableError
from playloom.objects.errors import ObjectExistsError, ObjectStoreError
from playloom.objects.object_store import ObjectStore, read_object
from playloom.runs.lineage import REGISTERED, Lineage, register_run
from playloom.runs.program import BEAT_S, MODULE, lifeline_key, told, wanted
from playloom.runs.pushing import write_note
from playloom.runs.stored_run import run_prefix
from protos import coordinator_pb2 as pb
from workers.jobs.leased_job import JobFailedError, JobStoppedError, LeasedJob, Stop
from workers.jobs.program_order import TRAIN, ProgramOrder, order_of
from workers.jobs.ray_jobs import Program, ProgramsClient, ProgramState, RayJobs
from workers.jobs.ray_tasks import ClusterError
from workers.jobs.worker import Slot

MAX_LINES = 15_000
"""Of an attempt's log; the whole of it stays in the cluster."""

MAX_LINE = 2000
AGAIN_CHARACTERS = 2000
"""Who finds a program that runs shows the end of what it has said before."""

LAST_LINES = 5
PAGE_SIZE = 200

STOP_S = 300.0
"""A program that is to stop has so long to keep what it has reached."""


@dataclass(frozen=True, kw_only=True)
class RunningPrograms:
    """Does jobs of the kinds `train` and `label`.

    Attributes:
        connection: to the coordinator.
        jobs: where programs run.
        store: the object store; store_url: its address, for programs.
        scratch: for their files, where they run.
    """

    connection: Connection
    jobs: RayJobs
    store: ObjectStore
    store_url: str
    scratch: Path

    def __call__(self, job: LeasedJob, slot: Slot) -> Mapping[str, Any]:
        """See `Doer`."""
        order = order_of(job)
        document = self._document(job, order)
        try:
            with self.jobs.connected() as client:
                job.checkpoint()
                name, skip = self._begun(client, job, order, document)
                return self._followed(client, job, order, name, skip)
        except (ClusterError, ObjectStoreError) as error:
            raise JobFailedError(str(error), retry=True) from error

    def _document(self, job: LeasedJob, order: ProgramOrder) -> dict[str, Any]:
        """What the program is told. The version of the dataset is decided by the first attempt."""
        found: dict[str, Any] = {
            "kind": order.kind,
            "run": order.run,
            "task": order.task,
            "overrides": order.overrides,
            "store": self.store_url,
            "scratch": str(self.scratch),
            "inputs": order.inputs,
            "output": order.output,
        }
        if order.dataset:
            version = order.version or self._version_before(order.run)
            found["dataset"] = self._dataset(order.dataset, version)
            if order.kind == TRAIN:
                self._keep_version(order.run, str(found["dataset"]["version"]))
            job.say(f"learns from the dataset '{found['dataset']['name']}', version {found['dataset']['version']}")
        return found

    def _dataset(self, name: str, version: str) -> dict[str, Any]:
        datasets = self.connection.datasets
        known = self.connection.call(datasets.GetDataset, pb.GetDatasetRequest(dataset=name))
        found = self.connection.call(datasets.GetVersion, pb.GetVersionRequest(dataset=known.id, version=version))
        return {
            "name": known.name,
            "version": int(found.number),
            "manifest_key": found.manifest_key,
            "manifest_sha256": found.manifest_sha256,
            "readable": list(self._readable(known.id)),
        }

    def _readable(self, dataset_id: str) -> Iterator[int]:
        token = ""
        while True:
            request = pb.ListVersionsRequest(dataset=dataset_id, page_size=PAGE_SIZE, page_token=token)
            page = self.connection.call(self.connection.datasets.ListVersions, request)
            yield from (int(one.number) for one in page.versions if not one.HasField("withdrawn_unix_ns"))
            token = page.next_page_token
            if not token:
                return

    def _version_before(self, run: str) -> str:
        try:
            return str(json.loads(read_object(self.store, _version_key(run), end=1000))["version"])
        except (ObjectStoreError, ValueError, KeyError, TypeError):
            return ""

    def _keep_version(self, run: str, version: str) -> None:
        with suppress(ObjectExistsError):
            self.store.put(_version_key(run), json.dumps({"version": version}).encode(), if_absent=True)

    def _begun(
        self, client: ProgramsClient, job: LeasedJob, order: ProgramOrder, document: Mapping[str, Any]
    ) -> tuple[str, int]:
        """The program that runs for this job, begun where there is none; and how much of its log is old."""
        before = sorted(client.names(f"{job.id}-"), key=lambda name: int(name.rpartition("-")[2]))
        for name in reversed(before):
            state, _ = client.state(name)
            if state in (ProgramState.RUNS, ProgramState.DONE):
                job.say(f"found again: the program {name}")
                self._say_wanted(name)
                return name, max(0, client.log_length(name) - AGAIN_CHARACTERS)
        name = f"{job.id}-{job.fence}"
        self._say_wanted(name)
        command = [sys.executable, "-m", MODULE, json.dumps({**document, "program": name})]
        client.submit(Program(name=name, command=command, cpus=order.cpus, gpus=order.gpus))
        job.say(f"the program {name} was given to the cluster")
        return name, 0

    def _followed(
        self, client: ProgramsClient, job: LeasedJob, order: ProgramOrder, name: str, skip: int
    ) -> Mapping[str, Any]:
        news = _News()
        beat_s = time.monotonic()
        stopped: JobStoppedError | None = None
        stop_s = 0.0
        for line in client.lines(name, skip=skip):
            if line is not None:
                self._hear(job, order, news, line)
            if stopped is None:
                if time.monotonic() - beat_s > BEAT_S:
                    beat_s = time.monotonic()
                    self._say_wanted(name)
                stopped = self._why_stopped(job)
                if stopped is not None:
                    stop_s = time.monotonic()
                    self._say_wanted(name, stop=True)
                    job.say("asked to stop: it keeps what it has reached")
                    if not news.said:  # it waits for room, and has reached nothing
                        client.stop(name)
            elif time.monotonic() - stop_s > STOP_S:
                client.stop(name)
                break
        self.store.delete([lifeline_key(name)])
        if stopped is not None:
            raise stopped
        return self._outcome(job, name, news, *client.state(name))

    def _why_stopped(self, job: LeasedJob) -> JobStoppedError | None:
        """That the job is to stop, and its program with it.

        Raises:
            JobStoppedError: the job is another's now: the program goes on, and whoever has the job follows it.
        """
        try:
            job.checkpoint()
        except JobStoppedError as error:
            if error.why is Stop.LOST or (error.why is Stop.RETURNED and self.jobs.is_shared):
                raise
            return error
        return None

    def _hear(self, job: LeasedJob, order: ProgramOrder, news: _News, line: str) -> None:
        found = told(line)
        if found is None:
            news.lines = [*news.lines[1 - LAST_LINES :], line]
            news.said += 1
            if news.said <= MAX_LINES:
                job.say(line[:MAX_LINE])
            elif news.said == MAX_LINES + 1:
                job.say("its log goes on in the cluster")
            return
        if isinstance(progress := found.get("progress"), list) and len(progress) == 2:
            job.tell(float(progress[0]), str(progress[1]))
        if isinstance(stored := found.get("stored"), dict) and not news.registered:
            news.registered = self._register(job, order, stored)
        if isinstance(failed := found.get("failed"), dict):
            news.failed = failed
        if isinstance(result := found.get("result"), dict):
            news.result = result

    def _register(self, job: LeasedJob, order: ProgramOrder, stored: Mapping[str, Any]) -> str:
        """Let the coordinator know what the run learns from, as soon as there is a checkpoint of it."""
        lineage = Lineage(
            sources=tuple((str(name), int(version)) for name, version in stored.get("sources", ())),
            parents=tuple(map(str, stored.get("parents", ()))),
        )
        if not lineage.sources and not lineage.parents:
            return ""
        location = f"{self.store.url.rstrip('/')}/{run_prefix(order.run).rstrip('/')}"
        try:
            made = register_run(self.connection, run=order.run, location=location, lineage=lineage)
        except ServerUnavailableError:
            return ""  # with the next checkpoint
        except ServerError as error:
            job.say(f"note: the run cannot be registered: {error}")
            return ""
        content = json.dumps({"id": made.id, "server": self.connection.access.address}, indent=1).encode()
        write_note(self.store, order.run, REGISTERED, content)
        job.say(f"registered as {made.id}")
        return made.id

    def _outcome(self, job: LeasedJob, name: str, news: _News, state: ProgramState, message: str) -> Mapping[str, Any]:
        if state is ProgramState.DONE:
            return {**news.result, **({"registered": news.registered} if news.registered else {})}
        if news.failed:
            raise JobFailedError(str(news.failed.get("reason", "")), retry=bool(news.failed.get("retry", True)))
        if state is ProgramState.STOPPED:
            raise JobFailedError(f"the program {name} was stopped in the cluster", retry=True)
        said = " / ".join(news.lines) or message.strip().rpartition("\n")[2]
        raise JobFailedError(f"the program {name} died: {said[:MAX_LINE]}", retry=True)

    def _say_wanted(self, name: str, *, stop: bool = False) -> None:
        """Tell the program that somebody wants it; a store that is away for a moment is no fault."""
        with suppress(ObjectStoreError):
            self.store.put(lifeline_key(name), wanted(name, time.time_ns(), stop=stop))


@dataclass
class _News:
    """What a program has told so far."""

    said: int = 0
    lines: Sequence[str] = ()
    failed: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    registered: str = ""


def _version_key(run: str) -> str:
    return f"{run_prefix(run)}order.json"
