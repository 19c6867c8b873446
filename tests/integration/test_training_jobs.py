"""Training as a job, with a real coordinator, a real Ray cluster and the real trainer, however it is interrupted."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from coordinator.commands.program_payload import program_payload
from playloom.documents import document_in
from playloom.runs.pulling import pull_run
from playloom.runs.stored_run import stored_steps
from protos import coordinator_pb2 as pb
from tests.support.command import wait_until
from tests.support.numbered_sessions import write_numbered_session
from tests.support.worker_site import DATASET, WorkerSite, worker_site
from training.runs.logging import read_metrics
from workers.jobs.ray_jobs import RayJobs
from workers.jobs.ray_tasks import RaySettings, RayTasks
from workers.jobs.run import WorkerOptions, worker_for
from workers.jobs.worker import WorkerGroup

# Ray's client of its job submission calls aiohttp as that is not to be called any more.
pytestmark = pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")

RAY = RaySettings(cpus=2)
JOB_S = 400.0
STEPS = 300
TINY = (
    "idm", f"data.path={DATASET}", "preset=debug", "data.cache=false", "trainer.log_every=1",
    "trainer.validate_every=50", f"trainer.max_steps={STEPS}",
)  # fmt: skip


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayTasks]:
    tasks = RayTasks(RAY)
    tasks.start()
    yield tasks
    tasks.close()


@pytest.fixture
def site(tmp_path: Path, cluster: RayTasks) -> Iterator[WorkerSite]:
    """With a dataset of four sessions."""
    with worker_site(tmp_path) as running:
        running.create_dataset()
        running.push_profile_of("ada")
        with working(running, cluster, kinds=("ingest",)):
            for number in range(4):
                session = write_numbered_session(tmp_path / f"recordings/{number}", 60 + number)
                assert running.ended(running.ingest(running.add_session(session))).state == "done"
        yield running


@contextmanager
def working(site: WorkerSite, cluster: RayTasks, **changes: Any) -> Iterator[WorkerGroup]:
    options: dict[str, Any] = {
        "access": site.worker(),
        "store": site.store_url,
        "scratch": site.root / "scratch",
        "ray": RAY,
        "slots": 1,
        "kinds": ("train", "label"),
    }
    with worker_for(WorkerOptions(**options | changes), cluster) as running:
        thread = threading.Thread(target=running.worker.run)
        thread.start()
        try:
            yield running.worker
        finally:
            running.worker.hurry()
            thread.join(120)
            assert not thread.is_alive()


def submit(site: WorkerSite, *words: str) -> str:
    return site.submit("train", **program_payload("train", [*TINY, *words]))


def run_of(job_id: str, name: str = "idm") -> str:
    return f"{name}-{job_id[-8:]}"


def trainers(job_id: str) -> list[int]:
    """Processes that train for a job."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "train" in words and any(run_of(job_id) in word for word in words) and "playloom" in words:
            found.append(process.pid)
    return found


def losses(site: WorkerSite, job_id: str) -> dict[int, float]:
    directory = site.root / "pulled" / job_id
    pull_run(site.store, run_of(job_id), directory)
    return {
        int(line["step"]): line["train/loss"]
        for line in read_metrics(directory / "metrics.jsonl")
        if "train/loss" in line
    }


@pytest.mark.slow
def test_a_job_whose_training_is_killed_goes_on_to_the_same_losses_and_one_that_is_cancelled_ends(
    site: WorkerSite, cluster: RayTasks
) -> None:
    with working(site, cluster):
        whole = submit(site)
        assert site.ended(whole, JOB_S).state == "done", site.log(whole)

        killed = submit(site)
        wait_until(lambda: bool(stored_steps(site.store, run_of(killed))), "a checkpoint", JOB_S)
        (process,) = trainers(killed)
        os.kill(process, signal.SIGKILL)
        done = site.ended(killed, JOB_S)
        assert done.state == "done", site.log(killed)

        endless = submit(site, "trainer.max_steps=1000000")
        wait_until(lambda: bool(stored_steps(site.store, run_of(endless))), "a checkpoint", JOB_S)
        site.operator.call(site.operator.jobs.CancelJob, pb.CancelJobRequest(job_id=endless))
        assert site.ended(endless, JOB_S).state == "cancelled", site.log(endless)
        wait_until(lambda: not trainers(endless), "its process has ended")

    assert any("going on from step" in line for line in site.log(killed))
    assert losses(site, killed) == losses(site, whole)
    assert len(losses(site, whole)) == STEPS
    result = document_in(done.result)
    assert (result["run"], result["step"]) == (run_of(killed), STEPS)
    listed = site.operator.call(site.operator.datasets.ListCheckpoints, pb.ListCheckpointsRequest(dataset=DATASET))
    assert {one.name for one in listed.checkpoints} == {run_of(one) for one in (whole, killed, endless)}
    assert all(one.sources[0].version == 4 for one in listed.checkpoints)


@pytest.mark.slow
def test_a_worker_that_is_gone_leaves_the_program_and_the_next_one_finds_it_again(
    site: WorkerSite, cluster: RayTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = RayJobs(RAY)
    try:
        with shared.connected():
            local = shared._local
            assert local is not None
            monkeypatch.setenv("RAY_AUTH_TOKEN", local.token)
            with working(site, cluster, dashboard=local.url):
                job = submit(site, "trainer.max_steps=600")
                wait_until(lambda: bool(stored_steps(site.store, run_of(job))), "a checkpoint", JOB_S)
            (program,) = trainers(job)
            with working(site, cluster, dashboard=local.url):
                done = site.ended(job, JOB_S)
            assert (done.state, done.attempts) == ("done", 2), site.log(job)
            assert f"found again: the program {job}-1" in site.log(job)
            assert not psutil.pid_exists(program)
            assert len(losses(site, job)) == 600
    finally:
        shared.close()
