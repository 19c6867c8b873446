"""Whatever turns sessions into a dataset is killed at random moments, again and again, while five players send theirs.

Tasks, Ray's processes for them, the raylet, the worker, the coordinator and the store's gateway. Six sessions and six
kills in the ordinary run; ``PLAYLOOM_FAULT_ROUNDS=100`` makes it 50 sessions and so many kills, ``PLAYLOOM_FAULT_SEED``
chooses victims and moments: a failure names the seed that it was seen with.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from google.protobuf.struct_pb2 import Struct

from capture_node.upload.foreground import line_to
from capture_node.upload.session_upload import upload_session
from capture_node.upload.settings import UploadSettings
from playloom.client.access import ServerAccess, save_access
from playloom.client.connection import Connection
from playloom.errors import PlayloomError
from playloom.manifest.keys import dataset_prefix, file_key, segment_key
from playloom.manifest.reading import read_files, read_version
from playloom.objects.object_store import ObjectStore, list_objects, read_object
from playloom.objects.open_store import open_store
from protos import coordinator_pb2 as pb
from tests.support.archives import ArchivePlace, new_bucket
from tests.support.ceph_rgw import CephGateway
from tests.support.conversions import read_episodes
from tests.support.deployment import PATIENCE_S, Program, Server, playloom, wait_while
from tests.support.explain import jobs_told
from tests.support.numbered_recordings import write_numbered_recording
from tests.support.numbered_sessions import PROFILE_YAML, expected_action
from tests.support.postgres import Postgres
from tests.support.worker_site import CONFIG
from workers.dataset.coordinator_client import CoordinatorClient

ROUNDS = int(os.environ.get("PLAYLOOM_FAULT_ROUNDS", "6"))
SEED = int(os.environ.get("PLAYLOOM_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)

PLAYERS = ("ada", "bob", "eve", "joan", "zoe")
SESSIONS = 6 if ROUNDS <= 10 else 50
FRAMES = (150, 900)
"""Of a session; the numbers in its pictures are its own."""

NUMBERS = 1300
"""From one session's first number to the next one's: sixteen bits hold those of fifty."""

ROUND_S = 0.7
"""Between two kills, on average, beside the time that what was killed takes to be at work again."""

AWAY_S = 0.3
"""So long at most what was killed stays away."""

STILL_S = 400.0
"""So long nothing may be seen to get on once nothing is killed any more: who failed often waits long."""

TAKES_JOBS = "Ctrl-C lets those that run"
ANSWERS = "Ctrl-C ends it"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200 + 20 * ROUNDS)]


class Deployment:
    """A coordinator, a worker and five players whose sessions come one by one.

    Attributes:
        first_numbers: of the pictures of every session, by its name; lengths: how many it has.
        worker: the program.
        store: what the coordinator and the worker keep objects in.
    """

    def __init__(self, root: Path, place: ArchivePlace, fates: random.Random) -> None:
        self.root = root
        self.server = Server(root, place)
        self.store: ObjectStore = open_store(place.store)
        self.first_numbers: dict[str, int] = {}
        self.lengths: dict[str, int] = {}
        self._paths: dict[str, list[Path]] = {player: [] for player in PLAYERS}
        self.problems: list[BaseException] = []
        for number in range(SESSIONS):
            name, player = f"session-{number:02d}", PLAYERS[number % len(PLAYERS)]
            self.first_numbers[name], self.lengths[name] = NUMBERS * number, fates.randint(*FRAMES)
            path = root / "recordings" / player / name
            write_numbered_recording(path, self.lengths[name], first=self.first_numbers[name], player=player)
            self._paths[player].append(path)
        home = root / "worker-home"
        self.worker = Program(
            *("worker", "run", "--access", str(home / "access"), "--store", place.store, "--lease-s", "5"),
            *("--scratch", str(root / "scratch"), "--ray-cpus", "2", "--slots", "2"),
            home=home,
        )

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with self.server.running():
            config = Struct()
            config.update({**CONFIG, "video": "transcode"})  # takes long enough to be met by a kill
            with Connection(self.server.operator_access(), patience_s=PATIENCE_S) as self.operator:
                wish = pb.CreateDatasetRequest(name="numbers", config=config)
                self.dataset_id = self.operator.call(self.operator.datasets.CreateDataset, wish).id
                rule = pb.AddIngestRuleRequest(dataset="numbers", game_id="test_game")
                self.operator.call(self.operator.datasets.AddIngestRule, rule)
                self.versions = SeenVersions(self)
                accesses = {player: self.server.enrol(player) for player in PLAYERS}
                for player in PLAYERS:
                    profile = pb.PutMappingProfileRequest(content=PROFILE_YAML, player=player)
                    self.operator.call(self.operator.datasets.PutMappingProfile, profile)
                save_access(self.server.enrol("wes", "worker"), self.root / "worker-home/access")
                save_access(accesses["ada"], self.root / "reader/data/server")
                senders = [
                    threading.Thread(target=self._send, args=(accesses[player], self._paths[player]))
                    for player in PLAYERS
                ]
                with self.worker.running():
                    for sender in senders:
                        sender.start()
                    yield
                    for sender in senders:
                        sender.join()

    def _send(self, access: ServerAccess, paths: list[Path]) -> None:
        """As `playloom upload` does, again and again until the server has all."""
        until_s = time.monotonic() + PATIENCE_S + 10 * ROUNDS
        left = list(paths)
        while left:
            try:
                with line_to(access, UploadSettings(), patience_s=PATIENCE_S) as line:
                    while left:
                        upload_session(left[0], line)
                        del left[0]
            except PlayloomError as error:
                if time.monotonic() > until_s:
                    self.problems.append(error)
                    return
                time.sleep(0.5)

    def see_all_well(self) -> None:
        """No program has ended by itself but for those whose supervisor begins them again."""
        assert not self.problems, self.problems
        if self.worker.has_ended:  # Ray ends the program of a driver that lost its node; a service begins it again
            self.worker.kill()
            self.worker.start()
        assert not self.server.program.has_ended, self.server.program.said[-3000:]

    @property
    def is_done(self) -> bool:
        """Whether every session is in the dataset."""
        return sum(job.state == "done" for job in self.jobs()) == SESSIONS

    def jobs(self) -> list[pb.Job]:
        return list(self.operator.call(self.operator.jobs.ListJobs, pb.ListJobsRequest(page_size=400)).jobs)

    def settle(self) -> None:
        """Wait until every session is in the dataset, for as long as they become more."""
        most, end_s = -1, time.monotonic() + STILL_S
        while (done := sum(job.state == "done" for job in self.jobs())) < SESSIONS:
            self.see_all_well()
            if done > most:
                most, end_s = done, time.monotonic() + STILL_S
            dead = [job for job in self.jobs() if job.state == "dead"]
            if dead or time.monotonic() > end_s:
                pytest.fail(f"{jobs_told(self.server.operator_access())}\n{self.worker.said[-5000:]}")
            time.sleep(0.3)


class SeenVersions:
    """The versions as they were when they were new: every object that they name, by the sum of its bytes."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._coordinator = CoordinatorClient(deployment.operator)
        self._sums: dict[str, str] = {}
        self._versions: dict[int, list[str]] = {}

    @property
    def keys(self) -> set[str]:
        return {key for keys in self._versions.values() for key in keys}

    def look(self) -> int:
        """Take up the versions that are new; returns how many there are."""
        while (keys := self._keys_of(number := len(self._versions) + 1)) is not None:
            self._versions[number] = keys
            for key in keys:
                if key not in self._sums:
                    self._sums[key] = self._sum_of(key)
        return len(self._versions)

    def see_all_unchanged(self) -> None:
        for number, keys in self._versions.items():
            assert self._keys_of(number) == keys, f"version {number}"
        for key, found in self._sums.items():
            assert self._sum_of(key) == found, key

    def _keys_of(self, number: int) -> list[str] | None:
        pointer = self._coordinator.version("numbers", number)
        if pointer is None:
            return None
        version = read_version(self._read, pointer.manifest_key, pointer.manifest_sha256)
        files = [file_key(version.dataset_id, file.sha256, file.path) for file in read_files(self._read, version)]
        segments = [segment_key(version.dataset_id, ref.sha256) for ref in version.segments]
        return [pointer.manifest_key, *segments, *files]

    def _sum_of(self, key: str) -> str:
        return hashlib.sha256(self._read(key)).hexdigest()

    def _read(self, key: str) -> bytes:
        return read_object(self._deployment.store, key)


