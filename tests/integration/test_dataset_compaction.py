"""Many small files are put together by themselves: a job is queued when enough sessions have entered, once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from coordinator.datasets import compaction
from playloom.documents import document_in
from protos import coordinator_pb2 as pb
from tests.support.coordinators import served
from tests.support.dataset_service import Desk


def test_a_compaction_is_queued_for_so_many_sessions_and_only_once(
    database_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "COMPACT_AFTER", 3)

    async def jobs(desk: Desk) -> list[pb.Job]:
        request = pb.ListJobsRequest(kind="dataset.compact", page_size=50)
        return list((await desk.operator.call("Jobs.ListJobs", request)).jobs)

    async def work() -> None:
        async with served(database_address, tmp_path) as server:
            desk = await Desk.of(server)
            made, _ = await desk.grown(2)
            assert await jobs(desk) == []
            for _ in range(2):
                session_id = await desk.session()
                await desk.stage(session_id)
                made = await desk.commit(made, [(session_id, 1, 100)])
            (queued,) = await jobs(desk)
            assert document_in(queued.payload) == {"dataset": "arcade"}
            assert queued.priority < 0, "sessions go first"

            made = await desk.commit(made, reason="compact")
            session_id = await desk.session()
            await desk.stage(session_id)
            await desk.commit(made, [(session_id, 1, 100)])
            assert len(await jobs(desk)) == 1, "the count begins anew"

    asyncio.run(asyncio.wait_for(work(), 60))
