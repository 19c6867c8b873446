"""Training and labelling as jobs on a cluster that an operator has begun and that asks for its token, with a bucket."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coordinator.commands.program_payload import program_payload
from playloom.client.access import save_access
from playloom.documents import document_in
from playloom.labels.labels_file import read_labels
from playloom.runs.pulling import pull_run
from playloom.runs.stored_run import stored_steps
from tests.support.archives import new_bucket
from tests.support.ceph_rgw import CephGateway
from tests.support.dataset_videos import numbered_video
from tests.support.numbered_sessions import write_numbered_session
from tests.support.ray_clusters import cluster, home_with_token
from tests.support.worker_site import DATASET, WorkerSite, worker_site
from training.runs.logging import read_metrics

STEPS = 12
JOB_S = 600.0


@pytest.fixture
def site(tmp_path: Path, gateway: CephGateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerSite]:
    for name, value in gateway.environment.items():
        monkeypatch.setenv(name, value)
    with worker_site(tmp_path, store=new_bucket(gateway)) as running:
        running.create_dataset()
        running.push_profile_of("ada")
        yield running


@contextmanager
def worker_on(site: WorkerSite, address: str) -> Iterator[None]:
    save_access(site.worker(), site.root / "access")
    words = ["--access", str(site.root / "access"), "--store", site.store_url, "--scratch", str(site.root / "scratch")]
    with (site.root / "worker.txt").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "playloom", "worker", "run", *words, "--ray-address", address],
            stdout=said,
            stderr=said,
            env=os.environ,
        )
        try:
            yield
            process.terminate()
            assert process.wait(300) == 0, (site.root / "worker.txt").read_text()
        finally:
            process.kill()
            process.wait()


@pytest.mark.slow
@pytest.mark.timeout(2400)
@pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")
def test_two_ranks_train_and_actors_label_as_jobs_of_a_cluster_and_the_run_is_in_the_bucket(
    site: WorkerSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    home_with_token(tmp_path / "home", monkeypatch)
    (tmp_path / "videos").mkdir()
    for name in ("one", "two"):
        numbered_video(tmp_path / f"videos/{name}.mp4", 60)

    with cluster(mode="token", cpus=4, dashboard=True) as address, worker_on(site, address):
        for number in range(4):
            session = write_numbered_session(tmp_path / f"recordings/{number}", 60 + number)
            entered = site.ingest(site.add_session(session))
            assert site.ended(entered, JOB_S).state == "done", site.log(entered)
        words = (
            "idm", f"data.path={DATASET}", "preset=debug", "data.cache=false", "trainer.log_every=1",
            f"trainer.max_steps={STEPS}", f"trainer.validate_every={STEPS}", "trainer.processes=2",
        )  # fmt: skip
        trained = site.submit("train", **program_payload("train", words))
        done = site.ended(trained, JOB_S)
        assert done.state == "done", "\n".join(site.log(trained))
        run = document_in(done.result)["run"]

        filters = [f"filters.{name}.on=false" for name in ("confidence", "disagreement", "idle", "cuts", "duplicates")]
        label = (run, str(tmp_path / "videos"), f"output={tmp_path}/labelled", "runners.workers=2", "model.threads=1")
        words = (*label, *filters, "filters.min_episode_s=0.1", "dataset.repo_id=local/labelled")
        labelled = site.submit("label", **program_payload("label", words))
        done = site.ended(labelled, JOB_S)
        assert done.state == "done", "\n".join(site.log(labelled))

    assert stored_steps(site.store, run) == [STEPS]
    pull_run(site.store, run, tmp_path / "pulled")
    losses = [line for line in read_metrics(tmp_path / "pulled/metrics.jsonl") if "train/loss" in line]
    assert [line["step"] for line in losses] == list(range(1, STEPS + 1))
    found = [read_labels(path) for path in sorted((tmp_path / "labelled/labels").glob("*.parquet"))]
    assert [len(labels.action) for labels in found] == [60, 60]
    assert (tmp_path / "labelled/dataset/meta/info.json").exists()
