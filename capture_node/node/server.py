"""The gRPC server of a node: on loopback for this machine's commands, elsewhere only with TLS; always with a token."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc

from capture_node.node.service import MAX_STREAMS, CaptureNodeService
from playloom.grpc_serving import OWN_PORT, TokenCheck, bind
from playloom.listen_address import ListenAddress
from protos.capture_node_pb2_grpc import add_CaptureNodeServicer_to_server

if TYPE_CHECKING:
    from capture_node.node.tls import Certificate

LOOPBACK_ADDRESS = "127.0.0.1:0"
"""Where a node listens for this machine's own commands, unless told otherwise: any free port, which they find."""

MAX_REQUEST_BYTES = 64 << 10
"""Requests are words and some rectangles."""

SHORT_CALLS = 8
"""Calls that are answered at once, at the same time; streams have threads of their own besides."""

GRACE_S = 2.0
"""Calls that are being answered when the node ends have so long."""


class NodeServer:
    """Answers calls from `start` to `stop`.

    Args:
        service: what answers them.
        token: that every call must bring.
        address: on loopback, where this machine's own commands come.
        remote: another address, where TLS is spoken, with its certificate.

    Attributes:
        address: where it listens on loopback, HOST:PORT.
        remote_address: where it listens with TLS, or None.
    """

    def __init__(
        self,
        service: CaptureNodeService,
        token: str,
        *,
        address: ListenAddress,
        remote: tuple[ListenAddress, Certificate] | None = None,
    ) -> None:
        assert address.is_loopback, "without TLS on loopback only"
        self._service = service
        self._server = grpc.server(
            ThreadPoolExecutor(SHORT_CALLS + MAX_STREAMS, thread_name_prefix="grpc"),
            interceptors=[TokenCheck(token, whose="node")],
            options=[
                OWN_PORT,
                ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
                ("grpc.keepalive_time_ms", 30_000),  # a client that vanished holds no stream
                ("grpc.keepalive_timeout_ms", 10_000),
                ("grpc.http2.ping_timeout_ms", 10_000),
            ],
        )
        add_CaptureNodeServicer_to_server(service, self._server)
        self.address = bind(address, self._server.add_insecure_port)
        self.remote_address: str | None = None
        if remote is not None:
            remote_address, certificate = remote
            credentials = grpc.ssl_server_credentials([(certificate.key, certificate.certificate)])
            self.remote_address = bind(remote_address, lambda place: self._server.add_secure_port(place, credentials))

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        """Let calls end, and refuse new ones. A second call does nothing."""
        self._service.end_streams()
        stopped: threading.Event = self._server.stop(GRACE_S)
        stopped.wait(GRACE_S + 5)
