"""The job `ingest`: a session enters a dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from playloom.client.connection import Connection
from playloom.figures import count_in_words
from playloom.game_definition import parse_game_definition
from playloom.objects.object_store import ObjectStore
from protos import coordinator_pb2 as pb
from workers.dataset.commit import commit_staged
from workers.dataset.coordinator import DatasetCoordinator, DatasetFacts
from workers.dataset.coordinator_client import CoordinatorClient
from workers.dataset.errors import SessionRemovedError, StagedSessionError
from workers.jobs.fetching import SessionFile
from workers.jobs.ingest_step import CONVERTED, IngestOrder, NotStaged, Staged, StoredProfile, Tell, ingest
from workers.jobs.leased_job import JobFailedError, LeasedJob
from workers.jobs.tasks import TaskRunner
from workers.jobs.worker import Slot

INGEST = "ingest"

STAGE_S = 120.0
"""The coordinator reads what was staged before it answers."""

TOLD_WARNINGS = 50
"""A job's result tells so many at most; the dataset holds all."""


class RememberingCoordinator(CoordinatorClient):
    """One that asks once what a dataset is: that never changes."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._known: dict[str, DatasetFacts] = {}

    def facts(self, dataset: str) -> DatasetFacts:
        found = self._known.get(dataset)
        if found is None:
            found = super().facts(dataset)
            self._known |= {dataset: found, found.id: found}
        return found


@dataclass(frozen=True, kw_only=True)
class Ingesting:
    """Does jobs of the kind `ingest`.

    Attributes:
        connection: to the coordinator.
        coordinator: the same, for versions.
        tasks: runs the conversions.
        store: the object store; store_url: its address, for tasks.
        scratch: for files under way, here and where tasks run.
        worker: who we are.
        step: the conversion.
    """

    connection: Connection
    coordinator: DatasetCoordinator
    tasks: TaskRunner
    store: ObjectStore
    store_url: str
    scratch: Path
    worker: str
    step: Callable[[IngestOrder, Tell], Staged | NotStaged] = ingest

    def __call__(self, job: LeasedJob, slot: Slot) -> Mapping[str, Any]:
        """See `Doer`."""
        dataset, session_id = text_of(job, "dataset"), text_of(job, "session_id")
        facts = self.coordinator.facts(dataset)
        opened = self.connection.call(
            self.connection.datasets.OpenSession,
            pb.OpenSessionRequest(session_id=session_id, game_id=_game_id_of(facts.config.game_definition)),
        )
        staged = self.tasks.run(job, partial(self.step, self._order(job, facts, opened)))
        if isinstance(staged, NotStaged):
            raise JobFailedError(staged.reason, retry=staged.retry)
        assert isinstance(staged, Staged)
        job.say(f"converted: {count_in_words(staged.episodes, 'episode')}, {count_in_words(staged.frames, 'frame')}")
        for warning in staged.warnings[:TOLD_WARNINGS]:
            job.say(f"note: {warning}")
        job.keep_from_cancelling()
        self._stage(job, dataset, session_id, staged)
        slot.release()
        version = self._commit(job, dataset, session_id)
        job.say(f"in the dataset '{facts.name}' since version {version}")
        return {
            "added_version": version,
            "episodes": staged.episodes,
            "frames": staged.frames,
            "warnings": list(staged.warnings[:TOLD_WARNINGS]),
        }

    def _order(self, job: LeasedJob, facts: DatasetFacts, opened: pb.OpenSessionResponse) -> IngestOrder:
        session = opened.session
        accept = job.payload.get("accept") or ()
        return IngestOrder(
            store=self.store_url,
            scratch=self.scratch,
            dataset_id=facts.id,
            config=facts.config,
            session_id=session.id,
            session=session.name,
            player_id=session.player_id,
            player=session.player_name,
            recorded_unix_ns=session.recorded_unix_ns,
            game_id=session.game_id,
            profile_name=session.profile_name,
            task=session.task,
            files=tuple(
                SessionFile(
                    name=one.file.name, key=one.object_key, size_bytes=one.file.size_bytes, sha256=one.file.sha256
                )
                for one in opened.objects
            ),
            profiles=tuple(
                StoredProfile(profile_name=one.profile_name, content=one.content) for one in opened.profiles
            ),
            accept=frozenset(map(str, accept)),
        )

    def _stage(self, job: LeasedJob, dataset: str, session_id: str, staged: Staged) -> None:
        request = pb.StageSessionRequest(
            dataset=dataset,
            session_id=session_id,
            object_key=staged.key,
            sha256=staged.sha256,
            episodes=staged.episodes,
            frames=staged.frames,
            job_id=job.id,
            fence=job.fence,
        )
        self.connection.call(self.connection.datasets.StageSession, request, timeout_s=STAGE_S)

    def _commit(self, job: LeasedJob, dataset: str, session_id: str) -> int:
        job.tell(CONVERTED, "waiting for its place in the next version")
        try:
            return commit_staged(
                self.coordinator,
                self.store,
                dataset=dataset,
                session_id=session_id,
                worker=self.worker,
                scratch=self.scratch,
                checkpoint=job.checkpoint,
            )
        except SessionRemovedError as error:
            raise JobFailedError(str(error), retry=False) from error
        except StagedSessionError as error:
            raise JobFailedError(str(error), retry=True) from error


@lru_cache(maxsize=64)
def _game_id_of(definition: str) -> str:
    return parse_game_definition(definition, Path("the dataset's game definition")).game_id


def text_of(job: LeasedJob, name: str) -> str:
    """A text of a job's payload.

    Raises:
        JobFailedError: there is none.
    """
    value = job.payload.get(name)
    if not isinstance(value, str) or not value:
        raise JobFailedError(f"the job's payload names no {name}", retry=False)
    return value
