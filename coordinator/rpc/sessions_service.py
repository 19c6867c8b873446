"""Sessions: a player's own; operators see and delete everyone's, workers read them."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.datasets.members import datasets_with
from coordinator.players.player import find_player
from coordinator.players.scopes import Caller, Scope
from coordinator.rpc.context import CallContext, ServerContext, Service, caller_of
from coordinator.rpc.ownership import whose
from coordinator.sessions.archive import Archive
from coordinator.sessions.deletion import delete_session, restorable_until_ns, restore_session
from coordinator.sessions.listing import SessionFilter, list_sessions, sign_downloads
from coordinator.sessions.session import Session, StoredFile, get_session
from protos import coordinator_pb2 as pb
from protos.coordinator_pb2_grpc import SessionsServicer, add_SessionsServicer_to_server

DEFAULT_PAGE, LARGEST_PAGE = 50, 200


class SessionsService(SessionsServicer):
    def __init__(self, server: ServerContext) -> None:
        self._archive = archive_of(server)

    async def ListSessions(  # noqa: N802
        self, request: pb.ListRecordedSessionsRequest, context: CallContext
    ) -> pb.ListRecordedSessionsResponse:
        async with self._archive.database.read() as connection:
            wanted = SessionFilter(
                player_id=await _whose(connection, caller_of(context), request.player),
                game_id=request.game_id or None,
                deleted=request.deleted,
            )
            limit = min(request.page_size or DEFAULT_PAGE, LARGEST_PAGE)
            page = await list_sessions(connection, wanted, limit=limit, page=request.page_token)
        return pb.ListRecordedSessionsResponse(
            sessions=[session_message(self._archive, session) for session in page.sessions],
            next_page_token=page.next_page,
        )

    async def GetSession(self, request: pb.GetSessionRequest, context: CallContext) -> pb.Session:  # noqa: N802
        async with self._archive.database.read() as connection:
            session = await get_session(connection, caller_of(context), request.session_id)
        return await self._with_datasets(session)

    async def SignDownloads(  # noqa: N802
        self, request: pb.SignDownloadsRequest, context: CallContext
    ) -> pb.SignDownloadsResponse:
        signed = await sign_downloads(self._archive, caller_of(context), request.session_id)
        return pb.SignDownloadsResponse(
            files=[
                pb.SignedFile(
                    file=_file_message(each.file),
                    url=each.request.url,
                    headers=each.request.headers,
                    expires_unix_ns=each.request.expires_unix_s * 10**9,
                )
                for each in signed
            ]
        )

    async def DeleteSession(self, request: pb.DeleteSessionRequest, context: CallContext) -> pb.Session:  # noqa: N802
        return await self._with_datasets(await delete_session(self._archive, caller_of(context), request.session_id))

    async def RestoreSession(self, request: pb.RestoreSessionRequest, context: CallContext) -> pb.Session:  # noqa: N802
        return await self._with_datasets(await restore_session(self._archive, caller_of(context), request.session_id))

    async def _with_datasets(self, session: Session) -> pb.Session:
        """Who deletes a session is told where it still is."""
        async with self._archive.database.read() as connection:
            names = await datasets_with(connection, session.id)
        message = session_message(self._archive, session)
        message.datasets.extend(names)
        return message


def session_message(archive: Archive, session: Session) -> pb.Session:
    """The wire's form."""
    return pb.Session(
        id=session.id,
        player_id=session.player_id,
        player_name=session.player_name,
        recording_id=session.recording_id,
        name=session.name,
        game_id=session.game_id or "",
        profile_name=session.profile_name or "",
        task=session.task or "",
        recorded_unix_ns=session.recorded_unix_ns,
        duration_s=session.duration_s,
        frames=session.frames,
        size_bytes=session.size_bytes,
        files=[_file_message(file) for file in session.files],
        created_unix_ns=session.created_unix_ns,
        deleted_unix_ns=session.deleted_unix_ns,
        restorable_until_unix_ns=restorable_until_ns(archive, session),
        duplicate=session.duplicate,
        content_sha256=session.content_sha256,
    )


def _file_message(file: StoredFile) -> pb.SessionFile:
    return pb.SessionFile(name=file.name, size_bytes=file.size_bytes, sha256=file.sha256)


async def _whose(connection: AsyncConnection, caller: Caller, player: str) -> str | None:
    """Whose sessions a listing shows: for a worker, who reads everyone's, those of the player that is named."""
    if Scope.WORKER in caller.scopes and not caller.is_operator and Scope.PLAYER not in caller.scopes:
        return (await find_player(connection, player)).id if player else None
    return await whose(connection, caller, player)


def archive_of(server: ServerContext) -> Archive:
    """What uploads and sessions of this server stand on."""
    settings = server.settings
    return Archive(
        database=server.database,
        store=server.store,
        clock=server.clock,
        part_bytes=settings.part_bytes,
        url_valid_s=settings.url_valid_s,
        restorable_s=settings.restorable_s,
        abandoned_s=settings.abandoned_s,
    )


def sessions_service(server: ServerContext) -> Service:
    """See `ServiceFactory`."""
    servicer = SessionsService(server)
    return Service(add=lambda grpc_server: add_SessionsServicer_to_server(servicer, grpc_server))
