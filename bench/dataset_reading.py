"""The readers' part of `bench.dataset`: what a pull transfers, how long opening takes, what checking costs."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.dataset_data import Growing
from bench.harness import Row, figure, in_turns, seconds_of
from coordinator.players.scopes import Scope
from playloom.client.connection import Connection
from playloom.datasets.local_copy import LocalCopy, LocalVersion
from playloom.datasets.opening import open_dataset
from playloom.datasets.pulling import PullReport, pull_version
from playloom.datasets.server_dataset import Permission, ServerDataset
from playloom.datasets.verifying import verify_version
from playloom.manifest.reading import read_files
from playloom.manifest.version import DatasetVersion
from playloom.objects.object_store import read_object
from tests.support.served_dataset import ServedDataset, served_dataset

VERIFY_MB_S = 500.0
"""What checking must reach, unless the disk or the sums alone are slower."""

OPEN_S = 3.0
SESSION_EPISODES = 4
PIECE_BYTES = 1 << 20
ROUNDS = 3


class CountedDataset(ServerDataset):
    """A server's dataset. Attributes: came_bytes: of all answers to downloads, manifests included."""

    def __init__(self, connection: Connection, name: str) -> None:
        super().__init__(connection, name)
        self.came_bytes = 0
        self._lock = threading.Lock()

    def stream(self, permission: Permission, begin: int = 0) -> Iterator[bytes]:
        for piece in super().stream(permission, begin):
            with self._lock:
                self.came_bytes += len(piece)
            yield piece


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """A pull. Attributes: came_bytes: over HTTP."""

    report: PullReport
    came_bytes: int
    seconds: float


class Reader:
    """One who pulls a dataset of this run, over gRPC and HTTP as everyone does."""

    def __init__(self, dataset: ServedDataset, root: Path) -> None:
        self._access = dataset.thread.access("rita", Scope.PLAYER)
        self.copy = LocalCopy(root)

    def pull(self) -> Pulled:
        """Bring the newest version."""
        with Connection(self._access) as connection, CountedDataset(connection, "test") as remote:
            begin_s = time.perf_counter()
            report = pull_version(remote, self.copy)
            return Pulled(report=report, came_bytes=remote.came_bytes, seconds=time.perf_counter() - begin_s)


def growing_reader(root: Path, *, sessions: int, more: int, frames: int) -> Iterator[Row]:
    """What a reader of a growing dataset transfers, and what seeing that it is right costs."""
    root.mkdir()
    with served_dataset(root, f"sqlite:///{root / 'coordinator.db'}") as dataset:
        pieces = (sessions + more) * SESSION_EPISODES
        growing = Growing.large(dataset, root / "made", pieces, frames)
        reader = Reader(dataset, root / "copy")
        dataset.commit(growing.stage(sessions, SESSION_EPISODES)[0])
        whole = reader.pull()
        whole_mb = whole.report.new_bytes / 1e6
        yield figure(
            f"the first pull, {whole_mb:,.0f} MB, reader and server in one process",
            whole_mb / whole.seconds,
            "MB/s",
        )
        dataset.commit(growing.stage(more, SESSION_EPISODES)[0])
        grown = reader.pull()
        new_mb = grown.report.new_bytes / 1e6
        assert grown.report.kept_bytes > whole.report.new_bytes / 2
        yield figure(
            f"a pull when {more} of {sessions + more} sessions are new: bytes over HTTP / bytes that are new",
            grown.came_bytes / grown.report.new_bytes,
            "×",
            peer=f"{new_mb:,.1f} MB are new, {(grown.report.kept_bytes / 1e6):,.1f} MB are here",
            at_most=1.05,
        )
        yield from _checking(grown.report.local)


def _checking(local: LocalVersion) -> Iterator[Row]:
    paths = [local.path / file.path for file in local.files()]
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    what = f"{megabytes:,.0f} MB in {len(paths):,} files"
    best = in_turns({"ours": lambda: _verify(local), "sums": lambda: hash_all(paths)}, ROUNDS)
    ours, sums = (megabytes / best[name] for name in ("ours", "sums"))
    yield figure(
        f"verify, {what}, in memory's cache",
        ours,
        "MB/s",
        limit=f"hashlib alone, one file after another: {sums:,.0f} MB/s",
        at_least=min(VERIFY_MB_S, sums),
    )
    ours_s, read_s = float("inf"), float("inf")
    for _ in range(ROUNDS):
        _forget(paths)
        ours_s = min(ours_s, seconds_of(lambda: _verify(local)))
        _forget(paths)
        read_s = min(read_s, seconds_of(lambda: read_all(paths)))
    ours, disk = megabytes / ours_s, megabytes / read_s
    yield figure(
        f"verify, {what}, from the disk",
        ours,
        "MB/s",
        limit=f"reading alone, one file after another: {disk:,.0f} MB/s",
        at_least=min(VERIFY_MB_S, 0.9 * disk),
    )


