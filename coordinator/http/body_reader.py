"""A large body straight from its connection into two buffers that take turns.

aiohttp hands a body on in bytes objects that are made and copied for each read from the system, which costs several
times what taking a file in costs otherwise. Here the connection's transport is given another protocol until the body is
there. The parser has not seen that body then, so the connection ends with the answer.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import cast

from aiohttp import web


class IdleError(Exception):
    """Nothing has come for too long."""


class BodyReader(asyncio.BufferedProtocol):
    """Reads what is left of a request's body, within ``with``.

    Args:
        request: whose body has not come whole yet.
        piece_bytes: of a piece.

    Attributes:
        come_bytes: of the body, what came before included.
    """

    def __init__(self, request: web.Request, piece_bytes: int) -> None:
        assert request.transport is not None
        assert request.content_length is not None
        self._request, self._transport = request, cast("asyncio.Transport", request.transport)
        self._before = self._transport.get_protocol()
        self._buffers = [memoryview(bytearray(piece_bytes)) for _ in range(2)]
        self._filled_bytes = 0
        self._moved = asyncio.Event()
        self._lost: Exception | None = None
        self.come_bytes = 0

    def __enter__(self) -> BodyReader:
        """From now on bytes come here. What came before is the first piece; nothing may be awaited in between."""
        assert self._request.content_length is not None
        self._first = self._request.content.read_nowait()
        self.come_bytes = len(self._first)
        self._left_bytes = self._request.content_length - self.come_bytes
        self._transport.set_protocol(self)
        self._transport.pause_reading()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lost is not None:
            return
        self._transport.set_protocol(self._before)
        if not self._left_bytes:
            self._request.content.feed_eof()  # for aiohttp the body is over; else it lets the rest come and go
        self._transport.resume_reading()

    async def piece(self, idle_s: float) -> bytes | memoryview:
        """The next piece; empty at the end. From now on the one before the last is overwritten.

        Raises:
            IdleError: for so long nothing has come, or twice as long.
            ConnectionError: the connection is lost.
        """
        if self._first:
            first, self._first = self._first, b""
            return first
        self._buffers.reverse()
        self._filled_bytes = 0
        self._transport.resume_reading()
        while self._left_bytes and self._filled_bytes < len(self._buffers[0]):
            if self._lost is not None:
                raise ConnectionResetError from self._lost
            before = self.come_bytes
            self._moved.clear()
            try:
                async with asyncio.timeout(idle_s):
                    await self._moved.wait()
            except TimeoutError:
                if self.come_bytes == before:
                    raise IdleError from None
                break  # slow, but it comes
        self._transport.pause_reading()
        return self._buffers[0][: self._filled_bytes]

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go: never more than belongs to the body."""
        return self._buffers[0][self._filled_bytes : self._filled_bytes + self._left_bytes]

    def buffer_updated(self, nbytes: int) -> None:
        self._filled_bytes += nbytes
        self._left_bytes -= nbytes
        self.come_bytes += nbytes
        if not self._left_bytes or self._filled_bytes == len(self._buffers[0]):
            self._transport.pause_reading()
            self._moved.set()

    def eof_received(self) -> None:
        """The body was cut off: the transport closes itself."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = exc or ConnectionResetError()
        self._moved.set()
        self._before.connection_lost(exc)

    def pause_writing(self) -> None:
        cast("asyncio.Protocol", self._before).pause_writing()

    def resume_writing(self) -> None:
        cast("asyncio.Protocol", self._before).resume_writing()
