"""`playloom players`, `nodes`, `jobs` and `datasets`, run as an operator runs them, against a server that runs."""

from __future__ import annotations

import io
import json
import os
import queue
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from playloom import cli
from playloom.client.access import load_access
from playloom.client.connection import Connection
from playloom.client.errors import ServerUnavailableError
from protos import coordinator_pb2 as pb
from tests.support.command import in_pipe, in_terminal, wait_until


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended, and what it has said."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(kw_only=True)
class Place:
    """A server on this machine, and whoever uses it.

    Attributes:
        root: below it every machine has its home.
        address: of the server.
    """

    root: Path
    address: str = ""

    def environment(self, who: str = "server") -> Mapping[str, str]:
        home = self.root / who
        return {**os.environ, "PLAYLOOM_HOME": str(home), "LOGNAME": "olga", "USER": "olga", "COLUMNS": "80"}

    def run(
        self,
        *arguments: str,
        who: str = "server",
        given: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Done:
        """A command, in this process: a program for each would take minutes of their imports."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, {**self.environment(who), **(environment or {})}, clear=True),
            mock.patch("sys.stdin", io.StringIO(given or "")),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            returncode = cli.run(list(arguments))
        return Done(returncode=returncode, stdout=out.getvalue(), stderr=err.getvalue())

    def said(self, *arguments: str, who: str = "server") -> str:
        done = self.run(*arguments, who=who)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def json(self, *arguments: str, who: str = "server", given: str | None = None) -> Any:
        done = self.run(*arguments, "--json", who=who, given=given)
        assert (done.returncode, done.stderr) == (0, ""), done
        return json.loads(done.stdout)

    def refused(self, *arguments: str, who: str = "server", status: int = 1) -> str:
        done = self.run(*arguments, who=who)
        assert (done.returncode, done.stdout) == (status, ""), done
        return done.stderr

    def enrol(self, who: str, *scopes: str) -> Connection:
        """A player of this name with a machine of this name."""
        options = [word for scope in scopes for word in ("--scope", scope)]
        code = self.json("players", "add", who, *options)["invitation"]["code"]
        self.json("enrol", code, "--server", self.address, "--name", f"{who}-pc", who=who)
        return self.connection(who)

    def connection(self, who: str) -> Connection:
        return Connection(load_access(self.root / who / "data" / "server"))


@contextmanager
def serving(place: Place, listen: str = "127.0.0.1:0") -> Iterator[subprocess.Popen[str]]:
    with in_pipe(["up", "--no-worker", "--listen", listen, "--http", "127.0.0.1:0"], place.environment()) as process:
        assert process.stdout is not None
        said = ""
        while "Next, " not in said:
            line = process.stdout.readline()
            assert line, (said, process.stderr and process.stderr.read())
            said += line
        found = re.search(r"runs at (\S+);", said)
        assert found is not None, said
        place.address = found[1]
        yield process
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One server for these tests: each uses players of its own."""
    place = Place(root=tmp_path_factory.mktemp("place"))
    with serving(place):
        yield place


@contextmanager
def connected_node(place: Place, who: str, **status: Any) -> Iterator[list[pb.NodeOrder]]:
    """The machine of a player holds its stream; gives the orders that came. It refuses to mark."""
    orders: list[pb.NodeOrder] = []
    answers: queue.SimpleQueue[pb.NodeReport | None] = queue.SimpleQueue()
    report = pb.NodeReport()
    report.status.update(status)
    answers.put(report)

    def listen() -> None:
        with suppress(ServerUnavailableError):  # closed below
            for order in server.stream(server.nodes.Connect, iter(answers.get, None)):
                orders.append(order)
                may = order.WhichOneof("order") != "mark"
                answer = pb.OrderAnswer(order_id=order.order_id, done=may, problem="" if may else "nothing is recorded")
                answers.put(pb.NodeReport(answer=answer))

    with place.connection(who) as server:
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        wait_until(lambda: place.json("nodes", "list", "--player", who)[0]["status"] != {}, "the node is not seen")
        yield orders
        answers.put(None)
    thread.join(30)


def columns(text: str) -> int:
    return max(len(line.rstrip()) for line in text.splitlines() if not line.startswith("Next: "))


def test_a_player_is_taken_in_invited_limited_shut_out_and_let_in_again(place: Place) -> None:
    said = place.said("players", "add", "Ada Lovelace", "--quota", "200GB")
    code = re.search(rf"playloom enrol (\S+) --server {re.escape(place.address)}\n", said)
    assert code is not None, said
    assert "good once" in said
    place.said("enrol", code[1], "--server", place.address, "--name", "attic", who="ada")
    shown = place.json("players", "show", "ada lovelace")
    assert (shown["name"], shown["quota_bytes"], shown["disabled_unix_ns"]) == ("Ada Lovelace", 200_000_000_000, None)
    assert [(token["label"], token["scopes"]) for token in shown["tokens"]] == [("attic", ["player"])]
    assert "secret" not in json.dumps(shown)
    assert code[1] not in json.dumps(shown)

    listed = place.said("players", "list")
    assert re.search(r"^Ada Lovelace +0 +0 B +200 GB", listed, re.MULTILINE), listed
    place.said("players", "update", shown["id"], "--quota", "none")
    assert place.json("players", "show", "Ada Lovelace")["quota_bytes"] is None

    place.said("players", "update", "Ada Lovelace", "--disable")
    assert "refuses" in place.refused("jobs", "list", who="ada")
    assert "disabled" in place.said("players", "list")
    place.said("players", "update", "Ada Lovelace", "--enable")
    assert place.json("jobs", "list", who="ada") == []

    (token,) = place.json("players", "tokens", "Ada Lovelace")
    assert "opens nothing any more" in place.said("players", "revoke", token["id"])
    assert "revoked" in place.refused("jobs", "list", who="ada")
    assert "revoked" in place.said("players", "tokens", "Ada Lovelace")


def test_one_code_lets_one_machine_in(place: Place) -> None:
    place.json("players", "add", "grace")
    code = place.json("players", "invite", "grace", "--valid", "30min")["code"]
    place.json("enrol", code, "--server", place.address, who="grace-1")
    assert "used up" in place.refused("enrol", code, "--server", place.address, who="grace-2")


def test_a_code_goes_through_a_pipe_where_no_list_of_processes_shows_it(place: Place) -> None:
    code = place.said("players", "add", "hedy", "--code").strip()
    assert place.json("enrol", "-", "--server", place.address, who="hedy", given=f"{code}\n")["player"] == "hedy"
    assert place.said("players", "invite", "hedy", "--code").startswith("plm-invitation_")


def test_whoever_has_only_a_server_here_sees_everyones_sessions(place: Place) -> None:
    assert place.json("sessions", "list") == []
    assert "playloom enrol CODE" in place.refused("sessions", "list", who="stranger")


def test_an_operator_from_another_machine_sees_what_the_one_on_the_server_sees(place: Place) -> None:
    place.enrol("laptop", "player", "operator").close()
    names = [player["name"] for player in place.json("players", "list", who="laptop")]
    assert {"laptop", "olga"} <= set(names)
    invited = place.json("players", "invite", "laptop", who="laptop")
    assert invited["command"] == f"playloom enrol {invited['code']} --server {place.address}"


def test_an_operator_who_plays_on_the_server_itself_keeps_the_operators_commands(place: Place) -> None:
    code = place.json("players", "invite", "olga")["code"]
    place.json("enrol", code, "--server", place.address)
    assert "olga" in place.said("players", "list")
    assert place.json("sessions", "list") == []
    own = place.root / "server" / "data" / "server" / "server.json"
    assert "not for this call" in place.refused("players", "list", "--access", str(own))
    own.unlink()


def test_a_player_is_refused_what_is_an_operators(place: Place) -> None:
    place.enrol("mallory").close()
    for command in (
        ["players", "list"],
        ["players", "add", "eve"],
        ["players", "invite", "olga"],
        ["players", "update", "olga", "--disable"],
        ["players", "tokens", "olga"],
        ["players", "revoke", "token_00000000000000000000000000"],
        ["datasets", "add", "mine"],
        ["datasets", "rules", "add", "mine", "doom"],
    ):
        refusal = place.refused(*command, who="mallory")
        assert "refuses" in refusal, (command, refusal)
        assert "operator" in refusal, (command, refusal)
    assert "there is no player 'olga'" in place.refused("players", "show", "olga", who="mallory")


def test_an_operator_does_not_lock_the_door_from_outside_by_mistake(place: Place) -> None:
    (own,) = [token for token in place.json("players", "tokens", "olga") if token["node_id"] is None]
    assert "--own" in place.refused("players", "revoke", own["id"])
    assert "is you" in place.refused("players", "update", "OLGA", "--disable")
    assert place.json("players", "show", "olga")["disabled_unix_ns"] is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["players", "add", "zoe", "--quota", "much"], "'much' is no size. Write it like 200GB"),
        (["players", "invite", "olga", "--valid", "soon"], "'soon' is no span of time"),
        (["players", "invite", "olga", "--scope", "king"], "there is no scope 'king'"),
        (["players", "invite", "nobody"], "there is no player 'nobody'. Take a new player in"),
        (["players", "add", "OLGA"], "there is a player 'OLGA' already"),
        (["jobs", "show", "job_1"], "there is no job 'job_1'"),
        (["jobs", "logs", "job_1", "--follow"], "there is no job 'job_1'"),
        (["jobs", "submit", "convert", "--payload", "[1]"], "is no JSON object"),
        (["jobs", "submit", "convert", "--payload", "{"], "is no JSON:"),
        (["jobs", "submit", "convert", "--payload", "@missing.json"], "cannot be read as text"),
        (["jobs", "submit", "con vert"], "is no kind of job"),
        (["datasets", "add", "../up"], "no dataset can be called '../up'"),
        (["datasets", "rules", "add", "none", "doom"], "there is no dataset 'none'"),
    ],
)
def test_what_cannot_be_done_says_why_on_standard_error_and_exits_with_1(
    place: Place, arguments: list[str], word: str
) -> None:
    assert word in place.refused(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["players", "update", "olga"],
        ["players", "update", "olga", "--enable", "--disable"],
        ["jobs", "list", "--state", "broken"],
        ["jobs", "show"],
        ["jobs", "submit", "convert", "--priority", "1001"],
        ["nodes", "sing"],
    ],
)
def test_wrong_usage_exits_with_2(place: Place, arguments: list[str]) -> None:
    place.refused(*arguments, status=2)


