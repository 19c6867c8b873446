"""Programs of a whole deployment are killed at random moments, again and again, while sessions and jobs go on.

Twenty kills in the ordinary run. ``PLAYLOOM_FAULT_ROUNDS=200`` makes it longer, ``PLAYLOOM_FAULT_SEED`` chooses the
moments: a failure names the seed that it was seen with.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from capture_node.upload.receipt import read_receipt
from capture_node.upload.server_sessions import download_session, list_sessions
from playloom.client.access import ServerAccess, load_access
from playloom.client.connection import Connection
from playloom.client.errors import ServerUnavailableError
from protos import coordinator_pb2 as pb
from tests.support.archives import ArchivePlace, new_bucket
from tests.support.ceph_rgw import CephGateway
from tests.support.deployment import GamingPC, Program, Server, playloom
from tests.support.job_workers import Ledger, Worker
from tests.support.postgres import Postgres
from tests.support.recorded import make_recorded

ROUNDS = int(os.environ.get("PLAYLOOM_FAULT_ROUNDS", "20"))
SEED = int(os.environ.get("PLAYLOOM_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)

FILES = ("capture.mp4", "sync.csv", "actions.bin", "session.json")
PLAYERS = ("ada", "bob", "eve")
KINDS = ["ingest", "convert"]
PART_BYTES = 5 << 20

START_S = 300.0
"""On a machine with far too much to do a start takes minutes. A program that ends instead is seen at once."""

GREETING = "Ctrl-C ends it"

ROUND_S = 0.3
"""Between two kills, on average."""

AWAY_S = 0.3
"""So long at most what was killed stays away."""

STILL_S = 90.0
"""So long nothing may be seen to get on once nothing is killed any more."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600 + 6 * ROUNDS)]


class Deployment:
    """A coordinator, players' PCs and workers, all at work.

    Attributes:
        sessions: all recordings that have finished, by the player's name.
        submitted: the key of every job that was asked for, and its id once it is known.
        ledger: what the workers did.
    """

    def __init__(self, root: Path, place: ArchivePlace, fates: random.Random) -> None:
        self._fates = fates
        self.server = Server(root, place)
        rate = f"upload: {{bytes_per_s: {4 * PART_BYTES}}}\n"  # so that kills meet uploads on their way
        self.pcs = [GamingPC(root, player, settings=rate) for player in PLAYERS]
        self.sessions: dict[str, list[Path]] = {player: [] for player in PLAYERS}
        self.submitted: dict[str, str] = {}
        self.ledger = Ledger()
        self._stop = threading.Event()
        self._submitter = threading.Thread(target=self._submit, name="submitter", daemon=True)

    @property
    def operator(self) -> ServerAccess:
        return self.server.operator_access()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(self.server.running())
            for pc in self.pcs:
                pc.enrol(self.server.enrol(pc.player))
                stack.enter_context(pc.program.running())
            with Connection(self.operator) as connection:
                connection.call(connection.datasets.CreateDataset, pb.CreateDatasetRequest(name="all"))
                rule = pb.AddIngestRuleRequest(dataset="all", game_id="test-game")
                connection.call(connection.datasets.AddIngestRule, rule)
            rig = self.server.enrol("rig", "worker")
            self._workers = [
                Worker(rig, f"worker-{number}", KINDS, self.ledger, self._fates.randrange(1 << 31))
                for number in range(4)
            ]
            for worker in self._workers:
                worker.start()
                stack.callback(worker.stop)
            self._submitter.start()
            stack.callback(self._submitter.join, 60)
            stack.callback(self._stop.set)
            yield

    def record(self) -> None:
        """A recording of some player ends."""
        pc = self._fates.choice(self.pcs)
        count = sum(map(len, self.sessions.values()))
        video_bytes = self._fates.choice([100_000, 100_000, PART_BYTES, int(2.5 * PART_BYTES)])
        path = make_recorded(pc.spool, f"{pc.player}-{count}", video_bytes=video_bytes)
        self.sessions[pc.player].append(path)

    def _submit(self) -> None:
        """Ask for jobs, each until the server has said that it has it."""
        asked = 0
        with Connection(self.operator, patience_s=0.5) as connection:
            while not self._stop.is_set():
                asked += 1
                key = f"key-{asked}"
                self.submitted[key] = ""
                request = pb.SubmitJobRequest(kind="convert", idempotency_key=key, max_attempts=100)
                while not self.submitted[key]:
                    try:
                        self.submitted[key] = connection.call(connection.jobs.SubmitJob, request).id
                    except ServerUnavailableError:
                        time.sleep(0.05)
                self._stop.wait(0.15)

    def settle(self) -> list[pb.Job]:
        """Wait until all is done that was begun; returns all jobs."""
        self._stop.set()
        self._submitter.join(60)
        assert not self._submitter.is_alive(), "the last job is not taken in"
        for worker in self._workers:
            worker.reliable.set()
        paths = [path for paths in self.sessions.values() for path in paths]
        _wait_for_all(lambda: [path.name for path in paths if read_receipt(path) is None], self.see_all_well)
        with Connection(self.operator) as connection:
            _wait_for_all(
                lambda: [job.id for job in _all_jobs(connection) if job.state not in ("done", "dead")],
                self.see_all_well,
            )
            return _all_jobs(connection)

    def see_all_well(self) -> None:
        """No program has ended by itself, and no worker met what it should not."""
        coordinator = self.server.program
        if coordinator.has_ended and "cannot be reached" in coordinator.last_line:
            coordinator.kill()  # it was started while its database was away, as its supervisor would see it
            coordinator.start()
        for program in (self.server.program, *(pc.program for pc in self.pcs)):
            assert not program.has_ended, program.output.read_text(errors="replace")[-3000:]
        for worker in self._workers:
            if worker.problem is not None:
                raise AssertionError("a worker has failed") from worker.problem


