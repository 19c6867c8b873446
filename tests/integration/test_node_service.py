"""A node over real gRPC: who may ask, what is refused, and what comes back."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from capture_node.node.client import NodeClient, NodeError, connect_elsewhere, connect_here
from capture_node.node.controller import NodeController
from capture_node.node.running import RunningNode, announce, node_claimed
from capture_node.node.server import NodeServer
from capture_node.node.service import MAX_STREAMS, CaptureNodeService
from capture_node.node.tls import Certificate, own_certificate
from capture_node.node.wish import RecordingWish
from capture_node.node_paths import NodePaths
from capture_node.node_settings import NodeSettings
from capture_node.recorder.settings import InputScope, Mask
from capture_node.recorder.status import Notice, NoticeKind, RecorderState, RecorderStatus
from capture_node.sources.catalogue import SourceRequest
from capture_node.sources.frame_source import SourceDescription, SourceKind
from playloom.listen_address import AddressError, parse_address
from playloom.recording.session_info import EncoderInfo, FailedEncoder
from playloom.token_file import own_token
from protos import capture_node_pb2 as pb
from protos.capture_node_pb2_grpc import CaptureNodeStub
from tests.support.fake_machine import WINDOW, FakeMachine


@dataclass(frozen=True, kw_only=True)
class Node:
    """A served node."""

    paths: NodePaths
    machine: FakeMachine
    controller: NodeController
    server: NodeServer
    client: NodeClient
    token: str


@contextmanager
def served(root: Path, certificate: Certificate | None = None) -> Iterator[Node]:
    paths = NodePaths(config=root / "config", data=root / "data")
    machine = FakeMachine()
    settings = NodeSettings(paths=paths, spool=root / "spool", player="ada")
    controller = NodeController(settings, machine)
    remote = None if certificate is None else (parse_address("127.0.0.1:0"), certificate)
    token = own_token(paths.private)
    server = NodeServer(CaptureNodeService(controller), token, address=parse_address("localhost:0"), remote=remote)
    server.start()
    try:
        with NodeClient(server.address, token) as client:
            yield Node(paths=paths, machine=machine, controller=controller, server=server, client=client, token=token)
    finally:
        server.stop()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with served(tmp_path) as node:
        yield node


def wait_for(condition: Callable[[], bool], every_s: float = 0.01) -> None:
    deadline_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(every_s)


# Who may ask


@pytest.mark.parametrize("token", ["", "wrong", "x" * 43])
def test_every_call_with_a_wrong_token_is_refused(node: Node, token: str) -> None:
    with NodeClient(node.server.address, token) as stranger:
        for call in (stranger.status, stranger.sources, stranger.stop, lambda: next(stranger.watch())):
            with pytest.raises(NodeError, match=r"refuses: the node's token is missing or another one. Name the token"):
                call()
        with pytest.raises(NodeError, match="refuses"):
            stranger.start(RecordingWish())
    assert node.machine.recorders == []


def test_a_call_without_any_token_is_refused_before_it_is_looked_at(node: Node) -> None:
    with grpc.insecure_channel(node.server.address) as channel:
        call = channel.unary_unary("/playloom.v1.CaptureNode/NoSuchCall")
        for metadata in ((), (("authorization", f"Basic {node.token}"),), (("authorization", ""),)):
            with pytest.raises(grpc.RpcError) as caught:
                call(b"", metadata=metadata)
            assert isinstance(caught.value, grpc.Call)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_commands_of_this_machine_find_the_node_and_its_token(node: Node) -> None:
    with node_claimed(node.paths.private):
        announce(node.paths.private, RunningNode(pid=os.getpid(), address=node.server.address))
        with connect_here(node.paths.private) as client:
            assert client.status().node.player == "ada"


def test_a_proxy_of_the_environment_is_not_asked(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    with NodeClient(node.server.address, node.token) as client:
        assert client.status().recorder.state is RecorderState.IDLE


# TLS


def test_with_tls_a_client_that_trusts_the_certificate_is_answered(tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path / "tls")
    with served(tmp_path, certificate) as node:
        assert node.server.remote_address is not None
        port = node.server.remote_address.rpartition(":")[2]
        token_file = node.paths.private / "token"
        for name in ("127.0.0.1", "localhost"):
            with connect_elsewhere(f"{name}:{port}", token_file, certificate.file) as client:
                assert client.status().recorder.state is RecorderState.IDLE

        stranger = NodeClient(f"localhost:{port}", "x" * 43, authority=certificate.certificate, tls=True)
        with stranger, pytest.raises(NodeError, match="refuses"):
            stranger.status()


def test_with_tls_nobody_gets_through_without_it_or_with_another_certificate(tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path / "tls")
    other = own_certificate(tmp_path / "other")
    with served(tmp_path, certificate) as node:
        assert node.server.remote_address is not None
        for client in (
            NodeClient(node.server.remote_address, node.token),
            NodeClient(node.server.remote_address, node.token, tls=True),
            NodeClient(node.server.remote_address, node.token, authority=other.certificate, tls=True),
        ):
            with client, pytest.raises(NodeError, match=r"cannot be reached: .*with TLS the certificate and its name"):
                client.status()


def test_a_certificate_for_another_name_is_refused_by_the_client(tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path / "tls")
    with served(tmp_path, certificate) as node:
        assert node.server.remote_address is not None
        port = node.server.remote_address.rpartition(":")[2]
        client = NodeClient(f"127.0.0.2:{port}", node.token, authority=certificate.certificate, tls=True)
        with client, pytest.raises(NodeError, match="cannot be reached"):
            client.status()


def test_a_taken_port_and_what_is_no_address_are_said(node: Node) -> None:
    with pytest.raises(AddressError, match=r"cannot listen at 127.0.0.1:\d+: the port is taken"):
        NodeServer(CaptureNodeService(node.controller), node.token, address=parse_address(node.server.address))
    for text in ("127.0.0.1", "127.0.0.1:x", ":70", "127.0.0.1:99999"):
        with pytest.raises(AddressError, match="Write HOST:PORT"):
            parse_address(text)
    assert not parse_address("0.0.0.0:1").is_loopback
    assert parse_address("[::1]:1").is_loopback
    assert str(parse_address("[::1]:1")) == "[::1]:1"


def test_a_node_that_is_not_there_is_said_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with NodeClient(address, "x" * 43) as client, pytest.raises(NodeError, match=f"the node at {address} cannot"):
            client.status()


# What is asked


def test_a_wish_reaches_the_recorder_as_it_was_made(node: Node) -> None:
    wish = RecordingWish(
        source=SourceRequest(window="Doom", backend="x11"),
        profile="archive",
        name="one",
        player="grace",
        game_id="doom",
        mapping_profile="pad",
        task="win",
        input_scope=InputScope.PADS,
        masks=(Mask(x=0, y=0.5, width=0.25, height=0.5),),
    )

    status = node.client.start(wish)

    assert node.machine.wishes == [wish]
    assert status.recorder.state is RecorderState.RECORDING
    assert status.recorder.source == WINDOW


@pytest.mark.parametrize(
    "source",
    [
        SourceRequest(monitor=0),
        SourceRequest(gym="pong"),
        SourceRequest(pattern=True),
        SourceRequest(chosen=SourceDescription(kind=SourceKind.MONITOR, key="1", title="Left", width=8, height=6)),
    ],
)
def test_every_kind_of_source_can_be_asked_for(node: Node, source: SourceRequest) -> None:
    node.client.start(RecordingWish(source=source))

    assert node.machine.wishes[0].source == source


def test_start_twice_and_stop_without_start_say_what_to_do(node: Node) -> None:
    with pytest.raises(NodeError, match=r"^nothing is being recorded. Begin with: playloom node start"):
        node.client.stop()
    node.client.start(RecordingWish())
    with pytest.raises(NodeError, match=r"^this node is recording 'Doom' already. Stop it first"):
        node.client.start(RecordingWish())
    with pytest.raises(NodeError, match="already"):
        node.client.recover()

    assert node.machine.recorders[0].told == ["start"]


def test_control_comes_back_as_status_and_sessions(node: Node) -> None:
    node.client.start(RecordingWish())

    assert node.client.pause().recorder.state is RecorderState.PAUSED
    with pytest.raises(NodeError, match=r"^the recording is paused already. Go on with resume$"):
        node.client.pause()
    assert node.client.resume().recorder.state is RecorderState.RECORDING
    node.client.mark("boss ♥")
    node.client.discard(2.5)
    [session] = node.client.stop()

    assert node.machine.recorders[0].told == ["start", "pause", "resume", "mark boss ♥", "discard 2.5", "stop"]
    assert (session.name, session.finished, session.frames, session.player) == ("one", True, 60, "ada")
    assert node.client.sessions() == [session]
    assert node.client.recover() == []
    assert node.client.status().node.spool_sessions == 1


def test_lists_come_back_as_they_are(node: Node) -> None:
    assert node.client.sources() == node.machine.sources()
    assert node.client.pads() == node.machine.pads()
    assert node.client.profiles() == node.controller.profiles()
    assert {"training", "archive"} <= {profile.name for profile in node.client.profiles()}

    node.machine.problem = "there is no desktop"
    with pytest.raises(NodeError, match=r"^The screen: there is no desktop. Log in at a desktop$"):
        node.client.sources()


def test_a_whole_status_comes_back_as_it_was(node: Node) -> None:
    node.client.start(RecordingWish())
    whole = RecorderStatus(
        state=RecorderState.RECORDING,
        session_id="id",
        session_path=Path("/spool/one"),
        source=WINDOW,
        elapsed_s=1.5,
        fps=60,
        measured_fps=59.9,
        frames=90,
        repeated=3,
        dropped=2,
        late=1,
        encoder=EncoderInfo(
            name="libx264", options={"crf": "23"}, tried=(FailedEncoder(name="h264_nvenc", problem="no device"),)
        ),
        queue_frames=1,
        queue_capacity=60,
        written_bytes=1000,
        disk_free_bytes=10**12,
        input_events=5,
        last_input_monotonic_ns=123,
        input_delay_ms=0.25,
        focused=False,
        pads=tuple(node.machine.pads()),
        notices=(Notice(kind=NoticeKind.UNFOCUSED, text="look", since_monotonic_ns=7),),
        session_number=2,
        failure="bad",
    )
    node.machine.recorders[0].say(whole)

    assert node.client.status().recorder == whole


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (
            pb.StartRequest(profile="../secret.yaml"),
            "'../secret.yaml' is a file; a node takes capture profiles by their",
        ),
        (pb.StartRequest(name="a\nb"), "name is longer than 1000 characters or holds control characters"),
        (pb.StartRequest(task="x" * 1001), "task is longer than 1000 characters"),
        (pb.StartRequest(masks=[pb.Mask(x=0, y=0, width=float("nan"), height=1)]), "a mask lies outside the picture"),
        (pb.StartRequest(masks=[pb.Mask(x=-1)]), "a mask lies outside the picture"),
        (pb.StartRequest(masks=[pb.Mask()] * 65), "65 masks are too many"),
        (pb.DiscardRequest(seconds=float("nan")), "nan seconds cannot be thrown away"),
        (pb.DiscardRequest(seconds=-1), "-1 seconds cannot be thrown away"),
        (pb.WatchStatusRequest(interval_s=0.001), "interval_s is 0.001. Give 0.1 to 60"),
        (pb.PreviewRequest(rate=1000), "rate is 1000. Give 0.01 to 10"),
        (pb.PreviewRequest(max_width=100_000), "max_width is 100000"),
    ],
)
def test_values_that_cannot_be_are_refused(node: Node, request_: object, problem: str) -> None:
    with grpc.insecure_channel(node.server.address) as channel:
        method = getattr(CaptureNodeStub(channel), type(request_).__name__.removesuffix("Request"))
        with pytest.raises(grpc.RpcError) as caught:
            list(method(request_, metadata=(("authorization", f"Bearer {node.token}"),)))
    assert isinstance(caught.value, grpc.Call)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert problem in (caught.value.details() or "")
    assert node.machine.recorders == []


def test_a_request_of_megabytes_is_refused(node: Node) -> None:
    with pytest.raises(NodeError, match="larger than max"):
        node.client.mark("x" * (1 << 20))


# Streams


def test_the_status_stream_tells_of_changes_at_once(node: Node) -> None:
    statuses = node.client.watch(interval_s=60)

    assert next(statuses).recorder.state is RecorderState.IDLE
    node.client.start(RecordingWish())
    while next(statuses).recorder.state is not RecorderState.RECORDING:
        pass
    node.machine.recorders[0].end("the disk is full")
    while (status := next(statuses).recorder).state is not RecorderState.FAILED:
        pass
    assert status.failure == "the disk is full"


def test_the_status_stream_goes_on_without_changes(node: Node) -> None:
    statuses = node.client.watch(interval_s=0.1)

    times_ns = [next(statuses).monotonic_ns for _ in range(3)]

    assert times_ns == sorted(set(times_ns))


def test_a_client_that_leaves_a_stream_frees_its_place(node: Node) -> None:
    streams = [node.client.watch(interval_s=60) for _ in range(MAX_STREAMS)]
    for stream in streams:
        next(stream)
    with pytest.raises(NodeError, match=f"{MAX_STREAMS} streams are open already"):
        next(node.client.watch())
    assert node.client.status().recorder.state is RecorderState.IDLE  # streams hold up no other call

    for stream in streams:
        stream.close()

    wait_for(lambda: streams_that_open(node.client) == MAX_STREAMS, every_s=1.0)


def streams_that_open(client: NodeClient) -> int:
    streams = [client.watch(interval_s=60) for _ in range(MAX_STREAMS)]
    opened = 0
    for stream in streams:
        with suppress(NodeError):
            next(stream)
            opened += 1
    for stream in streams:
        stream.close()
    return opened


def test_the_preview_streams_pictures_as_long_as_there_are_some(node: Node) -> None:
    with pytest.raises(NodeError, match="nothing is being recorded"):
        next(node.client.preview())
    node.client.start(RecordingWish())

    pictures = node.client.preview(rate=10)
    assert [next(pictures) for _ in range(2)] == [b"\xff\xd8jpeg"] * 2
    node.machine.recorders[0].end(None)

    assert list(pictures) in ([], [b"\xff\xd8jpeg"])


def test_streams_end_when_the_node_does(tmp_path: Path) -> None:
    with served(tmp_path) as node:
        statuses = node.client.watch(interval_s=60)
        next(statuses)
        begin_s = time.monotonic()
        node.server.stop()

        assert list(statuses) == []
        assert time.monotonic() - begin_s < 10
