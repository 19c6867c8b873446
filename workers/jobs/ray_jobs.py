"""Programs that run for hours, through Ray's job submission; the other module that knows Ray.

A program of a shared cluster outlives the worker that began it: whoever takes the job next finds it by its name. A
worker without a cluster begins one of this machine alone when the first program comes, because what serves programs
(Ray's dashboard and its agent) costs hundreds of megabytes that conversions have no use for; it ends with the last one.

Run as a program itself, this module is such a cluster: it says its address, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from playloom.errors import MissingExtraError, PlayloomError
from playloom.ray_patience import time_to_start
from workers.jobs.ray_tasks import LOCAL, STORE_BYTES, ClusterError, RaySettings

BEGIN_S = 300.0
"""A cluster of this machine is there in some ten seconds; on a busy machine it was a minute."""

LINGER_S = 60.0
"""A cluster of this machine waits so long for the next program: another try comes soon."""

END_S = 20.0
STOP_S = 60
"""A program that is to stop has so long to keep what it has reached."""

AWAY_S = 300.0
"""A dashboard that is away so long is gone."""

LOOK_S = 1.0

_NOT_YET = "No available agent"
"""Of a cluster that has just begun: what starts programs is not up."""

_LOOPBACK = "127.0.0.1"
_DIRECTORY = "plrun-"


class ProgramState(StrEnum):
    """How a program stands."""

    RUNS = "runs"  # or waits for room
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class Program:
    """What is to be run.

    Attributes:
        name: another one for each try.
        command: and its arguments.
        cpus, gpus: that it takes by itself; what it begins in the cluster takes its own.
        environment: added to the cluster's.
    """

    name: str
    command: Sequence[str]
    cpus: float = 1.0
    gpus: float = 0.0
    environment: Mapping[str, str] = field(default_factory=dict)


class RayJobs:
    """Where programs run. Any thread may call.

    Args:
        settings: of the cluster.
        dashboard: of a shared cluster, http://HOST:PORT; None: the cluster of ``settings`` is asked, or one begun here.
    """

    def __init__(self, settings: RaySettings, *, dashboard: str | None = None) -> None:
        self._settings, self._dashboard = settings, dashboard
        self._lock = threading.Lock()
        self._local: _LocalCluster | None = None
        self._users = 0
        self._ending: threading.Timer | None = None

    @property
    def is_shared(self) -> bool:
        """Whether programs outlive the worker."""
        return self._dashboard is not None or self._settings.address != LOCAL

    @contextmanager
    def connected(self) -> Iterator[ProgramsClient]:
        """Within the block there is a cluster.

        Raises:
            ClusterError: there is none that takes programs.
        """
        if self.is_shared:
            yield ProgramsClient(self._dashboard or _dashboard_of_cluster(), _authorization())
            return
        local = self._use_local()
        try:
            yield ProgramsClient(local.url, {"Authorization": f"Bearer {local.token}"}, local.has_ended)
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._ending = threading.Timer(LINGER_S, self._end_unused)
                    self._ending.daemon = True
                    self._ending.start()

    def close(self) -> None:
        """End a cluster of this machine, and what runs in it."""
        with self._lock:
            if self._ending is not None:
                self._ending.cancel()
            if self._local is not None:
                self._local.end()
                self._local = None

    def _use_local(self) -> _LocalCluster:
        with self._lock:
            if self._ending is not None:
                self._ending.cancel()
                self._ending = None
            if self._local is not None and self._local.has_ended():
                self._local.end()
                self._local = None
            if self._local is None:
                self._local = _LocalCluster.begin(self._settings)
            self._users += 1
            return self._local

    def _end_unused(self) -> None:
        with self._lock:
            if self._users == 0 and self._local is not None:
                self._local.end()
                self._local = None


class ProgramsClient:
    """Ray's job submission.

    Args:
        url: of the dashboard.
        headers: with every request.
        is_over: whether the cluster has ended, so that nobody need wait for it.
    """

    def __init__(self, url: str, headers: Mapping[str, str], is_over: Callable[[], bool] = lambda: False) -> None:
        client = _submission_client()
        self._is_over = is_over
        try:
            self._client = client(url, headers=dict(headers))
        except (ConnectionError, RuntimeError, OSError) as error:
            raise ClusterError(
                f"nothing takes programs at {url}: {str(error).splitlines()[0]}",
                remedy="Install 'ray[default]' where the cluster is begun (ray start --head), or name its dashboard: "
                "--ray-dashboard",
            ) from error

    def submit(self, program: Program) -> None:
        """Begin a program; one of this name that is there is no fault."""
        environment = {"RAY_JOB_STOP_WAIT_TIME_S": str(STOP_S), **program.environment}
        until_s = time.monotonic() + BEGIN_S
        while True:
            try:
                self._client.submit_job(
                    submission_id=program.name,
                    entrypoint=shlex.join(program.command),
                    entrypoint_num_cpus=program.cpus,
                    entrypoint_num_gpus=program.gpus or None,
                    runtime_env={"env_vars": environment},
                )
                return
            except (RuntimeError, OSError) as error:
                if self.names(program.name):  # the answer was lost, or another has begun it
                    return
                if _NOT_YET not in str(error) or time.monotonic() > until_s:
                    raise ClusterError(f"the cluster does not take the program: {_first_line(error)}") from error
            time.sleep(LOOK_S / 2)

    def names(self, prefix: str) -> list[str]:
        """The programs whose names begin so."""
        return [one.submission_id for one in self._patiently(self._client.list_jobs) if _begins(one, prefix)]

    def state(self, name: str) -> tuple[ProgramState, str]:
        """How a program stands, and why.

        Raises:
            ClusterError: the cluster is away, or does not know it.
        """
        found = self._patiently(lambda: self._client.get_job_info(name))
        return _STATES[str(found.status.value)], str(found.message or "")

    def stop(self, name: str) -> None:
        """Let it keep what it has reached, and end. Does not wait."""
        with suppress(RuntimeError, OSError):
            self._client.stop_job(name)

    def wait_for_end(self, name: str, timeout_s: float) -> bool:
        """Whether it ends in time."""
        until_s = time.monotonic() + timeout_s
        while self.state(name)[0] is ProgramState.RUNS:
            if time.monotonic() > until_s:
                return False
            time.sleep(LOOK_S / 4)
        return True

    def lines(self, name: str, *, skip: int = 0) -> Generator[str | None]:
        """What it writes, line by line, until it ends; None where it has said nothing for a moment.

        Args:
            name: of the program.
            skip: so many characters of its log were read before.

        Raises:
            ClusterError: the cluster is away.
        """
        seen, rest = skip, ""
        away_since_s: float | None = None
        while True:
            ended = self.state(name)[0] is not ProgramState.RUNS  # before its log: then that is all of it
            try:
                for piece in [self._log(name)[seen:]] if ended else _tail(self._client, name, seen):
                    away_since_s = None
                    seen += len(piece)
                    *whole, rest = (rest + piece).split("\n")
                    yield from whole or [None]
            except (RuntimeError, OSError) as error:
                away_since_s = away_since_s or time.monotonic()
                if time.monotonic() - away_since_s > AWAY_S:
                    raise ClusterError(f"the log of {name} cannot be read: {_first_line(error)}") from error
            if ended:
                if rest:
                    yield rest
                return
            yield None
            time.sleep(LOOK_S / 4)

    def log_length(self, name: str) -> int:
        """How many characters it has written."""
        return len(self._log(name))

    def _log(self, name: str) -> str:
        return self._patiently(lambda: self._client.get_job_logs(name))

    def _patiently[T](self, ask: Callable[[], T]) -> T:
        until_s = time.monotonic() + AWAY_S
        while True:
            try:
                return ask()
            except OSError as error:  # requests' errors of connections are such
                if time.monotonic() > until_s or self._is_over():
                    raise ClusterError(f"the cluster is away: {_first_line(error)}") from error
            except RuntimeError as error:
                raise ClusterError(_first_line(error)) from error
            time.sleep(LOOK_S)


_STATES = {
    "PENDING": ProgramState.RUNS,
    "RUNNING": ProgramState.RUNS,
    "STOPPED": ProgramState.STOPPED,
    "SUCCEEDED": ProgramState.DONE,
    "FAILED": ProgramState.FAILED,
}


def _begins(one: Any, prefix: str) -> bool:
    return one.submission_id is not None and one.submission_id.startswith(prefix)


def _tail(client: Any, name: str, seen: int) -> Iterator[str]:
    """Pieces of a log behind its first ``seen`` characters, as they are written; empty ones while nothing is."""
    import aiohttp

    loop = asyncio.new_event_loop()
    pieces = client.tail_job_logs(name)
    next_piece: asyncio.Task[str] | None = None
    try:
        while True:
            next_piece = next_piece or loop.create_task(anext(pieces))
            done, _ = loop.run_until_complete(asyncio.wait({next_piece}, timeout=LOOK_S))
            if not done:
                yield ""
                continue
            try:
                piece = next_piece.result()
            except StopAsyncIteration:
                return
            except aiohttp.ClientError as error:
                raise ConnectionError(str(error)) from error
            next_piece = None
            yield piece[seen:]
            seen = max(0, seen - len(piece))
    finally:
        if next_piece is not None and not next_piece.done():
            next_piece.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                loop.run_until_complete(next_piece)
        loop.run_until_complete(pieces.aclose())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _dashboard_of_cluster() -> str:
    from ray._private.worker import get_dashboard_url  # what `ray.init` gives tells it too, to its caller alone

    url = get_dashboard_url()
    if not url:
        raise ClusterError(
            "the Ray cluster has no dashboard, which takes programs", remedy="Name its address with --ray-dashboard"
        )
    return url if "://" in url else f"http://{url}"


def _authorization() -> dict[str, str]:
    """What opens a shared cluster: the token of Ray's that this user has, if there is one."""
    token = os.environ.get("RAY_AUTH_TOKEN", "")
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    if not token and path.is_file():
        token = path.read_text().strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _submission_client() -> Any:
    try:
        import aiohttp  # noqa: F401  (without it Ray's client is there, and fails)
        from ray.job_submission import JobSubmissionClient
    except ImportError as error:
        raise MissingExtraError("training and labelling as jobs", "training") from error
    for name in ("ray", "ray.dashboard.modules.job.sdk"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return JobSubmissionClient


def can_run_programs() -> bool:
    """Whether this machine has what training and labelling as jobs need."""
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in ("torch", "aiohttp_cors", "ray"))


