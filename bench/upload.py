"""Uploading a session: to Ceph's S3 beside the bare minio client, to a directory beside curl to nginx, and after a cut.

Ours is `playloom upload` as it is: permissions asked of a coordinator, every part's sum (CRC-32 to a directory, MD5 to
S3), and the coordinator holds all files against their SHA-256: a directory's while parts come, S3's by reading them
once more. The peers check nothing at the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.harness import Row, Rows, Settings, figure, main, touch_memory
from bench.upload_server import upload_server
from capture_node.upload.foreground import line_to
from capture_node.upload.line import UploadLine, UploadProgress
from capture_node.upload.part_sender import UploadStoppedError
from capture_node.upload.session_upload import upload_session
from capture_node.upload.settings import UploadSettings
from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from protos import coordinator_pb2 as pb
from tests.support.ceph_rgw import CephGateway, ceph_gateway, missing_programs
from tests.support.recorded import make_recorded

MIB = 1 << 20
PART_BYTES = 8 * MIB
AT_ONCE = 4
ROUNDS = 3


def directory_rows(settings: Settings) -> Iterator[Row]:
    """To a directory, and after a cut."""
    size_bytes, rounds = _extent(settings)
    with _temporary() as root:
        yield from _directory_rows(root, size_bytes, rounds)


def ceph_rows(settings: Settings) -> Iterator[Row]:
    """To Ceph, where it is installed."""
    if missing_programs():
        return
    size_bytes, rounds = _extent(settings)
    with _temporary() as root, ceph_gateway(root / "ceph", memory_bytes=12 << 30) as ceph:
        yield from _s3_rows(root, ceph, size_bytes, rounds)


PARTS: Mapping[str, Rows] = {"directory": directory_rows, "ceph": ceph_rows}


def _extent(settings: Settings) -> tuple[int, int]:
    """Bytes of a session's video, and how often it is sent."""
    return (64 * MIB, 1) if settings.quick else (1024 * MIB, ROUNDS)


@contextmanager
def _temporary() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="playloom-bench-"))
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _directory_rows(root: Path, size_bytes: int, rounds: int) -> Iterator[Row]:
    with upload_server(root / "server") as access:
        ours, sent, peers, synced = [], [], [], []
        with _nginx(root / "nginx") as put:
            for number in range(rounds):
                path = make_recorded(root, f"directory-{number}", video_bytes=size_bytes)
                touch_memory(size_bytes)
                whole_s, sent_s = _ours(path, access)
                ours.append(size_bytes / whole_s)
                sent.append(size_bytes / sent_s)
                if put is not None:
                    touch_memory(size_bytes)
                    plain_s, synced_s = put(path / "capture.mp4")
                    peers.append(size_bytes / plain_s)
                    synced.append(size_bytes / synced_s)
                shutil.rmtree(path)
        yield from _compared("a directory", "curl -T to nginx", ours, sent, peers, at_least=0.6)
        if synced:
            # nginx leaves what it took in the system's memory; ours has seen onto the disk what it confirms.
            peer = f"curl -T to nginx, then fsync: {max(synced) / MIB:,.0f} MiB/s"
            yield figure(
                "to a directory: confirmed / peer that syncs too", max(ours) / max(synced), "× peer", peer=peer
            )
        yield from _cut_rows(root, access, size_bytes)


def _s3_rows(root: Path, ceph: CephGateway, size_bytes: int, rounds: int) -> Iterator[Row]:
    os.environ.update(ceph.environment)
    client = _minio(ceph)
    client.make_bucket("sessions")
    client.make_bucket("bare")
    store = f"s3://sessions?endpoint={ceph.endpoint}"
    ours, sent, peers = [], [], []
    with upload_server(root / "server-s3", store) as access:
        for number in range(rounds):
            path = make_recorded(root, f"s3-{number}", video_bytes=size_bytes)
            # In turns, and each first in turn: a store is not as fast full as it is empty.
            steps: list[Callable[[], None]] = [
                lambda path=path: _note(_ours(path, access), size_bytes, ours, sent),
                lambda path=path, number=number: peers.append(size_bytes / _bare(client, path, number)),
            ]
            for step in steps if number % 2 == 0 else reversed(steps):
                touch_memory(size_bytes)
                step()
            shutil.rmtree(path)
    yield from _compared("Ceph RGW", "the bare minio client", ours, sent, peers, at_least=0.8)


def _note(seconds: tuple[float, float], size_bytes: int, ours: list[float], sent: list[float]) -> None:
    ours.append(size_bytes / seconds[0])
    sent.append(size_bytes / seconds[1])


def _compared(
    where: str, who: str, ours: list[float], sent: list[float], peers: list[float], *, at_least: float
) -> Iterator[Row]:
    peer = f"{who}: {max(peers) / MIB:,.0f} MiB/s" if peers else f"{who} is not installed"
    yield figure(f"to {where}: until the server has confirmed all sums", max(ours) / MIB, "MiB/s", peer=peer)
    yield figure(
        f"to {where}: until all parts have arrived, the sum of each checked", max(sent) / MIB, "MiB/s", peer=peer
    )
    if peers:
        yield figure(f"to {where}: parts / peer", max(sent) / max(peers), "× peer", peer=peer, at_least=at_least)
        yield figure(f"to {where}: confirmed / peer", max(ours) / max(peers), "× peer", peer=peer)


