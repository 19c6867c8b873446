"""Uploads: a player's own, for operators everyone's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from coordinator.players.scopes import Caller
from coordinator.rpc.context import CallContext, ServerContext, Service, caller_of
from coordinator.rpc.sessions_service import archive_of, session_message
from coordinator.sessions.session import Session
from coordinator.sessions.upkeep import keep_archive
from coordinator.uploads.abandon import abandon_upload
from coordinator.uploads.begin import UploadRequest, begin_upload
from coordinator.uploads.contents import NamedFile
from coordinator.uploads.finish import finish_upload
from coordinator.uploads.parts import PartToSend, list_parts, sign_parts
from coordinator.uploads.upload import Upload, UploadState, get_upload
from playloom.objects.part_sum import PartSum
from protos import coordinator_pb2 as pb
from protos.coordinator_pb2_grpc import UploadsServicer, add_UploadsServicer_to_server


class UploadsService(UploadsServicer):
    def __init__(self, server: ServerContext) -> None:
        self.archive = archive_of(server)
        self._jobs = server.jobs
        self._finishing: set[asyncio.Task[Session]] = set()

    async def BeginUpload(self, request: pb.BeginUploadRequest, context: CallContext) -> pb.Upload:  # noqa: N802
        wanted = UploadRequest(
            recording_id=request.recording_id,
            name=request.name,
            files=tuple(request.files),
            expected_bytes=request.expected_bytes,
            content_sha256=request.content_sha256 or None,
        )
        return self._message(await begin_upload(self.archive, caller_of(context), wanted))

    async def GetUpload(self, request: pb.GetUploadRequest, context: CallContext) -> pb.Upload:  # noqa: N802
        async with self.archive.database.read() as connection:
            return self._message(await get_upload(connection, caller_of(context), request.upload_id))

    async def SignParts(self, request: pb.SignPartsRequest, context: CallContext) -> pb.SignPartsResponse:  # noqa: N802
        parts = [PartToSend(file=part.file, number=part.number, size_bytes=part.size_bytes) for part in request.parts]
        signed = await sign_parts(self.archive, caller_of(context), request.upload_id, parts)
        return pb.SignPartsResponse(
            parts=[
                pb.SignedPart(
                    file=each.part.file,
                    number=each.part.number,
                    method=each.request.method,
                    url=each.request.url,
                    headers=each.request.headers,
                    expires_unix_ns=each.request.expires_unix_s * 10**9,
                )
                for each in signed
            ]
        )

    async def ListParts(self, request: pb.ListPartsRequest, context: CallContext) -> pb.ListPartsResponse:  # noqa: N802
        parts = await list_parts(self.archive, caller_of(context), request.upload_id)
        return pb.ListPartsResponse(
            parts=[
                pb.PartThere(file=part.file, number=part.number, size_bytes=part.size_bytes, etag=part.etag)
                for part in parts
            ]
        )

    async def FinishUpload(self, request: pb.FinishUploadRequest, context: CallContext) -> pb.Session:  # noqa: N802
        files = [NamedFile(name=file.name, size_bytes=file.size_bytes, sha256=file.sha256) for file in request.files]
        finishing = asyncio.create_task(self._finish(caller_of(context), request.upload_id, files))
        # Reading everything through takes its time. A caller who does not wait for it finds it done when it asks again.
        self._finishing.add(finishing)
        finishing.add_done_callback(self._ended)
        return session_message(self.archive, await asyncio.shield(finishing))

    async def AbandonUpload(self, request: pb.AbandonUploadRequest, context: CallContext) -> pb.Upload:  # noqa: N802
        return self._message(await abandon_upload(self.archive, caller_of(context), request.upload_id))

    async def _finish(self, caller: Caller, upload_id: str, files: Sequence[NamedFile]) -> Session:
        session = await finish_upload(self.archive, caller, upload_id, files)
        await self._jobs.wake()  # to convert it
        return session

    def _message(self, upload: Upload) -> pb.Upload:
        return upload_message(upload, self.archive.store.part_sum)

    def _ended(self, finishing: asyncio.Task[Session]) -> None:
        self._finishing.discard(finishing)
        if not finishing.cancelled():
            finishing.exception()  # who called has it, or does not wait for it any more


def upload_message(upload: Upload, part_sum: PartSum) -> pb.Upload:
    """The wire's form."""
    return pb.Upload(
        id=upload.id,
        recording_id=upload.recording_id,
        name=upload.name,
        state=upload.state.value,
        part_bytes=upload.part_bytes,
        files=[file.name for file in upload.files],
        session_id=upload.session_id if upload.state is UploadState.FINISHED else "",
        part_sum=part_sum.value,
    )


def uploads_service(server: ServerContext) -> Service:
    """See `ServiceFactory`."""
    servicer = UploadsService(server)
    return Service(
        add=lambda grpc_server: add_UploadsServicer_to_server(servicer, grpc_server),
        work=(lambda: keep_archive(servicer.archive),),
    )
