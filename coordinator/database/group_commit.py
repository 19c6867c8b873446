"""Transactions that come at the same time, committed together: a disk is waited for once and not for each.

SQLite has one writer at a time, and a commit that is to survive a power cut waits for the disk, some milliseconds.
Works that are handed in while one commit is under way make the next one together, each in a savepoint of its own: one
that fails leaves nothing behind and does not touch the others. Nobody is told that a work is done before it is on the
disk.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

MOST_AT_ONCE = 64
"""Works in one transaction: later ones wait for the whole of it."""

type Work = Callable[[AsyncConnection], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    work: Work
    done: asyncio.Future[Any]


class GroupCommit:
    """Runs works one after another, many to a commit. Use it from one event loop.

    Args:
        begin: opens a transaction that is committed when its block ends well.
    """

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[AsyncConnection]]) -> None:
        self._begin = begin
        self._waiting: deque[_Waiting] = deque()
        self._runner: asyncio.Task[None] | None = None

    async def run[T](self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do ``work`` in a transaction; returns once it is committed.

        A caller that is cancelled no longer waits; whether its work is done then is not known, as with any commit.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(work=work, done=done))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run_all())
        return await done

    async def close(self) -> None:
        """Wait for the works that were handed in."""
        while self._runner is not None and not self._runner.done():
            await asyncio.wait([self._runner])

    async def _run_all(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]
            results: list[tuple[_Waiting, Any, BaseException | None]] = []
            try:
                async with self._begin() as connection:
                    for each in batch:
                        if not each.done.cancelled():
                            results.append((each, *await _in_savepoint(connection, each.work)))
            except BaseException as error:
                # The commit itself failed, or the transaction: none of them is done.
                for each in batch:
                    _tell(each, None, error)
                if not isinstance(error, Exception):
                    raise
                continue
            for each, result, fault in results:
                _tell(each, result, fault)


async def _in_savepoint(connection: AsyncConnection, work: Work) -> tuple[Any, Exception | None]:
    savepoint = await connection.begin_nested()
    try:
        result = await work(connection)
    except Exception as error:  # noqa: BLE001 - whatever it is belongs to the one who handed the work in
        await savepoint.rollback()
        return None, error
    await savepoint.commit()
    return result, None


def _tell(waiting: _Waiting, result: Any, error: BaseException | None) -> None:
    if waiting.done.done():  # its caller has gone
        return
    if error is None:
        waiting.done.set_result(result)
    else:
        waiting.done.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
