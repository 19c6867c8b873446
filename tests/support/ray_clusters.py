"""Ray clusters that were begun by somebody else, in programs of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HEAD = """\
import sys
import ray
from ray.cluster_utils import Cluster
from playloom.ray_patience import time_to_start
with time_to_start(ray):
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": int(sys.argv[1]), "dashboard_port": 0,
                                                            "object_store_memory": 80 << 20,
                                                            "include_dashboard": sys.argv[2] == "dashboard"})
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


TOKEN = "5" * 64


def home_with_token(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in a home that holds a token, as any Ray of this machine alone leaves one."""
    (home / ".ray").mkdir()
    (home / ".ray/auth_token").write_text(TOKEN)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_worker_niceness", "0")
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)


@contextmanager
def cluster(*, mode: str, cpus: int = 1, dashboard: bool = False) -> Iterator[str]:
    """A cluster as `ray start --head` begins one, but patient. Yields its address.

    Args:
        mode: whether it asks for a token, in Ray's words: ``token`` or ``disabled``.
        cpus: that it says to have.
        dashboard: whether it takes programs.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", HEAD, str(cpus), "dashboard" if dashboard else "none"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"RAY_AUTH_MODE": mode},
    )
    assert process.stdout is not None
    try:
        address = ""
        while ":" not in address:
            address = process.stdout.readline().strip()
            assert process.poll() is None, "no cluster"
        yield address
    finally:
        process.communicate("", timeout=300)
