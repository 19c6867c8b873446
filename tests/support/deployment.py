"""A coordinator and players' PCs as they are installed: programs of their own, over TLS with a private authority."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playloom.client.access import ACCESS_FILE, ServerAccess, save_access, server_at
from playloom.client.connection import Connection
from playloom.client.enrol import enrol_machine
from protos import coordinator_pb2 as pb
from tests.support.archives import ArchivePlace
from tests.support.command import PLAYLOOM
from tests.support.explain import jobs_told, ray_told
from tests.support.machine_state import machine_told
from tests.support.ports import lasting_port

START_S = 300.0
PATIENCE_S = 600.0
"""Of waits and commands, on whatever machine this runs: they end as soon as it is so."""

SHOWN_BYTES = 6000


def playloom(*arguments: str | Path, home: Path, status: int = 0) -> Any:
    """What a command says with --json."""
    done = subprocess.run(
        [PLAYLOOM, *map(str, arguments), "--json"],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == status, done.stderr + done.stdout
    return json.loads(done.stdout) if status == 0 else done.stderr


def environment(home: Path) -> dict[str, str]:
    """A user's whose Playloom lies at ``home``."""
    others = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "PLAYLOOM_ACCESS")}
    return others | {"PLAYLOOM_HOME": str(home)}


class Program:
    """A command that runs until it is killed, and may be started again.

    Attributes:
        output: what it has written, all runs together.
    """

    def __init__(self, *arguments: str, home: Path) -> None:
        self._command, self._home = [sys.executable, "-m", "playloom", *arguments], home
        self.output = home / "output.txt"
        self._process: subprocess.Popen[bytes] | None = None
        self._begin = 0

    @property
    def has_ended(self) -> bool:
        """By itself, which it should not."""
        return self._process is not None and self._process.poll() is not None

    @property
    def process_id(self) -> int:
        assert self._process is not None, "it does not run"
        return self._process.pid

    @property
    def shown(self) -> str:
        """What a list of processes shows of it, to every user of the machine."""
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/cmdline").read_text()

    @property
    def said(self) -> str:
        """What it has written since it was started last."""
        with self.output.open("rb") as output:
            output.seek(self._begin)
            return output.read().decode(errors="replace")

    @property
    def last_line(self) -> str:
        return self.said.rstrip().rpartition("\n")[2]

    def start(self) -> None:
        assert self._process is None, "it runs"
        self._home.mkdir(exist_ok=True)
        with self.output.open("ab") as output:
            self._begin = output.tell()
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output, env=environment(self._home))

    def kill(self) -> None:
        """As kill -9 does. One that does not run stays so."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(30)
            self._process = None

    @contextmanager
    def running(self) -> Iterator[Program]:
        """Within the block it runs, unless somebody kills it."""
        self.start()
        try:
            yield self
        finally:
            self.kill()


class Server:
    """A coordinator that is set up, and runs while it is told to.

    Attributes:
        address: where it answers, by the name in its certificate.
        authority: the file that the PCs are given.
        operator: the operator's access.
        program: the coordinator itself.
    """

    def __init__(self, root: Path, place: ArchivePlace) -> None:
        self.root, self.home = root / "server", root / "operator-home"
        self.port, http_port = lasting_port(), lasting_port()
        addresses = ("--listen", f"0.0.0.0:{self.port}", "--http", f"0.0.0.0:{http_port}", "--name", "localhost")
        kept = ("--database", place.database, "--store", place.store)
        made = playloom("coordinator", "init", "--directory", self.root, *addresses, *kept, home=self.home)
        self.address, self.authority = f"localhost:{self.port}", Path(made["authority"])
        self.operator = Path(made["operator_access"])
        with (self.root / "coordinator.yaml").open("a") as settings:
            settings.write("part_mib: 5\nlease_grace_s: 2\n")
        self.program = Program("coordinator", "run", "--directory", str(self.root), home=self.home)

    def wait_until_it_answers(self) -> None:
        wait_while(self.program, self._answers, "the coordinator answers", timeout_s=START_S)

    @contextmanager
    def running(self) -> Iterator[Program]:
        with self.program.running() as running:
            self.wait_until_it_answers()
            yield running

    def invite(self, player: str) -> str:
        made = playloom("players", "add", player, "--access", self.operator, home=self.home)
        return made["invitation"]["code"]

    def sessions(self) -> list[dict[str, Any]]:
        """All players' sessions, as the operator sees them."""
        home = self.home / "data/server"
        home.mkdir(parents=True, exist_ok=True)
        if not (home / ACCESS_FILE).exists():
            (home / ACCESS_FILE).write_bytes(self.operator.read_bytes())
            (home / ACCESS_FILE).chmod(0o600)
        return playloom("sessions", "list", home=self.home)

    def operator_access(self) -> ServerAccess:
        return ServerAccess(**json.loads(self.operator.read_bytes()))

    def enrol(self, player: str, *scopes: str) -> ServerAccess:
        """A token for a new player, as its invitation gives it."""
        with Connection(self.operator_access()) as connection:
            made = connection.call(connection.players.CreatePlayer, pb.CreatePlayerRequest(name=player))
            request = pb.InviteRequest(player=made.id, scopes=scopes or ("player",))
            code = connection.call(connection.players.Invite, request).code
        return enrol_machine(server_at(self.address, self.authority), code, f"{player}'s PC")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class GamingPC:
    """A player's machine: its spool, and the node that sends what lies in it."""

    def __init__(self, root: Path, player: str, *, settings: str = "") -> None:
        self.player, self.home = player, root / player
        (self.home / "config").mkdir(parents=True)
        (self.home / "config/node.yaml").write_text(f"notifications: false\nhotkeys: false\n{settings}")
        self.spool = self.home / "data/sessions"
        self.program = Program("node", "run", home=self.home)

    @property
    def private(self) -> Path:
        return self.home / "data/node"

    def enrol(self, access: ServerAccess) -> None:
        save_access(access, self.home / "data/server")


def wait_while(
    program: Program,
    is_so: Callable[[], bool],
    what: str,
    *,
    timeout_s: float = PATIENCE_S,
    between_s: float = 0.02,
    server: Server | None = None,
) -> None:
    """Wait until something is so, and see that the program has not ended instead.

    Args:
        program: that is at work on it.
        is_so: whether it is; one that takes much itself is to be asked less often.
        what: for the failure to name, beside all that can be known of its cause.
        timeout_s: at most so long.
        between_s: between two looks.
        server: whose jobs it is about.
    """
    end_s = time.monotonic() + timeout_s
    while not is_so():
        assert not program.has_ended, f"it has ended before {what}:\n{_last_of(program)}"
        assert time.monotonic() < end_s, f"not within {timeout_s:.0f} s: {what}\n{_explained(program, server)}"
        time.sleep(between_s)


def _explained(program: Program, server: Server | None) -> str:
    parts = {"The program's output": _last_of(program)}
    if server is not None:
        parts |= {"Jobs": jobs_told(server.operator_access()), "The coordinator's output": _last_of(server.program)}
    parts |= {"Ray's logs": ray_told(program.process_id), "The machine": machine_told()}
    return "\n".join(f"=== {name}\n{content}" for name, content in parts.items() if content)


def _last_of(program: Program) -> str:
    return program.output.read_text(errors="replace")[-SHOWN_BYTES:]
