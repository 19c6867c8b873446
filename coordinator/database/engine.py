"""A connection to the database, and transactions on it."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, Any, Self

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from coordinator.database.group_commit import GroupCommit
from coordinator.errors import DatabaseError
from playloom.recording.append_file import lock_file

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
BUSY_MS = 30_000
CONNECTIONS = 10
TRIES = 6
RESTED_S = 1.0
"""A connection that was not used for so long is tried before it is."""

_RETRIED_STATES = frozenset({"40001", "40P01"})
"""PostgreSQL: could not serialize, deadlock. The transaction has left nothing behind."""


class Database:
    """A database that is open.

    Attributes:
        url: its address; its password is hidden when it is shown.
        dialect: "sqlite" or "postgresql".
    """

    def __init__(self, url: URL, readers: AsyncEngine, writers: AsyncEngine, lock: IO[bytes] | None) -> None:
        self.url = url
        self.dialect = url.get_backend_name()
        self._readers, self._writers, self._lock = readers, writers, lock
        self._group = GroupCommit(self.write) if self.dialect == "sqlite" else None

    @classmethod
    async def open(cls, address: str) -> Self:
        """Open a database.

        Args:
            address: ``sqlite:////path/to/file`` or ``postgresql://user@host/name``.

        Raises:
            DatabaseError: it cannot be reached, is in use by another coordinator, or the address is none.
        """
        url = parse_address(address)
        lock: IO[bytes] | None = None
        if url.get_backend_name() == "sqlite":
            lock = _lock_beside(Path(url.database or ""))
            options: dict[str, Any] = {"connect_args": {"timeout": BUSY_MS / 1000}}
            # One writer at a time: they would only wait for each other within SQLite.
            writers = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=BUSY_MS / 1000, **options)
            readers = create_async_engine(url, pool_size=CONNECTIONS, max_overflow=0, **options)
            _prepare_sqlite(writers, begin="BEGIN IMMEDIATE")
            _prepare_sqlite(readers, begin="BEGIN")
        else:
            writers = readers = create_async_engine(
                url,
                pool_size=CONNECTIONS,
                max_overflow=CONNECTIONS,
                pool_recycle=1800,
                pool_use_lifo=True,
                pool_reset_on_return=None,  # both `read` and `write` end their transactions themselves
            )
            _try_after_rest(writers)
        database = cls(url, readers, writers, lock)
        try:
            with database.reached():
                async with database.read():
                    pass
        except DatabaseError:
            await database.close()
            raise
        return database

    @contextmanager
    def reached(self) -> Iterator[None]:
        """For what cannot go on without the database: says in words where it is away.

        Raises:
            DatabaseError: it went away within the block.
        """
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseError(
                f"the database {self.url!r} cannot be reached: {_first_line(error)}",
                remedy="See that it runs and that the address is right",
            ) from error

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads; it sees one state of the database on SQLite."""
        async with self._readers.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is committed when the block ends well."""
        async with self._writers.begin() as connection:
            yield connection

    async def transact[T](self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do ``work`` in a transaction, again from its beginning if another one got in its way.

        On SQLite works that come at the same time are committed together, see `GroupCommit`. A work uses its connection
        and nothing else: what it waited for, the others would wait for, too.
        """
        if self._group is not None:
            return await self._group.run(work)
        for attempt in range(1, TRIES + 1):
            try:
                async with self.write() as connection:
                    return await work(connection)
            except DBAPIError as error:
                if attempt == TRIES or not _got_in_the_way(error):
                    raise
                await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))
        raise AssertionError

    async def close(self) -> None:
        """Close all connections. A second call does nothing."""
        if self._group is not None:
            await self._group.close()
        await self._readers.dispose()
        await self._writers.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def parse_address(address: str) -> URL:
    """The address with the driver that is used for it.

    Raises:
        DatabaseError: it is none.
    """
    remedy = "Write sqlite:////path/to/file.db or postgresql://user@host/name"
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise DatabaseError("the database's address is no address", remedy=remedy) from error
    driver = DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise DatabaseError(f"'{url.get_backend_name()}' is no kind of database that is known here", remedy=remedy)
    if url.get_backend_name() == "sqlite" and (not url.database or url.database == ":memory:"):
        raise DatabaseError("SQLite needs a file", remedy=remedy)
    return url.set(drivername=driver)


@contextmanager
def lock_sqlite(path: Path) -> Iterator[None]:
    """Within the block no coordinator works on this file.

    Raises:
        DatabaseError: one does.
    """
    with _lock_beside(path):
        yield


def _lock_beside(path: Path) -> IO[bytes]:
    """See that no other coordinator works on this file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.with_name(f"{path.name}.lock").open("ab")
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be used: {error.strerror}", remedy="Name a file that you may write to"
        ) from error
    if not lock_file(file):
        file.close()
        raise DatabaseError(
            f"another coordinator works on {path}", remedy="Stop it first; only PostgreSQL is shared by several"
        )
    return file


def _prepare_sqlite(engine: AsyncEngine, *, begin: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say so, not where Python's driver guesses
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    del connect, start


def _try_after_rest(engine: AsyncEngine) -> None:
    """See that a connection still works when it was not used for a while: the server may have restarted meanwhile.

    (SQLAlchemy's own way asks before every use, which is a fifth of a short transaction's time.)
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def rest(_connection: object, record: Any) -> None:
        record.info["rests_since_s"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def wake(connection: Any, record: Any, _proxy: object) -> None:
        if time.monotonic() - record.info.get("rests_since_s", math.inf) < RESTED_S:
            return
        try:
            engine.sync_engine.dialect.do_ping(connection)
        except engine.sync_engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

    del rest, wake


def _got_in_the_way(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in _RETRIED_STATES or (isinstance(error, OperationalError) and "database is locked" in str(error))


def _first_line(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__
