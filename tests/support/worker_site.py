"""A coordinator with a dataset on a thread of its own, in real time, and sessions in its store: for workers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from google.protobuf.struct_pb2 import Struct
from sqlalchemy import insert

from coordinator.database.tables import session_files, sessions
from coordinator.errors import UnknownError
from coordinator.ids import new_id
from coordinator.players.player import create_player, find_player
from coordinator.players.scopes import Scope
from coordinator.players.token import make_token
from coordinator.server import RunningServer, running
from coordinator.settings import CoordinatorSettings, embedded_settings
from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.objects.object_store import ObjectStore, put_file
from playloom.recording.session_info import INFO_FILE, file_record, read_session_info
from protos import coordinator_pb2 as pb
from tests.support.machine_state import machine_told
from tests.support.numbered_sessions import GAME_YAML, PROFILE_YAML

DATASET = "numbers"
CONFIG: dict[str, Any] = {
    "game_definition": GAME_YAML,
    "class_ids": ["default"],
    "fps": 30,
    "width": 96,
    "height": 64,
    "task": "count the frames",
    "gates": {"too_short": 0.1},
}
ENDED = ("done", "dead", "cancelled")

PATIENCE_S = 600.0
"""Of waits, on whatever machine this runs: they end as soon as it is so."""


class WorkerSite:
    """What the tests of workers stand on.

    Attributes:
        root: its directory.
        operator: calls of an operator who plays, too.
    """

    def __init__(self, root: Path, coordinator: _Coordinator) -> None:
        self.root, self._coordinator = root, coordinator
        self.operator = Connection(self.access("olga", Scope.OPERATOR, Scope.PLAYER))

    @property
    def store(self) -> ObjectStore:
        return self.server.context.store

    @property
    def store_url(self) -> str:
        return self.server.settings.store

    def access(self, player: str, *scopes: Scope) -> ServerAccess:
        """A token for a player, who is made if there is none."""

        async def make() -> str:
            async with self.server.context.database.write() as connection:
                now_ns = time.time_ns()
                try:
                    owner = await find_player(connection, player)
                except UnknownError:
                    owner = await create_player(connection, player, now_ns)
                return (await make_token(connection, owner.id, frozenset(scopes), now_ns, label="test")).secret

        return ServerAccess(address=self.server.address, tls=False, token=self._wait(make()))

    def worker(self) -> ServerAccess:
        return self.access("wes", Scope.WORKER)

    def create_dataset(self, name: str = DATASET, **changes: Any) -> pb.Dataset:
        config = Struct()
        config.update({**CONFIG, **changes})
        request = pb.CreateDatasetRequest(name=name, config=config)
        return self.operator.call(self.operator.datasets.CreateDataset, request)

    def push_profile_of(self, player: str, content: str = PROFILE_YAML) -> None:
        """Keep a profile of a player, who is made if there is none."""
        self.access(player, Scope.PLAYER)
        request = pb.PutMappingProfileRequest(content=content, player=player)
        self.operator.call(self.operator.datasets.PutMappingProfile, request)

    def add_session(self, path: Path, player: str = "ada", *, game_id: str = "test_game") -> str:
        """A session's directory as if it had been uploaded; returns its id."""
        session_id, now_ns = new_id("session"), time.time_ns()
        info = read_session_info(path / INFO_FILE) if (path / INFO_FILE).exists() else None
        files = [
            {
                "session_id": session_id,
                "name": file.name,
                "object_key": f"sessions/{session_id}/{file.name}",
                "size_bytes": file.stat().st_size,
                "sha256": file_record(file).sha256,
            }
            for file in sorted(path.iterdir())
        ]
        for file in files:
            put_file(self.store, str(file["object_key"]), path / str(file["name"]))
        row = {
            "id": session_id,
            "recording_id": session_id,
            "name": path.name,
            "game_id": game_id or None,
            "profile_name": None if info is None else info.profile_name,
            "recorded_unix_ns": now_ns,
            "duration_s": 10.0,
            "frames": 300,
            "size_bytes": sum(int(file["size_bytes"]) for file in files),
            "content_sha256": f"{hash(session_id) & (1 << 256) - 1:064x}",
            "info": {},
            "created_unix_ns": now_ns,
        }

        async def add() -> None:
            async with self.server.context.database.write() as connection:
                try:
                    owner = await find_player(connection, player)
                except UnknownError:
                    owner = await create_player(connection, player, now_ns)
                await connection.execute(insert(sessions).values(row | {"player_id": owner.id}))
                for file in files:
                    await connection.execute(insert(session_files).values(file))

        self._wait(add())
        return session_id

    def ingest(self, session_id: str, dataset: str = DATASET, **payload: Any) -> str:
        """Queue a session for the dataset; returns the job's id."""
        return self.submit("ingest", session_id=session_id, dataset=dataset, **payload)

    def submit(self, kind: str, **payload: Any) -> str:
        document = Struct()
        document.update(payload)
        request = pb.SubmitJobRequest(kind=kind, payload=document)
        return self.operator.call(self.operator.jobs.SubmitJob, request).id

    def job(self, job_id: str) -> pb.Job:
        return self.operator.call(self.operator.jobs.GetJob, pb.GetJobRequest(job_id=job_id))

    def ended(self, job_id: str, timeout_s: float = PATIENCE_S) -> pb.Job:
        """The job, when it has ended."""
        return self.until(job_id, lambda job: job.state in ENDED, timeout_s)

    def until(self, job_id: str, is_so: Any, timeout_s: float = PATIENCE_S) -> pb.Job:
        end_s = time.monotonic() + timeout_s
        while not is_so(job := self.job(job_id)):
            assert time.monotonic() < end_s, f"{job}\n{self.log(job_id)}\n{machine_told()}"
            time.sleep(0.02)
        return job

    def log(self, job_id: str) -> list[str]:
        request = pb.ReadLogRequest(job_id=job_id)
        return [line.text for line in self.operator.stream(self.operator.jobs.ReadLog, request)]

    def newest(self, dataset: str = DATASET) -> pb.Dataset:
        return self.operator.call(self.operator.datasets.GetDataset, pb.GetDatasetRequest(dataset=dataset))

    def sessions_in(self, dataset: str = DATASET) -> dict[str, int]:
        """With which version each session entered."""
        request = pb.ListDatasetSessionsRequest(dataset=dataset, page_size=500)
        found = self.operator.call(self.operator.datasets.ListDatasetSessions, request)
        return {one.session_id: one.added_version for one in found.sessions if one.added_version}

    def write(self, statement: Any) -> None:
        """Change the database behind the coordinator's back."""

        async def do() -> None:
            async with self.server.context.database.write() as connection:
                await connection.execute(statement)

        self._wait(do())

    def restart(self, while_away: Callable[[], None]) -> None:
        """End the coordinator, do something, and start it again at the same address."""
        self._coordinator.stop()
        while_away()
        time.sleep(0.5)
        self._coordinator.start()

    @property
    def server(self) -> RunningServer:
        return self._coordinator.server

    def _wait[T](self, work: Coroutine[Any, Any, T]) -> T:
        return self._coordinator.do(work)


class _Coordinator:
    """One on a thread with a loop of its own."""

    def __init__(self, settings: CoordinatorSettings) -> None:
        self._settings = settings
        self.start()

    def start(self) -> None:
        started: Future[RunningServer] = Future()
        self._loop, self._ending = asyncio.new_event_loop(), asyncio.Event()

        async def serve() -> None:
            async with running(self._settings) as server:
                started.set_result(server)
                await self._ending.wait()

        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(serve()), name="coordinator")
        self._thread.start()
        self.server = started.result(30)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._loop.close()

    def do[T](self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


@contextmanager
def worker_site(root: Path, **changes: Any) -> Iterator[WorkerSite]:
    """Run one. ``changes``: of the coordinator's settings."""
    settings = replace(
        embedded_settings(root / "coordinator"),
        **{"listen": "127.0.0.1:0", "http": "127.0.0.1:0", "drain_s": 0.5, **changes},
    )
    coordinator = _Coordinator(settings)
    try:
        site = WorkerSite(root, coordinator)
        try:
            yield site
        finally:
            site.operator.close()
    finally:
        coordinator.stop()
