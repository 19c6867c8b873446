"""Clusters with and without Ray's token, met by somebody who has one: that says nothing of the cluster."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from playloom.ray_token import asks_for_token
from tests.support.ray_clusters import cluster, home_with_token

RUN = """\
import sys
from functools import partial
from bench.workers_tasks import wait_for_store
from workers.jobs.ray_tasks import RaySettings, RayTasks
from workers.jobs.watched_task import TaskDone, TaskLimits
tasks = RayTasks(RaySettings(address=sys.argv[1]))
tasks.start()
events = list(tasks.run(partial(wait_for_store, 0.1), TaskLimits(memory_bytes=1 << 30, silence_s=60)).events())
assert isinstance(events[-1], TaskDone), events
print("told")
tasks.close()
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", ["disabled", "token"])
def test_what_a_task_tells_is_heard_whether_the_cluster_asks_for_a_token_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    home_with_token(tmp_path, monkeypatch)
    with cluster(mode=mode) as address:
        assert asks_for_token(address) is (mode == "token")
        done = subprocess.run(
            [sys.executable, "-c", RUN, address], capture_output=True, text=True, timeout=300, check=False
        )
        assert done.stdout.strip() == "told", done.stderr


def test_nobody_there_is_neither() -> None:
    assert asks_for_token("127.0.0.1:9") is None
