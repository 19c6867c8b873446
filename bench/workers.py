"""What the way through coordinator, Ray and store costs, beside `playloom convert` on the same sessions.

Everything is as it is installed: a coordinator, `playloom worker run` as a program of its own with a local Ray cluster,
a directory as the store. It has begun when the time does. Its sessions are judged by the quality gates, too, and end in
a dataset that others may read while it grows; `playloom convert` writes one directory, with as many processes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench import doom_sessions
from bench.harness import Row, Settings, figure, in_fresh_process, main
from bench.workers_tasks import wait_for_store
from playloom.client.access import save_access
from playloom.ray_patience import time_to_start
from playloom.recording.input_stream import encode_snapshot
from protos import coordinator_pb2 as pb
from tests.support.numbered_sessions import (
    GAME_YAML,
    PROFILE_YAML,
    START_NS,
    NumberedVideo,
    snapshot_for,
    write_numbered_video,
)
from tests.support.worker_site import WorkerSite, worker_site
from workers.jobs.ray_tasks import RaySettings, RayTasks
from workers.jobs.watched_task import TaskLimits

type Config = dict[str, Any]

JOBS = 2
SMALL = 256
GATES = {"too_short": 0.1}
SMALL_FRAMES = 60

LOOK_S = 0.5
"""So often it is asked whether a job is done."""

WAIT_S = 0.5
"""How long a job of the cluster row waits for a slow store."""


def _beside_convert_rows(settings: Settings) -> Iterator[Row]:
    with _directory() as directory, _running(directory / "server") as site:
        yield from _beside_convert(settings, site, directory / "doom")


def _many_small_rows(settings: Settings) -> Iterator[Row]:
    with _directory() as directory, _running(directory / "server") as site:
        yield from _many_small(settings, site, directory / "small")


@contextmanager
def _directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="playloom-bench-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _beside_convert(settings: Settings, site: WorkerSite, directory: Path) -> Iterator[Row]:
    count, seconds = (2, 4) if settings.quick else (8, 20)
    sessions = [doom_sessions.doom_session(seconds, seed=seed + 1).path for seed in range(count)]
    batch = directory / "sessions"
    for session in sessions:
        _link(session, batch / session.name)
    config = {"game_definition": doom_sessions.GAME_YAML, "fps": doom_sessions.FPS, "width": SMALL, "height": SMALL}
    site.push_profile_of("ada", doom_sessions.PROFILE_YAML)
    ours: list[float] = []
    theirs: list[float] = []
    for turn in range(1 if settings.quick else 3):
        ids = [site.add_session(batch / session.name, game_id="doom") for session in sessions]
        ours.append(count / _seconds_until_in(site, f"turn-{turn}", ids, config))
        arguments = {"sessions": str(batch), "output": str(directory / f"dataset-{turn}"), "jobs": JOBS}
        done = in_fresh_process(
            "bench.convert_child",
            arguments | {"video": "auto", "size": (SMALL, SMALL), "fps": doom_sessions.FPS},
        )
        theirs.append(count / done.result["seconds"])
    peer = f"playloom convert --jobs {JOBS}: {max(theirs):.2f} sessions/s"
    what = f"{count} sessions of {seconds} s, 1280x720 at 60 frames/s to {SMALL}x{SMALL}"
    yield figure(f"coordinator, Ray and store, {what}", max(ours), "sessions/s", peer=peer)
    yield figure("the same / playloom convert", max(ours) / max(theirs), "× peer", peer=peer, at_least=0.8)


def _many_small(settings: Settings, site: WorkerSite, directory: Path) -> Iterator[Row]:
    counts = (10, 20) if settings.quick else (10, 100, 1000)
    paths = [_small_session(directory / "sessions" / f"s{number:04d}", 7 * number) for number in range(max(counts))]
    config = {"game_definition": GAME_YAML, "fps": 30, "width": 96, "height": 64}
    cost_ms: dict[int, float] = {}
    site.push_profile_of("ada", PROFILE_YAML)
    for count in counts:
        ids = [site.add_session(path, game_id="test_game") for path in paths[:count]]
        cost_ms[count] = 1000 * _seconds_until_in(site, f"small-{count}", ids, config) / count
        yield figure(f"{count:,} sessions of {SMALL_FRAMES} frames, 96x64, copied", cost_ms[count], "ms each")
    first, last = min(counts), max(counts)
    yield figure(f"a session among {last:,} / among {first}", cost_ms[last] / cost_ms[first], "× peer", at_most=1.2)


def _cluster(settings: Settings) -> Iterator[Row]:
    nodes = (1, 2) if settings.quick else (1, 2, 4)
    alone = 0.0
    for count in nodes:
        rate = _cluster_rate(count, jobs=4 * JOBS * count)
        alone = alone or rate
        yield figure(f"jobs that wait {WAIT_S:g} s for a slow store, {count} nodes of {JOBS} CPUs", rate, "jobs/s")
        if count > 1:
            yield figure(
                f"the same, {count} nodes / 1",
                rate / alone,
                "× peer",
                peer=f"1 node {alone:.2f} jobs/s",
                at_least=0.8 * count,
            )


def _cluster_rate(nodes: int, jobs: int) -> float:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_worker_niceness", "0")
    import ray
    from ray.cluster_utils import Cluster

    with time_to_start(ray):
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": JOBS, "include_dashboard": False})
    try:
        with time_to_start(ray):
            for _ in range(nodes - 1):
                cluster.add_node(num_cpus=JOBS)
        tasks = RayTasks(RaySettings(address=str(cluster.address)))
        tasks.start()
        limits = TaskLimits(memory_bytes=1 << 30, silence_s=60)
        try:
            _all_at_once(tasks, limits, jobs)  # processes begin
            begin_s = time.monotonic()
            _all_at_once(tasks, limits, jobs)
            return jobs / (time.monotonic() - begin_s)
        finally:
            tasks.close()
    finally:
        cluster.shutdown()


def _all_at_once(tasks: RayTasks, limits: TaskLimits, jobs: int) -> None:
    running = [tasks.run(partial(wait_for_store, WAIT_S), limits) for _ in range(jobs)]
    threads = [threading.Thread(target=lambda one=one: list(one.events())) for one in running]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def _running(directory: Path) -> Iterator[WorkerSite]:
    """A coordinator and a worker that takes jobs."""
    with worker_site(directory) as site:
        save_access(site.worker(), directory / "access")
        options = ["--access", str(directory / "access"), "--store", site.store_url, "--slots", str(JOBS)]
        places = ["--scratch", str(directory / "scratch"), "--ray-cpus", str(JOBS), "--until-closed"]
        command = [sys.executable, "-m", "playloom", "worker", "run", *options, *places]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            try:
                said = worker.stdout.readline()
                assert "takes jobs" in said, said
                time.sleep(5)  # processes for tasks are begun and have imported what they need
                yield site
            finally:
                worker.stdin.close()
                worker.wait(300)


def _seconds_until_in(site: WorkerSite, dataset: str, ids: Sequence[str], config: Config) -> float:
    """From the jobs' beginning to their end by the coordinator's clock: who asks it often takes its time."""
    site.create_dataset(dataset, **config, task="Play", gates=GATES)
    request = pb.IngestSessionsRequest(dataset=dataset, session_ids=ids)
    jobs = site.operator.call(site.operator.datasets.IngestSessions, request, timeout_s=300).jobs
    ended = [_when_done(site, job.id) for job in jobs]
    assert site.newest(dataset).sessions == len(ids)
    begun_unix_ns = min(job.created_unix_ns for job in ended)
    return (max(job.finished_unix_ns for job in ended) - begun_unix_ns) / 1e9


def _when_done(site: WorkerSite, job_id: str) -> pb.Job:
    while (job := site.job(job_id)).state != "done":
        assert job.state != "dead", f"{job.reason}\n{site.log(job_id)}"
        time.sleep(LOOK_S)
    return job


def _link(session: Path, path: Path) -> None:
    """The three files: with a session.json each copy would be the same recording."""
    path.mkdir(parents=True)
    for name in ("capture.mp4", "sync.csv", "actions.bin"):
        os.link(session / name, path / name)


def _small_session(path: Path, first: int) -> Path:
    """One whose pictures are no other session's."""
    path.mkdir(parents=True)
    numbers = range(first, first + SMALL_FRAMES)
    times_ns = [round(number * 1e9 / 30) for number in range(SMALL_FRAMES)]
    write_numbered_video(path / "capture.mp4", numbers, times_ns, NumberedVideo())
    lines = [f"{number},{START_NS + at_ns},{at_ns}\n" for number, at_ns in enumerate(times_ns)]
    (path / "sync.csv").write_text("frame_index,monotonic_ns,pts\n" + "".join(lines))
    inputs = [snapshot_for(number, START_NS + at_ns - 1000) for number, at_ns in zip(numbers, times_ns, strict=True)]
    (path / "actions.bin").write_bytes(b"".join(map(encode_snapshot, inputs)))
    return path


if __name__ == "__main__":
    main("bench.workers", __doc__, {"convert": _beside_convert_rows, "small": _many_small_rows, "cluster": _cluster})
