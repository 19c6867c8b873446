"""A real coordinator on a thread of its own, for tests whose other side waits for its answers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from coordinator.clock import Clock, system_clock
from coordinator.players.scopes import Scope
from coordinator.server import running
from coordinator.settings import CoordinatorSettings, embedded_settings
from playloom.client.access import ServerAccess
from tests.support.coordinators import Served, Time


class CoordinatorThread:
    """Answers within `serving`. Attributes: served: to be used by what `do` runs."""

    def __init__(self, settings: CoordinatorSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._ready = threading.Event()
        self._problem: BaseException | None = None
        self.served: Served
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()), daemon=True)

    async def _run(self) -> None:
        try:
            async with running(self._settings, clock=self._clock) as server:
                self.served = Served(server=server, time=Time(now_ns=time.time_ns()))
                self._ready.set()
                await self._closing.wait()
                await self.served.close()
        except BaseException as error:
            self._problem = error
            raise
        finally:
            self._ready.set()

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(60)
        if self._problem is not None:
            raise self._problem

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(30)
        assert not self._thread.is_alive(), "it does not end"
        self._loop.close()

    @property
    def port(self) -> int:
        return int(self.served.server.address.rpartition(":")[2])

    def do[T](self, work: Callable[[Served], Awaitable[T]]) -> T:
        """Run something beside the coordinator."""

        async def run() -> T:
            return await work(self.served)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)

    def access(self, player: str, *scopes: Scope, address: str | None = None) -> ServerAccess:
        """An access with a new token. ``address``: by which way it goes."""
        token = self.do(lambda served: served.token(player, *scopes))
        return ServerAccess(
            address=address or self.served.server.address,
            tls=False,
            token=token.secret,
            server_id=self.do(_server_id),
            player=player,
        )


async def _server_id(served: Served) -> str:
    from protos import coordinator_pb2 as pb

    info = await served.with_token(None).call("Server.GetInfo", pb.GetServerInfoRequest())
    return info.server_id


@contextmanager
def serving(root: Path, *, clock: Clock = system_clock, **changes: Any) -> Iterator[CoordinatorThread]:
    """Within the block a coordinator answers; settings are changed as named."""
    ports = {"listen": "127.0.0.1:0", "http": "127.0.0.1:0", "drain_s": 0.5}
    settings = replace(embedded_settings(root / "coordinator"), **(ports | changes))
    thread = CoordinatorThread(settings, clock)
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()
