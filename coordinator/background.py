"""Work that goes on for as long as a server does, and survives what it meets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0

_log = logging.getLogger("coordinator.background")


class Background:
    """Runs each work until `stop`; one that fails (the database restarts) is begun again after a pause."""

    def __init__(self, works: Sequence[Callable[[], Awaitable[None]]]) -> None:
        self._works = works
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(_kept_going(work)) for work in self._works]

    async def stop(self) -> None:
        """End all of it. A second call does nothing."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []


async def _kept_going(work: Callable[[], Awaitable[None]]) -> None:
    loop = asyncio.get_running_loop()
    pause_s = FIRST_PAUSE_S
    while True:
        begin_s = loop.time()
        try:
            await work()
            return
        except Exception:  # noqa: BLE001 (it must not end for a reason that passes: nobody would notice)
            _log.exception("%s has failed, and begins again", getattr(work, "__qualname__", work))
        if loop.time() - begin_s > LONGEST_PAUSE_S:
            pause_s = FIRST_PAUSE_S
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
