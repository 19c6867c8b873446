"""Datasets of a coordinator within a test: sessions that are only rows, conversions and versions that only name things.

What the coordinator reads of them is as it would be: staged sessions and manifests lie in its store.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

from google.protobuf.struct_pb2 import Struct
from sqlalchemy import insert

from coordinator.database.tables import session_files, sessions
from coordinator.ids import new_id
from playloom import cli
from playloom.client.access import ServerAccess, save_access
from playloom.manifest.config import DatasetConfig
from playloom.manifest.keys import new_version_key, staged_prefix
from playloom.manifest.staged import StagedObject, StagedPiece, StagedSession
from playloom.manifest.version import DatasetVersion, SegmentRef
from protos import coordinator_pb2 as pb
from tests.support.coordinators import OPERATOR, PLAYER, WORKER, Client, Served

GAME = (Path(__file__).parents[2] / "examples/games/atari-breakout.yaml").read_text(encoding="utf-8")
CONFIG: dict[str, Any] = {
    "game_definition": GAME,
    "class_ids": ["default"],
    "fps": 30,
    "width": 64,
    "height": 64,
    "gates": {"too_short": 2},
}

DOES_NOT_WAIT = {"COLUMNS": "200", "NO_COLOR": "1"}


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended, and what it has said."""

    status: int
    out: str
    err: str


def struct(document: dict[str, Any]) -> Struct:
    message = Struct()
    message.update(document)
    return message