class Killer:
    """Kills one program after another, and starts it again. Attributes: kills: how often it killed what."""

    def __init__(self, deployment: Deployment, fates: random.Random) -> None:
        self._deployment, self._fates = deployment, fates
        self.kills: Counter[str] = Counter()
        self._ways: list[tuple[str, Callable[[], None]]] = []
        self.add("coordinator", lambda: self._kill(deployment.server.program))
        self.add("node", lambda: self._kill(fates.choice(deployment.pcs).program))

    def add(self, name: str, way: Callable[[], None]) -> None:
        self._ways.append((name, way))

    def strike(self) -> None:
        # Each kind once before one comes again: twenty rounds are to meet all of them.
        rounds = sum(self.kills.values())
        if rounds % len(self._ways) == 0:
            self._fates.shuffle(self._ways)
        name, way = self._ways[rounds % len(self._ways)]
        self.kills[name] += 1
        way()

    def pause(self) -> None:
        time.sleep(self._fates.uniform(0, AWAY_S))

    def _kill(self, program: Program) -> None:
        # On a busy machine a start takes its time: what is killed is to be at work and not only about to be.
        end_s = time.monotonic() + START_S
        while GREETING not in program.said:
            self._deployment.see_all_well()
            assert time.monotonic() < end_s, program.said[-3000:]
            time.sleep(0.02)
        program.kill()
        self.pause()
        program.start()


def _wait_for_all(left: Callable[[], list[str]], see: Callable[[], None]) -> None:
    """Wait until nothing is left, for as long as it becomes less."""
    fewest, end_s = len(left()), time.monotonic() + STILL_S
    while now := left():
        see()
        if len(now) < fewest:
            fewest, end_s = len(now), time.monotonic() + STILL_S
        assert time.monotonic() < end_s, f"it does not get on: {now}"
        time.sleep(0.1)


def _all_jobs(connection: Connection) -> list[pb.Job]:
    jobs: list[pb.Job] = []
    page_token = ""
    while True:
        request = pb.ListJobsRequest(page_size=400, page_token=page_token)
        answer = connection.call(connection.jobs.ListJobs, request)
        jobs += answer.jobs
        page_token = answer.next_page_token
        if not page_token:
            return jobs


