"""A real coordinator within a test: on a database of its own, spoken to over real gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc

from coordinator.clock import SECOND_NS
from coordinator.errors import UnknownError
from coordinator.players.player import create_player, find_player
from coordinator.players.scopes import Scope
from coordinator.players.token import NewToken, make_token
from coordinator.rpc.access import METHODS, MethodRule
from coordinator.server import RunningServer, running
from coordinator.settings import CoordinatorSettings, embedded_settings
from protos import coordinator_pb2_grpc as stubs

PLAYER, OPERATOR, WORKER = Scope.PLAYER, Scope.OPERATOR, Scope.WORKER


@dataclass
class Time:
    """A clock that a test sets."""

    now_ns: int = 1_800_000_000 * SECOND_NS

    def __call__(self) -> int:
        return self.now_ns

    def passes(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)


class Client:
    """Calls with one token; without one, without."""

    def __init__(self, channel: grpc.aio.Channel, token: str | None) -> None:
        self._channel = channel
        self.metadata: tuple[tuple[str, str], ...] = () if token is None else (("authorization", f"Bearer {token}"),)

    async def call(self, method: str, request: Any, **options: Any) -> Any:
        """As in ``call("Jobs.GetJob", GetJobRequest(...))``."""
        return await self.begin(method, request, **options)

    def begin(self, method: str, request: Any, **options: Any) -> Any:
        """The same, not waited for; streams come from here."""
        service, _, name = method.partition(".")
        stub = getattr(stubs, f"{service}Stub")(self._channel)
        return getattr(stub, name)(request, metadata=self.metadata, **options)


@dataclass(kw_only=True)
class Served:
    """A coordinator that answers, and connections to it."""

    server: RunningServer
    time: Time
    _channels: list[grpc.aio.Channel] = field(default_factory=list)

    @property
    def settings(self) -> CoordinatorSettings:
        return self.server.settings

    async def token(self, player: str, *scopes: Scope, valid_s: int | None = None) -> NewToken:
        """A token for a player, who is made if there is none."""
        async with self.server.context.database.write() as connection:
            try:
                owner = await find_player(connection, player)
            except UnknownError:
                owner = await create_player(connection, player, self.time())
            return await make_token(connection, owner.id, frozenset(scopes), self.time(), label="test", valid_s=valid_s)

    async def client(self, player: str, *scopes: Scope) -> Client:
        """Calls of a player with a token that is good for ``scopes``."""
        return self.with_token((await self.token(player, *scopes)).secret)

    def with_token(self, token: str | None) -> Client:
        return Client(self.channel(), token)

    def channel(self, credentials: grpc.ChannelCredentials | None = None, *, host: str | None = None) -> Any:
        """A connection to the server, which ends with it. ``host``: by which name."""
        port = self.server.address.rpartition(":")[2]
        target = self.server.address if host is None else f"{host}:{port}"
        options = [("grpc.enable_http_proxy", 0)]
        if credentials is None:
            channel = grpc.aio.insecure_channel(target, options)
        else:
            channel = grpc.aio.secure_channel(target, credentials, options)
        self._channels.append(channel)
        return channel

    async def drain(self, grace_s: float) -> None:
        """What happens first when a coordinator ends."""
        await self.server.rpc.drain(grace_s)

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()


@asynccontextmanager
async def served(
    address: str, root: Path, *, methods: Mapping[str, MethodRule] = METHODS, **changes: Any
) -> AsyncIterator[Served]:
    """Run a coordinator on the database at ``address``, with settings changed as named."""
    settings = replace(
        embedded_settings(root / "coordinator"),
        database=address,
        listen="127.0.0.1:0",
        http="127.0.0.1:0",
        drain_s=10.0,
    )
    time = Time()
    async with running(replace(settings, **changes), clock=time, job_clock=time, methods=methods) as server:
        found = Served(server=server, time=time)
        try:
            yield found
        finally:
            await found.close()


async def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    """How a call fails."""
    try:
        if hasattr(call, "__aiter__"):
            async for _ in call:
                pass
        else:
            await call
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details() or ""
    raise AssertionError("the call was answered")
