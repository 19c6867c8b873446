"""The objects of a directory store over HTTP, for whoever holds a signed URL: parts come in, files go out.

What a URL permits stands in it, under a signature (`playloom.objects.signed_urls`); there are no tokens here. A part is
taken with exactly the announced size or not at all. A client that sends or reads too slowly is cut off, so that a few
of them cannot hold all connections.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.client_exceptions import ClientPayloadError

from coordinator.http.body_reader import BodyReader, IdleError
from coordinator.http.socket_body import THREADS, SocketBody, can_take
from playloom.objects.directory_part_writer import PartWriter
from playloom.objects.directory_store import DirectoryStore
from playloom.objects.errors import ObjectMissingError, ObjectStoreError, UploadMissingError
from playloom.objects.object_store import ObjectInfo, Part
from playloom.objects.signed_urls import Permission, RefusedUrlError, UrlSigner

CRC32_HEADER = "x-amz-checksum-crc32"
"""The CRC-32 of a part, most significant byte first, in base64: as S3 has it."""

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, kw_only=True)
class ObjectLimits:
    """How patient the endpoint is.

    Attributes:
        idle_s: a client that neither sends nor takes anything for so long is cut off.
        begin_s, least_bytes_per_s: one that has come to less than this on average is cut off after so long.
        piece_bytes: written to the disk at once; a part that comes takes twice as much memory.
        writers: parts that are taken at the same time; further ones are told to come again.
    """

    idle_s: float = 30.0
    begin_s: float = 60.0
    least_bytes_per_s: float = 4096.0
    piece_bytes: int = 1 << 19
    writers: int = 256


class _SlowError(Exception):
    """A client is too slow."""


def add_object_routes(
    app: web.Application,
    store: DirectoryStore,
    signer: UrlSigner,
    *,
    path: str = "/objects",
    limits: ObjectLimits | None = None,
) -> None:
    """Let an application serve a store.

    Args:
        app: the application.
        store: the directory.
        signer: the one that signs the store's URLs.
        path: below which the objects lie, as in the signer's own address.
        limits: how patient it is.
    """
    served = _Objects(store, signer, limits or ObjectLimits())
    route = f"{path.rstrip('/')}/{{key:.*}}"
    app.router.add_put(route, served.put)
    app.router.add_get(route, served.get)  # HEAD too


class _Objects:
    def __init__(self, store: DirectoryStore, signer: UrlSigner, limits: ObjectLimits) -> None:
        self._store, self._signer, self._limits = store, signer, limits
        self._writing = 0
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="parts")

    async def put(self, request: web.Request) -> web.Response:
        """Take a part."""
        permission = self._permission("PUT", request)
        if request.content_length is None:
            raise _refusal(411, "the size must be announced")
        if request.content_length != permission.size_bytes:
            raise _refusal(400, f"the part has {permission.size_bytes} bytes, not {request.content_length}")
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise _refusal(415, "parts are taken as they are")
        if self._writing >= self._limits.writers:
            raise _refusal(503, "too many parts come at once", retry=True)
        self._writing += 1
        try:
            part = await self._take(request, permission)
        except UploadMissingError:
            raise _refusal(404, "there is no such upload any more") from None
        except ObjectStoreError:
            raise _refusal(507, "the store cannot take it now", retry=True) from None
        except _SlowError:
            raise _refusal(408, "it came too slowly") from None
        except (ClientPayloadError, ConnectionError):
            raise _refusal(400, "it was cut off") from None
        finally:
            self._writing -= 1
        response = web.Response(headers={"ETag": f'"{part.etag}"'})
        if self._is_large(request):
            response.force_close()
        return response

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Give an object, or the range of it that is asked for."""
        permission = self._permission("GET", request)
        try:
            info = await asyncio.to_thread(self._store.info, permission.key)
            begin, end = _range(request.headers.get("Range", ""), info)
            chunks = self._store.stream(permission.key, begin=begin, end=end)
            chunk = await asyncio.to_thread(next, chunks, b"")
        except ObjectMissingError:
            raise _refusal(404, "there is no such object") from None
        except ObjectStoreError:
            raise _refusal(503, "the store cannot be read now", retry=True) from None
        whole = (begin, end) == (0, info.size_bytes)
        response = web.StreamResponse(status=200 if whole else 206)
        response.content_length = end - begin
        response.headers.update(
            {
                "Content-Type": "application/octet-stream",
                "Content-Disposition": "attachment",
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "private, no-store",
                "Accept-Ranges": "bytes",
                "ETag": f'"{info.etag}"',
            }
        )
        if not whole:
            response.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{info.size_bytes}"
        try:
            await response.prepare(request)
            while chunk and request.method != "HEAD":
                async with asyncio.timeout(self._limits.idle_s):
                    await response.write(chunk)
                chunk = await asyncio.to_thread(next, chunks, b"")
        except TimeoutError:  # it takes nothing: what it has is no whole answer, and is not to look like one
            if request.transport is not None:
                request.transport.abort()
        finally:
            assert isinstance(chunks, Generator)
            await asyncio.to_thread(chunks.close)
        return response

    def _permission(self, method: str, request: web.Request) -> Permission:
        target = urlsplit(request.raw_path)  # as it came: nothing is put right before it is checked
        try:
            return self._signer.check(method, f"{target.path}?{target.query}")
        except RefusedUrlError as error:
            raise _refusal(403, str(error)) from None

    async def _take(self, request: web.Request, permission: Permission) -> Part:
        assert permission.upload_id is not None
        assert permission.part is not None
        if not 1 <= permission.part <= self._store.part_limits.max_parts:
            raise _refusal(400, "there is no part of this number")
        writer = await asyncio.to_thread(
            self._store.write_part,
            permission.key,
            permission.upload_id,
            permission.part,
            size_bytes=permission.size_bytes or 0,
        )
        try:
            announced_md5 = request.headers.get("Content-MD5", "")
            if announced_md5:
                writer.sum_md5()
            written = await self._write(request, writer)
            if written != permission.size_bytes:
                raise ConnectionError
            if announced_md5 and announced_md5 != base64.b64encode(writer.md5).decode():
                raise _refusal(400, "it does not have the sum that was announced")
            if request.headers.get(CRC32_HEADER, "") not in ("", base64.b64encode(writer.crc32).decode()):
                raise _refusal(400, "it does not have the sum that was announced")
            return await asyncio.to_thread(writer.finish)
        finally:
            await asyncio.shield(asyncio.to_thread(writer.close))

    async def _write(self, request: web.Request, writer: PartWriter) -> int:
        """Write what comes."""
        if self._is_large(request) and can_take(request):
            body = SocketBody(request, writer.write)
            try:
                await body.take(self._threads, self._limits.idle_s, self._pace())
            except IdleError:
                raise _SlowError from None
            return body.come_bytes
        written, writing = 0, None  # the next piece is read while one is written
        try:
            async with aclosing(self._pieces(request)) as pieces:
                async for piece in pieces:
                    written += len(piece)
                    if writing is not None:
                        await writing
                    writing = asyncio.ensure_future(asyncio.to_thread(writer.write, piece))
            if writing is not None:
                await writing
        finally:
            if writing is not None and not writing.done():
                await asyncio.wait([writing])
        return written

    def _pace(self) -> Callable[[int], None]:
        """What is told how many bytes have come, from now on, and raises where they come too slowly."""
        limits, loop = self._limits, asyncio.get_running_loop()
        begin_s = loop.time()

        def see_pace(come_bytes: int) -> None:
            passed_s = loop.time() - begin_s
            if passed_s > limits.begin_s and come_bytes < limits.least_bytes_per_s * passed_s:
                raise _SlowError

        return see_pace

    def _is_large(self, request: web.Request) -> bool:
        """Whether the body is worth a reader of its own, with which the connection ends."""
        return (request.content_length or 0) >= 2 * self._limits.piece_bytes

    async def _pieces(self, request: web.Request) -> AsyncGenerator[bytes | memoryview]:
        """The body piece by piece; a piece may be overwritten once the one after the next is asked for."""
        limits, see_pace = self._limits, self._pace()
        if not self._is_large(request):
            come_bytes = 0
            while True:
                try:
                    async with asyncio.timeout(limits.idle_s):
                        chunk = await request.content.readany()
                except TimeoutError:
                    raise _SlowError from None
                if not chunk:
                    return
                come_bytes += len(chunk)
                see_pace(come_bytes)
                yield chunk
        with BodyReader(request, limits.piece_bytes) as body:
            try:
                while piece := await body.piece(limits.idle_s):
                    see_pace(body.come_bytes)
                    yield piece
            except IdleError:
                raise _SlowError from None


