"""A shared dataset of a real coordinator: sessions that are rows of its database, conversions in its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coordinator.players.scopes import Scope
from playloom.client.connection import Connection
from playloom.objects.open_store import open_store
from protos import coordinator_pb2 as pb
from tests.support.coordinator_thread import CoordinatorThread, serving
from tests.support.coordinators import Served
from tests.support.dataset_service import Desk, struct
from tests.support.shared_dataset import SharedDataset
from tests.support.staged_sessions import CONFIG, Recorded, stage
from workers.dataset.coordinator import DatasetFacts
from workers.dataset.coordinator_client import CoordinatorClient

GRPC_PATIENCE_S = 10.0


@dataclass(kw_only=True)
class ServedDataset(SharedDataset):
    """A dataset whose coordinator is a server.

    Attributes:
        thread: the server.
        desk: its callers.
        facts: of the dataset.
        store_address: where its objects lie.
    """

    thread: CoordinatorThread
    desk: Desk
    facts: DatasetFacts
    store_address: str

    def with_id(self, session: Recorded) -> Recorded:
        """The session with the id that the coordinator knows it by."""
        return replace(session, session_id=self.thread.do(lambda _: self.desk.session(session.player)))

    def stage(self, *sessions: Recorded, lead_in: int = 0) -> None:
        for session in sessions:
            ref = stage(self.store, self.facts, session, self.directory / "staging", lead_in=lead_in)
            request = pb.StageSessionRequest(
                dataset=self.facts.name,
                session_id=session.session_id,
                object_key=ref.object_key,
                sha256=ref.sha256,
                episodes=len(session.episodes),
                frames=session.frames,
            )
            self.thread.do(lambda _, request=request: self.desk.worker.call("Datasets.StageSession", request))

    def forbid(self, *session_ids: str) -> None:
        request = pb.RemoveFromDatasetRequest(dataset=self.facts.name, session_ids=session_ids)
        self.thread.do(lambda _: self.desk.operator.call("Datasets.RemoveFromDataset", request))


@contextmanager
def served_dataset(root: Path, database: str, *, store: str = "") -> Iterator[ServedDataset]:
    """Within the block there is a dataset 'test' of a coordinator on the database, and a store or a directory."""
    settings: dict[str, Any] = {"database": database} | ({"store": store} if store else {})
    with serving(root, **settings) as thread:
        desk = thread.do(_desk)
        address = store or thread.served.settings.store
        with Connection(thread.access("wes", Scope.WORKER), patience_s=GRPC_PATIENCE_S) as connection:
            client = CoordinatorClient(connection)
            yield ServedDataset(
                directory=root,
                store=open_store(address),
                coordinator=client,
                thread=thread,
                desk=desk,
                facts=client.facts("test"),
                store_address=address,
            )


async def _desk(served: Served) -> Desk:
    operator, worker = await served.client("olga", Scope.OPERATOR), await served.client("wes", Scope.WORKER)
    request = pb.CreateDatasetRequest(name="test", config=struct(CONFIG.to_json()))
    dataset = await operator.call("Datasets.CreateDataset", request)
    return Desk(served=served, operator=operator, worker=worker, dataset=dataset)
