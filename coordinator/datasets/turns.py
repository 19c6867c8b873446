"""Turns to build the next version: they save the work of those who would lose the race, and decide nothing.

A turn is a short lease with a number that counts up. Who does not come back lets it run out; who commits ends it. What
makes a version the next one is `coordinator.datasets.commit` alone.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.clock import SECOND_NS, Clock
from coordinator.database.dataset_tables import dataset_sessions, dataset_staged, dataset_turns
from coordinator.database.engine import Database
from coordinator.database.tables import sessions
from coordinator.datasets.admission import may_enter, why_kept_out
from coordinator.datasets.dataset import Dataset, find_dataset
from coordinator.datasets.version import Version, newest_version
from coordinator.errors import ConflictError, InvalidError

STAGED_AT_ONCE = 200
POLL_S = 1.0
"""Who waits looks this often for what another coordinator's callers have done."""

DEFAULT_TURN_S, MIN_TURN_S, MAX_TURN_S = 30.0, 0.1, 600.0


@dataclass(frozen=True, kw_only=True)
class Staged:
    """A converted session that waits. Attributes: object_key, sha256: of its `StagedSession`."""

    session_id: str
    object_key: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What waiting for a turn came to.

    Attributes:
        added_version: the session has been taken up with this version; 0: not yet.
        number: of the turn; 0: it is not ours.
        base: the newest version; None: there is none.
        staged: what may enter, the oldest first.
    """

    added_version: int = 0
    number: int = 0
    base: Version | None = None
    staged: tuple[Staged, ...] = ()


class Turns:
    """Hands out turns; one of a process, so that those who wait are woken. Several coordinators may do so at once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._news = asyncio.Condition()
        self._told = 0

    async def take(self, dataset: str, *, worker: str, session_id: str, wait_s: float, turn_s: float) -> Turn:
        """Wait for the turn, or for the news that a session has been taken up.

        Args:
            dataset: its id or name.
            worker: who asks.
            session_id: whose entry is waited for; empty: none.
            wait_s: how long to wait at most.
            turn_s: how long the turn lasts; 0: `DEFAULT_TURN_S`.

        Raises:
            UnknownError: there is no such dataset.
            ConflictError: the session waits no longer, and has not been taken up: it was removed or deleted.
            InvalidError: no turn lasts so long.
        """
        turn_s = turn_s or DEFAULT_TURN_S
        if not MIN_TURN_S <= turn_s <= MAX_TURN_S:
            raise InvalidError("turn_s", f"{turn_s:g} is not within {MIN_TURN_S:g} and {MAX_TURN_S:g}")
        end_s = asyncio.get_running_loop().time() + wait_s
        while True:
            seen = self._told
            async with self._database.read() as connection:
                found = await find_dataset(connection, dataset)
                if session_id and (added := await _added_version(connection, found, session_id)):
                    return Turn(added_version=added)
                free = await self._is_free(connection, found)
            if free:
                turn = await self._database.transact(
                    lambda connection, found=found: self._take(connection, found, worker, turn_s)
                )
                if turn.number:
                    return turn
            left_s = end_s - asyncio.get_running_loop().time()
            if left_s <= 0:
                return Turn()
            async with self._news:
                with suppress(TimeoutError):
                    await asyncio.wait_for(
                        self._news.wait_for(lambda seen=seen: self._told != seen), min(left_s, POLL_S)
                    )

    async def end(self, dataset_id: str, number: int) -> None:
        """End a turn without a version."""
        await self._database.transact(lambda connection: end_turn(connection, dataset_id, number))
        await self.wake()

    async def wake(self) -> None:
        """Let those who wait look again."""
        async with self._news:
            self._told += 1
            self._news.notify_all()

    async def _is_free(self, connection: AsyncConnection, dataset: Dataset) -> bool:
        query = select(dataset_turns.c.until_unix_ns).where(dataset_turns.c.dataset_id == dataset.id)
        until_ns = (await connection.execute(query)).scalar_one_or_none()
        return until_ns is None or until_ns <= self._clock()

    async def _take(self, connection: AsyncConnection, dataset: Dataset, worker: str, turn_s: float) -> Turn:
        now_ns = self._clock()
        values = {"worker": worker, "until_unix_ns": now_ns + int(turn_s * SECOND_NS)}
        make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        statement = make(dataset_turns).values(dataset_id=dataset.id, turn=1, **values)
        statement = statement.on_conflict_do_update(
            index_elements=[dataset_turns.c.dataset_id],
            set_={"turn": dataset_turns.c.turn + 1, **values},
            where=or_(dataset_turns.c.until_unix_ns.is_(None), dataset_turns.c.until_unix_ns <= now_ns),
        ).returning(dataset_turns.c.turn)
        number = (await connection.execute(statement)).scalar_one_or_none()
        if number is None:  # another was faster
            return Turn()
        base = await newest_version(connection, dataset)
        return Turn(number=number, base=base, staged=await _staged(connection, dataset))


async def end_turn(connection: AsyncConnection, dataset_id: str, number: int) -> None:
    """End a turn; one that has ended already is no fault."""
    this = (dataset_turns.c.dataset_id == dataset_id) & (dataset_turns.c.turn == number)
    await connection.execute(update(dataset_turns).where(this).values(until_unix_ns=None, worker=None))


async def _staged(connection: AsyncConnection, dataset: Dataset) -> tuple[Staged, ...]:
    query = (
        select(dataset_staged.c.session_id, dataset_staged.c.object_key, dataset_staged.c.sha256)
        .join(sessions, sessions.c.id == dataset_staged.c.session_id)
        .where(dataset_staged.c.dataset_id == dataset.id, may_enter(dataset.id))
        .order_by(dataset_staged.c.staged_unix_ns, dataset_staged.c.session_id)
        .limit(STAGED_AT_ONCE)
    )
    return tuple(Staged(**row._mapping) for row in await connection.execute(query))


async def _added_version(connection: AsyncConnection, dataset: Dataset, session_id: str) -> int:
    """With which version a session is in the dataset; 0: it waits.

    Raises:
        ConflictError: neither.
    """
    # One statement: a commit between two would find the session neither inside nor waiting.
    inside = (dataset_sessions.c.dataset_id == dataset.id) & (dataset_sessions.c.session_id == session_id)
    added = select(dataset_sessions.c.added_version).where(inside, dataset_sessions.c.removed_version.is_(None))
    waits = (dataset_staged.c.dataset_id == dataset.id) & (dataset_staged.c.session_id == session_id)
    query = select(added.scalar_subquery(), exists().where(waits))
    added_version, is_staged = (await connection.execute(query)).one()
    if added_version is not None:
        return added_version
    if reasons := await why_kept_out(connection, dataset.id, [session_id]):
        raise ConflictError(reasons[session_id])
    if not is_staged:
        raise ConflictError(
            f"the session {session_id} does not wait to enter '{dataset.name}'", remedy="Stage it first"
        )
    return 0
