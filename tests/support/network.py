"""A network between two programs that a test makes slow, late, cut or silent: a TCP proxy on a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.ports import lasting_port

_CHUNK_BYTES = 1 << 16


class Network:
    """Carries what comes at `port` to where it is to go. Any thread may change it.

    Attributes:
        port: on 127.0.0.1.
        delay_s: how much later everything arrives.
        bytes_per_s: how fast each connection is, in either direction; None: as fast as may be.
        carried_bytes: what has been carried towards the server.
        connections: how many were made.
    """

    def __init__(self, to_port: int) -> None:
        self.port = lasting_port()
        self._to_port = to_port
        self.delay_s = 0.0
        self.bytes_per_s: int | None = None
        self.carried_bytes = 0
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._carrying = asyncio.Event()
        self._carrying.set()
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = threading.Event()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()), daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Every connection ends at once, as when a router is restarted. New ones are made."""
        self._loop.call_soon_threadsafe(self._cut)

    def fall_silent(self) -> None:
        """Nothing is carried any more, and nobody is told: connections stay, and new ones are taken."""
        self._loop.call_soon_threadsafe(self._carrying.clear)

    def carry_on(self) -> None:
        """What was held up is carried on."""
        self._loop.call_soon_threadsafe(self._carrying.set)

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(10)
        self._loop.close()

    async def _run(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self._started.set()
        await self._closing.wait()
        server.close()
        self._cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            server_reader, server = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            _reset(client)
            return
        pair = (client, server)
        self._pairs.add(pair)
        ways = [
            asyncio.create_task(self._carry(client_reader, server, towards_server=True)),
            asyncio.create_task(self._carry(server_reader, client, towards_server=False)),
        ]
        self._tasks.update(ways)
        await asyncio.gather(*ways, return_exceptions=True)
        self._tasks.difference_update(ways)
        self._pairs.discard(pair)
        for writer in pair:
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, towards_server: bool) -> None:
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                await asyncio.sleep(self.delay_s)
                if self.bytes_per_s is not None:
                    await asyncio.sleep(len(chunk) / self.bytes_per_s)
                await self._carrying.wait()
                if towards_server:
                    self.carried_bytes += len(chunk)
                writer.write(chunk)
                await writer.drain()
        with suppress(OSError):
            writer.write_eof()

    def _cut(self) -> None:
        for pair in self._pairs:
            for writer in pair:
                _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST."""
    raw: socket.socket | None = writer.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def network(to_port: int) -> Iterator[Network]:
    """Within the block the network carries."""
    made = Network(to_port)
    made.start()
    try:
        yield made
    finally:
        made.stop()