def test_a_machine_without_a_server_is_told_how_to_come_by_one(place: Place) -> None:
    assert "playloom enrol CODE --server HOST:PORT" in place.refused("jobs", "list", who="stranger")


def test_an_access_that_others_can_read_is_not_used(place: Place) -> None:
    place.enrol("careless").close()
    file = place.root / "careless" / "data" / "server" / "server.json"
    file.chmod(0o644)
    assert f"chmod 600 {file}" in place.refused("jobs", "list", who="careless")


def test_jobs_are_submitted_seen_worked_on_and_end(place: Place, tmp_path: Path) -> None:
    place.enrol("jane").close()
    worker = place.enrol("jane-worker", "worker")
    payload = tmp_path / "payload.json"
    payload.write_text('{"frames": 3, "name": "ä"}', encoding="utf-8")
    first = place.json("jobs", "submit", "paint", "--payload", f"@{payload}", "--priority", "7", who="jane")
    assert (first["state"], first["payload"], first["priority"]) == ("ready", {"frames": 3, "name": "ä"}, 7)
    assert 'payload     {"frames": 3, "name": "ä"}' in place.said("jobs", "show", first["id"], who="jane")
    second = place.json("jobs", "submit", "frame", "--need", first["id"], "--key", "frame-1", who="jane")
    assert second["state"] == "blocked"
    assert place.json("jobs", "submit", "frame", "--key", "frame-1", who="jane")["id"] == second["id"]
    later = place.json("jobs", "submit", "hang", "--payload", "-", "--after", "8h", who="jane", given='{"wall": 1}')
    assert (later["state"], later["payload"]) == ("waiting", {"wall": 1})

    table = place.said("jobs", "list", who="jane")
    assert columns(table) <= 80, table
    assert [line.split()[:3] for line in table.splitlines()[1:4]] == [
        [later["id"], "hang", "waiting"],
        [second["id"], "frame", "blocked"],
        [first["id"], "paint", "ready"],
    ]
    assert [job["id"] for job in place.json("jobs", "list", "--state", "ready", "--kind", "paint", who="jane")] == [
        first["id"]
    ]
    assert "see them with --limit" in place.said("jobs", "list", "--limit", "2", who="jane")

    with worker, in_pipe(["jobs", "logs", first["id"], "--follow"], place.environment("jane")) as following:
        request = pb.LeaseJobsRequest(worker="easel", kinds=["paint"], limit=1, lease_s=60)
        (leased,) = worker.call(worker.jobs.LeaseJobs, request).jobs
        said = pb.AppendLogRequest(job_id=leased.id, fence=leased.fence, lines=["mixing", "\x1b[2Jred"])
        worker.call(worker.jobs.AppendLog, said)
        beat = pb.HeartbeatRequest(job_id=leased.id, fence=leased.fence, progress=0.5, progress_text="half red")
        worker.call(worker.jobs.Heartbeat, beat)
        assert "50 % half red" in place.said("jobs", "show", first["id"], who="jane")
        assert following.stdout is not None
        assert following.stdout.readline().endswith("  mixing\n")
        done = pb.CompleteJobRequest(job_id=leased.id, fence=leased.fence)
        done.result.update({"colour": "red"})
        worker.call(worker.jobs.CompleteJob, done)
        rest = following.stdout.read()
        assert following.wait(30) == 0
        assert rest[10:] == "[2Jred\n"  # nothing that steers a terminal
    shown = place.said("jobs", "show", first["id"], who="jane")
    assert 'result      {"colour": "red"}' in shown
    assert place.json("jobs", "show", second["id"], who="jane")["state"] == "ready"


