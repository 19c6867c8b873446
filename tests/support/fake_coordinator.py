"""A small coordinator in this process, over real gRPC and real HTTP, whose faults a test switches on.

What it has taken outlives a restart, as a real one's database and store do. It checks what the node relies on: signed
URLs that expire, Content-MD5, sums at the end.
"""

from __future__ import annotations

import base64
import hashlib
import queue
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc

from playloom.client.access import ServerAccess
from playloom.recording.content_sum import content_sha256
from protos import coordinator_pb2 as pb
from protos import coordinator_pb2_grpc as services

TOKEN = "plm-token_test-secret"
CODE = "plm-invitation_test-code"
SERVER_ID = "server_test"


@dataclass(kw_only=True)
class Faults:
    """What goes wrong, until a test says otherwise.

    Attributes:
        cut_after_bytes: the connection is cut after so many bytes of a part; None: never.
        cuts: how often that happens.
        answers: HTTP statuses given to the next parts instead of taking them.
        expired: how many of the next permissions are expired already.
        full: whether the quota is used up.
        refused: whether the token is revoked.
        away: whether every call is answered with UNAVAILABLE.
        slow_s: how long the sending of a part is held up.
        wrong_sums: how often a finish is refused, as if a part had been damaged in the store.
        forgets: how many of the next parts are answered with 404, as after the store has lost the upload.
    """

    cut_after_bytes: int | None = None
    cuts: int = 0
    answers: list[int] = field(default_factory=list)
    expired: int = 0
    full: bool = False
    refused: bool = False
    away: bool = False
    slow_s: float = 0.0
    wrong_sums: int = 0
    forgets: int = 0


@dataclass(kw_only=True)
class _Upload:
    id: str
    request: pb.BeginUploadRequest
    state: str = "open"
    session_id: str = ""
    parts: dict[tuple[str, int], bytes] = field(default_factory=dict)


class FakeCoordinator:
    """Answers from `start` to `stop`, and again after another `start`, at the same addresses.

    Attributes:
        faults: to be switched.
        sessions: that are there, by id; content: of their files.
        parts_taken: (file, number) of every part that arrived whole, in the order of their arrival.
        reports: of nodes; answers: to orders.
    """

    def __init__(self, *, part_bytes: int = 65_536, tls: tuple[bytes, bytes] | None = None) -> None:
        self.faults = Faults()
        self.part_bytes = part_bytes
        self.sessions: dict[str, pb.Session] = {}
        self.content: dict[tuple[str, str], bytes] = {}
        self.parts_taken: list[tuple[str, int]] = []
        self.reports: list[dict[str, Any]] = []
        self.answers: queue.Queue[pb.OrderAnswer] = queue.Queue()
        self.orders: queue.Queue[pb.NodeOrder | None] = queue.Queue()
        self.enrolled: list[str] = []
        self.uploads: dict[str, _Upload] = {}
        self.connections = 0
        self.lock = threading.RLock()
        self._tls = tls
        self.port, self.http_port = _free_port(), _free_port()
        self._grpc: grpc.Server | None = None
        self._http: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def access(self) -> ServerAccess:
        return ServerAccess(address=self.address, tls=False, token=TOKEN, server_id=SERVER_ID)

    def __enter__(self) -> FakeCoordinator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        server = grpc.server(ThreadPoolExecutor(32), interceptors=[_Door(self)], options=[("grpc.so_reuseport", 0)])
        servicer = _Services(self)
        services.add_ServerServicer_to_server(servicer, server)
        services.add_EnrolmentServicer_to_server(servicer, server)
        services.add_PlayersServicer_to_server(servicer, server)
        services.add_UploadsServicer_to_server(servicer, server)
        services.add_SessionsServicer_to_server(servicer, server)
        services.add_NodesServicer_to_server(servicer, server)
        if self._tls is None:
            server.add_insecure_port(self.address)
        else:
            server.add_secure_port(self.address, grpc.ssl_server_credentials([self._tls]))
        server.start()
        self._grpc = server
        self._http = _HttpServer(self)
        threading.Thread(target=self._http.serve_forever, args=[0.05], daemon=True).start()

    def stop(self) -> None:
        """As if it were killed: no call comes to its end."""
        self.orders.put(None)
        if self._grpc is not None:
            self._grpc.stop(0).wait(5)
            self._grpc = None
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def file(self, session_name: str, name: str) -> bytes:
        """The content of a session's file that is there."""
        (session_id,) = [one.id for one in self.sessions.values() if one.name == session_name]
        return self.content[session_id, name]

    def has(self, path: Path) -> bool:
        """Whether it has a session with exactly these files."""
        found = [one for one in self.sessions.values() if one.name == path.name]
        return len(found) == 1 and all(
            self.content[found[0].id, name] == (path / name).read_bytes()
            for name in ("capture.mp4", "sync.csv", "actions.bin", "session.json")
        )


