"""`playloom coordinator init` and `run` and `playloom up`, run as an operator runs them."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from playloom.cli import run
from playloom.client.access import load_access
from playloom.client.connection import Connection
from protos import coordinator_pb2 as pb
from tests.support.command import PLAYLOOM, in_pipe, wait_until

LOOPBACK = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]
ALONE = [*LOOPBACK, "--no-worker"]


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    ours = {"PLAYLOOM_HOME": str(tmp_path / "home"), "LOGNAME": "ada", "USER": "ada"}
    return os.environ | ours


def playloom(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PLAYLOOM, *arguments], env=dict(environment), capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def started(environment: Mapping[str, str], *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that answers, and what it has said."""
    with in_pipe(arguments, environment) as process:
        assert process.stdout is not None
        said = ""
        while "Next, " not in said:
            line = process.stdout.readline()
            assert line, (said, process.stderr and process.stderr.read())
            said += line
        yield process, said


def ended(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    process.send_signal(number)
    return process.wait(30)


def operators(directory: Path) -> Connection:
    return Connection(load_access(directory / "operator"))


def test_up_makes_all_it_needs_and_its_operator_can_call_it_now_and_later(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    root = tmp_path / "home" / "coordinator"
    for _ in range(2):
        with started(environment, "up", *ALONE) as (process, said):
            assert f"its data is in {root}" in said
            assert "its operator on this machine is ada" in said
            assert re.search(
                r"Next, .*playloom players add NAME, .* playloom enrol CODE --server 127\.0\.0\.1:\d+", said
            )
            with operators(root) as server:
                me = server.call(server.players.WhoAmI, pb.WhoAmIRequest())
                assert (me.player_name, list(me.scopes)) == ("ada", ["operator", "player"])
                players = server.call(server.players.ListPlayers, pb.ListPlayersRequest()).players
                assert [player.name for player in players] == ["ada"]
            assert ended(process) == 0
            assert process.stderr is not None
            assert process.stderr.read() == ""
    lines = [json.loads(line) for line in (root / "logs" / "coordinator.log").read_text().splitlines()]
    assert [line["event"] for line in lines].count("started") == 2
    assert lines[-1]["event"] == "stopped"
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert stat.S_IMODE((root / "url-secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_up_runs_a_worker_which_ends_with_it(tmp_path: Path, environment: Mapping[str, str], end: int) -> None:
    root = tmp_path / "home" / "coordinator"
    log = root / "logs" / "worker.log"
    with started(environment, "up", *LOOPBACK) as (process, said):
        assert f"it writes to {log}" in said
        if end == signal.SIGTERM:
            wait_until(lambda: log.exists() and "takes jobs" in log.read_text(), "it works", timeout_s=300)
        wait_until(lambda: len(children_of(process.pid)) == 1, "it is begun")
        (worker,) = children_of(process.pid)
        process.send_signal(end)
        assert process.wait(60) == (0 if end == signal.SIGTERM else -signal.SIGKILL)
    wait_until(lambda: not is_there(worker), "the worker has ended", timeout_s=60)
    assert "Traceback" not in log.read_text()


def children_of(process_id: int) -> list[int]:
    return [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/stat")
        if path.exists() and path.read_text().rpartition(")")[2].split()[1] == str(process_id)
    ]


def is_there(process_id: int) -> bool:
    path = Path(f"/proc/{process_id}/stat")
    return path.exists() and path.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_second_up_on_the_same_directory_is_refused(environment: Mapping[str, str]) -> None:
    with started(environment, "up", *ALONE) as (process, _):
        second = playloom(environment, "up", *ALONE)
        assert second.returncode == 1
        assert "another coordinator works on" in second.stderr
        assert ended(process, signal.SIGINT) == 0


def test_what_a_killed_server_had_taken_is_there_when_it_runs_again(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    root = tmp_path / "home" / "coordinator"
    with started(environment, "up", *ALONE) as (process, _):
        with operators(root) as server:
            job = server.call(server.jobs.SubmitJob, pb.SubmitJobRequest(kind="convert"))
        process.kill()
        process.wait(30)
    with started(environment, "up", *ALONE) as (process, _):
        with operators(root) as server:
            assert server.call(server.jobs.GetJob, pb.GetJobRequest(job_id=job.id)).state == "ready"
        assert ended(process) == 0


def test_init_for_other_machines_makes_an_authority_and_says_what_to_type_on_each_pc(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    root = tmp_path / "server"
    ports = ["--listen", "0.0.0.0:0", "--http", "127.0.0.1:0"]
    names = ["--name", "games.lan", "--name", "10.0.0.1"]
    made = playloom(environment, "coordinator", "init", "--directory", str(root), *names, *ports)
    assert made.returncode == 0, made.stderr
    assert "playloom enrol CODE --server games.lan:0 --ca ca.pem" in made.stdout
    assert f"copy {root}/tls/ca.pem to the PC" in made.stdout
    assert re.search(r"SHA-256 ([0-9A-F]{2}:){31}", made.stdout)
    assert made.stdout.splitlines()[-1] == f"Next: playloom coordinator run --directory {root}"
    for secret in ("tls/ca-key.pem", "tls/server-key.pem", "operator/server.json", "coordinator.yaml"):
        assert stat.S_IMODE((root / secret).stat().st_mode) == 0o600

    with started(environment, "coordinator", "run", "--directory", str(root)) as (process, said):
        assert "TLS for games.lan, " in said
        access = load_access(root / "operator")
        assert (access.tls, access.address.rpartition(":")[0]) == (True, "127.0.0.1")
        with Connection(access) as server:
            assert server.call(server.players.WhoAmI, pb.WhoAmIRequest()).player_name == "ada"
        assert ended(process) == 0
        assert process.stderr is not None
        events = [json.loads(line)["event"] for line in process.stderr.read().splitlines()]
        assert (events[0], events[-1]) == ("started", "stopped")


def test_init_does_not_run_over_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "server"
    assert run(["coordinator", "init", "--directory", str(root), "--json", "--operator", "Olga"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "directory": str(root),
        "settings": str(root / "coordinator.yaml"),
        "address": "127.0.0.1:50060",
        "authority": None,
        "authority_sha256": None,
        "operator": "Olga",
        "operator_access": str(root / "operator/server.json"),
    }
    assert run(["coordinator", "init", "--directory", str(root)]) == 1
    assert "coordinator.yaml: is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--listen", "0.0.0.0:50060"], 2, "by which name do the PCs reach this machine"),
        (["--tls-cert", "x.pem"], 2, "--tls-cert and --tls-key go together"),
        (["--name", "a b"], 1, "'a b' is no name of a machine"),
        (["--name", "games.lan", "--tls-cert", "x.pem", "--tls-key", "y.pem"], 1, "x.pem: cannot be read"),
        (["--database", "mysql://x/y"], 1, "no kind of database that is known here"),
        (["--database", "postgresql://127.0.0.1:1/x"], 1, "cannot be reached"),
        (["--store", "ftp://x"], 1, "no kind of object store"),
        (["--operator", "\u202ex"], 1, "operator: it holds characters that cannot be seen"),
    ],
)
def test_init_says_what_is_wrong_and_leaves_no_settings(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    words: str,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    root = tmp_path / "server"
    assert run(["coordinator", "init", "--directory", str(root), *arguments]) == status
    assert words in capsys.readouterr().err
    assert not (root / "coordinator.yaml").exists()


def test_run_asks_for_init_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["coordinator", "run", "--directory", str(tmp_path / "x")]) == 1
    assert "playloom coordinator init" in capsys.readouterr().err


def test_a_second_ctrl_c_waits_for_nobody(tmp_path: Path, environment: Mapping[str, str]) -> None:
    root = tmp_path / "home" / "coordinator"
    with started(environment, "up", *ALONE) as (process, said), operators(root) as server:
        job = server.call(server.jobs.SubmitJob, pb.SubmitJobRequest(kind="convert"))
        follow = pb.ReadLogRequest(job_id=job.id, follow=True)
        call = server.jobs.ReadLog(follow, metadata=(("authorization", f"Bearer {server.access.token}"),))
        figures = re.findall(r"http://[0-9.:]+", said)[0] + "/metrics"
        running = b'playloom_calls_running{method="/playloom.v1.Jobs/ReadLog"} 1.0'
        wait_until(lambda: running in urllib.request.urlopen(figures, timeout=10).read(), "it does not stream")
        process.send_signal(signal.SIGINT)
        wait_until(lambda: "draining" in (root / "logs" / "coordinator.log").read_text(), "it does not drain")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        call.cancel()
