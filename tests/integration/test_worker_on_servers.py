"""A worker on PostgreSQL, a bucket and a cluster of two nodes: the same, by configuration alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from playloom.client.access import save_access
from playloom.ray_patience import ENVIRONMENT, time_to_start
from tests.support.archives import new_bucket
from tests.support.ceph_rgw import CephGateway
from tests.support.databases import new_database_address
from tests.support.numbered_sessions import write_numbered_session
from tests.support.postgres import Postgres
from tests.support.worker_site import WorkerSite, worker_site


@pytest.fixture
def cluster_address(gateway: CephGateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A cluster of two nodes that have the store's keys in their environment, as an operator starts them."""
    for name, value in gateway.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_worker_niceness", "0")  # beside other tests nothing would get on with Ray's own 15
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    import ray
    from ray.cluster_utils import Cluster

    with time_to_start(ray):
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        with time_to_start(ray):
            cluster.add_node(num_cpus=1)
        yield str(cluster.address)
    finally:
        cluster.shutdown()


@pytest.fixture
def site(tmp_path: Path, postgres: Postgres, gateway: CephGateway, cluster_address: str) -> Iterator[WorkerSite]:
    address = new_database_address("postgresql", tmp_path, lambda: postgres)
    with worker_site(tmp_path, database=address, store=new_bucket(gateway)) as running:
        running.create_dataset()
        running.push_profile_of("ada")
        yield running


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_sessions_enter_over_postgresql_a_bucket_and_two_nodes(
    site: WorkerSite, cluster_address: str, tmp_path: Path
) -> None:
    ids = [site.add_session(write_numbered_session(tmp_path / f"s{number}", 60)) for number in range(4)]
    save_access(site.worker(), tmp_path / "access")
    options = ["--access", str(tmp_path / "access"), "--store", site.store_url, "--scratch", str(tmp_path / "scratch")]
    worker = subprocess.Popen(
        [sys.executable, "-m", "playloom", "worker", "run", *options, "--ray-address", cluster_address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    try:
        assert worker.stdout is not None
        assert "2 jobs at a time" in worker.stdout.readline()
        ended = [site.ended(site.ingest(one), 600) for one in ids]
        assert [job.state for job in ended] == ["done"] * 4, ended
        worker.terminate()
        _, said = worker.communicate(timeout=300)
    finally:
        worker.kill()
        worker.communicate()
    assert worker.returncode == 0
    assert said == ""
    assert set(site.sessions_in()) == set(ids)
    assert list((tmp_path / "scratch").glob("attempt-*")) == []