@dataclass(frozen=True, kw_only=True)
class _LocalCluster:
    """A cluster of this machine. Attributes: url: of its dashboard; token: that opens it."""

    url: str
    token: str
    _process: subprocess.Popen[str]
    _directory: str

    @classmethod
    def begin(cls, settings: RaySettings) -> _LocalCluster:
        _remove_left_directories()
        token = secrets.token_hex(32)
        directory = tempfile.mkdtemp(prefix=f"{_DIRECTORY}{os.getpid()}-")  # short: it is part of sockets' names
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, directory, str(settings.cpus or 0)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a terminal's Ctrl-C is for the worker
            env=_environment() | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token},
        )
        said: list[str] = []
        assert process.stdout is not None
        output = process.stdout
        reading = threading.Thread(target=lambda: said.append(output.readline()), daemon=True)
        reading.start()
        reading.join(BEGIN_S)
        if said:
            output.close()
        try:
            url = json.loads(said[0])["url"]
        except (IndexError, ValueError, KeyError, TypeError) as error:
            process.kill()
            process.wait()
            shutil.rmtree(directory, ignore_errors=True)
            raise ClusterError("no Ray cluster that takes programs begins on this machine") from error
        return cls(url=url, token=token, _process=process, _directory=directory)

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def end(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)


