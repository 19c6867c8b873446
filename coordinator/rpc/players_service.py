"""Players, invitations and tokens, for operators; and for everyone who they are."""

from __future__ import annotations

from coordinator.players.invitation import DEFAULT_INVITED_S, invite
from coordinator.players.player import (
    PAGE_LIMIT,
    Player,
    create_player,
    find_player,
    list_players,
    name_key,
    update_player,
)
from coordinator.players.scopes import Scope, parse_scopes
from coordinator.players.token import Token, list_tokens, revoke_token
from coordinator.rpc.context import CallContext, ServerContext, Service, caller_of
from coordinator.rpc.ownership import whose
from coordinator.rpc.server_service import caller_message
from protos import coordinator_pb2 as pb
from protos.coordinator_pb2_grpc import PlayersServicer, add_PlayersServicer_to_server

DEFAULT_PAGE = 100


class PlayersService(PlayersServicer):
    def __init__(self, server: ServerContext) -> None:
        self._server = server

    async def WhoAmI(self, request: pb.WhoAmIRequest, context: CallContext) -> pb.Caller:  # noqa: N802
        return caller_message(caller_of(context))

    async def GetPlayer(self, request: pb.GetPlayerRequest, context: CallContext) -> pb.Player:  # noqa: N802
        caller = caller_of(context)
        async with self._server.database.read() as connection:
            player_id = await whose(connection, caller, request.player) or caller.player_id
            return player_message(await find_player(connection, player_id))

    async def CreatePlayer(self, request: pb.CreatePlayerRequest, context: CallContext) -> pb.Player:  # noqa: N802
        quota_bytes = request.quota_bytes if request.HasField("quota_bytes") else None
        return player_message(
            await self._server.database.transact(
                lambda connection: create_player(
                    connection, request.name, self._server.clock(), quota_bytes=quota_bytes
                )
            )
        )

    async def ListPlayers(self, request: pb.ListPlayersRequest, context: CallContext) -> pb.ListPlayersResponse:  # noqa: N802
        limit = min(request.page_size or DEFAULT_PAGE, PAGE_LIMIT)
        async with self._server.database.read() as connection:
            found = await list_players(connection, after=request.page_token, limit=limit + 1)
        more = name_key(found[limit - 1].name) if len(found) > limit else ""
        return pb.ListPlayersResponse(players=map(player_message, found[:limit]), next_page_token=more)

    async def UpdatePlayer(self, request: pb.UpdatePlayerRequest, context: CallContext) -> pb.Player:  # noqa: N802
        player = await self._server.database.transact(
            lambda connection: update_player(
                connection,
                request.player,
                self._server.clock(),
                quota_bytes=request.quota_bytes if request.HasField("quota_bytes") else None,
                disabled=request.disabled if request.HasField("disabled") else None,
            )
        )
        self._server.authenticator.forget()
        return player_message(player)

    async def Invite(self, request: pb.InviteRequest, context: CallContext) -> pb.Invitation:  # noqa: N802
        scopes = parse_scopes(request.scopes or [Scope.PLAYER])
        made = await self._server.database.transact(
            lambda connection: invite(
                connection,
                request.player,
                scopes,
                self._server.clock(),
                valid_s=request.valid_s or DEFAULT_INVITED_S,
            )
        )
        return pb.Invitation(code=made.code, player_id=made.player_id, expires_unix_ns=made.expires_unix_ns)

    async def ListTokens(self, request: pb.ListTokensRequest, context: CallContext) -> pb.ListTokensResponse:  # noqa: N802
        async with self._server.database.read() as connection:
            found = await list_tokens(connection, request.player)
        return pb.ListTokensResponse(tokens=map(token_message, found))

    async def RevokeToken(self, request: pb.RevokeTokenRequest, context: CallContext) -> pb.Token:  # noqa: N802
        token = await self._server.database.transact(
            lambda connection: revoke_token(connection, request.token_id, self._server.clock())
        )
        self._server.authenticator.forget()
        return token_message(token)


def player_message(player: Player) -> pb.Player:
    return pb.Player(
        id=player.id,
        name=player.name,
        quota_bytes=player.quota_bytes,
        used_bytes=player.used_bytes,
        sessions=player.sessions,
        created_unix_ns=player.created_unix_ns,
        disabled_unix_ns=player.disabled_unix_ns,
    )


def token_message(token: Token) -> pb.Token:
    return pb.Token(
        id=token.id,
        player_id=token.player_id,
        player_name=token.player_name,
        node_id=token.node_id,
        label=token.label,
        scopes=sorted(token.scopes),
        created_unix_ns=token.created_unix_ns,
        expires_unix_ns=token.expires_unix_ns,
        revoked_unix_ns=token.revoked_unix_ns,
        used_unix_ns=token.used_unix_ns,
    )


def players_service(server: ServerContext) -> Service:
    return Service(add=lambda to: add_PlayersServicer_to_server(PlayersService(server), to))
