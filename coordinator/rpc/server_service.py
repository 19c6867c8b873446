"""The services that need no token: what this server is, and how a machine comes to have one."""

from __future__ import annotations

from importlib.metadata import version

from coordinator.players.invitation import enrol
from coordinator.players.scopes import Caller
from coordinator.rpc.context import CallContext, ServerContext, Service
from coordinator.server_values import server_id
from protos import coordinator_pb2 as pb
from protos.coordinator_pb2_grpc import (
    EnrolmentServicer,
    ServerServicer,
    add_EnrolmentServicer_to_server,
    add_ServerServicer_to_server,
)


class ServerService(ServerServicer):
    def __init__(self, server: ServerContext) -> None:
        self._server = server

    async def GetInfo(self, request: pb.GetServerInfoRequest, context: CallContext) -> pb.ServerInfo:  # noqa: N802
        return pb.ServerInfo(
            version=version("playloom"),
            server_id=await self._server.database.transact(server_id),
            unix_ns=self._server.clock(),
            part_bytes=self._server.settings.part_bytes,
        )


class EnrolmentService(EnrolmentServicer):
    def __init__(self, server: ServerContext) -> None:
        self._server = server

    async def Enrol(self, request: pb.EnrolRequest, context: CallContext) -> pb.EnrolResponse:  # noqa: N802
        made = await self._server.database.transact(
            lambda connection: enrol(
                connection, request.code, request.node_name, self._server.clock(), version=request.version
            )
        )
        token = made.token
        caller = Caller(
            player_id=token.player_id,
            player_name=token.player_name,
            scopes=token.scopes,
            token_id=token.id,
            node_id=token.node_id,
        )
        return pb.EnrolResponse(token=made.secret, caller=caller_message(caller))


def caller_message(caller: Caller) -> pb.Caller:
    return pb.Caller(
        player_id=caller.player_id,
        player_name=caller.player_name,
        scopes=sorted(caller.scopes),
        token_id=caller.token_id,
        node_id=caller.node_id,
    )


def server_service(server: ServerContext) -> Service:
    return Service(add=lambda to: add_ServerServicer_to_server(ServerService(server), to))


def enrolment_service(server: ServerContext) -> Service:
    return Service(add=lambda to: add_EnrolmentServicer_to_server(EnrolmentService(server), to))