def _range(header: str, info: ObjectInfo) -> tuple[int, int]:
    """The first byte that is asked for, and the one behind the last."""
    match = _RANGE.fullmatch(header)
    if match is None or match[0] == "bytes=-":  # none, or of a kind that may be ignored
        return 0, info.size_bytes
    if not match[1]:
        begin, end = max(0, info.size_bytes - int(match[2])), info.size_bytes
    else:
        begin = int(match[1])
        end = min(int(match[2]) + 1, info.size_bytes) if match[2] else info.size_bytes
    if begin >= end:
        error = web.HTTPRequestRangeNotSatisfiable()
        error.headers["Content-Range"] = f"bytes */{info.size_bytes}"
        raise error
    return begin, end


_STATUSES: dict[int, type[web.HTTPException]] = {
    400: web.HTTPBadRequest,
    403: web.HTTPForbidden,
    404: web.HTTPNotFound,
    408: web.HTTPRequestTimeout,
    411: web.HTTPLengthRequired,
    415: web.HTTPUnsupportedMediaType,
    503: web.HTTPServiceUnavailable,
    507: web.HTTPInsufficientStorage,
}


def _refusal(status: int, text: str, *, retry: bool = False) -> web.HTTPException:
    """An answer that says why. The connection ends with it: of a body that is not wanted nothing more is read."""
    refused = _STATUSES[status](text=f"{text}\n")
    refused.force_close()
    if retry:
        refused.headers["Retry-After"] = "5"
    return refused
