"""The whole way with the programs as they are installed: three players upload at once over TLS, a worker on a Ray
cluster weaves their sessions into one dataset, LeRobot reads what is pulled, and one player is taken out again.

Once with everything embedded, once with PostgreSQL, Ceph and a cluster of two nodes: by configuration alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import pytest

from capture_node.gym.options import RecordOptions
from capture_node.gym.record import record_agent
from playloom.client.access import save_access
from playloom.datasets.local_copy import LocalCopy
from playloom.objects.object_store import list_objects, read_object
from playloom.objects.open_store import open_store
from playloom.ray_patience import ENVIRONMENT
from tests.support.archives import ArchivePlace
from tests.support.conversions import read_episodes
from tests.support.deployment import GamingPC, Program, Server, environment, playloom, wait_while

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

PLAYERS = ("ada", "grace", "joan")
STEPS = 90

# A node of a cluster in a process of its own; two of them make the smallest cluster that is one.
CLUSTER = """\
import sys
import ray
from ray.cluster_utils import Cluster
from playloom.ray_patience import time_to_start
with time_to_start(ray):
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 80 << 20})
    cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""

RAY_ENVIRONMENT = ENVIRONMENT | {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",  # beside other tests nothing would get on with Ray's own 15
}


@contextmanager
def two_ray_nodes() -> Iterator[str]:
    """The address of a cluster."""
    with TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", CLUSTER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=os.environ | RAY_ENVIRONMENT,
        )
        assert process.stdout is not None
        try:
            address = ""
            while ":" not in address:
                address = process.stdout.readline().strip()
                errors.seek(0)
                assert process.poll() is None, f"no cluster: {errors.read()[-5000:]}"
            yield address
        finally:
            process.communicate("", timeout=300)


@contextmanager
def cluster_for(place: ArchivePlace) -> Iterator[tuple[str, ...]]:
    """What a worker is told of its cluster: its own beside an embedded server, one of two nodes beside servers."""
    if place.store.startswith("file:"):
        yield ("--ray-cpus", "2")
        return
    with two_ray_nodes() as address:
        yield ("--ray-address", address)


def record(pc: GamingPC, seed: int) -> None:
    """Two episodes of Courier lie in the PC's spool."""
    from playloom.environments.input_device import InputDevice
    from playloom.environments.settings import EnvironmentSettings

    options = RecordOptions(
        environment="courier",
        settings=EnvironmentSettings(seed=seed, size=(64, 64)),
        root=pc.spool,
        player=pc.player,
        agent="casual",
        device=InputDevice.GAMEPAD,
        max_steps=STEPS,
        episodes=2,
        profile_name="gamepad",
        task="Deliver the parcels",
    )
    pc.spool.mkdir(parents=True, exist_ok=True)
    assert len(list(record_agent(options, 1, lambda: False))) == 2


def dataset(server: Server) -> dict[str, Any]:
    return playloom("datasets", "show", "parcels", "--access", server.operator, home=server.home)


def holds(server: Server, sessions: int) -> bool:
    return dataset(server)["sessions"] == sessions


def change(server: Server, worker: Program, *command: str) -> None:
    """A command that waits for its job."""
    words = [sys.executable, "-m", "playloom", "datasets", *command, "--access", str(server.operator)]
    with subprocess.Popen(
        words, env=environment(server.home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            wait_while(worker, lambda: process.poll() is not None, f"{command[0]} is done", server=server)
        finally:
            process.kill()
        assert process.returncode == 0, process.communicate()


def test_three_players_sessions_become_one_dataset_and_one_player_is_taken_out(
    archive_place: ArchivePlace, tmp_path: Path
) -> None:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    server = Server(tmp_path, archive_place)
    operator = ("--access", str(server.operator))
    worker_home = tmp_path / "worker-home"
    worker_home.mkdir()
    with server.running(), cluster_for(archive_place) as cluster:
        games = tmp_path / "games"
        subprocess.run(
            [sys.executable, "-m", "playloom", "gym", "define", "courier", "--input", "gamepad", "-o", str(games)],
            check=True,
            capture_output=True,
        )
        gates = ("--gate", "too_short=1", "--gate", "no_input=off", "--gate", "frozen=off")
        shape = ("--size", "64x64", "--fps", "30")
        playloom("datasets", "create", "parcels", "--game", games / "courier.yaml", *shape, *gates, *operator,
                 home=server.home)  # fmt: skip
        save_access(server.enrol("wes", "worker"), worker_home)
        pcs = [GamingPC(tmp_path, player) for player in PLAYERS]
        for number, pc in enumerate(pcs):
            pc.enrol(server.enrol(pc.player))
            playloom("profile", "push", games / "courier-gamepad.yaml", home=pc.home)
            record(pc, seed=10 * number)
        worker = Program(
            *("worker", "run", "--access", str(worker_home), "--store", archive_place.store),
            *("--scratch", str(tmp_path / "scratch"), *cluster),
            home=worker_home,
        )
        with worker.running():
            with ThreadPoolExecutor(3) as pool:
                list(pool.map(lambda pc: playloom("upload", pc.spool, home=pc.home), pcs))
            wait_while(
                worker, lambda: holds(server, 6), "every session is in the dataset", between_s=0.5, server=server
            )

            reader = pcs[0].home
            pulled = playloom("datasets", "pull", "parcels", home=reader)
            assert playloom("datasets", "verify", "parcels", "--decode", home=reader) == {"whole": True, "faults": []}
            read: Any = LeRobotDataset("playloom/parcels", root=pulled["path"], video_backend="pyav")
            assert len(read) == 6 * STEPS
            assert {np.asarray(read[place]["action"]).shape for place in (0, len(read) - 1)} == {(14,)}
            graces = playloom("datasets", "open", "parcels", "--player", "grace", home=reader)["episodes"]
            assert len(graces) == 2

            remove = ("remove", "parcels", "--player", "grace", "--delete-recordings", "--yes", "--wait")
            change(server, worker, *remove)
            change(server, worker, "gc", "parcels", "--grace-hours", "0", "--withdraw-after-hours", "0", "--wait")

            again = playloom("datasets", "pull", "parcels", home=reader)
            assert again["dropped_versions"] == [pulled["version"]]
            assert playloom("datasets", "verify", "parcels", "--decode", home=reader)["whole"]
            assert [one.session for one in read_episodes(Path(again["path"]))].count("grace") == 0
    assert_nothing_is_left_of("grace", archive_place, LocalCopy(Path(again["path"]).parents[1]))


def assert_nothing_is_left_of(player: str, place: ArchivePlace, copy: LocalCopy) -> None:
    """No object of the store names a player, and none of the copy."""
    store = open_store(place.store)
    for there in list_objects(store):
        assert player.encode() not in read_object(store, there.key), there.key
    for path in copy.root.rglob("*"):
        assert not path.is_file() or player.encode() not in path.read_bytes(), path
    assert json.loads((copy.root / "versions" / f"{copy.numbers()[-1]}.json").read_bytes())