class Killer:
    """Kills one kind of process after another, and starts what nobody else would. Attributes: kills: how often what."""

    def __init__(self, deployment: Deployment, gateway: CephGateway, fates: random.Random) -> None:
        self._deployment, self._gateway, self._fates = deployment, gateway, fates
        self.kills: Counter[str] = Counter()
        self._ways: list[tuple[str, Callable[[], bool]]] = [
            ("task", lambda: self._kill_below("-m workers.processes")),
            ("Ray's process", lambda: self._kill_below("ray::")),
            ("raylet", lambda: self._kill_below("raylet/raylet ")),
            ("worker", lambda: self._kill(deployment.worker, TAKES_JOBS)),
            ("coordinator", lambda: self._kill(deployment.server.program, ANSWERS)),
            ("store", self._kill_store),
        ]

    def strike(self) -> bool:
        """False where nothing is left to be met by a kill: a fast machine is done before all rounds are."""
        # Each kind once before one comes again: six rounds are to meet all of them.
        rounds = sum(self.kills.values())
        if rounds % len(self._ways) == 0:
            self._fates.shuffle(self._ways)
        name, way = self._ways[rounds % len(self._ways)]
        self._wait_for(self._deployment.worker, TAKES_JOBS)  # else a dead one would be killed again and again
        until_s = time.monotonic() + PATIENCE_S
        while not way():
            self._deployment.see_all_well()
            if self._deployment.is_done:
                return False
            assert time.monotonic() < until_s, f"there is no {name}"
            time.sleep(0.05)
        self.kills[name] += 1
        return True

    def _pause(self) -> None:
        time.sleep(self._fates.uniform(0, AWAY_S))

    def _wait_for(self, program: Program, greeting: str) -> None:
        until_s = time.monotonic() + PATIENCE_S
        while greeting not in program.said:
            self._deployment.see_all_well()
            assert time.monotonic() < until_s, program.said[-3000:]
            time.sleep(0.02)

    def _kill(self, program: Program, greeting: str) -> bool:
        self._wait_for(program, greeting)
        program.kill()
        self._pause()
        program.start()
        return True

    def _kill_store(self) -> bool:
        self._gateway.kill()
        self._pause()
        self._gateway.start()
        return True

    def _kill_below(self, part: str) -> bool:
        """Kill one of the worker's processes whose command holds this."""
        found: list[psutil.Process] = []
        with suppress(psutil.Error):
            for process in psutil.Process(self._deployment.worker.process_id).children(recursive=True):
                with suppress(psutil.Error):
                    if part in " ".join(process.cmdline()):
                        found.append(process)
        if not found:
            return False
        with suppress(psutil.NoSuchProcess):
            self._fates.choice(sorted(found, key=lambda one: one.pid)).send_signal(signal.SIGKILL)
        return True


