"""A connection to a coordinator. Calls have deadlines, and are made again where the server is away for a moment."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, Self

import grpc

from playloom.client.access import ServerAccess
from playloom.client.errors import (
    LimitReachedError,
    NotNowError,
    NotThereError,
    RequestRefusedError,
    ServerError,
    ServerUnavailableError,
    ServerUntrustedError,
    TokenRefusedError,
)
from protos import coordinator_pb2_grpc as stubs

CALL_S = 30.0
"""An answer that takes longer does not come, except where a call says so."""

PATIENCE_S = 10.0
"""So long a call is made again while the server is away: a restart takes some seconds."""

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 3.0

_OPTIONS = [
    ("grpc.enable_http_proxy", 0),  # what the environment names for web pages is not for this
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.keepalive_time_ms", 30_000),  # a stream whose other end vanished is noticed
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),  # the keepalive's pings too wait so long, and else a minute
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
]

_UNTRUSTED_SIGNS = (
    "CERTIFICATE_VERIFY_FAILED",
    "not peer verified",
    "Hostname Verification Check failed",
    "WRONG_VERSION",
)


class Connection:
    """Calls of one server; every call raises a `ServerError` when it fails. Any thread may call.

    A context manager; `close` ends the connection.

    Attributes:
        access: where it goes.
        server, enrolment, players, nodes, uploads, sessions, jobs, datasets: the services' stubs, for `call`.
    """

    def __init__(self, access: ServerAccess, *, patience_s: float = PATIENCE_S) -> None:
        """Nothing is sent yet.

        Args:
            access: where to go, with which token.
            patience_s: how long a call is made again while the server is away.
        """
        self.access = access
        self._patience_s = patience_s
        self._closed = threading.Event()
        self._metadata = () if access.token is None else (("authorization", f"Bearer {access.token}"),)
        if access.tls:
            authority = None if access.authority is None else access.authority.encode()
            credentials = grpc.ssl_channel_credentials(authority)
            self._channel = grpc.secure_channel(access.address, credentials, _OPTIONS)
        else:
            self._channel = grpc.insecure_channel(access.address, _OPTIONS)
        self.server: Any = stubs.ServerStub(self._channel)
        self.enrolment: Any = stubs.EnrolmentStub(self._channel)
        self.players: Any = stubs.PlayersStub(self._channel)
        self.nodes: Any = stubs.NodesStub(self._channel)
        self.uploads: Any = stubs.UploadsStub(self._channel)
        self.sessions: Any = stubs.SessionsStub(self._channel)
        self.jobs: Any = stubs.JobsStub(self._channel)
        self.datasets: Any = stubs.DatasetsStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End it, and every call that waits."""
        self._closed.set()
        self._channel.close()

    def call(self, method: Any, request: Any, *, timeout_s: float = CALL_S, patience_s: float | None = None) -> Any:
        """Make a call, and make it again while the server is away.

        Args:
            method: of a stub.
            request: its message.
            timeout_s: for one answer.
            patience_s: instead of the connection's own; 0 for what must not be asked twice.

        Raises:
            ServerError: it failed.
        """
        until_s = time.monotonic() + (self._patience_s if patience_s is None else patience_s)
        wait_s = FIRST_WAIT_S
        while True:
            try:
                return method(request, timeout=timeout_s, metadata=self._metadata)
            except grpc.RpcError as error:
                failure = self.failure_of(error)
                away = isinstance(error, grpc.Call) and error.code() is grpc.StatusCode.UNAVAILABLE
                if not away or isinstance(failure, ServerUntrustedError) or time.monotonic() + wait_s > until_s:
                    raise failure from error
            except ValueError as error:  # gRPC's word for a channel that was closed
                raise self._closed_error() from error
            # Many who lost the server at one moment shall not come back at one moment.
            if self._closed.wait(wait_s * random.uniform(0.5, 1.0)):
                raise self._closed_error()
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def stream(self, method: Any, request: Any, *, opened: Callable[[], None] = lambda: None) -> Generator[Any]:
        """The messages of a call that gives many, until it ends or is closed. It is not made again.

        Args:
            method: of a stub.
            request: its message, or an iterator of messages where it takes many.
            opened: called when the server has taken the call.

        Raises:
            ServerError: it failed.
        """
        try:
            call: Iterator[Any] = method(request, metadata=self._metadata)
        except ValueError as error:
            raise self._closed_error() from error
        try:
            assert isinstance(call, grpc.Call)
            call.initial_metadata()  # waits for the server's answer, or the call's failure
            if call.is_active():
                opened()
            yield from call
        except grpc.RpcError as error:
            raise self.failure_of(error) from error
        finally:
            assert isinstance(call, grpc.Call)
            call.cancel()

    def failure_of(self, error: grpc.RpcError) -> ServerError:
        """What a failed call means."""
        assert isinstance(error, grpc.Call)
        address, details = self.access.address, error.details() or "no reason given"
        match error.code():
            case grpc.StatusCode.UNAVAILABLE if any(sign in details for sign in _UNTRUSTED_SIGNS):
                return ServerUntrustedError(
                    address,
                    f"{address} does not show a certificate that is trusted here for this name",
                    remedy="Name the server as its certificate does, and its operator's certificate with --ca",
                )
            case grpc.StatusCode.UNAVAILABLE if "failed to connect" in details or "DNS" in details:
                hint = " It speaks no TLS?" if "handshake" in details.lower() else ""
                remedy = f"See that it runs and that the address is right.{hint}"
                return ServerUnavailableError(address, f"the server at {address} cannot be reached", remedy=remedy)
            case grpc.StatusCode.UNAVAILABLE:
                return ServerUnavailableError(address, f"the server at {address}: {_shortly(details)}")
            case grpc.StatusCode.DEADLINE_EXCEEDED:
                return ServerUnavailableError(
                    address, f"the server at {address} does not answer in time", remedy="Try again later"
                )
            case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
                return TokenRefusedError(address, f"the server at {address} refuses: {details}")
            case grpc.StatusCode.NOT_FOUND:
                return NotThereError(address, details)
            case grpc.StatusCode.FAILED_PRECONDITION | grpc.StatusCode.ABORTED | grpc.StatusCode.ALREADY_EXISTS:
                return NotNowError(address, details)
            case grpc.StatusCode.INVALID_ARGUMENT | grpc.StatusCode.OUT_OF_RANGE:
                return RequestRefusedError(address, details)
            case grpc.StatusCode.RESOURCE_EXHAUSTED:
                return LimitReachedError(address, details)
            case grpc.StatusCode.UNIMPLEMENTED:
                return ServerError(address, f"the server at {address} is too old for this", remedy="Tell its operator")
            case grpc.StatusCode.CANCELLED:
                return ServerUnavailableError(address, f"the call to {address} was ended")
            case _:
                return ServerUnavailableError(address, f"the server at {address}: {_shortly(details)}")

    def _closed_error(self) -> ServerUnavailableError:
        return ServerUnavailableError(self.access.address, f"the connection to {self.access.address} was closed")


def _shortly(details: str) -> str:
    """The first part of gRPC's own account, which repeats itself for every address that was tried."""
    return details.split(";")[0][:400]
