"""The endpoint of a directory store, over real connections: what a signed URL permits, and nothing else."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import logging
import random
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import insert
from yarl import URL

from coordinator.database.engine import Database
from coordinator.database.migrate import migrate
from coordinator.database.tables import players
from coordinator.http.objects import ObjectLimits, add_object_routes
from coordinator.sessions.archive import Archive
from coordinator.sessions.listing import sign_downloads
from coordinator.tls.private_authority import own_certificate
from coordinator.uploads.begin import UploadRequest, begin_upload
from coordinator.uploads.finish import finish_upload
from coordinator.uploads.parts import PartToSend, sign_parts
from playloom.objects.directory_store import DirectoryStore
from playloom.objects.object_store import list_objects
from playloom.objects.signed_urls import UrlSigner
from tests.support.archives import ADA, named

MIB = 1 << 20


@dataclass
class Served:
    """A store that is served. Attributes: time_s: the signer's clock."""

    store: DirectoryStore
    signer: UrlSigner
    http: aiohttp.ClientSession
    port: int
    time_s: list[float]

    async def put(self, url: str, content: bytes | AsyncIterator[bytes], **headers: str) -> tuple[int, str]:
        body = io.BytesIO(content) if isinstance(content, bytes) else content
        async with self.http.put(URL(url, encoded=True), data=body, headers=headers) as answer:
            return answer.status, answer.headers.get("ETag", "") or await answer.text()

    async def get(self, url: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
        async with self.http.request(method, URL(url, encoded=True), headers=headers) as answer:
            return answer.status, await answer.read()

    async def raw(self, *pieces: bytes) -> bytes:
        """What comes back on a connection that these bytes were sent on."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer

    def leftovers(self) -> list[str]:
        """What is there of parts, and of such that come this moment."""
        places = [path for path in (self.store.root / "uploads").rglob("*") if path.is_file()]
        return [path.name for path in places if path.name not in ("upload.json", "content")]


def serve(
    tmp_path: Path,
    work: Callable[[Served], Awaitable[None]],
    *,
    limits: ObjectLimits | None = None,
    tls: ssl.SSLContext | None = None,
) -> None:
    async def run() -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        time_s = [1_800_000_000.0]
        signer = UrlSigner(f"http://127.0.0.1:{port}/objects", bytes(32), clock=lambda: time_s[0])
        store = DirectoryStore(tmp_path / "objects", signer=signer)
        app = web.Application(client_max_size=1)
        add_object_routes(app, store, signer, limits=limits)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1, lingering_time=0.5)
        await runner.setup()
        await web.SockSite(runner, listening, ssl_context=tls).start()
        try:
            async with aiohttp.ClientSession() as http:
                await work(Served(store, signer, http, port, time_s))
        finally:
            await runner.cleanup()

    asyncio.run(run())


def test_parts_come_in_and_objects_go_out(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096 * 5 + b"the end"

    async def work(served: Served) -> None:
        store = served.store
        upload = store.begin_upload("sessions/s/ü b.mp4")
        for number, part in enumerate((content[:MIB], content[MIB:]), start=1):
            signed = store.sign_part("sessions/s/ü b.mp4", upload, number, size_bytes=len(part), expires_s=60)
            expected = (200, f'"{zlib.crc32(part):08x}"')
            assert await served.put(signed.url, part) == expected
            assert await served.put(signed.url, part) == expected  # the answer was lost
        store.complete_upload("sessions/s/ü b.mp4", upload, store.list_parts("sessions/s/ü b.mp4", upload))
        url = store.sign_get("sessions/s/ü b.mp4", expires_s=60).url
        assert await served.get(url) == (200, content)
        assert await served.get(url, "HEAD") == (200, b"")
        for asked, status, expected in (
            ("bytes=2-5", 206, content[2:6]),
            (f"bytes={len(content) - 3}-", 206, b"end"),
            ("bytes=-7", 206, b"the end"),
            (f"bytes=0-{10**17}", 200, content),
            ("bytes=1-0", 416, None),
            (f"bytes={len(content)}-", 416, None),
            ("bytes=0-1,3-4", 200, content),
            ("lines=1-2", 200, content),
            ("bytes=-", 200, content),
        ):
            found = await served.get(url, Range=asked)
            assert found[0] == status, asked
            assert expected is None or found[1] == expected
        async with served.http.get(url, headers={"Range": "bytes=2-5"}) as answer:
            assert answer.headers["Content-Range"] == f"bytes 2-5/{len(content)}"
            assert answer.headers["Content-Disposition"] == "attachment"

    serve(tmp_path, work)


def test_a_url_that_was_changed_permits_nothing(tmp_path: Path) -> None:
    async def work(served: Served) -> None:
        store = served.store
        for key in ("mine", "other"):
            store.put(key, key.encode())
        mine = store.sign_get("mine", expires_s=60).url
        upload, others = store.begin_upload("new"), store.begin_upload("others")
        write = store.sign_part("new", upload, 1, size_bytes=4, expires_s=60).url
        for url in (
            mine.replace("/mine?", "/other?"),
            mine.replace("/mine?", "/%6fther?"),
            mine.replace("/mine?", "/x/../mine?"),
            mine.replace("/mine?", "/x%2f..%2fmine?"),
            mine.replace("/mine?", "/mine%00?"),
            mine.replace("/objects/", "/objects//"),
            mine.replace("expires=1800000060", "expires=1900000060"),
            mine + "&expires=1900000060",
            mine.partition("?")[0],
            mine[:-1] + ("0" if mine[-1] != "0" else "1"),
            write,
        ):
            assert (await served.get(url))[0] == 403, url
        for url in (
            write.replace("part=1", "part=2"),
            write.replace("size=4", "size=5"),
            write.replace(upload, others),
            write.replace("/new?", "/others?"),
            mine,
        ):
            assert (await served.put(url, b"part"))[0] == 403, url
        query = mine.partition("?")[2]
        answer = await served.raw(_request("GET", f"/objects/../objects/mine?{query}", "Connection: close"))
        assert answer.startswith(b"HTTP/1.1 403")
        async with served.http.delete(mine) as answer:
            assert answer.status == 405
        assert (await served.get(mine)) == (200, b"mine")
        served.time_s[0] += 61
        assert (await served.get(mine))[0] == 403
        assert (await served.put(write, b"part"))[0] == 403
        assert served.leftovers() == []

    serve(tmp_path, work)


def test_a_large_part_is_taken_over_tls_piece_by_piece_as_over_a_plain_line(tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path / "tls", ["localhost"])
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate.file, certificate.key_file)
    trusted = ssl.create_default_context(cafile=str(tmp_path / "tls" / "ca.pem"))
    content = random.Random(1).randbytes(5 * MIB + 11)

    async def work(served: Served) -> None:
        upload = served.store.begin_upload("new", part_bytes=8 * MIB)
        url = served.store.sign_part("new", upload, 1, size_bytes=len(content), expires_s=60).url
        url = url.replace("http://127.0.0.1", "https://localhost")

        async def slowly() -> AsyncIterator[bytes]:
            for begin in range(0, len(content), 300_001):
                yield content[begin : begin + 300_001]
                await asyncio.sleep(0.001)

        headers = {"Content-Length": str(len(content))}
        crc32 = f'"{zlib.crc32(content):08x}"'
        for _ in range(2):
            async with served.http.put(URL(url, encoded=True), data=slowly(), headers=headers, ssl=trusted) as answer:
                assert (answer.status, answer.headers["ETag"]) == (200, crc32)
        wrong = {"x-amz-checksum-crc32": base64.b64encode(bytes(4)).decode()}
        async with served.http.put(
            URL(url, encoded=True), data=io.BytesIO(content), headers=wrong, ssl=trusted
        ) as answer:
            assert answer.status == 400
        parts = served.store.list_parts("new", upload)
        served.store.complete_upload("new", upload, parts, sha256=hashlib.sha256(content).hexdigest())

    serve(tmp_path, work, tls=server_side)


def test_a_part_has_exactly_its_size(tmp_path: Path) -> None:
    async def work(served: Served) -> None:
        store = served.store
        upload = store.begin_upload("new")
        url = store.sign_part("new", upload, 1, size_bytes=4, expires_s=60).url
        target = url.partition(str(served.port))[2]
        for content in (b"", b"par", b"parts", bytes(3 * MIB)):
            assert (await served.put(url, content))[0] == 400

        async def pieces() -> AsyncIterator[bytes]:
            yield b"part"

        assert (await served.put(url, pieces()))[0] == 411
        assert (await served.put(url, b"part", **{"Content-Encoding": "gzip"}))[0] == 415
        wrong_sum = {"Content-MD5": base64.b64encode(hashlib.md5(b"PART").digest()).decode()}
        assert await served.put(url, b"part", **wrong_sum) == (400, "it does not have the sum that was announced\n")
        assert served.leftovers() == []
        right_sum = {"Content-MD5": base64.b64encode(hashlib.md5(b"part").digest()).decode()}
        assert (await served.put(url, b"part", **right_sum))[0] == 200
        # One that announces the size and sends more: what follows is taken for another request, and is none.
        answer = await served.raw(_request("PUT", target, "Content-Length: 4") + b"part and more")
        assert b" 400 Bad Request" in answer
        assert (await served.put(url, b"part"))[0] == 200
        assert [part.size_bytes for part in store.list_parts("new", upload)] == [4]
        store.abort_upload("new", upload)
        assert (await served.put(url, b"part"))[0] == 404
        assert list(list_objects(store)) == []

    serve(tmp_path, work)


def test_of_a_part_that_was_cut_off_nothing_stays(tmp_path: Path) -> None:
    async def work(served: Served) -> None:
        store = served.store
        upload = store.begin_upload("new")
        url = store.sign_part("new", upload, 1, size_bytes=4 * MIB, expires_s=60).url
        target = url.partition(str(served.port))[2]
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(_request("PUT", target, f"Content-Length: {4 * MIB}") + bytes(2 * MIB))
        await writer.drain()
        for _ in range(100):
            if served.leftovers():
                break
            await asyncio.sleep(0.02)
        assert len(served.leftovers()) == 1
        writer.transport.abort()
        for _ in range(100):
            if not served.leftovers():
                break
            await asyncio.sleep(0.02)
        assert served.leftovers() == []
        assert store.list_parts("new", upload) == []
        assert (await served.put(url, bytes(4 * MIB)))[0] == 200

    serve(tmp_path, work)


def test_a_client_that_sends_next_to_nothing_is_cut_off(tmp_path: Path) -> None:
    async def work(served: Served) -> None:
        store = served.store
        upload = store.begin_upload("new")
        url = store.sign_part("new", upload, 1, size_bytes=4 * MIB, expires_s=60).url
        head = _request("PUT", url.partition(str(served.port))[2], f"Content-Length: {4 * MIB}")
        assert (await served.raw(head, b"then silence")).startswith(b"HTTP/1.1 408")

        async def drip() -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(head)
            while not reader._eof and not reader._buffer:  # pyright: ignore
                writer.write(b"x")
                await asyncio.sleep(0.02)
            writer.close()
            return await reader.read()

        assert (await asyncio.wait_for(drip(), 10)).startswith(b"HTTP/1.1 408")
        assert served.leftovers() == []

    serve(tmp_path, work, limits=ObjectLimits(idle_s=0.3, begin_s=0.5))


def test_more_parts_at_once_than_it_takes_are_told_to_come_again(tmp_path: Path) -> None:
    async def work(served: Served) -> None:
        store = served.store
        upload = store.begin_upload("new")
        slow = store.sign_part("new", upload, 1, size_bytes=4 * MIB, expires_s=60).url
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(_request("PUT", slow.partition(str(served.port))[2], f"Content-Length: {4 * MIB}"))
        await writer.drain()
        for _ in range(100):
            if served.leftovers():
                break
            await asyncio.sleep(0.02)
        quick = store.sign_part("new", upload, 2, size_bytes=1, expires_s=60).url
        async with served.http.put(quick, data=b"x") as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        writer.transport.abort()

    serve(tmp_path, work, limits=ObjectLimits(writers=1))


def test_a_url_stands_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def work(served: Served) -> None:
        upload = served.store.begin_upload("new")
        url = served.store.sign_part("new", upload, 1, size_bytes=4, expires_s=60).url
        await served.put(url, b"part")
        await served.put(url, b"parts")
        await served.get(url)

    serve(tmp_path, work)
    assert "signature" not in caplog.text


def test_a_recording_takes_the_whole_way_over_http(tmp_path: Path) -> None:
    content = {"capture.mp4": b"v" * 100, "sync.csv": b"frame_index,monotonic_ns,pts\n0,1,0\n", "actions.bin": b"x"}

    async def work(served: Served) -> None:
        database = await Database.open(f"sqlite:///{tmp_path / 'c.db'}")
        await migrate(database)
        async with database.write() as connection:
            row = {"id": ADA.player_id, "name": "ada", "name_key": "ada", "created_unix_ns": 1}
            await connection.execute(insert(players).values(row))
        archive = Archive(database=database, store=served.store)
        upload = await begin_upload(archive, ADA, UploadRequest(recording_id="r", name="r", files=tuple(content)))
        wanted = [PartToSend(file=name, number=1, size_bytes=len(part)) for name, part in content.items()]
        for signed in await sign_parts(archive, ADA, upload.id, wanted):
            assert (await served.put(signed.request.url, content[signed.part.file]))[0] == 200
        session = await finish_upload(archive, ADA, upload.id, named(content))
        for signed in await sign_downloads(archive, ADA, session.id):
            assert await served.get(signed.request.url) == (200, content[signed.file.name])
        await database.close()

    serve(tmp_path, work)


def _request(method: str, target: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()