class _Door(grpc.ServerInterceptor):
    """Refuses what the faults say, and calls without the token."""

    def __init__(self, fake: FakeCoordinator) -> None:
        self._fake = fake

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        faults = self._fake.faults
        open_to_all = handler_call_details.method.split("/")[1] in ("playloom.v1.Server", "playloom.v1.Enrolment")
        token = dict(handler_call_details.invocation_metadata or ()).get("authorization")
        if faults.away:
            return _refusing(grpc.StatusCode.UNAVAILABLE, "the database does not do what it should at the moment")
        if not open_to_all and (faults.refused or token != f"Bearer {TOKEN}"):
            return _refusing(grpc.StatusCode.UNAUTHENTICATED, "the token was revoked. Ask the operator")
        return continuation(handler_call_details)


def _refusing(code: grpc.StatusCode, details: str) -> Any:
    def refuse(_: object, context: grpc.ServicerContext) -> None:
        context.abort(code, details)

    return grpc.unary_unary_rpc_method_handler(refuse)


class _Services:
    """All services in one; the names are gRPC's."""

    def __init__(self, fake: FakeCoordinator) -> None:
        self._fake = fake

    def __getattr__(self, name: str) -> Any:
        def unimplemented(_: object, context: grpc.ServicerContext) -> None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, name)

        return unimplemented

    def GetInfo(self, _: pb.GetServerInfoRequest, __: grpc.ServicerContext) -> pb.ServerInfo:  # noqa: N802
        return pb.ServerInfo(version="0", server_id=SERVER_ID, unix_ns=time.time_ns(), part_bytes=self._fake.part_bytes)

    def Enrol(self, request: pb.EnrolRequest, context: grpc.ServicerContext) -> pb.EnrolResponse:  # noqa: N802
        if request.code != CODE or self._fake.enrolled:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the code is unknown, used up or has expired")
        self._fake.enrolled.append(request.node_name)
        caller = pb.Caller(player_id="player_1", player_name="Ada", scopes=["player"], token_id="t", node_id="node_1")
        return pb.EnrolResponse(token=TOKEN, caller=caller)

    def BeginUpload(self, request: pb.BeginUploadRequest, context: grpc.ServicerContext) -> pb.Upload:  # noqa: N802
        fake = self._fake
        with fake.lock:
            for session in fake.sessions.values():
                if session.content_sha256 == request.content_sha256 and not session.HasField("deleted_unix_ns"):
                    upload = _Upload(id="upload_there", request=request, state="finished", session_id=session.id)
                    return self._message(upload)
            for upload in fake.uploads.values():
                if upload.request.recording_id == request.recording_id and upload.state == "open":
                    return self._message(upload)
            if fake.faults.full:
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "the quota of 1 GB is used up. Delete sessions")
            number = len(fake.uploads) + 1
            upload = _Upload(id=f"upload_{number}", request=request, session_id=f"session_{number}")
            fake.uploads[upload.id] = upload
            return self._message(upload)

    def SignParts(self, request: pb.SignPartsRequest, context: grpc.ServicerContext) -> pb.SignPartsResponse:  # noqa: N802
        self._open_upload(request.upload_id, context)
        signed = []
        for part in request.parts:
            with self._fake.lock:
                expired = self._fake.faults.expired > 0
                self._fake.faults.expired -= expired
            until = int(time.time()) + 900
            query = f"upload={request.upload_id}&file={part.file}&number={part.number}&size={part.size_bytes}"
            url = f"http://127.0.0.1:{self._fake.http_port}/part?{query}&until={0 if expired else until}"
            signed.append(
                pb.SignedPart(
                    file=part.file, number=part.number, method="PUT", url=url, expires_unix_ns=until * 1_000_000_000
                )
            )
        return pb.SignPartsResponse(parts=signed)

    def ListParts(self, request: pb.ListPartsRequest, context: grpc.ServicerContext) -> pb.ListPartsResponse:  # noqa: N802
        upload = self._open_upload(request.upload_id, context)
        with self._fake.lock:
            return pb.ListPartsResponse(
                parts=[
                    pb.PartThere(
                        file=file, number=number, size_bytes=len(content), etag=hashlib.md5(content).hexdigest()
                    )
                    for (file, number), content in sorted(upload.parts.items())
                ]
            )

    def FinishUpload(self, request: pb.FinishUploadRequest, context: grpc.ServicerContext) -> pb.Session:  # noqa: N802
        fake = self._fake
        with fake.lock:
            if fake.uploads[request.upload_id].state == "finished":
                return fake.sessions[fake.uploads[request.upload_id].session_id]
            upload = self._open_upload(request.upload_id, context)
            if fake.faults.wrong_sums:
                fake.faults.wrong_sums -= 1
                upload.parts = {key: part for key, part in upload.parts.items() if key[0] != "capture.mp4"}
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, "capture.mp4 has another SHA-256. Send it again")
            content: dict[str, bytes] = {}
            for file in request.files:
                numbers = sorted(number for name, number in upload.parts if name == file.name)
                content[file.name] = b"".join(upload.parts[file.name, number] for number in numbers)
                if hashlib.sha256(content[file.name]).hexdigest() != file.sha256:
                    context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{file.name} has another SHA-256 or parts lack")
            upload.state = "finished"
            for name, one in content.items():
                fake.content[upload.session_id, name] = one
            session = fake.sessions[upload.session_id] = pb.Session(
                id=upload.session_id,
                player_id="player_1",
                player_name="Ada",
                recording_id=upload.request.recording_id,
                name=upload.request.name,
                game_id="test-game",
                recorded_unix_ns=1_760_000_000_000_000_000,
                duration_s=61.0,
                frames=30,
                size_bytes=sum(map(len, content.values())),
                files=request.files,
                content_sha256=content_sha256({file.name: file.sha256 for file in request.files}),
            )
            return session

    def ListSessions(  # noqa: N802
        self, request: pb.ListRecordedSessionsRequest, _: grpc.ServicerContext
    ) -> pb.ListRecordedSessionsResponse:
        found = [one for one in self._fake.sessions.values() if one.HasField("deleted_unix_ns") == request.deleted]
        begin = int(request.page_token or 0)
        page = found[begin : begin + 2]  # small pages, so that a client has to turn them
        return pb.ListRecordedSessionsResponse(
            sessions=page, next_page_token=str(begin + 2) if begin + 2 < len(found) else ""
        )

    def GetSession(self, request: pb.GetSessionRequest, context: grpc.ServicerContext) -> pb.Session:  # noqa: N802
        return self._session(request.session_id, context)

    def SignDownloads(  # noqa: N802
        self, request: pb.SignDownloadsRequest, context: grpc.ServicerContext
    ) -> pb.SignDownloadsResponse:
        session = self._session(request.session_id, context)
        base = f"http://127.0.0.1:{self._fake.http_port}/file?session={session.id}"
        return pb.SignDownloadsResponse(
            files=[pb.SignedFile(file=file, url=f"{base}&file={file.name}") for file in session.files]
        )

    def DeleteSession(self, request: pb.DeleteSessionRequest, context: grpc.ServicerContext) -> pb.Session:  # noqa: N802
        session = self._session(request.session_id, context)
        session.deleted_unix_ns = time.time_ns()
        session.restorable_until_unix_ns = time.time_ns() + 30 * 24 * 3600 * 1_000_000_000
        return session

    def RestoreSession(self, request: pb.RestoreSessionRequest, context: grpc.ServicerContext) -> pb.Session:  # noqa: N802
        session = self._session(request.session_id, context)
        session.ClearField("deleted_unix_ns")
        session.ClearField("restorable_until_unix_ns")
        return session

    def Connect(self, reports: Iterator[pb.NodeReport], context: grpc.ServicerContext) -> Iterator[pb.NodeOrder]:  # noqa: N802
        fake = self._fake
        fake.connections += 1
        context.send_initial_metadata(())
        threading.Thread(target=self._listen, args=[reports], daemon=True).start()
        while context.is_active():
            try:
                order = fake.orders.get(timeout=0.1)
            except queue.Empty:
                continue
            if order is None:
                return
            yield order

    def _listen(self, reports: Iterator[pb.NodeReport]) -> None:
        from google.protobuf.json_format import MessageToDict

        try:
            for report in reports:
                if report.HasField("answer"):
                    self._fake.answers.put(report.answer)
                else:
                    self._fake.reports.append(MessageToDict(report.status))
        except grpc.RpcError:
            return

    def _open_upload(self, upload_id: str, context: grpc.ServicerContext) -> _Upload:
        upload = self._fake.uploads.get(upload_id)
        if upload is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no upload '{upload_id}'")
            raise AssertionError
        if upload.state != "open":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"the upload is {upload.state}")
        return upload

    def _session(self, session_id: str, context: grpc.ServicerContext) -> pb.Session:
        if session_id not in self._fake.sessions:
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no session '{session_id}'")
        return self._fake.sessions[session_id]

    def _message(self, upload: _Upload) -> pb.Upload:
        return pb.Upload(
            id=upload.id,
            recording_id=upload.request.recording_id,
            name=upload.request.name,
            state=upload.state,
            part_bytes=self._fake.part_bytes,
            files=upload.request.files,
            session_id=upload.session_id if upload.state == "finished" else "",
        )


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, fake: FakeCoordinator) -> None:
        self.fake = fake
        super().__init__(("127.0.0.1", fake.http_port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Cut lines are what tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _fake(self) -> FakeCoordinator:
        assert isinstance(self.server, _HttpServer)
        return self.server.fake

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        fields = {name: value[0] for name, value in parse_qs(urlsplit(self.path).query).items()}
        content = self._fake.content[fields["session"], fields["file"]]
        begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        self.wfile.write(content[begin:])

    def do_PUT(self) -> None:
        fake, faults = self._fake, self._fake.faults
        fields = {name: value[0] for name, value in parse_qs(urlsplit(self.path).query).items()}
        size = int(self.headers["Content-Length"])
        with fake.lock:
            cut = faults.cuts > 0 and faults.cut_after_bytes is not None
            faults.cuts -= cut
            answer = faults.answers.pop(0) if faults.answers else None
            forgets = faults.forgets > 0
            faults.forgets -= forgets
        if cut:
            self.rfile.read(min(size, faults.cut_after_bytes or 0))
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        content = self.rfile.read(size)
        time.sleep(faults.slow_s)
        digest = base64.b64encode(hashlib.md5(content).digest()).decode()
        if len(content) != size:
            self.close_connection = True
            return
        if answer is not None:
            self._answer(answer)
        elif forgets:
            with fake.lock:
                fake.uploads[fields["upload"]].parts.clear()
            self._answer(404)
        elif int(fields["until"]) < time.time() or int(fields["size"]) != size:
            self._answer(403)
        elif self.headers.get("Content-MD5") != digest:
            self._answer(400)
        else:
            with fake.lock:
                fake.uploads[fields["upload"]].parts[fields["file"], int(fields["number"])] = content
                fake.parts_taken.append((fields["file"], int(fields["number"])))
            self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
