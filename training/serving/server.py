"""The gRPC server of a policy: on loopback as it is, elsewhere only with TLS; always with a token."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import grpc

from playloom.errors import FileError
from playloom.grpc_serving import OWN_PORT, TokenCheck, bind
from playloom.listen_address import AddressError, ListenAddress
from playloom.play.wire import MAX_MESSAGE_BYTES
from protos.policy_pb2_grpc import add_PolicyServerServicer_to_server
from training.serving.service import MAX_PLAYERS, PolicyService

SHORT_CALLS = 4
GRACE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """A certificate and its key, as PEM.

    Attributes:
        certificate, key: their contents.
    """

    certificate: bytes
    key: bytes

    @classmethod
    def read(cls, certificate: Path, key: Path) -> TlsFiles:
        """Read both.

        Raises:
            FileError: one cannot be read, or holds no PEM.
        """
        found: list[bytes] = []
        for path, sign, what in ((certificate, b"BEGIN CERTIFICATE", "certificate"), (key, b"PRIVATE KEY", "key")):
            try:
                found.append(path.read_bytes())
            except OSError as error:
                raise FileError(
                    path, f"cannot be read: {error.strerror or error}", remedy="Check the path and its permissions"
                ) from error
            if sign not in found[-1]:
                raise FileError(path, f"holds no {what} in PEM", remedy="Name a .pem file")
        return cls(certificate=found[0], key=found[1])


class PolicyGrpcServer:
    """Answers calls from `start` to `stop`.

    Args:
        service: what answers them.
        token: that every call must bring.
        address: where to listen.
        tls: needed elsewhere than on loopback.

    Attributes:
        address: where it listens, HOST:PORT.

    Raises:
        AddressError: it cannot listen there.
    """

    def __init__(
        self, service: PolicyService, token: str, *, address: ListenAddress, tls: TlsFiles | None = None
    ) -> None:
        if tls is None and not address.is_loopback:
            raise AddressError(
                str(address),
                "elsewhere than on loopback a policy server speaks TLS only",
                remedy="Name --tls-cert and --tls-key, or listen at 127.0.0.1",
            )
        self._server = grpc.server(
            ThreadPoolExecutor(MAX_PLAYERS + SHORT_CALLS, thread_name_prefix="player"),
            interceptors=[TokenCheck(token, whose="policy server")],
            options=[
                OWN_PORT,
                ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
                ("grpc.keepalive_time_ms", 10_000),  # a player that vanished holds no place
                ("grpc.keepalive_timeout_ms", 5_000),
                ("grpc.http2.ping_timeout_ms", 5_000),
            ],
        )
        add_PolicyServerServicer_to_server(service, self._server)
        if tls is None:
            self.address = bind(address, self._server.add_insecure_port)
        else:
            credentials = grpc.ssl_server_credentials([(tls.key, tls.certificate)])
            self.address = bind(address, lambda place: self._server.add_secure_port(place, credentials))

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        """End the streams, and refuse new ones."""
        stopped: threading.Event = self._server.stop(GRACE_S)
        stopped.wait(GRACE_S + 5)
