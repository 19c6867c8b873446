"""Versions of a shared dataset: what adding a session costs when it is large, how many enter, how it is read.

The coordinator is real (SQLite, gRPC) and runs beside the writers in one process, the store is a directory. LeRobot's
`aggregate_datasets`, which makes a new dataset of a large one and one session, is measured in the same run, on what a
compaction has left: few files, its best case.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench.dataset_data import EPISODE_FRAMES, LARGE_FRAMES, Growing, link_out
from bench.dataset_reading import growing_reader, in_python, lerobot_opening, opening
from bench.harness import RESULTS_ROOT, Row, Settings, figure, main
from coordinator.players.scopes import Scope
from playloom.client.connection import Connection
from playloom.manifest.version import DatasetVersion
from playloom.objects.directory_store import DirectoryStore
from tests.support.served_dataset import served_dataset
from workers.dataset.base import session_counts, shards_of
from workers.dataset.commit import commit_staged
from workers.dataset.coordinator_client import CoordinatorClient
from workers.dataset.objects import DatasetObjects

SESSION_EPISODES = 10
COMMIT_SESSIONS = 20
WRITERS = 10


def _large(settings: Settings) -> Iterator[Row]:
    few, many = (20, 60) if settings.quick else (100, 10_000)
    with _directory() as directory:
        yield from _growing(directory / "large", few, many, writing_s=6.0 if settings.quick else 20.0)


def _peer(settings: Settings) -> Iterator[Row]:
    with _directory() as directory:
        yield from _against_aggregate(directory / "peer", 40 if settings.quick else 1_000)


def _reading(settings: Settings) -> Iterator[Row]:
    sessions, more, frames = (2, 1, 200) if settings.quick else (6, 2, LARGE_FRAMES)
    with _directory() as directory:
        yield from growing_reader(directory / "reading", sessions=sessions, more=more, frames=frames)


@contextmanager
def _directory() -> Iterator[Path]:
    RESULTS_ROOT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULTS_ROOT) as directory:
        yield Path(directory)


def _growing(root: Path, few: int, many: int, writing_s: float) -> Iterator[Row]:
    root.mkdir()
    with served_dataset(root, f"sqlite:///{root / 'coordinator.db'}") as dataset:
        growing = Growing.of(dataset, root / "made")
        _grow(growing, few)
        small_s = _add_one_s(growing)
        small = dataset.version()
        _grow(growing, many)
        large_s = _add_one_s(growing)
        large = dataset.version()
        episodes = f"{large.episodes:,} episodes, {large.frames:,} frames"
        yield figure(f"adding a session to {episodes}", large_s, "s", at_most=1.0)
        yield figure(
            f"the same, against {small.episodes} episodes", large_s / small_s, "× peer", peer=f"{small_s:.3f} s"
        )
        yield figure("what a commit rewrites of that: manifest and last segment", _rewritten(large) / 1e3, "kB")
        yield figure("the same of the small one", _rewritten(small) / 1e3, "kB")
        per_minute, lost = _many_writers(growing, writing_s)
        yield figure(f"sessions that {WRITERS} writers commit", per_minute, "a minute", at_least=50)
        yield figure("of them in the dataset, each once", 1.0 - lost, "of 1", at_least=1.0)
        yield from opening(growing, root)


def _grow(growing: Growing, episodes: int) -> None:
    newest = growing.dataset.coordinator.version("test", None)
    there = 0 if newest is None else growing.dataset.version().episodes
    while there < episodes:
        count = min(COMMIT_SESSIONS, -(-(episodes - there) // SESSION_EPISODES))
        growing.dataset.commit(growing.stage(count, SESSION_EPISODES)[0])
        there += count * SESSION_EPISODES


def _add_one_s(growing: Growing, rounds: int = 7) -> float:
    """From a session that waits to the version that has it."""
    times = []
    for _ in range(rounds):
        (session_id,) = growing.stage(1, 1)
        begin = time.perf_counter()
        growing.dataset.commit(session_id)
        times.append(time.perf_counter() - begin)
    return median(times)


def _rewritten(version: DatasetVersion) -> int:
    return len(version.to_bytes()) + version.segments[-1].size_bytes


def _many_writers(growing: Growing, seconds: float) -> tuple[float, float]:
    """(sessions a minute, the part of them that is not in the dataset exactly once) of writers at the same time."""
    dataset = growing.dataset
    access = dataset.thread.access("wes", Scope.WORKER)
    lock = threading.Lock()
    written: list[str] = []
    before = dataset.version().episodes
    begin = time.perf_counter()

    def write(number: int) -> None:
        with Connection(access) as connection:
            client = CoordinatorClient(connection)
            while time.perf_counter() - begin < seconds:
                with lock:
                    (session_id,) = growing.stage(1, 1)
                commit_staged(
                    client,
                    dataset.store,
                    dataset="test",
                    session_id=session_id,
                    worker=f"w{number}",
                    scratch=dataset.directory / f"scratch-{number}",
                )
                with lock:
                    written.append(session_id)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    took_s = time.perf_counter() - begin
    there = session_counts(shards_of(DatasetObjects(dataset.store, dataset.facts.id), dataset.version()))
    once = sum(there.get(session_id) == (1, EPISODE_FRAMES) for session_id in written)
    assert dataset.version().episodes - before == len(written)
    return 60 * len(written) / took_s, 1 - once / len(written)


_AGGREGATE = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from lerobot.datasets.aggregate import aggregate_datasets
large, one, both = map(Path, sys.argv[1:])
begin = time.perf_counter()
aggregate_datasets(["local/large", "local/one"], "local/both", roots=[large, one], aggr_root=both)
print(json.dumps({"seconds": time.perf_counter() - begin}))
"""


def _against_aggregate(root: Path, episodes: int) -> Iterator[Row]:
    root.mkdir()
    with served_dataset(root, f"sqlite:///{root / 'coordinator.db'}") as dataset:
        growing = Growing.of(dataset, root / "made")
        dataset.commit(growing.stage(1, 1)[0])
        store = dataset.store
        assert isinstance(store, DirectoryStore)
        one = link_out(store, dataset.version(), root / "one")
        _grow(growing, episodes)
        grown = link_out(store, dataset.version(), root / "grown")
        yield from lerobot_opening(grown, f"{dataset.version().episodes:,} episodes as it grew")
        dataset.compact()
        large = link_out(store, dataset.version(), root / "large")
        ours_s = _add_one_s(growing)
        with tempfile.TemporaryDirectory() as cache:
            theirs_s = in_python(_AGGREGATE, cache, large, one, root / "both")["seconds"]
        yield figure(
            f"adding a session to {episodes:,} episodes, as fast as aggregate_datasets",
            theirs_s / ours_s,
            "× peer",
            peer=f"aggregate_datasets: {theirs_s:.2f} s; ours {ours_s:.3f} s",
            at_least=1.0,
        )


if __name__ == "__main__":
    main("bench.dataset", __doc__, {"peer": _peer, "reading": _reading, "large": _large})
