"""What is told where the store has lost something of a dataset."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from coordinator.datasets.consistency import check_datasets
from coordinator.rpc.sessions_service import archive_of
from coordinator.sessions.archive import Archive
from playloom.manifest.keys import file_key, segment_key
from playloom.manifest.version import FileRef, Segment, SegmentRef, ShardRef
from protos import coordinator_pb2 as pb
from tests.support.coordinators import served
from tests.support.dataset_service import Desk


def run(address: str, root: Path, work: Callable[[Desk, Archive], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with served(address, root) as server:
            await work(await Desk.of(server), archive_of(server.server.context))

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


async def whole(desk: Desk, parent: pb.DatasetVersion | None) -> tuple[pb.DatasetVersion, str, str]:
    """A version with one more session whose segment and video are in the store; with the keys of both."""
    session_id = await desk.session()
    await desk.stage(session_id)
    store, video = desk.served.server.context.store, session_id.encode()
    ref = FileRef(path="videos/0.mp4", sha256=hashlib.sha256(video).hexdigest(), size_bytes=len(video))
    frames = 100 + (0 if parent is None else parent.frames)
    shard = ShardRef(
        number=0, first_episode=0, first_index=0, episodes=frames // 100, frames=frames, sessions=(), files=(ref,)
    )
    segment = Segment(shards=(shard,), stats={})
    content = segment.to_bytes()
    reference = SegmentRef.of(segment, content)
    keys = segment_key(desk.dataset.id, reference.sha256), file_key(desk.dataset.id, ref.sha256, ref.path)
    store.put(keys[0], content)
    store.put(keys[1], video)
    return await desk.commit(parent, [(session_id, 1, 100)], segments=(reference,)), *keys


def test_a_version_of_which_something_is_gone_is_told_with_the_newest_that_is_whole(
    database_address: str, tmp_path: Path
) -> None:
    async def work(desk: Desk, archive: Archive) -> None:
        first, _, _ = await whole(desk, None)
        second, _, video = await whole(desk, first)
        third, _, _ = await whole(desk, second)
        archive.store.put(f"datasets/{desk.dataset.id}/files/ab/{'ab' * 32}.mp4", b"that no version names")
        assert await check_datasets(archive) == []

        archive.store.delete([third.manifest_key])
        (finding,) = await check_datasets(archive)
        assert (finding.kind.value, finding.subject, finding.mended) == ("version", "arcade 3", False)
        expected = f"its manifest {third.manifest_key} is gone; version 2 is the newest that is whole"
        assert finding.detail == expected

        archive.store.delete([video])
        details = [(one.subject, one.detail) for one in await check_datasets(archive, mend=True)]
        assert details[1] == (
            "arcade 2",
            "videos/0.mp4 is gone or has another size; version 1 is the newest that is whole",
        )
        archive.store.delete([first.manifest_key])
        assert [one.subject for one in await check_datasets(archive)] == ["arcade 3", "arcade 2", "arcade 1"]

    run(database_address, tmp_path, work)


def test_a_session_whose_conversion_is_gone_is_queued_again(database_address: str, tmp_path: Path) -> None:
    async def work(desk: Desk, archive: Archive) -> None:
        session_id = await desk.session()
        standing = await desk.stage(session_id)
        archive.store.delete([standing.object_key])
        (finding,) = await check_datasets(archive)
        assert (finding.kind.value, finding.subject, finding.mended) == ("staged", session_id, False)
        (finding,) = await check_datasets(archive, mend=True)
        assert finding.mended
        assert await check_datasets(archive) == []
        jobs = await desk.operator.call("Jobs.ListJobs", pb.ListJobsRequest(kind="ingest"))
        assert [one.payload["session_id"] for one in jobs.jobs] == [session_id]

    run(database_address, tmp_path, work)
