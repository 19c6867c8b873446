"""The gRPC server: its ports, its services, and its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection_pb2_grpc
from grpc_reflection.v1alpha._async import ReflectionServicer

from coordinator.background import Background
from coordinator.logs import say
from coordinator.rpc.access import MethodRule
from coordinator.rpc.context import ServerContext, ServiceFactory
from coordinator.rpc.door import Door
from coordinator.rpc.limits import Limits
from coordinator.rpc.streams import Streams
from coordinator.tls.certificate import Certificate
from playloom.listen_address import AddressError, ListenAddress

MAX_CALLS = 20_000
"""Answered at once by one process; a connected node holds one."""

NOTE_USES_S = 20.0

HANDSHAKE_S = 10.0
"""Within which a connection is to speak HTTP/2, and TLS if there is any."""

_log = logging.getLogger("coordinator.server")


class _GenericOnly:
    """A server as services are added to it, without what makes gRPC slow.

    gRPC's Python server waits for each of the methods that are registered by name anew with every call: it takes a
    tenth of a call's time with the methods that there are here. Without it one handler waits for all.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self.add_generic_rpc_handlers = server.add_generic_rpc_handlers

    def add_registered_method_handlers(self, service_name: str, method_handlers: object) -> None:
        """What the generated code also calls; the generic handlers answer."""


class RpcServer:
    """Answers calls from `start` to `drain`.

    Args:
        context: what the services stand on.
        factories: of the services.
        methods: what each method needs.
    """

    def __init__(
        self,
        context: ServerContext,
        *,
        factories: Sequence[ServiceFactory],
        methods: Mapping[str, MethodRule],
    ) -> None:
        self._context = context
        self._streams = Streams(context.authenticator)
        limits = context.settings.limits
        door = Door(
            context.authenticator,
            Limits(limits, asyncio.get_running_loop().time),
            context.metrics,
            self._streams,
            methods=methods,
        )
        self._server = grpc.aio.server(
            interceptors=[door],
            maximum_concurrent_rpcs=MAX_CALLS,
            options=[
                ("grpc.so_reuseport", 0),  # a taken port is an error, not half of the calls
                ("grpc.max_receive_message_length", limits.request_bytes),
                ("grpc.max_metadata_size", 16 << 10),
                ("grpc.max_concurrent_streams", 1000),  # of one connection
                ("grpc.server_handshake_timeout_ms", round(HANDSHAKE_S * 1000)),
                ("grpc.max_connection_idle_ms", 15 * 60_000),
                ("grpc.keepalive_time_ms", 30_000),  # a client that vanished holds no stream
                ("grpc.keepalive_timeout_ms", 10_000),
                ("grpc.http2.ping_timeout_ms", 10_000),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
            ],
        )
        self._health = HealthServicer()
        to: Any = _GenericOnly(self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, to)
        reflection = ReflectionServicer(sorted({name.split("/")[1] for name in methods}))
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(reflection, to)
        services = [factory(context) for factory in factories]
        for service in services:
            service.add(to)
        self._background = Background(
            [work for service in services for work in service.work] + [self._streams.watch_tokens, self._note_uses]
        )

    async def start(self, address: ListenAddress, certificate: Certificate | None) -> str:
        """Begin to answer.

        Args:
            address: where to listen.
            certificate: for TLS; without it on loopback only.

        Returns:
            Where it listens, HOST:PORT.

        Raises:
            AddressError: it cannot listen there.
        """
        try:
            if certificate is None:
                assert address.is_loopback, "without TLS on loopback only"
                port = self._server.add_insecure_port(str(address))
            else:
                pair = (certificate.key, certificate.certificate)
                port = self._server.add_secure_port(str(address), grpc.ssl_server_credentials([pair]))
        except RuntimeError as error:
            problem = "the port is taken, or the address is not this machine's"
            raise AddressError(str(address), problem, remedy="Choose another port; 0 takes any that is free") from error
        await self._server.start()
        self._background.start()
        await self._health.set("playloom.v1", health_pb2.HealthCheckResponse.SERVING)
        return str(ListenAddress(host=address.host, port=port))

    async def drain(self, grace_s: float) -> None:
        """Take no more calls, and let those that run come to their end for up to ``grace_s`` seconds."""
        self._context.draining.set()
        await self._context.jobs.part()
        await self._health.enter_graceful_shutdown()
        self._streams.drain()
        say(_log, logging.INFO, "draining", grace_s=grace_s)
        await self._server.stop(grace_s)
        await self._background.stop()

    async def hurry(self) -> None:
        """While it drains: cut what still runs."""
        await self._server.stop(0)

    async def _note_uses(self) -> None:
        while True:
            await asyncio.sleep(NOTE_USES_S)
            await self._context.authenticator.note_uses()
