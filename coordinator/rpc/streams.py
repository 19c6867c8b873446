"""Streams that are open: they end when the server drains, and when their token is good no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from coordinator.players.scopes import Caller
from coordinator.rpc.authenticator import Authenticator

LOOK_S = 10.0
"""How often it is looked whether their tokens are still good."""

PARTING_S = 3.0
"""Services end their streams by themselves when the server drains; those that have not by then are cut."""


@dataclass(eq=False, kw_only=True)
class _Stream:
    limit: asyncio.Timeout
    token_id: str | None


class Streams:
    """The open streams of a server. Attributes: draining: whether it is about to end."""

    def __init__(self, authenticator: Authenticator) -> None:
        self.draining = False
        self._authenticator = authenticator
        self._open: set[_Stream] = set()

    @contextmanager
    def kept(self, limit: asyncio.Timeout, caller: Caller | None) -> Iterator[None]:
        """Within the block a stream is open, which ends when ``limit`` does."""
        stream = _Stream(limit=limit, token_id=None if caller is None else caller.token_id)
        self._open.add(stream)
        if self.draining:
            self._end(stream, PARTING_S)
        try:
            yield
        finally:
            self._open.discard(stream)

    def drain(self) -> None:
        """Let all come to their end soon."""
        self.draining = True
        for stream in self._open:
            self._end(stream, PARTING_S)

    async def watch_tokens(self) -> None:
        """Cut streams whose tokens are good no longer, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look_at_tokens()

    async def look_at_tokens(self) -> None:
        """Cut streams whose tokens are good no longer."""
        known = {stream.token_id for stream in self._open if stream.token_id is not None}
        refused = await self._authenticator.refused(known)
        for stream in self._open:
            if stream.token_id in refused:
                self._end(stream, 0)

    def _end(self, stream: _Stream, in_s: float) -> None:
        if not stream.limit.expired():
            stream.limit.reschedule(asyncio.get_running_loop().time() + in_s)
