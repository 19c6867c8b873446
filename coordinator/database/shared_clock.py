"""A time that several coordinators on one database agree on, and that never jumps: leases go by it.

A machine's calendar is set by hand, by its time server after a wrong start, or goes its own way. A lease that was given
by such a clock would end an hour early when the clock is put right, or for another coordinator as soon as it is given.
So the queue goes by the database's clock where several share one, and by this machine's where none does; either is
followed at the pace of a clock that cannot be set, a little faster or slower until the two agree again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from coordinator.clock import Clock, system_clock
from coordinator.database.engine import Database
from coordinator.errors import DatabaseError
from coordinator.logs import say

FOLLOW = 50
"""It goes at most a fiftieth faster or slower than time: a lease of a minute is a second longer or shorter."""

MEASURE_EVERY_S = 60.0
"""How often the database is asked for its time."""

TOLD_NS = 2 * 1_000_000_000
"""Further apart than this, an operator should know of it."""

_NOW = text("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000000 AS BIGINT)")

_log = logging.getLogger("coordinator.clock")


class SharedClock:
    """See the module. Used as a `Clock`.

    Args:
        clock: this machine's calendar.
        monotonic_ns: a clock that cannot be set.
    """

    def __init__(self, clock: Clock = system_clock, *, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock, self._monotonic_ns = clock, monotonic_ns
        self._ahead_ns = 0
        self._now_ns, self._seen_ns = clock(), monotonic_ns()

    def __call__(self) -> int:
        seen_ns = self._monotonic_ns()
        passed_ns, self._seen_ns = seen_ns - self._seen_ns, seen_ns
        wrong_ns = self._clock() + self._ahead_ns - (self._now_ns + passed_ns)
        most_ns = passed_ns // FOLLOW
        self._now_ns += passed_ns + max(-most_ns, min(wrong_ns, most_ns))
        return self._now_ns

    async def agree(self, database: Database) -> None:
        """Begin at the time that the other coordinators go by.

        Raises:
            DatabaseError: the database is away.
        """
        with database.reached():
            await self._measure(database)
        self._now_ns, self._seen_ns = self._clock() + self._ahead_ns, self._monotonic_ns()

    async def keep_agreeing(self, database: Database) -> None:
        """Ask for that time again and again, until cancelled."""
        while True:
            await asyncio.sleep(MEASURE_EVERY_S)
            with suppress(SQLAlchemyError, OSError, DatabaseError):  # it is away: the next time, then
                await self._measure(database)

    async def _measure(self, database: Database) -> None:
        if database.dialect == "sqlite":  # nobody else works on it
            return
        async with database.read() as connection:
            theirs_ns = (await connection.execute(_NOW)).scalar_one()
        self._ahead_ns = theirs_ns - self._clock()
        if abs(self._ahead_ns) > TOLD_NS:
            say(_log, logging.WARNING, "the database's clock is another", ahead_s=round(self._ahead_ns / 1e9, 3))
