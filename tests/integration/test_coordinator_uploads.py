"""Uploads, sessions and datasets over real gRPC and real signed URLs, embedded and on servers."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest
from yarl import URL

from protos import coordinator_pb2 as pb
from tests.support.archives import ArchivePlace, read_files
from tests.support.coordinators import OPERATOR, PLAYER, WORKER, Client, Served, refusal, served
from tests.support.sessions import make_session

NOT_FOUND, DENIED = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED
THREE = ["capture.mp4", "sync.csv", "actions.bin"]


def run(place: ArchivePlace, root: Path, work: Callable[[Served], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with served(place.database, root, store=place.store, part_bytes=5 << 20) as server:
            await work(server)

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


async def begin(client: Client, **values: Any) -> pb.Upload:
    request = {"recording_id": "session", "name": "evening", "files": THREE, **values}
    return await client.call("Uploads.BeginUpload", pb.BeginUploadRequest(**request))


async def send(client: Client, upload: pb.Upload, files: dict[str, bytes]) -> None:
    """Send each file as its first part."""
    request = pb.SignPartsRequest(upload_id=upload.id)
    for name, content in files.items():
        request.parts.add(file=name, number=1, size_bytes=len(content))
    signed = (await client.call("Uploads.SignParts", request)).parts
    async with aiohttp.ClientSession() as http:
        for part in signed:
            body = io.BytesIO(files[part.file])
            url = URL(part.url, encoded=True)
            async with http.request(part.method, url, data=body, headers=dict(part.headers)) as answer:
                assert answer.status == 200, await answer.text()


def finishing(upload: pb.Upload, files: dict[str, bytes]) -> pb.FinishUploadRequest:
    request = pb.FinishUploadRequest(upload_id=upload.id)
    for name, content in files.items():
        request.files.add(name=name, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    return request


def test_a_recording_is_sent_listed_fetched_deleted_and_restored(archive_place: ArchivePlace, tmp_path: Path) -> None:
    files = read_files(make_session(tmp_path, frames=5, with_session_json=True))

    async def work(server: Served) -> None:
        ada, worker, operator = (
            await server.client("ada", PLAYER),
            await server.client("rig", WORKER),
            await server.client("olga", OPERATOR),
        )
        await operator.call("Datasets.CreateDataset", pb.CreateDatasetRequest(name="all"))
        rule = await operator.call(
            "Datasets.AddIngestRule", pb.AddIngestRuleRequest(dataset="all", game_id="test-game")
        )
        upload = await begin(ada, files=list(files))
        assert (upload.state, upload.part_bytes, upload.session_id) == ("open", 5 << 20, "")
        await send(ada, upload, files)
        there = await ada.call("Uploads.ListParts", pb.ListPartsRequest(upload_id=upload.id))
        sums: dict[str, Callable[[bytes], str]] = {
            "crc32": lambda content: f"{zlib.crc32(content):08x}",
            "md5": lambda content: hashlib.md5(content).hexdigest(),
        }
        of = sums[upload.part_sum]
        assert {part.file: part.etag for part in there.parts} == {name: of(content) for name, content in files.items()}
        session = await ada.call("Uploads.FinishUpload", finishing(upload, files))
        assert (session.player_name, session.game_id, session.frames) == ("ada", "test-game", 5)
        assert await ada.call("Uploads.FinishUpload", finishing(upload, files)) == session
        found = await ada.call("Uploads.GetUpload", pb.GetUploadRequest(upload_id=upload.id))
        assert (found.state, found.session_id) == ("finished", session.id)
        again = await begin(ada, recording_id="copy", content_sha256=session.content_sha256)
        assert (again.state, again.session_id) == ("finished", session.id)

        (job,) = (await worker.call("Jobs.LeaseJobs", pb.LeaseJobsRequest(worker="rig", kinds=["ingest"]))).jobs
        assert dict(job.payload) == {"session_id": session.id, "dataset": "all"}
        signed = await worker.call("Sessions.SignDownloads", pb.SignDownloadsRequest(session_id=session.id))
        async with aiohttp.ClientSession() as http:
            for file in signed.files:
                async with http.get(URL(file.url, encoded=True)) as answer:
                    assert await answer.read() == files[file.file.name]

        for lister in (ada, operator, worker):
            listed = await lister.call("Sessions.ListSessions", pb.ListRecordedSessionsRequest())
            assert list(listed.sessions) == [session]
        deleted = await ada.call("Sessions.DeleteSession", pb.DeleteSessionRequest(session_id=session.id))
        assert deleted.restorable_until_unix_ns == server.time() + 30 * 24 * 3600 * 10**9
        assert not (await ada.call("Sessions.ListSessions", pb.ListRecordedSessionsRequest())).sessions
        bin_of_ada = await ada.call("Sessions.ListSessions", pb.ListRecordedSessionsRequest(deleted=True))
        assert [each.id for each in bin_of_ada.sessions] == [session.id]
        assert await ada.call("Sessions.RestoreSession", pb.RestoreSessionRequest(session_id=session.id)) == session
        await operator.call("Datasets.RemoveIngestRule", pb.RemoveIngestRuleRequest(rule_id=rule.id))
        assert not (await ada.call("Datasets.ListIngestRules", pb.ListIngestRulesRequest())).rules
        assert [each.name for each in (await ada.call("Datasets.ListDatasets", pb.ListDatasetsRequest())).datasets] == [
            "all"
        ]

    run(archive_place, tmp_path, work)


def test_a_token_opens_only_what_it_is_for(archive_place: ArchivePlace, tmp_path: Path) -> None:
    files = {"capture.mp4": b"v", "sync.csv": b"frame_index,monotonic_ns,pts\n0,1,0\n", "actions.bin": b"i"}

    async def work(server: Served) -> None:
        ada, bob, worker = (
            await server.client("ada", PLAYER),
            await server.client("bob", PLAYER),
            await server.client("rig", WORKER),
        )
        upload = await begin(ada)
        await send(ada, upload, files)
        part = pb.PartToSend(file="capture.mp4", number=1, size_bytes=1)
        on_upload = {
            "Uploads.GetUpload": pb.GetUploadRequest(upload_id=upload.id),
            "Uploads.SignParts": pb.SignPartsRequest(upload_id=upload.id, parts=[part]),
            "Uploads.ListParts": pb.ListPartsRequest(upload_id=upload.id),
            "Uploads.FinishUpload": finishing(upload, files),
            "Uploads.AbandonUpload": pb.AbandonUploadRequest(upload_id=upload.id),
        }
        for method, request in on_upload.items():
            assert (await refusal(bob.call(method, request)))[0] is NOT_FOUND, method
            assert (await refusal(worker.call(method, request)))[0] is DENIED, method
        session = await ada.call("Uploads.FinishUpload", finishing(upload, files))
        on_session = {
            "Sessions.GetSession": pb.GetSessionRequest(session_id=session.id),
            "Sessions.SignDownloads": pb.SignDownloadsRequest(session_id=session.id),
            "Sessions.DeleteSession": pb.DeleteSessionRequest(session_id=session.id),
            "Sessions.RestoreSession": pb.RestoreSessionRequest(session_id=session.id),
        }
        for method, request in on_session.items():
            assert (await refusal(bob.call(method, request)))[0] is NOT_FOUND, method
        for method in ("Sessions.DeleteSession", "Sessions.RestoreSession"):
            assert (await refusal(worker.call(method, on_session[method])))[0] is DENIED
        listing = pb.ListRecordedSessionsRequest(player="ada")
        assert (await refusal(bob.call("Sessions.ListSessions", listing)))[0] is NOT_FOUND
        assert not (await bob.call("Sessions.ListSessions", pb.ListRecordedSessionsRequest())).sessions
        made = pb.CreateDatasetRequest(name="mine")
        for caller in (ada, worker):
            assert (await refusal(caller.call("Datasets.CreateDataset", made)))[0] is DENIED
            rule = pb.AddIngestRuleRequest(dataset="mine", game_id="g")
            assert (await refusal(caller.call("Datasets.AddIngestRule", rule)))[0] is DENIED

    run(archive_place, tmp_path, work)


def test_what_cannot_be_is_refused_with_words(archive_place: ArchivePlace, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, operator = await server.client("ada", PLAYER), await server.client("olga", OPERATOR)
        code, details = await refusal(begin(ada, files=[*THREE, "../evil"]))
        assert (code, "'../evil'" in details) == (grpc.StatusCode.INVALID_ARGUMENT, True)
        upload = await begin(ada)
        files = {"capture.mp4": b"v", "sync.csv": b"s", "actions.bin": b"i"}
        code, details = await refusal(ada.call("Uploads.FinishUpload", finishing(upload, files)))
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert "lacks 1 of its 1 parts" in details
        for name in ("", "A b", "../x", "x.", "dataset_" + "0" * 26):
            code, _ = await refusal(operator.call("Datasets.CreateDataset", pb.CreateDatasetRequest(name=name)))
            assert code is grpc.StatusCode.INVALID_ARGUMENT, name
        await operator.call("Datasets.CreateDataset", pb.CreateDatasetRequest(name="one"))
        code, _ = await refusal(operator.call("Datasets.CreateDataset", pb.CreateDatasetRequest(name="one")))
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        code, _ = await refusal(
            operator.call("Datasets.AddIngestRule", pb.AddIngestRuleRequest(dataset="none", game_id="g"))
        )
        assert code is NOT_FOUND

    run(archive_place, tmp_path, work)


def test_a_worker_that_waits_gets_a_session_when_it_has_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.jobs.queue.POLL_S", 600.0)  # it is told, and need not look
    files = read_files(make_session(tmp_path, frames=5, with_session_json=True))

    async def work(server: Served) -> None:
        ada, worker = await server.client("ada", PLAYER), await server.client("rig", WORKER)
        operator = await server.client("olga", OPERATOR)
        await operator.call("Datasets.CreateDataset", pb.CreateDatasetRequest(name="all"))
        await operator.call("Datasets.AddIngestRule", pb.AddIngestRuleRequest(dataset="all", game_id="test-game"))

        async def next_job() -> pb.Job:
            request = pb.LeaseJobsRequest(worker="rig", kinds=["ingest"], limit=1, lease_s=60, wait_s=60)
            (job,) = (await asyncio.wait_for(worker.call("Jobs.LeaseJobs", request), 30)).jobs
            return job

        waiting = asyncio.create_task(next_job())
        upload = await begin(ada, files=list(files))
        await send(ada, upload, files)
        session = await ada.call("Uploads.FinishUpload", finishing(upload, files))
        first = await waiting
        assert first.payload["session_id"] == session.id
        done = pb.FailJobRequest(job_id=first.id, fence=first.fence, reason="no", retry=False)
        await worker.call("Jobs.FailJob", done)

        waiting = asyncio.create_task(next_job())
        await asyncio.sleep(0.2)  # until it waits
        request = pb.IngestSessionsRequest(dataset="all", session_ids=[session.id])
        (job,) = (await operator.call("Datasets.IngestSessions", request)).jobs
        assert (await waiting).id == job.id

    async def all_of_it() -> None:
        async with served(f"sqlite:///{tmp_path / 'coordinator.db'}", tmp_path, part_bytes=5 << 20) as server:
            await work(server)

    asyncio.run(asyncio.wait_for(all_of_it(), 60))