def _environment() -> dict[str, str]:
    """This program's, without what it knows of a cluster of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_ADDRESS", "RAY_AUTH"))}
    return kept | {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


def _remove_left_directories() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_DIRECTORY}*"):
        owner = path.name.removeprefix(_DIRECTORY).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(path, ignore_errors=True)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:400]


def serve(directory: str, cpus: int) -> None:
    """Be a cluster of this machine until standard input ends."""
    import ray

    output = os.dup(1)  # Ray writes to what is now ours: its address alone is for who began this
    os.dup2(2, 1)
    with time_to_start(ray):
        context = ray.init(
            address=LOCAL,
            num_cpus=cpus or None,
            include_dashboard=True,
            dashboard_host=_LOOPBACK,
            dashboard_port=0,
            object_store_memory=STORE_BYTES,
            configure_logging=False,
            log_to_driver=False,
            _node_ip_address=_LOOPBACK,
            _temp_dir=directory,
        )
    signal.signal(signal.SIGTERM, lambda *_: os.close(0))
    url = context.dashboard_url
    if not url:
        raise PlayloomError("Ray began without its dashboard", remedy="pip install 'ray[default]'")
    os.write(output, (json.dumps({"url": f"http://{url}"}) + "\n").encode())
    os.close(output)
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    ray.shutdown()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
