"""Asks a node: the commands of this machine on loopback, other programs and machines with TLS."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any, Self

import grpc

from capture_node.inputs.input_source import PadDescription
from capture_node.node.messages import (
    pad_from,
    profile_from,
    recovered_from,
    session_from,
    source_from,
    status_from,
)
from capture_node.node.running import find_running
from capture_node.node.status import NodeStatus, RecoveredSession, SpooledSession
from capture_node.node.wish import RecordingWish
from capture_node.node.wish_messages import start_request
from capture_node.recorder.capture_profile import RecordingProfile
from capture_node.sources.frame_source import SourceDescription
from playloom.errors import FileError, PlayloomError
from playloom.token_file import TOKEN_FILE, read_token
from protos import capture_node_pb2 as pb
from protos.capture_node_pb2_grpc import CaptureNodeStub

CALL_S = 30.0
"""An answer that takes longer does not come: opening a screen and an encoder takes some seconds at most."""

STOP_S = 900.0
"""Hashing the files of a long session on a slow disk."""

_OPTIONS = [
    ("grpc.enable_http_proxy", 0),  # a node is a neighbour
    ("grpc.max_receive_message_length", 16 << 20),
]


class NodeError(PlayloomError):
    """A node did not do what it was asked.

    Attributes:
        address: the node's, HOST:PORT.
    """

    def __init__(self, address: str, problem: str, *, remedy: str | None = None) -> None:
        self.address = address
        super().__init__(problem, remedy=remedy)


class NodeClient:
    """Asks one node; every method raises `NodeError`, in the node's own words where it refuses.

    A context manager; `close` ends the connection.
    """

    def __init__(self, address: str, token: str, *, authority: bytes | None = None, tls: bool = False) -> None:
        """Nothing is sent yet.

        Args:
            address: HOST:PORT.
            token: the node's.
            authority: with TLS, certificates (PEM) to trust; None: the system's.
            tls: speak TLS.
        """
        self.address = address
        self._metadata = (("authorization", f"Bearer {token}"),)
        if tls:
            self._channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(authority), _OPTIONS)
        else:
            self._channel = grpc.insecure_channel(address, _OPTIONS)
        self._stub = CaptureNodeStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()

    def sources(self) -> list[SourceDescription]:
        return [source_from(one) for one in self._call(self._stub.ListSources, pb.ListSourcesRequest()).sources]

    def pads(self) -> list[PadDescription]:
        return [pad_from(one) for one in self._call(self._stub.ListPads, pb.ListPadsRequest()).pads]

    def profiles(self) -> list[RecordingProfile]:
        return [profile_from(one) for one in self._call(self._stub.ListProfiles, pb.ListProfilesRequest()).profiles]

    def sessions(self) -> list[SpooledSession]:
        return [session_from(one) for one in self._call(self._stub.ListSessions, pb.ListSessionsRequest()).sessions]

    def start(self, wish: RecordingWish) -> NodeStatus:
        return status_from(self._call(self._stub.Start, start_request(wish)))

    def stop(self) -> list[SpooledSession]:
        answer = self._call(self._stub.Stop, pb.StopRequest(), timeout_s=STOP_S)
        return [session_from(one) for one in answer.sessions]

    def pause(self) -> NodeStatus:
        return status_from(self._call(self._stub.Pause, pb.PauseRequest()))

    def resume(self) -> NodeStatus:
        return status_from(self._call(self._stub.Resume, pb.ResumeRequest()))

    def mark(self, text: str | None = None) -> NodeStatus:
        return status_from(self._call(self._stub.Mark, pb.MarkRequest(text=text)))

    def discard(self, seconds: float) -> NodeStatus:
        return status_from(self._call(self._stub.Discard, pb.DiscardRequest(seconds=seconds), timeout_s=STOP_S))

    def recover(self) -> list[RecoveredSession]:
        answer = self._call(self._stub.Recover, pb.RecoverRequest(), timeout_s=STOP_S)
        return [recovered_from(one) for one in answer.sessions]

    def status(self) -> NodeStatus:
        return status_from(self._call(self._stub.Status, pb.StatusRequest()))

    def watch(self, interval_s: float = 1.0) -> Generator[NodeStatus]:
        """Statuses, at every change and at least so often, until the node ends or it is closed."""
        for message in self._stream(self._stub.WatchStatus, pb.WatchStatusRequest(interval_s=interval_s)):
            yield status_from(message)

    def preview(self, max_width: int = 320, rate: float = 2.0) -> Generator[bytes]:
        """JPEGs of what is being recorded, until the recording ends or it is closed."""
        for message in self._stream(self._stub.Preview, pb.PreviewRequest(max_width=max_width, rate=rate)):
            yield message.jpeg

    def _call(self, method: Any, request: Any, *, timeout_s: float = CALL_S) -> Any:
        try:
            return method(request, timeout=timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            raise self._error(error) from error

    def _stream(self, method: Any, request: Any) -> Generator[Any]:
        call = method(request, metadata=self._metadata)
        try:
            yield from call
        except grpc.RpcError as error:
            raise self._error(error) from error
        finally:
            call.cancel()

    def _error(self, error: grpc.RpcError) -> NodeError:
        assert isinstance(error, grpc.Call)
        details = error.details() or "no reason given"
        match error.code():
            case (
                grpc.StatusCode.FAILED_PRECONDITION
                | grpc.StatusCode.INVALID_ARGUMENT
                | (grpc.StatusCode.RESOURCE_EXHAUSTED)
            ):
                return NodeError(self.address, details)
            case grpc.StatusCode.UNAUTHENTICATED:
                remedy = "Name the token file of that node with --token; it lies in its data directory"
                return NodeError(self.address, f"the node at {self.address} refuses: {details}", remedy=remedy)
            case grpc.StatusCode.UNAVAILABLE:
                return NodeError(
                    self.address,
                    f"the node at {self.address} cannot be reached: {_shortly(details)}",
                    remedy="Check that it runs, its address, and with TLS the certificate and its name",
                )
            case grpc.StatusCode.DEADLINE_EXCEEDED:
                remedy = "Look at the node's own output, and try again"
                return NodeError(self.address, f"the node at {self.address} does not answer in time", remedy=remedy)
            case grpc.StatusCode.UNIMPLEMENTED:
                remedy = "Update Playloom there"
                return NodeError(self.address, f"the node at {self.address} is too old for this", remedy=remedy)
            case _:
                remedy = "Look at the node's own output"
                return NodeError(self.address, f"the node at {self.address} failed: {details}", remedy=remedy)


def connect_here(private: Path) -> NodeClient:
    """A client of the node that works on this machine's data directory.

    Args:
        private: `NodePaths.private`.

    Raises:
        NodeNotRunningError: there is none; says how to start it.
        TokenError: its token cannot be read.
    """
    node = find_running(private)
    return NodeClient(node.address, read_token(private / TOKEN_FILE))


def connect_elsewhere(address: str, token_file: Path, authority_file: Path | None) -> NodeClient:
    """A client of a node on another machine, with TLS.

    Args:
        address: HOST:PORT, with a name or address that the node's certificate is good for.
        token_file: a copy of the node's token, readable by this user alone.
        authority_file: the node's certificate, or that of who signed it; None: the system's authorities.

    Raises:
        FileError: a file cannot be used.
    """
    authority = None
    if authority_file is not None:
        try:
            authority = authority_file.read_bytes()
        except OSError as error:
            raise FileError(
                authority_file, f"cannot be read: {error.strerror or error}", remedy="Name the node's certificate"
            ) from error
        if b"-----BEGIN CERTIFICATE-----" not in authority:
            raise FileError(authority_file, "holds no certificate in PEM", remedy="Name the node's certificate")
    return NodeClient(address, read_token(token_file), authority=authority, tls=True)


def _shortly(details: str) -> str:
    """The first part of gRPC's own account, which repeats itself for every address that was tried."""
    return details.split(";")[0][:300]