def test_a_job_that_fails_for_good_says_why_and_can_be_tried_again(place: Place) -> None:
    place.enrol("kim").close()
    job = place.json("jobs", "submit", "sing", "--attempts", "1", who="kim")
    with place.enrol("kim-worker", "worker") as worker:
        request = pb.LeaseJobsRequest(worker="throat", kinds=["sing"], limit=1)
        (leased,) = worker.call(worker.jobs.LeaseJobs, request).jobs
        failed = pb.FailJobRequest(job_id=leased.id, fence=leased.fence, reason="a frog in the throat", retry=False)
        assert worker.call(worker.jobs.FailJob, failed).state == "dead"
    listed = place.said("jobs", "list", who="kim")
    assert "a frog in the throat" in listed
    assert f"Next: playloom jobs show {job['id']}" in listed
    assert "reason      a frog in the throat" in place.said("jobs", "show", job["id"], who="kim")
    done = place.run("jobs", "logs", job["id"], "--follow", who="kim")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{job['id']} is dead: a frog in the throat" in done.stderr
    retried = place.json("jobs", "retry", job["id"], "--accept", "too_short", "--accept", "gaps", who="kim")
    assert (retried[0]["state"], retried[0]["payload"]) == ("ready", {"accept": ["too_short", "gaps"]})
    place.said("jobs", "cancel", job["id"], who="kim")
    assert "is ready again" in place.said("jobs", "retry", job["id"], who="kim")
    assert "is cancelled" in place.said("jobs", "cancel", job["id"], who="kim")
    assert "Cancelled already" in place.said("jobs", "cancel", job["id"], who="kim")
    followed = place.run("jobs", "submit", "sing", "--key", "again", who="kim")
    assert followed.returncode == 0


