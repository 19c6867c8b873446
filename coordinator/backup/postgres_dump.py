"""A PostgreSQL database written to a file and read back, by PostgreSQL's own programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import URL

from coordinator.database.engine import Database
from coordinator.errors import ConflictError
from playloom.errors import ProcessError

_WORDS = 600


def dump_postgres(url: URL, target: Path) -> None:
    """Write the whole database, as it is at one moment, to a file.

    Raises:
        ProcessError: pg_dump is not installed, or fails; in its own words.
    """
    _run("pg_dump", url, ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"])
    target.chmod(0o600)


def restore_postgres(url: URL, source: Path) -> None:
    """Put a database back as it is in the file, whole or not at all; what is there is replaced.

    Raises:
        ProcessError: pg_restore is not installed, or fails; in its own words.
    """
    options = ["--single-transaction", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--exit-on-error"]
    _run("pg_restore", url, [*options, str(source)])


async def see_that_nobody_else_uses(database: Database) -> None:
    """See that no coordinator is connected.

    Raises:
        ConflictError: somebody is.
    """
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    async with database.read() as connection:
        count = (await connection.execute(others)).scalar_one()
    if count:
        raise ConflictError(
            f"{count} other connections use the database {database.url.database}",
            remedy="Stop every coordinator on it first",
        )


def _run(program: str, url: URL, arguments: Sequence[str]) -> None:
    path = _found(program)
    if path is None:
        raise ProcessError(
            f"{program} is not installed", remedy="Install PostgreSQL's client programs of the server's version"
        )
    environment = dict(os.environ)
    if url.password is not None:
        environment["PGPASSWORD"] = str(url.password)  # the arguments of a program are for all to see
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    done = subprocess.run(
        [path, *arguments, "--no-password", f"--dbname={address}"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise ProcessError(f"{program} failed: {done.stderr.strip()[-_WORDS:]}")


def _found(program: str) -> str | None:
    """Debian keeps several versions of the programs out of the path; the newest can speak to every older server."""
    newest_first = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True
    )
    return shutil.which(program, path=os.pathsep.join([*map(str, newest_first), os.environ.get("PATH", os.defpath)]))


def _number(name: str) -> int:
    return int(name) if name.isdecimal() else 0
