"""A real PostgreSQL for tests and benchmarks: a cluster of its own in a temporary directory, on this machine only."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.ports import lasting_port
from tests.support.processes import has_ended

START_S = 60.0
USER = "playloom"


@dataclass(kw_only=True)
class Postgres:
    """A running server.

    Attributes:
        root: the directory of its data.
        port: where it listens on 127.0.0.1.
    """

    root: Path
    port: int

    def url(self, database: str = "postgres") -> str:
        """The address of a database, as a person writes it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Make an empty database and return its address."""
        command = [_program("psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", "postgres", "-q"]
        subprocess.run([*command, "-c", f'CREATE DATABASE "{name}"'], check=True, timeout=30, capture_output=True)
        return self.url(name)

    def start(self) -> None:
        """Start the server on its data."""
        # A crash of the machine is not what tests try, and to be safe from it costs most of their time. A kill is: what
        # was committed has been handed to the operating system.
        settings = ("fsync=off", "full_page_writes=off", "max_connections=200")
        options = [word for setting in settings for word in ("-c", setting)]
        command = [_program("postgres"), "-D", str(self.root / "data"), "-p", str(self.port), *options]
        command += ["-c", "listen_addresses=127.0.0.1", "-k", str(self.root)]
        with (self.root / "server.log").open("ab") as log:
            self._server = subprocess.Popen(_as_user(command), stdout=log, stderr=log, start_new_session=True)
        end_s = time.monotonic() + START_S
        ready = [_program("pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        while subprocess.run(ready, check=False, timeout=10).returncode != 0:
            assert time.monotonic() < end_s, (self.root / "server.log").read_text()[-2000:]
            assert self._server.poll() is None, (self.root / "server.log").read_text()[-2000:]
            time.sleep(0.05)

    def kill(self) -> None:
        """End every process of it at once, as a crash would."""
        with suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait(30)
        (self.root / "data" / "postmaster.pid").unlink(missing_ok=True)

    def kill_postmaster(self) -> None:
        """End the first process only; the others notice and end. It can be started again when this returns."""
        others = psutil.Process(self._server.pid).children(recursive=True)
        self._server.kill()
        self._server.wait(30)
        end_s = time.monotonic() + START_S
        while not all(has_ended(process.pid) for process in others):
            assert time.monotonic() < end_s, "its processes stay"
            time.sleep(0.01)
        (self.root / "data" / "postmaster.pid").unlink(missing_ok=True)

    def kill_backend(self, choose: Callable[[Sequence[int]], int]) -> None:
        """End the process of one connection: the server then ends all others too and recovers by itself.

        Args:
            choose: of the processes that serve a connection; where there is none nothing is done.
        """
        found: list[int] = []
        for process in psutil.Process(self._server.pid).children():
            with suppress(psutil.NoSuchProcess):
                if f" {USER} " in " ".join(process.cmdline()):  # "postgres: USER DATABASE ADDRESS what it does"
                    found.append(process.pid)
        if found:
            with suppress(ProcessLookupError):
                os.kill(choose(found), signal.SIGKILL)

    def stop(self) -> None:
        self._server.send_signal(signal.SIGINT)  # "fast": open sessions are ended
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


def is_installed() -> bool:
    return _found("postgres") is not None


@contextmanager
def postgres_server(root: Path) -> Iterator[Postgres]:
    """Make a cluster in ``root``, which must be empty, and run it."""
    root.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(root, owner.pw_uid, owner.pw_gid)
        root.chmod(0o711)
    command = [_program("initdb"), "-D", str(root / "data"), "-U", USER, "--auth=trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(_as_user([*command, "--locale=C.UTF-8"]), check=True, timeout=START_S, capture_output=True, cwd="/")
    server = Postgres(root=root, port=lasting_port())
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _as_user(command: Sequence[str]) -> list[str]:
    """PostgreSQL does not run as root."""
    if os.getuid() != 0:
        return list(command)
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *command]


def _program(name: str) -> str:
    found = _found(name)
    assert found is not None, f"{name} is not installed"
    return found


def _found(name: str) -> str | None:
    """Debian keeps the server's programs out of the path, by version."""
    newest_first = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    return shutil.which(name, path=os.pathsep.join([*map(str, newest_first), os.environ.get("PATH", "")]))