def test_a_players_jobs_are_nobody_elses(place: Place) -> None:
    place.enrol("lena").close()
    place.enrol("max").close()
    job = place.json("jobs", "submit", "secret", who="lena")["id"]
    assert place.json("jobs", "list", who="max") == []
    for command in ("show", "logs", "cancel", "retry"):
        assert f"there is no job '{job}'" in place.refused("jobs", command, job, who="max")
    assert "there is no player 'lena'" in place.refused("jobs", "list", "--player", "lena", who="max")
    assert [one["id"] for one in place.json("jobs", "list", "--player", "lena")] == [job]
    (line,) = [line for line in place.said("jobs", "list").splitlines() if line.startswith(job)]
    assert line.split()[1:4] == ["secret", "lena", "ready"]
    assert "player      lena" in place.said("jobs", "show", job)


def test_datasets_and_the_games_that_they_take(place: Place) -> None:
    made = place.json("datasets", "add", "racing", "--capture-profile", "training", "--game", "speed")
    assert (made["wish"], made["game_ids"]) == ({"capture_profile": "training"}, ["speed"])
    assert "takes games" in place.said("datasets", "list")
    rule = place.json("datasets", "rules", "add", "racing", "kart")
    assert [one["game_id"] for one in place.json("datasets", "rules", "list", "racing")] == ["kart", "speed"]
    assert "takes kart no longer" in place.said("datasets", "rules", "remove", rule["id"])
    (listed,) = place.json("datasets", "list")
    assert (listed["name"], listed["game_ids"]) == ("racing", ["speed"])


