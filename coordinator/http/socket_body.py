"""A large body taken straight from its socket, in a thread that reads, sums up and writes piece by piece.

A piece that one thread has read and another one writes goes from one core's cache to the other's, and each such step
waits for a thread to wake. So one thread does all of it for as long as a sender is quick. It never waits for slow
ones: that is for the event loop, and a thousand slow senders take no thread from anybody.

For connections without TLS, on Linux; any other goes through `body_reader`. The parser has not seen the body then, so
the connection ends with the answer.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import cast

from aiohttp import web

from coordinator.http.body_reader import IdleError

PIECE_BYTES = 1 << 18
"""Read, summed up and written at once: it fits into a core's own cache."""

WAIT_MS = 20
"""A sender whose last piece came whole has so long for the next, then the thread is somebody else's."""

TURN_S = 0.25
"""Nor does one keep a thread longer than this while others wait."""

LOOK_S = 1.0
"""What has come of less than a piece is taken after so long."""

THREADS = max(4, os.cpu_count() or 1)


def can_take(request: web.Request) -> bool:
    """Whether the request's body can be taken from its socket."""
    transport = request.transport
    return sys.platform == "linux" and transport is not None and transport.get_extra_info("sslcontext") is None


class SocketBody:
    """Takes what is left of a request's body. Nothing may be awaited between the request's parsing and this.

    Args:
        request: whose body has not come whole yet; `can_take` holds.
        write: takes each piece; called in threads, one at a time. The piece is overwritten behind it.

    Attributes:
        come_bytes: of the body, what came before included.
    """

    def __init__(self, request: web.Request, write: Callable[[bytes | memoryview], None]) -> None:
        assert request.transport is not None
        assert request.content_length is not None
        self._request, self._write = request, write
        self._transport = cast("asyncio.Transport", request.transport)
        self._first = request.content.read_nowait()
        self._transport.pause_reading()
        self.come_bytes = len(self._first)
        self._left_bytes = request.content_length - self.come_bytes
        # A descriptor of its own: the transport may close its one at any time.
        self._socket = socket.socket(fileno=os.dup(self._transport.get_extra_info("socket").fileno()))
        self._is_cut_off = False

    async def take(self, threads: ThreadPoolExecutor, idle_s: float, see_pace: Callable[[int], None]) -> None:
        """Take all of it.

        Args:
            threads: to work in.
            idle_s: a sender that sends nothing for so long is given up.
            see_pace: told now and then how many bytes have come; may raise.

        Raises:
            IdleError: nothing has come for so long.
            ConnectionError: the connection is lost.
        """
        loop = asyncio.get_running_loop()
        moved_s = loop.time()
        try:
            while self._left_bytes or self._first:
                before = self.come_bytes
                turn = loop.run_in_executor(threads, self._take_turn)
                try:
                    await asyncio.shield(turn)
                finally:
                    if not turn.done():  # whoever waits for it has gone: it ends soon, and must before its files do
                        await asyncio.wait([turn])
                if self.come_bytes != before:
                    moved_s = loop.time()
                elif loop.time() - moved_s > idle_s:
                    raise IdleError
                see_pace(self.come_bytes)
                if self._is_cut_off:
                    raise ConnectionResetError
                if self._left_bytes:
                    await self._more(min(LOOK_S, idle_s))
            self._request.content.feed_eof()  # for aiohttp the body is over
        finally:
            self._socket.close()
            if not self._transport.is_closing():
                self._transport.resume_reading()

    async def _more(self, longest_s: float) -> None:
        """Wait until a piece is there, or for so long."""
        loop, there = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._socket, there.set)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(longest_s):
                    await there.wait()
        finally:
            loop.remove_reader(self._socket)

    def _take_turn(self) -> None:
        """Take what is there, and go on as long as the sender is quick. In a thread."""
        first, self._first = self._first, b""
        if first:
            self._write(first)
        buffer = memoryview(bytearray(min(PIECE_BYTES, max(1, self._left_bytes))))
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        end_s, wait_ms = time.monotonic() + TURN_S, None
        while self._left_bytes and time.monotonic() < end_s:
            wanted = min(len(buffer), self._left_bytes)
            # The system tells of whole pieces, and keeps room for them.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)
            if wait_ms is not None and not poll.poll(wait_ms):
                return
            try:
                count = self._socket.recv_into(buffer[:wanted])
            except BlockingIOError:
                return
            if not count:
                self._is_cut_off = True
                return
            self._left_bytes -= count
            self.come_bytes += count
            self._write(buffer[:count])
            wait_ms = WAIT_MS if count == wanted else 0