def test_nothing_is_lost_or_done_twice_whatever_is_killed_on_sqlite_and_a_directory(tmp_path: Path) -> None:
    fates = random.Random(SEED)
    place = ArchivePlace(database=f"sqlite:///{tmp_path / 'c.db'}", store=(tmp_path / "objects").as_uri())
    deployment = Deployment(tmp_path, place, fates)
    kill_again_and_again(deployment, Killer(deployment, fates), tmp_path)


def test_nothing_is_lost_or_done_twice_whatever_is_killed_on_postgresql_and_ceph(
    tmp_path: Path, postgres: Postgres, gateway: CephGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in gateway.environment.items():
        monkeypatch.setenv(name, value)
    fates = random.Random(SEED)
    place = ArchivePlace(database=postgres.create_database(f"kills_{tmp_path.name}"), store=new_bucket(gateway))
    deployment = Deployment(tmp_path, place, fates)
    killer = Killer(deployment, fates)

    def kill_gateway() -> None:
        gateway.kill()
        killer.pause()
        gateway.start()

    def kill_postmaster() -> None:
        postgres.kill_postmaster()
        killer.pause()
        postgres.start()

    killer.add("store", kill_gateway)
    killer.add("postmaster", kill_postmaster)
    killer.add("backend", lambda: postgres.kill_backend(fates.choice))
    kill_again_and_again(deployment, killer, tmp_path)


def kill_again_and_again(deployment: Deployment, killer: Killer, tmp_path: Path) -> None:
    print(f"PLAYLOOM_FAULT_SEED={SEED} PLAYLOOM_FAULT_ROUNDS={ROUNDS}")  # pytest shows it where the test fails
    fates = random.Random(SEED + 1)
    with deployment.at_work():
        for number in range(ROUNDS):
            deployment.record()
            time.sleep(fates.uniform(0, 2 * ROUND_S))
            deployment.see_all_well()
            killer.strike()
            if number % 10 == 9:  # so that a failure says how far it got
                print(f"{number + 1} rounds: {dict(killer.kills)}", flush=True)
        begin_s = time.monotonic()
        jobs = deployment.settle()
        print(f"{dict(killer.kills)}, settled after {time.monotonic() - begin_s:.1f} s")
        deployment.see_all_well()
        see_every_session_there_once(deployment, tmp_path / "back")
        see_every_job_done_once(deployment, jobs)
    output = deployment.server.program.output.read_text(errors="replace")
    assert '"INTERNAL"' not in output, "the coordinator met what it did not foresee"
    where = ("--directory", deployment.server.root)
    found = playloom("coordinator", "check", "--mend", *where, home=deployment.server.home)
    # Killed between the session's row and the record of it that lies in the store: the check writes it.
    assert {one["kind"] for one in found} <= {"unrecorded"}, found
    assert playloom("coordinator", "check", *where, home=deployment.server.home) == []


def see_every_session_there_once(deployment: Deployment, back: Path) -> None:
    for pc in deployment.pcs:
        recorded = {path.name: path for path in deployment.sessions[pc.player]}
        with Connection(load_access(pc.home / "data/server")) as connection:
            listed = list(list_sessions(connection))
            assert sorted(one.name for one in listed) == sorted(recorded)
            for one in listed:
                brought = download_session(connection, one, back)
                for name in FILES:
                    assert (brought / name).read_bytes() == (recorded[one.name] / name).read_bytes()


def see_every_job_done_once(deployment: Deployment, jobs: list[pb.Job]) -> None:
    ledger = deployment.ledger
    assert [job for job in jobs if job.state != "done"] == []
    assert {job.idempotency_key: job.id for job in jobs if job.kind == "convert"} == deployment.submitted
    ingested = Counter(job.payload["session_id"] for job in jobs if job.kind == "ingest")
    with Connection(deployment.operator) as connection:
        assert ingested == Counter(one.id for one in list_sessions(connection))
    for job in jobs:
        # The answer to an end that was taken may be lost with the worker: then nobody else had it taken.
        assert ledger.accepted[job.id] <= {job.fence}, job
        assert ledger.effects[job.id][-1] == job.fence, job
