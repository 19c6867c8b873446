"""The coordinator over gRPC, as `DatasetCoordinator`."""

from __future__ import annotations

import grpc

from playloom.client.connection import Connection
from playloom.client.errors import NotNowError, NotThereError, ServerUnavailableError
from playloom.documents import document_in
from playloom.errors import PlayloomError
from playloom.manifest.config import DatasetConfig
from playloom.manifest.errors import CommitUnknownError, VersionConflictError
from protos import coordinator_pb2 as pb
from workers.dataset.coordinator import (
    DatasetFacts,
    NewVersion,
    StagedRef,
    Turn,
    VersionPointer,
    Withdrawal,
)

COMMIT_S = 150.0
"""The coordinator reads the manifest before it answers."""

WITHDRAW_S = 120.0
PAGE_SIZE = 500


class CoordinatorClient:
    """Calls with a worker's token. Any thread may call."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._datasets = connection.datasets

    def facts(self, dataset: str) -> DatasetFacts:
        found = self._connection.call(self._datasets.GetDataset, pb.GetDatasetRequest(dataset=dataset))
        config = document_in(found.config)
        if not config:
            raise PlayloomError(
                f"it was never decided what the dataset '{found.name}' is, so nothing can enter it",
                remedy="Create one with 'playloom datasets create'",
            )
        return DatasetFacts(
            id=found.id, name=found.name, config=DatasetConfig.from_json(config, f"config of '{found.name}'")
        )

    def version(self, dataset: str, number: int | None) -> VersionPointer | None:
        request = pb.GetVersionRequest(dataset=dataset, version="" if number is None else str(number))
        try:
            return _pointer(self._connection.call(self._datasets.GetVersion, request))
        except NotThereError:
            if number is None:
                raise  # no dataset
            return None
        except NotNowError:
            if number is None:
                return None  # no version yet
            return VersionPointer(number=number, manifest_key="", manifest_sha256="", withdrawn=True)

    def take_turn(self, dataset: str, *, worker: str, session_id: str | None, wait_s: float, turn_s: float) -> Turn:
        request = pb.TakeTurnRequest(
            dataset=dataset, worker=worker, session_id=session_id or "", wait_s=wait_s, turn_s=turn_s
        )
        found = self._connection.call(self._datasets.TakeTurn, request, timeout_s=wait_s + 30)
        return Turn(
            added_version=found.added_version,
            number=found.turn,
            base=_pointer(found.base) if found.HasField("base") else None,
            staged=tuple(
                StagedRef(session_id=one.session_id, object_key=one.object_key, sha256=one.sha256)
                for one in found.staged
            ),
        )

    def end_turn(self, dataset: str, turn: int) -> None:
        request = pb.EndTurnRequest(dataset=dataset, turn=turn)
        self._connection.call(self._datasets.EndTurn, request, patience_s=0)

    def commit(self, dataset: str, new: NewVersion, *, turn: int) -> int:
        version = new.version
        request = pb.CommitVersionRequest(
            dataset=dataset,
            version=pb.DatasetVersion(
                parent=version.parent,
                reason=version.reason,
                manifest_key=new.manifest_key,
                manifest_sha256=new.manifest_sha256,
                episodes=version.episodes,
                frames=version.frames,
                size_bytes=version.size_bytes,
            ),
            added=[
                pb.SessionInVersion(session_id=one.session_id, episodes=one.episodes, frames=one.frames)
                for one in new.added
            ],
            removed_session_ids=new.removed,
            turn=turn,
        )
        try:
            made = self._connection.call(self._datasets.CommitVersion, request, timeout_s=COMMIT_S, patience_s=0)
        except ServerUnavailableError as error:
            raise CommitUnknownError(version.dataset, new.manifest_key) from error
        except NotNowError as error:
            if isinstance(error.__cause__, grpc.Call) and error.__cause__.code() is grpc.StatusCode.ABORTED:
                raise VersionConflictError(version.dataset, version.parent) from error
            raise
        return made.number

    def removed_sessions(self, dataset: str) -> frozenset[str]:
        removed: set[str] = set()
        token = ""
        while True:
            request = pb.ListDatasetSessionsRequest(dataset=dataset, page_size=PAGE_SIZE, page_token=token)
            page = self._connection.call(self._datasets.ListDatasetSessions, request)
            removed.update(one.session_id for one in page.sessions if one.HasField("removed_unix_ns"))
            token = page.next_page_token
            if not token:
                return frozenset(removed)

    def withdraw(self, dataset: str, *, removed_before_unix_ns: int) -> Withdrawal:
        request = pb.WithdrawVersionsRequest(dataset=dataset, removed_before_unix_ns=removed_before_unix_ns)
        found = self._connection.call(self._datasets.WithdrawVersions, request, timeout_s=WITHDRAW_S)
        return Withdrawal(
            versions=tuple(map(_pointer, found.versions)),
            staged_keys=tuple(found.staged_keys),
            newly_withdrawn=len(found.withdrawn),
        )


def _pointer(version: pb.DatasetVersion) -> VersionPointer:
    return VersionPointer(
        number=version.number,
        manifest_key=version.manifest_key,
        manifest_sha256=version.manifest_sha256,
        withdrawn=version.HasField("withdrawn_unix_ns"),
    )
