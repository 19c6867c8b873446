"""Where workers take jobs and hand them in: those who come at the same time are served together.

A transaction for each call is what a queue spends its time on. Whoever comes while one is under way waits for the
next, and all who wait are served by it, with one statement for everything that is done and one for everything that is
taken. Nobody is told of a job before it is on the disk.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.clock import Clock
from coordinator.database.engine import Database
from coordinator.jobs.completing import Completed, Completion, complete_jobs
from coordinator.jobs.job import Job
from coordinator.jobs.taking import Taking, take_jobs

MOST_AT_ONCE = 128
"""Completions, and callers who take jobs, served by one transaction: later ones wait for the whole of it."""


@dataclass(frozen=True, kw_only=True)
class _Asked[Wish, Answer]:
    wish: Wish
    answer: asyncio.Future[Answer]


class Desk:
    """Serves the workers of one process. Use it from one event loop.

    Args:
        database: where the jobs are.
        clock: the time.
        on_opened: called when jobs can be taken that waited for others.
    """

    def __init__(self, database: Database, clock: Clock, on_opened: Callable[[], Awaitable[None]]) -> None:
        self._database, self._clock, self._on_opened = database, clock, on_opened
        self._done: deque[_Asked[Completion, None]] = deque()
        self._wanted: deque[_Asked[Taking, list[Job]]] = deque()
        self._serving: asyncio.Task[None] | None = None

    def complete(self, completion: Completion) -> asyncio.Future[None]:
        """See `complete_jobs`. What comes is nothing, or the refusal as an error."""
        asked = _Asked[Completion, None](wish=completion, answer=asyncio.get_running_loop().create_future())
        self._done.append(asked)
        self._begin()
        return asked.answer

    def take(self, taking: Taking) -> asyncio.Future[list[Job]]:
        """See `take_jobs`. The jobs of a caller who hangs up while being served are held until their lease ends."""
        asked = _Asked[Taking, list[Job]](wish=taking, answer=asyncio.get_running_loop().create_future())
        self._wanted.append(asked)
        self._begin()
        return asked.answer

    def _begin(self) -> None:
        # One transaction at a time: with several each would serve fewer, and cost as much.
        if self._serving is None:
            self._serving = asyncio.create_task(self._serve_all())

    async def _serve_all(self) -> None:
        try:
            await asyncio.sleep(0)  # who comes in the same moment comes along
            while self._done or self._wanted:
                done, wanted = _next(self._done), _next(self._wanted)
                if done or wanted:
                    await self._serve(done, wanted)
        finally:
            # At once: whoever comes next would else believe that somebody still serves.
            self._serving = None

    async def _serve(
        self, done: Sequence[_Asked[Completion, None]], wanted: Sequence[_Asked[Taking, list[Job]]]
    ) -> None:
        async def work(connection: AsyncConnection) -> tuple[Completed, list[list[Job]]]:
            now_ns = self._clock()
            completed = await complete_jobs(connection, [asked.wish for asked in done], now_ns)
            return completed, await take_jobs(connection, [asked.wish for asked in wanted], now_ns)

        try:
            completed, taken = await self._database.transact(work)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to those who asked
            if len(done) + len(wanted) == 1 or not _is_of_one(error):
                for asked in (*done, *wanted):
                    if not asked.answer.done():
                        asked.answer.set_exception(error)
                return
            # Something about one of them: the others are not to suffer from it.
            for one in done:
                await self._serve([one], [])
            for one in wanted:
                await self._serve([], [one])
            return
        except BaseException:
            for asked in (*done, *wanted):
                asked.answer.cancel()
            raise
        for asked, refusal in zip(done, completed.refusals, strict=True):
            if asked.answer.done():  # its caller has gone
                continue
            if refusal is None:
                asked.answer.set_result(None)
            else:
                asked.answer.set_exception(refusal)
        for asked, jobs in zip(wanted, taken, strict=True):
            if not asked.answer.done():
                asked.answer.set_result(jobs)
        if completed.opened:
            await self._on_opened()


def _next[Wish, Answer](waiting: deque[_Asked[Wish, Answer]]) -> list[_Asked[Wish, Answer]]:
    """The next ones in turn, without those who have gone."""
    asked = [waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(waiting)))]
    return [one for one in asked if not one.answer.done()]


def _is_of_one(error: Exception) -> bool:
    """Whether the database refused what somebody handed in, rather than everybody."""
    return (
        isinstance(error, DBAPIError)
        and not error.connection_invalidated
        and not isinstance(error, OperationalError | InterfaceError)
    )