def test_every_session_is_in_the_dataset_once_whatever_is_killed(
    tmp_path: Path, postgres: Postgres, gateway: CephGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    print(f"PLAYLOOM_FAULT_SEED={SEED} PLAYLOOM_FAULT_ROUNDS={ROUNDS}")  # pytest shows it where the test fails
    for name, value in gateway.environment.items():
        monkeypatch.setenv(name, value)
    fates = random.Random(SEED)
    place = ArchivePlace(database=postgres.create_database(f"dataset_{tmp_path.name}"), store=new_bucket(gateway))
    deployment = Deployment(tmp_path, place, fates)
    killer = Killer(deployment, gateway, fates)
    with deployment.at_work():
        wait_while(
            deployment.worker,
            lambda: any(job.state == "leased" for job in deployment.jobs()),
            "a session is being converted",
            server=deployment.server,
        )
        for _ in range(ROUNDS):
            time.sleep(fates.uniform(0, 2 * ROUND_S))
            deployment.see_all_well()
            if not killer.strike():
                break
            deployment.versions.look()
        assert killer.kills
        begin_s = time.monotonic()
        deployment.settle()
        print(f"{dict(killer.kills)}, settled after {time.monotonic() - begin_s:.1f} s")
        versions = deployment.versions.look()
        print(f"{versions} versions, attempts {sorted(job.attempts for job in deployment.jobs())}")
        see_every_session_there_once(deployment)
        deployment.versions.see_all_unchanged()
        see_orphans_found(deployment)
        deployment.versions.see_all_unchanged()
    assert '"INTERNAL"' not in deployment.server.program.output.read_text(errors="replace")


def see_every_session_there_once(deployment: Deployment) -> None:
    reader = deployment.root / "reader"
    pulled = playloom("datasets", "pull", "numbers", home=reader)
    assert playloom("datasets", "verify", "numbers", "--decode", home=reader) == {"whole": True, "faults": []}
    episodes = read_episodes(Path(pulled["path"]))
    assert sorted(episode.session for episode in episodes) == sorted(deployment.lengths)
    for episode in episodes:
        first, count = deployment.first_numbers[episode.session], deployment.lengths[episode.session]
        assert episode.numbers == list(range(first, first + count)), episode.session
        assert np.allclose(episode.action, [expected_action(number) for number in episode.numbers]), episode.session


def see_orphans_found(deployment: Deployment) -> None:
    """What crashed attempts have left is deleted, and nothing else."""
    prefix = dataset_prefix(deployment.dataset_id)
    there: set[str] = set()
    # The last attempt that lost its lease may still be sending what nobody will name.
    while there != (now := {found.key for found in list_objects(deployment.store, prefix)}):
        there = now
        time.sleep(3)
    orphans = there - deployment.versions.keys
    time.sleep(1.1)  # S3 tells times in whole seconds
    collected = collect(deployment)
    print(f"{len(orphans)} orphans: {collected}")
    assert collected["objects"] == len(orphans)
    assert {found.key for found in list_objects(deployment.store, prefix)} == deployment.versions.keys


def collect(deployment: Deployment) -> dict[str, Any]:
    """What the job found."""
    operator = deployment.operator
    payload = Struct()
    payload.update({"dataset": "numbers", "grace_s": 0, "withdraw_after_s": 0})
    request = pb.SubmitJobRequest(kind="dataset.gc", payload=payload)
    job_id = operator.call(operator.jobs.SubmitJob, request).id

    def job() -> pb.Job:
        return operator.call(operator.jobs.GetJob, pb.GetJobRequest(job_id=job_id))

    wait_while(deployment.worker, lambda: job().state in ("done", "dead"), "it is collected", server=deployment.server)
    assert job().state == "done", job()
    return dict(job().result)
