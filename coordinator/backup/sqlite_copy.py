"""A SQLite database copied while a coordinator writes to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import URL

from coordinator.errors import DatabaseError

PAGES_AT_ONCE = 1024
PAUSE_S = 0.01
BUSY_S = 30.0


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database to a file that is not there yet, as it is at one moment, and see that the copy is sound.

    Raises:
        DatabaseError: there is none, it cannot be read, or the copy is damaged.
    """
    if not source.is_file():
        raise DatabaseError(f"there is no database at {source}", remedy="Start the coordinator once; it makes one")
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True, timeout=BUSY_S)) as reading,
            closing(sqlite3.connect(target)) as writing,
        ):
            reading.backup(writing, pages=PAGES_AT_ONCE, sleep=PAUSE_S)
            writing.execute("PRAGMA journal_mode=DELETE")  # one file, whatever mode the original has
            (verdict,) = writing.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise DatabaseError(f"{source} cannot be copied: {error}", remedy="See that the disk has room") from error
    if verdict != "ok":
        raise DatabaseError(f"{source} is damaged: {verdict}", remedy="Restore an earlier backup")


def database_file(url: URL) -> Path:
    """The file of a SQLite database.

    Raises:
        DatabaseError: the address names none.
    """
    if not url.database:
        raise DatabaseError("SQLite needs a file", remedy="Write sqlite:////path/to/file.db")
    return Path(url.database)
