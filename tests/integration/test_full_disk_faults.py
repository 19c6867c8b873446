"""A disk that is full under the coordinator's SQLite: what was taken in stays, nothing half is, and it goes on."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from coordinator.players.scopes import Scope
from protos import coordinator_pb2 as pb
from tests.support.coordinators import Client, served

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 6 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_what_was_taken_in_before_a_disk_is_full_is_there_and_done_once(tmp_path: Path, small_disk: Path) -> None:
    taken: dict[str, str] = {}

    async def submit(ada: Client, key: str) -> grpc.StatusCode:
        request = pb.SubmitJobRequest(kind="convert", idempotency_key=key)
        request.payload.update({"text": "x" * 60_000})
        try:
            taken[key] = (await ada.call("Jobs.SubmitJob", request)).id
        except grpc.aio.AioRpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    async def work() -> None:
        async with served(f"sqlite:///{small_disk / 'c.db'}", tmp_path) as server:
            ada, rig = await server.client("ada", Scope.PLAYER), await server.client("rig", Scope.WORKER)
            (job,) = [await ada.call("Jobs.SubmitJob", pb.SubmitJobRequest(kind="first", idempotency_key="first"))]
            lease = pb.LeaseJobsRequest(worker="w", kinds=["first"])
            (leased,) = (await rig.call("Jobs.LeaseJobs", lease)).jobs
            keys = [f"key-{number}" for number in range(120)]
            said = [await asyncio.gather(*(submit(ada, key) for key in keys[at : at + 20])) for at in range(0, 120, 20)]
            assert {code for codes in said for code in codes} == {grpc.StatusCode.OK, UNAVAILABLE}
            filler = small_disk / "filler"
            while True:  # to the last block
                try:
                    with filler.open("ab", buffering=0) as file:
                        file.write(bytes(4096))
                except OSError:
                    break
            complete = pb.CompleteJobRequest(job_id=leased.id, fence=leased.fence)
            with pytest.raises(grpc.aio.AioRpcError) as full:
                await rig.call("Jobs.CompleteJob", complete)
            assert full.value.code() is UNAVAILABLE
            assert "the database does not do what it should at the moment" in (full.value.details() or "")
            assert (await ada.call("Jobs.GetJob", pb.GetJobRequest(job_id=job.id))).state == "leased"
            await asyncio.to_thread(make_room, small_disk)
            await rig.call("Jobs.CompleteJob", complete)
            before = dict(taken)
            assert set(await asyncio.gather(*(submit(ada, key) for key in keys))) == {grpc.StatusCode.OK}
            assert {key: taken[key] for key in before} == before
            assert (await ada.call("Jobs.GetJob", pb.GetJobRequest(job_id=job.id))).state == "done"

    asyncio.run(work())
    with sqlite3.connect(small_disk / "c.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("SELECT count(*) FROM jobs").fetchone() == (121,)
    database.close()


def make_room(disk: Path) -> None:
    (disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