def _verify(local: LocalVersion) -> None:
    faults = verify_version(local)
    assert not faults, faults


def hash_all(paths: Sequence[Path]) -> None:
    """SHA-256 of each, as `sha256sum` does it."""
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")


def read_all(paths: Sequence[Path]) -> None:
    """Read each and do nothing with it."""
    piece = bytearray(PIECE_BYTES)
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while file.readinto(piece):
                pass


def _forget(paths: Sequence[Path]) -> None:
    """Let memory hold nothing of the files, so that they have to be read again."""
    os.sync()
    for path in paths:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def opening(growing: Growing, root: Path) -> Iterator[Row]:
    """How long until a version of a large dataset can be read, as it grew and after a compaction."""
    dataset = growing.dataset
    reader = Reader(dataset, root / "copy")
    first = reader.pull()
    episodes = f"{first.report.local.version.episodes:,} episodes"
    files = f"{sum(1 for _ in first.report.local.files()):,} files"
    yield figure(f"the first pull of {episodes}, {files}", first.seconds, "s")
    growing.dataset.commit(growing.stage(1, 1)[0])
    more = reader.pull()
    yield figure(f"a pull of {episodes} and one more", more.seconds, "s")
    beside_kb = (more.came_bytes - more.report.new_bytes) / 1e3
    yield figure("what that transfers beside its new files", beside_kb, "kB")
    yield from _checking_many(first.report.local)
    begin_s = time.perf_counter()
    dataset.compact()
    yield figure(f"putting {dataset.version().episodes:,} shards together", time.perf_counter() - begin_s, "s")
    compacted = reader.pull()
    for state, one in {"as it grew": more, "after a compaction": compacted}.items():
        yield from _opening_ours(dataset, reader.copy, one.report.local.version, state)
    # As it grew a large version takes LeRobot minutes to read for the first time: see `lerobot_opening`.
    local = compacted.report.local
    what = f"{local.version.episodes:,} episodes after a compaction"
    with tempfile.TemporaryDirectory() as cache:
        seconds = in_python(_OPEN, cache, local.path, Path("whole"))
    for name, (first_s, again_s) in seconds.items():
        yield figure(f"{name} of {what}, the first time", first_s, "s")
        yield figure(f"{name} of {what}, again", again_s, "s", at_most=OPEN_S)


def _opening_ours(dataset: ServedDataset, copy: LocalCopy, version: DatasetVersion, state: str) -> Iterator[Row]:
    begin_s = time.perf_counter()
    count = sum(1 for _ in read_files(lambda key: read_object(dataset.store, key), version))
    manifests_s = time.perf_counter() - begin_s
    what = f"{version.episodes:,} episodes in {count:,} files ({state})"
    yield figure(f"reading a version's manifests, {what}", manifests_s, "s", at_most=OPEN_S)
    begin_s = time.perf_counter()
    opened = open_dataset("test", version.number, root=copy.root)
    open_s = time.perf_counter() - begin_s
    assert len(opened.episodes) == version.episodes
    of = f"version {version.number} of {dataset.version().number}"
    yield figure(f"opening what was pulled, {of}, {what}", open_s, "s", at_most=OPEN_S)


def lerobot_opening(tree: Path, what: str) -> Iterator[Row]:
    """How long LeRobot takes to know a version: the first time, and when it has put what it read into its cache."""
    with tempfile.TemporaryDirectory() as cache:
        first_s, again_s = in_python(_OPEN, cache, tree)["LeRobot's metadata"]
    yield figure(f"LeRobot's metadata of {what}, the first time", first_s, "s")
    yield figure(f"LeRobot's metadata of {what}, again", again_s, "s")


def _checking_many(local: LocalVersion) -> Iterator[Row]:
    """Many small files cost what a file costs, not what a byte does."""
    paths = [local.path / file.path for file in local.files()]
    sums_s = seconds_of(lambda: hash_all(paths))
    ours_s = seconds_of(lambda: _verify(local))
    yield figure(
        f"verify, {local.version.episodes:,} episodes in {len(paths):,} small files",
        ours_s,
        "s",
        limit=f"hashlib alone: {sums_s:.1f} s",
    )


_OPEN = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from lerobot.datasets.dataset_metadata import LeRobotDatasetMetadata
from lerobot.datasets.lerobot_dataset import LeRobotDataset

def seconds(reader):
    begin = time.perf_counter()
    reader("local/bench", root=sys.argv[1])
    return time.perf_counter() - begin

wanted = {"LeRobot's metadata": LeRobotDatasetMetadata, "LeRobotDataset": LeRobotDataset}
if len(sys.argv) < 3:
    del wanted["LeRobotDataset"]
print(json.dumps({name: [seconds(reader), seconds(reader)] for name, reader in wanted.items()}))
"""


def in_python(code: str, cache: str, *arguments: Path) -> dict[str, Any]:
    """What a program in a process of its own prints last, with caches of LeRobot's in ``cache``."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": cache, "HF_DATASETS_CACHE": cache}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])
