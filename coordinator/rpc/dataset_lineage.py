"""Calls about datasets that players make: what is theirs is taken out; and what learned from what."""

from __future__ import annotations

from coordinator.datasets.checkpoints import Source, list_checkpoints, register_checkpoint
from coordinator.datasets.dataset import find_dataset
from coordinator.datasets.removal import remove_from_dataset
from coordinator.rpc.context import CallContext, caller_of
from coordinator.rpc.dataset_calls import DatasetCalls
from coordinator.rpc.dataset_messages import checkpoint_message
from coordinator.rpc.jobs_service import job_message
from coordinator.rpc.ownership import whose
from protos import coordinator_pb2 as pb


class DatasetLineage(DatasetCalls):
    async def RemoveFromDataset(  # noqa: N802
        self, request: pb.RemoveFromDatasetRequest, context: CallContext
    ) -> pb.RemoveFromDatasetResponse:
        caller = caller_of(context)
        player_id: str | None = None
        if request.player:
            async with self._database.read() as connection:
                player_id = await whose(connection, caller, request.player)
        removal = await remove_from_dataset(
            self._archive,
            caller,
            request.dataset,
            session_ids=request.session_ids,
            player_id=player_id,
            delete_recordings=request.delete_recordings,
        )
        await self._turns.wake()  # who waits for one of them learns that it does not enter
        await self._server.jobs.wake()
        return pb.RemoveFromDatasetResponse(
            job=None if removal.job is None else job_message(removal.job),
            sessions=len(removal.session_ids),
            checkpoints=map(checkpoint_message, removal.checkpoints),
        )

    async def RegisterCheckpoint(  # noqa: N802
        self, request: pb.RegisterCheckpointRequest, context: CallContext
    ) -> pb.Checkpoint:
        caller = caller_of(context)
        sources = [Source(dataset=one.dataset, version=one.version) for one in request.sources]
        made = await self._database.transact(
            lambda connection: register_checkpoint(
                connection,
                caller.player_id,
                name=request.name,
                location=request.location,
                sources=sources,
                parent_ids=request.parent_ids,
                now_ns=self._clock(),
            )
        )
        return checkpoint_message(made)

    async def ListCheckpoints(  # noqa: N802
        self, request: pb.ListCheckpointsRequest, context: CallContext
    ) -> pb.ListCheckpointsResponse:
        async with self._database.read() as connection:
            dataset = await find_dataset(connection, request.dataset) if request.dataset else None
            found = await list_checkpoints(connection, dataset=dataset, marked=request.marked)
        return pb.ListCheckpointsResponse(checkpoints=map(checkpoint_message, found))