def test_nodes_are_seen_and_told_what_to_do_by_name(place: Place) -> None:
    place.enrol("nina").close()
    (before,) = place.json("nodes", "list", who="nina")
    assert (before["name"], before["connected"], before["player_name"]) == ("nina-pc", False, "nina")
    assert "is not connected" in place.refused("nodes", "start", "nina-pc")
    said = {"state": "recording", "source": "Doom", "spool_sessions": 2, "spool_bytes": 3_000_000}
    with connected_node(place, "nina", **said, notices=["the picture is \x1b[2Jblack"]) as orders:
        table = place.said("nodes", "list", who="nina")
        assert columns(table) <= 80
        words = ["nina-pc", "nina", "connected", "recording:", "Doom", "2", "sessions,", "3.0", "MB"]
        assert table.splitlines()[1].split() == words
        assert "  nina-pc: the picture is  [2Jblack" in table
        assert "records" in place.said("nodes", "start", "NINA-PC", "--window", "Doom", "--task", "win", who="nina")
        place.said("nodes", "stop", "nina/nina-pc")
        refusal = place.refused("nodes", "mark", before["id"], "the boss")
        assert "nina-pc of nina refuses: nothing is recorded" in refusal
        assert [order.WhichOneof("order") for order in orders] == ["start", "stop", "mark"]
        assert (orders[0].start.window, orders[0].start.task, orders[2].mark.text) == ("Doom", "win", "the boss")
        assert not orders[0].start.HasField("profile")
        place.json("datasets", "add", "races", "--capture-profile", "training", "--game", "speed")
        place.said("nodes", "start", "nina-pc", "--dataset", "races", who="nina")
        assert (orders[3].start.profile, orders[3].start.game_id) == ("training", "speed")
        place.enrol("oscar").close()
        assert "there is no machine 'nina-pc'" in place.refused("nodes", "stop", "nina-pc", who="oscar")
    assert "there is no player 'nina'" in place.refused("nodes", "list", "--player", "nina", who="oscar")


def test_of_two_machines_of_one_name_one_must_be_named(place: Place) -> None:
    for player in ("paul", "petra"):
        code = place.json("players", "add", player)["invitation"]["code"]
        place.json("enrol", code, "--server", place.address, "--name", "pc", who=player)
    assert "several machines are called 'pc'" in place.refused("nodes", "stop", "pc")
    assert "is not connected" in place.refused("nodes", "stop", "petra/pc")


def test_a_log_is_followed_through_a_restart_of_the_server(tmp_path: Path) -> None:
    place = Place(root=tmp_path)
    with ExitStack() as following:
        with serving(place):
            job = place.json("jobs", "submit", "long")["id"]
            code = place.json("players", "invite", "olga", "--scope", "worker")["code"]
            place.json("enrol", code, "--server", place.address, who="worker")
            with place.connection("worker") as worker:
                (leased,) = worker.call(worker.jobs.LeaseJobs, pb.LeaseJobsRequest(worker="w", kinds=["long"])).jobs
                said = pb.AppendLogRequest(job_id=job, fence=leased.fence, lines=["before"])
                worker.call(worker.jobs.AppendLog, said)
            logs = following.enter_context(in_pipe(["jobs", "logs", job, "--follow"], place.environment()))
            assert logs.stdout is not None
            assert logs.stdout.readline().endswith("  before\n")
        with serving(place, place.address), place.connection("worker") as worker:
            said = pb.AppendLogRequest(job_id=job, fence=leased.fence, lines=["after"])
            worker.call(worker.jobs.AppendLog, said)
            worker.call(worker.jobs.CompleteJob, pb.CompleteJobRequest(job_id=job, fence=leased.fence))
            assert [line[10:] for line in logs.stdout.read().splitlines()] == ["after"]
            assert logs.wait(30) == 0


def test_what_tables_show_fits_a_terminal_of_80_columns(place: Place) -> None:
    place.json("players", "add", "a player with a name that is as long as names may be at all")
    place.json("jobs", "submit", "a-kind-of-job-with-a-long-name")
    for command in (["players", "list"], ["jobs", "list"]):
        with in_terminal(command, place.environment(), size=(80, 40)) as terminal:
            assert terminal.wait() == 0
            lines = [line for line in terminal.text.replace("\r", "").splitlines() if not line.startswith("Next: ")]
            assert max(map(len, lines)) <= 80, lines


def test_the_shell_completes_commands_names_and_ids(place: Place) -> None:
    place.json("players", "add", "quentin")
    job = place.json("jobs", "submit", "complete")["id"]
    assert offered(place, "playloom jo") == ["jobs"]
    assert offered(place, "playloom jobs re") == ["retry"]
    assert offered(place, "playloom players show quen") == ["quentin"]
    assert job in offered(place, "playloom jobs show job_")
    assert offered(place, "playloom jobs list --state de") == ["dead"]
    assert offered(place, "playloom players show ", who="stranger") == []


def offered(place: Place, line: str, who: str = "server") -> list[str]:
    """What bash shows when Tab is pressed at the end of the line."""
    asked = {"_PLAYLOOM_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    done = place.run(who=who, environment=asked)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()