class _Watched(Connection):
    """A connection that notes when all parts have arrived. Attributes: finish_s."""

    finish_s = 0.0

    def call(self, method: Any, request: Any, **options: Any) -> Any:
        if isinstance(request, pb.FinishUploadRequest):
            self.finish_s = time.perf_counter()
        return super().call(method, request, **options)


def _ours(path: Path, access: ServerAccess) -> tuple[float, float]:
    """Seconds until the session is confirmed, and until all parts have arrived."""
    with line_to(access, UploadSettings(parts_at_once=AT_ONCE)) as line, _Watched(access) as watched:
        begin_s = time.perf_counter()
        upload_session(path, replace(line, connection=watched))
        return time.perf_counter() - begin_s, watched.finish_s - begin_s


def _cut_rows(root: Path, access: ServerAccess, size_bytes: int) -> Iterator[Row]:
    path = make_recorded(root, "cut", video_bytes=size_bytes // 4)
    sent: dict[str, int] = {"before": 0, "after": 0}
    with line_to(access, UploadSettings(parts_at_once=AT_ONCE)) as line:

        def stop_half_way(progress: UploadProgress) -> None:
            if progress.sent_bytes > progress.size_bytes // 2:
                line.stop.set()

        try:
            upload_session(path, line, stop_half_way)
        except UploadStoppedError:
            sent["before"] = _there(line, path)
    with line_to(access, UploadSettings(parts_at_once=AT_ONCE)) as line:
        first: list[int] = []
        upload_session(path, line, lambda progress: first.append(progress.sent_bytes))
        sent["after"] = first[0]  # what counts as sent before anything is
    kept = sent["after"] / sent["before"]
    yield figure("after a cut: of what was there, not sent again", kept, "of 1", at_least=1)


def _there(line: UploadLine, path: Path) -> int:
    """Bytes that the server has of an open upload."""
    connection: Connection = line.connection
    names = ["actions.bin", "capture.mp4", "session.json", "sync.csv"]
    begin = pb.BeginUploadRequest(recording_id=f"recording-{path.name}", name=path.name, files=names)
    upload = connection.call(connection.uploads.BeginUpload, begin)
    parts = connection.call(connection.uploads.ListParts, pb.ListPartsRequest(upload_id=upload.id)).parts
    return sum(part.size_bytes for part in parts)


def _minio(ceph: CephGateway) -> Any:
    from minio import Minio

    environment = ceph.environment
    return Minio(
        urlsplit(ceph.endpoint).netloc,
        environment["MINIO_ACCESS_KEY"],
        environment["MINIO_SECRET_KEY"],
        secure=False,
    )


def _bare(client: Any, path: Path, number: int) -> float:
    """Seconds of the minio client's own upload, as many parts at once as ours."""
    begin_s = time.perf_counter()
    client.fput_object(
        "bare", f"object-{number}", str(path / "capture.mp4"), part_size=PART_BYTES, num_parallel_uploads=AT_ONCE
    )
    seconds = time.perf_counter() - begin_s
    client.remove_object("bare", f"object-{number}")
    return seconds


@contextmanager
def _nginx(root: Path) -> Iterator[Callable[[Path], tuple[float, float]] | None]:
    """Within the block nginx takes files by PUT into a directory; None where it is not installed."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None or shutil.which("curl") is None:
        yield None
        return
    for name in ("files", "temporary"):
        (root / name).mkdir(parents=True)
    port = 50_000 + os.getpid() % 10_000
    configuration = root / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {root}/pid; error_log {root}/error.log;"
        + (" user root;" if os.getuid() == 0 else "")
        + " events {} http { access_log off; client_max_body_size 0;"
        f" client_body_temp_path {root}/temporary;"
        + "".join(f" {kind}_temp_path {root}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        + f" server {{ listen 127.0.0.1:{port}; root {root}/files; dav_methods PUT DELETE; }} }}"
    )
    with subprocess.Popen([program, "-c", str(configuration), "-e", f"{root}/error.log"]) as server:
        url = f"http://127.0.0.1:{port}/file"

        def put(file: Path) -> tuple[float, float]:
            begin_s = time.perf_counter()
            subprocess.run(["curl", "-sfT", str(file), url], check=True, timeout=300)
            seconds = time.perf_counter() - begin_s
            with (root / "files/file").open("rb") as written:
                os.fsync(written.fileno())
            synced_s = time.perf_counter() - begin_s
            (root / "files/file").unlink()
            return seconds, synced_s

        try:
            time.sleep(1)
            yield put
        finally:
            server.terminate()


if __name__ == "__main__":
    main("bench.upload", __doc__, PARTS)
