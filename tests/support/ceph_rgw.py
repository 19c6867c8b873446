"""A real S3 server for tests and benchmarks: Ceph's object gateway on a store in memory, on this machine only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import lasting_port
from tests.support.processes import has_ended

ACCESS_KEY, SECRET_KEY = "test-access-key", "test-secret-key-0123"
PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "ceph", "ceph-authtool", "monmaptool", "radosgw-admin")
START_S = 60.0

_CONFIG = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{v2_port}/0,v1:127.0.0.1:{v1_port}/0]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
run dir = {root}/run
admin socket = {root}/run/$name.asok
log file = {root}/log/$name.log
pid file = {root}/run/$name.pid
keyring = {root}/keyring
mon cluster log file = {root}/log/cluster.log
paxos propose interval = 0.05
paxos min wait = 0.01
[mon.a]
mon data = {root}/mon
[osd]
osd objectstore = memstore
memstore device bytes = {memory_bytes}
osd data = {root}/osd
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw data = {root}
rgw enable usage log = false
"""


@dataclass(frozen=True, kw_only=True)
class CephGateway:
    """A running gateway. Attributes: endpoint: its address; root: its directory."""

    endpoint: str
    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to sign its requests."""
        return {"MINIO_ACCESS_KEY": ACCESS_KEY, "MINIO_SECRET_KEY": SECRET_KEY}

    def kill(self) -> None:
        """End the gateway at once, as a crash would; what it has written stays in the store behind it."""
        pid_file = self.root / "run" / "client.rgw.pid"
        pid = int(pid_file.read_text())
        _kill(pid, signal.SIGKILL)
        _wait_for(lambda: has_ended(pid))
        pid_file.unlink(missing_ok=True)

    def start(self) -> None:
        """Start it, again; returns when it answers."""
        _run("radosgw", "-c", self.root / "ceph.conf", "-n", "client.rgw")
        _wait_for(lambda: _answers(self.endpoint))


def missing_programs() -> list[str]:
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextmanager
def ceph_gateway(root: Path, *, memory_bytes: int = 4 << 30) -> Iterator[CephGateway]:
    """Start monitor, store and gateway with one user, and stop them.

    Args:
        root: an empty directory with a short path: sockets lie in it.
        memory_bytes: what the store may hold.
    """
    ports = [lasting_port() for _ in range(3)]
    for name in ("mon", "osd", "log", "run"):
        (root / name).mkdir(parents=True)
    fsid = str(uuid.uuid4())
    config = root / "ceph.conf"
    config.write_text(
        _CONFIG.format(
            fsid=fsid, root=root, port=ports[0], v2_port=ports[1], v1_port=ports[2], memory_bytes=memory_bytes
        )
    )
    try:
        _start_store(root, config, fsid, ports)
        running = CephGateway(endpoint=f"http://127.0.0.1:{ports[0]}", root=root)
        running.start()
        user = ("--uid", "test", "--display-name", "test", "--access-key", ACCESS_KEY, "--secret", SECRET_KEY)
        _run("radosgw-admin", "-c", config, "user", "create", *user)
        yield running
    finally:
        _stop(root)


def _start_store(root: Path, config: Path, fsid: str, ports: list[int]) -> None:
    keyring, monmap = root / "keyring", root / "monmap"
    users = {
        "mon.": ("mon", "allow *"),
        "client.admin": ("mon", "allow *", "osd", "allow *", "mgr", "allow *"),
        "client.rgw": ("mon", "allow rwx", "osd", "allow rwx", "mgr", "allow rw"),
        "osd.0": ("mon", "allow profile osd", "osd", "allow *", "mgr", "allow profile osd"),
    }
    for number, (name, capabilities) in enumerate(users.items()):
        pairs = zip(capabilities[::2], capabilities[1::2], strict=True)
        grants = [word for who, what in pairs for word in ("--cap", who, what)]
        create = ("--create-keyring",) if number == 0 else ()
        _run("ceph-authtool", keyring, *create, "--gen-key", "-n", name, *grants)
    address = f"[v2:127.0.0.1:{ports[1]},v1:127.0.0.1:{ports[2]}]"
    _run("monmaptool", "--create", "--addv", "a", address, "--fsid", fsid, monmap)
    _run("ceph-mon", "-c", config, "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
    _run("ceph-mon", "-c", config, "-i", "a")
    osd_id = str(uuid.uuid4())
    _run("ceph", "-c", config, "osd", "new", osd_id)
    _run("ceph-osd", "-c", config, "-i", "0", "--mkfs", "--osd-uuid", osd_id)
    _run("ceph-osd", "-c", config, "-i", "0")
    _wait_for(lambda: '"num_up_osds":1' in _run("ceph", "-c", config, "osd", "stat", "-f", "json"))


def _run(*command: object) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=START_S, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr[-500:]}"
    return done.stdout


def _answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(endpoint, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _wait_for(condition: object) -> None:
    assert callable(condition)
    end_s = time.monotonic() + START_S
    while not condition():
        assert time.monotonic() < end_s, "Ceph did not start"
        time.sleep(0.02)


def _stop(root: Path) -> None:
    pids = [int(file.read_text()) for file in (root / "run").glob("*.pid") if file.read_text().strip()]
    for pid in pids:
        _kill(pid, signal.SIGKILL)  # all of it was in memory
    for pid in pids:
        end_s = time.monotonic() + 10
        while not has_ended(pid) and time.monotonic() < end_s:
            time.sleep(0.02)


def _kill(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
