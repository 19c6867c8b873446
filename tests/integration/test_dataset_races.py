"""Ten committers at once, and committers killed at every moment: real processes, a real coordinator, both databases."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from coordinator.players.scopes import Scope
from playloom.client.connection import Connection
from playloom.manifest.version import DatasetVersion
from tests.support.mortal_committer import NEVER, MortalCommitters
from tests.support.served_dataset import ServedDataset, served_dataset
from tests.support.shared_dataset import named_keys, objects_of, see_whole, version_of
from tests.support.staged_sessions import Recorded, recorded
from workers.dataset.commit import commit_staged
from workers.dataset.coordinator_client import CoordinatorClient

TURN_S = 0.5


def sessions_in(dataset: ServedDataset, known: list[Recorded]) -> list[Recorded]:
    """The sessions of the newest version, in its order."""
    from workers.dataset.base import shards_of
    from workers.dataset.objects import DatasetObjects

    by_id = {one.session_id: one for one in known}
    ids = [
        one.session_id
        for shard in shards_of(DatasetObjects(dataset.store, dataset.facts.id), dataset.version())
        for one in shard.sessions
    ]
    assert len(ids) == len(set(ids)), "each session once (each has one shard)"
    return [by_id[session_id] for session_id in ids]


def pointers_of(dataset: ServedDataset) -> list[tuple[str, DatasetVersion]]:
    """All versions that can be read."""
    found = []
    for pointer in dataset.coordinator.withdraw("test", removed_before_unix_ns=0).versions:
        found.append((pointer.manifest_key, version_of(dataset.coordinator, dataset.store, pointer.number)))
    return found


def see_only_orphans_go(dataset: ServedDataset) -> int:
    """Collect, and see that exactly what no version names is gone; returns how many objects that were."""
    named = named_keys(dataset.store, pointers_of(dataset))
    before = objects_of(dataset.store, dataset.facts.id)
    dataset.collect(withdraw_after_s=3600)
    after = objects_of(dataset.store, dataset.facts.id)
    assert after.keys() == named
    assert after.items() <= before.items()
    return len(before) - len(after)


def test_of_ten_committers_at_once_each_session_enters_once(database_address: str, tmp_path: Path) -> None:
    with served_dataset(tmp_path, database_address) as dataset:
        sessions = [dataset.with_id(recorded(n, (3,))) for n in range(20)]
        dataset.stage(*sessions[:10])
        access = dataset.thread.access("wes", Scope.WORKER)
        start = threading.Barrier(10)

        def work(number: int) -> None:
            with Connection(access) as connection:
                client = CoordinatorClient(connection)
                start.wait()
                for session in sessions[number::10]:
                    if session not in sessions[:10]:
                        dataset.stage(session)
                    # A turn far shorter than building takes: committers meet at the pointer as well.
                    commit_staged(
                        client,
                        dataset.store,
                        dataset="test",
                        session_id=session.session_id,
                        worker=f"w{number}",
                        scratch=tmp_path / f"scratch-{number}",
                        wait_s=5.0,
                        turn_s=0.1,
                    )

        with ThreadPoolExecutor(10) as pool:
            list(pool.map(work, range(10)))
        there = sessions_in(dataset, sessions)
        assert {one.session_id for one in there} == {one.session_id for one in sessions}
        see_whole(dataset.store, dataset.version(), tmp_path / "seen", there)
        see_only_orphans_go(dataset)


@pytest.fixture
def committers() -> Iterator[MortalCommitters]:
    with MortalCommitters() as running:
        yield running


@dataclass(kw_only=True)
class Mortals:
    """Does what it is told by processes that may be killed in it."""

    dataset: ServedDataset
    committers: MortalCommitters

    def do(self, work: str, *, die_at: int, session_id: str = "") -> dict[str, int]:
        order = {
            "work": work,
            "session_id": session_id,
            "die_at": die_at,
            "access": asdict(self.dataset.thread.access("wes", Scope.WORKER)),
            "store": self.dataset.store_address,
            "scratch": str(self.dataset.directory / "mortal"),
            "turn_s": TURN_S,
        }
        return self.committers.do(order)


def test_a_committer_may_be_killed_at_any_moment(
    database_address: str, tmp_path: Path, committers: MortalCommitters
) -> None:
    choice = random.Random(5)
    with served_dataset(tmp_path, database_address) as dataset:
        dataset.turn_s = TURN_S
        mortals = Mortals(dataset=dataset, committers=committers)
        sessions = [dataset.with_id(recorded(n, (3,))) for n in range(8)]
        moments = []
        for session in sessions[:2]:  # the first one finds fewer objects there than those that follow
            dataset.stage(session)
            ended = mortals.do("commit", session_id=session.session_id, die_at=NEVER)
            assert ended["status"] == 0
            moments.append(ended["moments"])
        assert min(moments) >= 16, "two for each call and each object"
        first = named_keys(dataset.store, pointers_of(dataset))
        kept = {key: value for key, value in objects_of(dataset.store, dataset.facts.id).items() if key in first}
        points = choice.sample(range(min(moments)), len(sessions) - 3)
        for session, point in zip(sessions[2:-1], points, strict=True):
            dataset.stage(session)
            ended = mortals.do("commit", session_id=session.session_id, die_at=point)
            assert ended["status"] == -signal.SIGKILL
        dataset.stage(sessions[-1])
        for session in sessions:
            dataset.commit(session.session_id)
        there = sessions_in(dataset, sessions)
        assert {one.session_id for one in there} == {one.session_id for one in sessions}
        see_whole(dataset.store, dataset.version(), tmp_path / "seen", there)
        assert kept.items() <= objects_of(dataset.store, dataset.facts.id).items(), "earlier versions did not change"
        assert see_only_orphans_go(dataset) > 0
        see_whole(dataset.store, dataset.version(), tmp_path / "seen again", there)


def test_putting_together_and_removing_may_be_killed_at_any_moment(
    tmp_path: Path, committers: MortalCommitters
) -> None:
    choice = random.Random(8)
    with served_dataset(tmp_path, f"sqlite:///{tmp_path / 'coordinator.db'}") as dataset:
        dataset.turn_s = TURN_S
        mortals = Mortals(dataset=dataset, committers=committers)
        sessions = [dataset.with_id(recorded(n, (3,))) for n in range(4)]
        dataset.append(*sessions)
        for point in choice.sample(range(10), 3):  # an object that is there already is one moment less
            assert mortals.do("compact", die_at=point)["status"] == -signal.SIGKILL
            see_whole(dataset.store, dataset.version(1), tmp_path / f"compacting-{point}", sessions)
        assert mortals.do("compact", die_at=NEVER)["status"] == 0
        see_whole(dataset.store, dataset.version(2), tmp_path / "compacted", sessions)
        dataset.forbid(sessions[1].session_id)
        for point in choice.sample(range(10), 3):  # an object that is there already is one moment less
            assert mortals.do("remove", die_at=point)["status"] == -signal.SIGKILL
        assert mortals.do("remove", die_at=NEVER)["status"] == 0
        left = [sessions[0], *sessions[2:]]
        see_whole(dataset.store, dataset.version(3), tmp_path / "removed", left)
        assert see_only_orphans_go(dataset) > 0
        see_whole(dataset.store, dataset.version(), tmp_path / "collected", left)
