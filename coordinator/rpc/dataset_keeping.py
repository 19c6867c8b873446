"""Calls about datasets that operators make."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.datasets.dataset import create_dataset, find_dataset
from coordinator.datasets.ingest import (
    add_ingest_rule,
    ingest_named,
    ingest_wanted,
    list_ingest_rules,
    remove_ingest_rule,
)
from coordinator.datasets.version import Version, tag_version
from coordinator.jobs.job import Job
from coordinator.rpc.context import CallContext, caller_of
from coordinator.rpc.dataset_calls import DatasetCalls
from coordinator.rpc.dataset_messages import dataset_message, rule_message, version_message
from coordinator.rpc.documents import document_of
from coordinator.rpc.jobs_service import job_message
from protos import coordinator_pb2 as pb

INGESTED_AT_ONCE = 5000
"""Sessions queued in one call where nobody names them; whoever asks again gets the next ones."""


class DatasetKeeping(DatasetCalls):
    async def CreateDataset(self, request: pb.CreateDatasetRequest, context: CallContext) -> pb.Dataset:  # noqa: N802
        wish = document_of("wish", request.wish)
        config = document_of("config", request.config) if request.HasField("config") else None
        return dataset_message(
            await self._database.transact(
                lambda connection: create_dataset(connection, request.name, wish, self._clock(), config=config)
            )
        )

    async def AddIngestRule(  # noqa: N802
        self, request: pb.AddIngestRuleRequest, context: CallContext
    ) -> pb.IngestRule:
        return rule_message(
            await self._database.transact(
                lambda connection: add_ingest_rule(connection, request.dataset, request.game_id, self._clock())
            )
        )

    async def RemoveIngestRule(  # noqa: N802
        self, request: pb.RemoveIngestRuleRequest, context: CallContext
    ) -> pb.IngestRule:
        return rule_message(
            await self._database.transact(lambda connection: remove_ingest_rule(connection, request.rule_id))
        )

    async def ListIngestRules(  # noqa: N802
        self, request: pb.ListIngestRulesRequest, context: CallContext
    ) -> pb.ListIngestRulesResponse:
        async with self._database.read() as connection:
            rules = await list_ingest_rules(connection, request.dataset)
        return pb.ListIngestRulesResponse(rules=map(rule_message, rules))

    async def IngestSessions(  # noqa: N802
        self, request: pb.IngestSessionsRequest, context: CallContext
    ) -> pb.IngestSessionsResponse:
        async def queue_some(connection: AsyncConnection) -> list[Job]:
            dataset = await find_dataset(connection, request.dataset)
            if request.session_ids:
                return await ingest_named(connection, dataset, request.session_ids, self._clock())
            return await ingest_wanted(connection, dataset, self._clock())

        queued: list[Job] = []
        while len(queued) < INGESTED_AT_ONCE:
            some = await self._database.transact(queue_some)
            queued += some
            if request.session_ids or not some:
                break
        await self._server.jobs.wake()
        return pb.IngestSessionsResponse(jobs=map(job_message, queued))

    async def TagVersion(self, request: pb.TagVersionRequest, context: CallContext) -> pb.DatasetVersion:  # noqa: N802
        player_id = caller_of(context).player_id

        async def tag(connection: AsyncConnection) -> Version:
            dataset = await find_dataset(connection, request.dataset, lock=True)
            return await tag_version(
                connection, dataset, request.tag, request.version, self._clock(), player_id=player_id
            )

        return version_message(await self._database.transact(tag))
