"""Calls about datasets that workers make: sessions are converted, and versions made."""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.datasets.commit import Proposal, SessionIn, commit_version
from coordinator.datasets.dataset import find_dataset
from coordinator.datasets.staging import Conversion, open_session, stage_session
from coordinator.datasets.turns import Turn
from coordinator.datasets.withdrawal import Withdrawal, withdraw_versions
from coordinator.errors import ConflictError, InvalidError, MovedOnError
from coordinator.players.player import check_name
from coordinator.rpc.context import CallContext, caller_of
from coordinator.rpc.dataset_calls import DatasetCalls
from coordinator.rpc.dataset_messages import profile_message, turn_message, version_message
from coordinator.rpc.sessions_service import session_message
from protos import coordinator_pb2 as pb

MAX_WAIT_S = 60.0
WAIT_S = 1.0
"""A worker that waits is asked to come back so soon after the server began to drain."""


class DatasetWorking(DatasetCalls):
    async def OpenSession(  # noqa: N802
        self, request: pb.OpenSessionRequest, context: CallContext
    ) -> pb.OpenSessionResponse:
        async with self._database.read() as connection:
            opened = await open_session(connection, caller_of(context), request.session_id, game_id=request.game_id)
        return pb.OpenSessionResponse(
            session=session_message(self._archive, opened.session),
            objects=[
                pb.SessionObject(
                    file=pb.SessionFile(name=file.name, size_bytes=file.size_bytes, sha256=file.sha256),
                    object_key=file.object_key,
                )
                for file in opened.session.files
            ],
            profiles=map(profile_message, opened.profiles),
        )

    async def StageSession(  # noqa: N802
        self, request: pb.StageSessionRequest, context: CallContext
    ) -> pb.StageSessionResponse:
        conversion = Conversion(
            session_id=request.session_id,
            object_key=request.object_key,
            sha256=request.sha256,
            episodes=request.episodes,
            frames=request.frames,
            job_id=request.job_id,
            fence=request.fence,
        )
        standing = await stage_session(self._archive, request.dataset, conversion)
        return pb.StageSessionResponse(object_key=standing.object_key, added_version=standing.added_version)

    async def TakeTurn(self, request: pb.TakeTurnRequest, context: CallContext) -> pb.TakeTurnResponse:  # noqa: N802
        worker = check_name("worker", request.worker)
        loop = asyncio.get_running_loop()
        end_s = loop.time() + (min(request.wait_s, MAX_WAIT_S) if request.wait_s > 0 else 0)  # NaN waits for nothing
        while True:
            left_s = 0.0 if self._server.draining.is_set() else end_s - loop.time()
            turn = await self._turns.take(
                request.dataset,
                worker=worker,
                session_id=request.session_id,
                wait_s=max(0.0, min(left_s, WAIT_S)),
                turn_s=request.turn_s,
            )
            if turn != Turn() or left_s <= WAIT_S:
                return turn_message(turn)

    async def EndTurn(self, request: pb.EndTurnRequest, context: CallContext) -> pb.EndTurnResponse:  # noqa: N802
        await self._end_turn(request.dataset, request.turn)
        return pb.EndTurnResponse()

    async def CommitVersion(  # noqa: N802
        self, request: pb.CommitVersionRequest, context: CallContext
    ) -> pb.DatasetVersion:
        said = request.version
        proposal = Proposal(
            parent=said.parent,
            reason=said.reason,
            manifest_key=said.manifest_key,
            manifest_sha256=said.manifest_sha256,
            episodes=said.episodes,
            frames=said.frames,
            size_bytes=said.size_bytes,
            added=tuple(
                SessionIn(session_id=one.session_id, episodes=one.episodes, frames=one.frames) for one in request.added
            ),
            removed=tuple(request.removed_session_ids),
            turn=request.turn,
        )
        try:
            made = await commit_version(self._archive, request.dataset, proposal)
        except (MovedOnError, ConflictError, InvalidError):
            await self._end_turn(request.dataset, request.turn)  # others need not wait until it has run out
            raise
        await self._turns.wake()
        return version_message(made)

    async def WithdrawVersions(  # noqa: N802
        self, request: pb.WithdrawVersionsRequest, context: CallContext
    ) -> pb.WithdrawVersionsResponse:
        async def withdraw(connection: AsyncConnection) -> Withdrawal:
            dataset = await find_dataset(connection, request.dataset, lock=True)
            return await withdraw_versions(
                connection, dataset, removed_before_ns=request.removed_before_unix_ns, now_ns=self._clock()
            )

        done = await self._database.transact(withdraw)
        return pb.WithdrawVersionsResponse(
            withdrawn=map(version_message, done.withdrawn),
            versions=map(version_message, done.versions),
            staged_keys=done.staged_keys,
        )

    async def _end_turn(self, name: str, turn: int) -> None:
        if turn:
            async with self._database.read() as connection:
                dataset = await find_dataset(connection, name)
            await self._turns.end(dataset.id, turn)