@dataclass(kw_only=True)
class Desk:
    """A coordinator with a dataset, and those who call it."""

    served: Served
    operator: Client
    worker: Client
    dataset: pb.Dataset

    @classmethod
    async def of(cls, served: Served, name: str = "arcade") -> Desk:
        operator, worker = await served.client("olga", OPERATOR), await served.client("wes", WORKER)
        request = pb.CreateDatasetRequest(name=name, config=struct(CONFIG))
        dataset = await operator.call("Datasets.CreateDataset", request)
        return cls(served=served, operator=operator, worker=worker, dataset=dataset)

    async def session(self, player: str = "ada", *, game_id: str = "atari-breakout", content: str = "") -> str:
        """A player's session; returns its id."""
        client = await self.served.client(player, PLAYER)
        player_id = (await client.call("Players.WhoAmI", pb.WhoAmIRequest())).player_id
        session_id, now_ns = new_id("session"), self.served.time()
        sha256 = hashlib.sha256((content or session_id).encode()).hexdigest()
        key = f"sessions/{session_id}/capture.mp4"
        self.served.server.context.store.put(key, b"video")
        row = {
            "id": session_id,
            "player_id": player_id,
            "recording_id": session_id,
            "name": f"{player}-{session_id[-4:]}",
            "game_id": game_id,
            "recorded_unix_ns": now_ns,
            "duration_s": 10.0,
            "frames": 300,
            "size_bytes": 5,
            "content_sha256": sha256,
            "info": {},
            "created_unix_ns": now_ns,
        }
        file = {"session_id": session_id, "name": "capture.mp4", "object_key": key, "size_bytes": 5, "sha256": "0" * 64}
        async with self.served.server.context.database.write() as connection:
            await connection.execute(insert(sessions).values(row))
            await connection.execute(insert(session_files).values(file))
        return session_id

    def staged(self, session_id: str, lengths: Sequence[int] = (100,), *, mark: str = "") -> pb.StageSessionRequest:
        """Put a session's conversion into the store, with an episode of each length; the call that stages it."""
        thing = StagedObject(key="x", sha256="0" * 64, size_bytes=1)
        piece = StagedPiece(
            video=thing,
            rows=thing,
            length=0,
            first_frame=0,
            codec="h264",
            pixel_format="yuv420p",
            source_frame=0,
            start_ns=0,
            stats={},
        )
        session = StagedSession(
            session_id=session_id,
            session="a",
            player_id="p",
            player="ada",
            profile_name="pad",
            task="Play",
            recorded_unix_ns=1,
            label_source="recorded",
            copied=True,
            action_delay_ms=0.0,
            converter_version="1",
            warnings=(),
            pieces=tuple(replace(piece, length=length) for length in lengths),
        )
        content = session.to_bytes()
        key = f"{staged_prefix(self.dataset.id, session_id)}staged{mark}.json"
        self.served.server.context.store.put(key, content)
        return pb.StageSessionRequest(
            dataset=self.dataset.name,
            session_id=session_id,
            object_key=key,
            sha256=hashlib.sha256(content).hexdigest(),
            episodes=len(lengths),
            frames=sum(lengths),
        )

    async def command(self, *arguments: str, token: str, given: str = "") -> Said:
        """Run a command of `playloom` in this process, with a token."""
        access = ServerAccess(address=self.served.server.address, tls=False, token=token)
        home = self.served.settings.root / "commands"
        path = save_access(access, home / secrets.token_hex(4))

        def run() -> Said:
            out, err = io.StringIO(), io.StringIO()
            with (
                mock.patch.dict(
                    os.environ, {**DOES_NOT_WAIT, "PLAYLOOM_HOME": str(home), "PLAYLOOM_ACCESS": str(path)}
                ),
                mock.patch("sys.stdin", io.StringIO(given)),
                redirect_stdout(out),
                redirect_stderr(err),
            ):
                status = cli.run(list(arguments))
            return Said(status=status, out=out.getvalue(), err=err.getvalue())

        return await asyncio.to_thread(run)

    async def stage(self, session_id: str, lengths: Sequence[int] = (100,)) -> pb.StageSessionResponse:
        return await self.worker.call("Datasets.StageSession", self.staged(session_id, lengths))

    async def take_turn(self, session_id: str = "", **more: Any) -> pb.TakeTurnResponse:
        request = pb.TakeTurnRequest(dataset=self.dataset.name, worker="w", session_id=session_id, **more)
        return await self.worker.call("Datasets.TakeTurn", request)

    def proposal(
        self,
        parent: pb.DatasetVersion | None,
        added: Iterable[tuple[str, int, int]] = (),
        removed: Sequence[tuple[str, int, int]] = (),
        *,
        reason: str = "append",
        turn: int = 0,
        **changes: Any,
    ) -> pb.CommitVersionRequest:
        """Put a version's manifest into the store; the call that commits it.

        Args:
            parent: the version before it.
            added, removed: sessions with their episodes and frames.
            reason: why it is made.
            turn: that it ends.
            changes: to the manifest, against what is said of it.
        """
        added, number = tuple(added), 0 if parent is None else parent.number
        episodes = (0 if parent is None else parent.episodes) + sum(a[1] for a in added) - sum(r[1] for r in removed)
        frames = (0 if parent is None else parent.frames) + sum(a[2] for a in added) - sum(r[2] for r in removed)
        manifest = DatasetVersion(
            dataset_id=self.dataset.id,
            dataset=self.dataset.name,
            number=number + 1,
            parent=number,
            reason=reason,
            created_unix_ns=1,
            config=DatasetConfig.from_json(CONFIG),
            tasks=("Play",),
            next_shard=1,
            episodes=episodes,
            frames=frames,
            size_bytes=10 * frames,
            stats={},
            meta_files=(),
            segments=(SegmentRef(sha256="0" * 64, size_bytes=1, shards=1, episodes=episodes, frames=frames),),
        )
        content = replace(manifest, **changes).to_bytes()
        key = new_version_key(self.dataset.id, number + 1)
        self.served.server.context.store.put(key, content)
        return pb.CommitVersionRequest(
            dataset=self.dataset.name,
            version=pb.DatasetVersion(
                parent=number,
                reason=reason,
                manifest_key=key,
                manifest_sha256=hashlib.sha256(content).hexdigest(),
                episodes=episodes,
                frames=frames,
                size_bytes=10 * frames,
            ),
            added=[pb.SessionInVersion(session_id=a, episodes=e, frames=f) for a, e, f in added],
            removed_session_ids=[one[0] for one in removed],
            turn=turn,
        )

    async def commit(self, *given: Any, **options: Any) -> pb.DatasetVersion:
        return await self.worker.call("Datasets.CommitVersion", self.proposal(*given, **options))

    async def grown(self, count: int = 1, player: str = "ada") -> tuple[pb.DatasetVersion, list[str]]:
        """A first version with sessions of one episode of 100 frames each."""
        ids = [await self.session(player) for _ in range(count)]
        for session_id in ids:
            await self.stage(session_id)
        return await self.commit(None, [(one, 1, 100) for one in ids]), ids
