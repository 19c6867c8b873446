"""`playloom worker run` as it is installed: what befalls the program, not only its parts."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Set
from pathlib import Path

import psutil
import pytest

from playloom.client.access import save_access
from tests.support.command import wait_until
from tests.support.deployment import Program
from tests.support.numbered_sessions import write_numbered_session
from tests.support.worker_site import worker_site

FRAMES = 15000


def kill_raylets(program: Program, but: Set[int] = frozenset()) -> set[int]:
    """All of a worker's, except for some; returns which."""
    children = psutil.Process(program.process_id).children(recursive=True)
    found = {one.pid for one in children if one.name() == "raylet"} - but
    for raylet in found:
        os.kill(raylet, signal.SIGKILL)
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_worker_whose_raylet_is_killed_begins_again_and_the_session_enters_once(tmp_path: Path) -> None:
    with worker_site(tmp_path) as site:
        site.create_dataset(video="transcode")
        site.push_profile_of("ada")
        save_access(site.worker(), tmp_path / "worker")
        program = Program(
            *("worker", "run", "--access", str(tmp_path / "worker"), "--store", site.store_url),
            *("--scratch", str(tmp_path / "scratch"), "--ray-cpus", "1", "--slots", "1", "--lease-s", "5"),
            home=tmp_path / "worker-home",
        )
        with program.running():
            session = site.add_session(write_numbered_session(tmp_path / "recordings/long", FRAMES), "ada")
            job = site.ingest(session)
            site.until(job, lambda found: found.state != "ready")
            time.sleep(0.7)  # its video takes some seconds
            killed = kill_raylets(program)
            assert len(killed) == 1

            def settled() -> bool:
                if program.has_ended:
                    # Ray may end the program of a driver that lost its node; a service begins it again
                    program.kill()
                    program.start()
                if len(killed) == 1:  # the next one, too, while it starts
                    killed.update(kill_raylets(program, but=killed))
                return site.job(job).state in ("done", "dead")

            wait_until(settled, "the job has ended", timeout_s=300)
            assert len(killed) == 2
            assert site.job(job).state == "done", site.log(job)
            children = psutil.Process(program.process_id).children(recursive=True)
            alive = [one.name() for one in children if one.status() != psutil.STATUS_ZOMBIE]
            assert alive.count("gcs_server") == 1, "the clusters before are gone"
        assert set(site.sessions_in()) == {session}
