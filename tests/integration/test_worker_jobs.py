"""Workers with a real coordinator and a real Ray cluster: a session enters a dataset once, whatever befalls workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from coordinator.database.tables import jobs
from playloom.client.access import save_access
from playloom.documents import document_in
from protos import coordinator_pb2 as pb
from tests.support.command import wait_until
from tests.support.numbered_sessions import NumberedVideo, write_numbered_session
from tests.support.ports import lasting_port
from tests.support.task_examples import held_ingest, poisoned_ingest, told_processes
from tests.support.worker_site import DATASET, WorkerSite, worker_site
from workers.jobs.ray_tasks import RaySettings, RayTasks
from workers.jobs.run import WorkerOptions, worker_for
from workers.jobs.worker import WorkerGroup

pytestmark = pytest.mark.timeout(1800)

RAY = RaySettings(cpus=2)


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayTasks]:
    tasks = RayTasks(RAY)
    tasks.start()
    yield tasks
    tasks.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[WorkerSite]:
    with worker_site(tmp_path) as running:
        running.create_dataset()
        running.push_profile_of("ada")
        yield running


@contextmanager
def working(site: WorkerSite, cluster: RayTasks, **changes: Any) -> Iterator[WorkerGroup]:
    """A worker at work within the block; at its end it gives its jobs back."""
    options: dict[str, Any] = {
        "access": site.worker(),
        "store": site.store_url,
        "scratch": site.root / "scratch",
        "ray": RAY,
        "slots": 2,
    }
    with worker_for(WorkerOptions(**options | changes), cluster) as running:
        thread = threading.Thread(target=running.worker.run)
        thread.start()
        try:
            yield running.worker
        finally:
            running.worker.hurry()
            thread.join(300)
            assert not thread.is_alive()


def session(site: WorkerSite, name: str, frames: int = 60, player: str = "ada", **changes: Any) -> str:
    return site.add_session(write_numbered_session(site.root / "recordings" / name, frames, **changes), player)


def result_of(job: pb.Job) -> dict[str, Any]:
    return document_in(job.result)


def hold(site: WorkerSite, stage: str) -> Path:
    """Conversions wait at this stage until the file is gone."""
    path = site.root / "scratch" / "hold"
    path.parent.mkdir(exist_ok=True)
    path.write_text(stage)
    return path


def test_sessions_of_two_players_enter_the_dataset_once_each(site: WorkerSite, cluster: RayTasks) -> None:
    site.push_profile_of("bob")
    ids = [session(site, f"s{number}", player="ada" if number % 2 else "bob") for number in range(4)]
    with working(site, cluster):
        first = [site.ingest(one) for one in ids]
        again = site.ingest(ids[0])
        ended = [site.ended(job) for job in (*first, again)]

    assert [job.state for job in ended] == ["done"] * 5
    assert result_of(ended[0])["episodes"] == 1
    assert result_of(ended[0])["frames"] == 60
    assert result_of(ended[0])["added_version"] == result_of(ended[4])["added_version"]
    assert set(site.sessions_in()) == set(ids)
    assert (site.newest().episodes, site.newest().frames) == (4, 240)
    log = site.log(first[0])
    assert log[0].endswith("attempt 1")
    assert log[1:] == [
        "converted: 1 episode, 60 frames",
        f"in the dataset 'numbers' since version {log[-1].split()[-1]}",
    ]
    assert list((site.root / "scratch").iterdir()) == []


def test_a_recording_that_names_no_game_enters_as_one_of_the_datasets(site: WorkerSite, cluster: RayTasks) -> None:
    nameless = site.add_session(write_numbered_session(site.root / "recordings" / "old", 60), game_id="")
    request = pb.IngestSessionsRequest(dataset=DATASET, session_ids=[nameless])
    with working(site, cluster):
        (job,) = site.operator.call(site.operator.datasets.IngestSessions, request).jobs
        assert site.ended(job.id).state == "done", site.log(job.id)
    assert set(site.sessions_in()) == {nameless}


def test_a_session_that_fails_a_gate_is_told_why_and_enters_after_an_appeal(
    site: WorkerSite, cluster: RayTasks
) -> None:
    short = session(site, "short", 3)
    idle = session(site, "idle", 60, first_input=60)
    with working(site, cluster):
        jobs_ = [site.ingest(one) for one in (short, idle)]
        refused, unplayed = (site.ended(job) for job in jobs_)
        assert (refused.state, refused.attempts) == ("dead", 1)
        assert "it lasts 0.1 s, and 0.1 s is the least (too_short)" in refused.reason
        assert "playloom jobs retry JOB --accept too_short" in refused.reason
        assert unplayed.state == "dead"
        retry = pb.RetryJobRequest(job_id=jobs_[0], accept=["too_short"])
        site.operator.call(site.operator.jobs.RetryJob, retry)
        accepted = site.ended(jobs_[0])

    assert accepted.state == "done", accepted
    assert result_of(accepted)["warnings"][-1].startswith("accepted although it lasts 0.1 s")
    assert set(site.sessions_in()) == {short}


def test_datasets_are_compacted_rolled_back_cleared_of_sessions_and_collected_by_jobs(
    site: WorkerSite, cluster: RayTasks
) -> None:
    ids = [session(site, f"s{number}") for number in range(3)]
    with working(site, cluster):
        first = result_of(site.ended(site.ingest(ids[0])))["added_version"]
        for one in ids[1:]:
            assert site.ended(site.ingest(one)).state == "done"
        compacted = site.ended(site.submit("dataset.compact", dataset=DATASET))
        assert (compacted.state, result_of(compacted)) == ("done", {"version": 4})
        assert set(site.sessions_in()) == set(ids)
        request = pb.RemoveFromDatasetRequest(dataset=DATASET, session_ids=[ids[1]])
        removal = site.operator.call(site.operator.datasets.RemoveFromDataset, request)
        removed = site.ended(removal.job.id)
        assert (removed.state, result_of(removed)) == ("done", {"version": 5})
        assert (site.newest().sessions, site.newest().frames) == (2, 120)
        back = site.ended(site.submit("dataset.rollback", dataset=DATASET, version=first))
        assert (back.state, result_of(back)) == ("done", {"version": 6})
        assert (site.newest().sessions, site.newest().frames) == (1, 60)
        refused = site.ended(site.submit("dataset.rollback", dataset=DATASET, version=99))
        assert (refused.state, refused.attempts) == ("dead", 1)
        collected = site.ended(site.submit("dataset.gc", dataset=DATASET, grace_s=0, withdraw_after_s=0))
        assert collected.state == "done", collected.reason
        assert result_of(collected)["withdrawn"] == 3
        told = [line for line in site.log(collected.id) if line.startswith("deleted datasets/")]
        assert len(told) == result_of(collected)["objects"] > 0
        again = site.ended(site.ingest(ids[1]))

    assert again.state == "dead"
    assert "was taken out of this dataset, and does not enter again" in again.reason


def test_a_missing_profile_is_asked_for_and_the_session_enters_when_it_is_there(
    site: WorkerSite, cluster: RayTasks
) -> None:
    one = session(site, "one", player="eve")
    with working(site, cluster):
        job = site.ingest(one)
        refused = site.ended(job)
        assert refused.state == "dead"
        assert refused.reason == (
            "eve has stored no mapping profile for 'test_game'. "
            "On eve's PC: playloom profile push PROFILE.yaml; then: playloom jobs retry JOB"
        )
        site.push_profile_of("eve")
        site.operator.call(site.operator.jobs.RetryJob, pb.RetryJobRequest(job_id=job))
        assert site.ended(job).state == "done"


def test_damaged_large_and_long_sessions_are_converted_as_far_as_they_go(site: WorkerSite, cluster: RayTasks) -> None:
    damaged = write_numbered_session(site.root / "recordings" / "damaged", 120)
    content = bytearray((damaged / "actions.bin").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 40] = b"\xff" * 40
    (damaged / "actions.bin").write_bytes(content)
    torn = write_numbered_session(site.root / "recordings" / "torn", 120)
    video = (torn / "capture.mp4").read_bytes()
    (torn / "capture.mp4").write_bytes(video[: len(video) * 3 // 4])
    large = session(site, "large", 12, video=NumberedVideo(width=3840, height=2160))
    ids = [site.add_session(damaged), site.add_session(torn), large]
    with working(site, cluster):
        ended = [site.ended(site.ingest(one, accept=["sync_error"])) for one in ids]

    assert [job.state for job in ended] == ["done"] * 3, ended
    assert any("actions.bin" in warning for warning in result_of(ended[0])["warnings"])
    assert any("capture.mp4" in warning for warning in result_of(ended[1])["warnings"])
    assert 60 <= result_of(ended[1])["frames"] < 120
    assert result_of(ended[2])["frames"] == 12


def test_a_recording_of_ten_hours_becomes_pieces_that_no_reader_misses(site: WorkerSite, cluster: RayTasks) -> None:
    site.create_dataset("slow", fps=1, width=16, height=16)
    video = NumberedVideo(width=16, height=16, keyframe_interval=60)
    long = session(site, "long", 36_000, fps=1, video=video)
    with working(site, cluster):
        done = site.ended(site.ingest(long, dataset="slow"))

    assert done.state == "done", done.reason
    assert result_of(done)["frames"] == 36_000
    assert result_of(done)["episodes"] == 40


def test_a_poisoned_video_and_a_greedy_one_cost_their_own_jobs_only(site: WorkerSite, cluster: RayTasks) -> None:
    ids = {name: session(site, name) for name in ("poison", "bomb", "good")}
    with working(site, cluster, step=poisoned_ingest, memory_bytes=400 << 20):
        found = {name: site.ingest(one) for name, one in ids.items()}
        assert site.ended(found["good"]).state == "done"
        bomb = site.ended(found["bomb"])
        poison = site.until(found["poison"], lambda job: job.state == "waiting")

    assert (bomb.state, bomb.attempts) == ("dead", 1)
    assert bomb.reason == "it needed more than 400 MiB of memory, at 40%: converting, 9 of 60 frames"
    assert poison.reason == (
        "its process was ended by SIGSEGV: Fatal Python error: Segmentation fault, at 30%: converting, 7 of 60 frames"
    )
    assert list(site.sessions_in()) == [ids["good"]]


@pytest.mark.parametrize("stage", ["reading", "looking", "converting", "sending"])
def test_a_job_that_is_cancelled_stops_where_it_is_and_leaves_no_trace(
    site: WorkerSite, cluster: RayTasks, stage: str
) -> None:
    one = session(site, "one")
    hold(site, stage)
    with working(site, cluster, step=held_ingest):
        job = site.ingest(one)
        site.until(job, lambda found: found.progress_text.startswith(stage))
        site.operator.call(site.operator.jobs.CancelJob, pb.CancelJobRequest(job_id=job))
        cancelled = site.ended(job)
        (process,) = told_processes(site.root / "scratch")
        wait_until(lambda: not Path(f"/proc/{process}").exists(), "its process has ended")

    assert cancelled.state == "cancelled"
    assert site.sessions_in() == {}
    assert site.newest().staged == 0


def test_a_job_goes_on_when_its_process_or_that_of_ray_is_killed(site: WorkerSite, cluster: RayTasks) -> None:
    one = session(site, "one")
    held = hold(site, "converting")
    with working(site, cluster, step=held_ingest):
        job = site.ingest(one)
        site.until(job, lambda found: found.progress_text.startswith("converting"))
        (process,) = told_processes(site.root / "scratch")
        os.kill(parent_of(process), signal.SIGKILL)
        wait_until(lambda: len(told_processes(site.root / "scratch")) == 2, "it is begun again")
        held.unlink()
        done = site.ended(job)

    assert (done.state, done.attempts) == ("done", 1)
    assert "its place in the Ray cluster was lost (WorkerCrashedError); it is begun again" in site.log(job)
    assert set(site.sessions_in()) == {one}


@pytest.mark.slow
def test_the_job_of_a_worker_that_was_killed_is_done_by_another(site: WorkerSite, cluster: RayTasks) -> None:
    ids = [session(site, f"s{number}") for number in range(3)]
    save_access(site.worker(), site.root / "access")
    command = ["worker", "run", "--access", str(site.root / "access"), "--store", site.store_url, "--lease-s", "5"]
    own = ["--scratch", str(site.root / "own scratch"), "--slots", "1", "--ray-cpus", "1"]
    program = subprocess.Popen(
        [sys.executable, "-m", "playloom", *command, *own], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert program.stdout is not None
        assert "takes jobs, 1 job at a time" in program.stdout.readline()
        jobs_ = [site.ingest(one) for one in ids]
        site.until(jobs_[0], lambda job: job.state != "ready")
        below = descendants_of(program.pid)
        program.kill()
        program.wait(10)
    finally:
        program.kill()
        program.communicate()
    wait_until(lambda: not any(map(is_there, below)), "what it had started has ended", timeout_s=30)
    with working(site, cluster):
        ended = [site.ended(job) for job in jobs_]

    assert [job.state for job in ended] == ["done"] * 3
    assert set(site.sessions_in()) == set(ids)
    assert site.newest().episodes == 3


def test_a_worker_that_lost_its_lease_stops_and_reports_nothing(site: WorkerSite, cluster: RayTasks) -> None:
    one = session(site, "one")
    hold(site, "converting")
    with working(site, cluster, step=held_ingest):
        job = site.ingest(one)
        site.until(job, lambda found: found.progress_text.startswith("converting"))
        site.write(update(jobs).where(jobs.c.id == job).values(fence=jobs.c.fence + 1, worker="another"))
        (process,) = told_processes(site.root / "scratch")
        wait_until(lambda: not Path(f"/proc/{process}").exists(), "its process has ended")
        time.sleep(0.3)
        found = site.job(job)

    assert (found.state, found.worker, found.reason) == ("leased", "another", "")
    assert site.newest().staged == 0


def test_a_worker_that_drains_ends_what_runs_and_in_a_hurry_gives_it_back(site: WorkerSite, cluster: RayTasks) -> None:
    ids = [session(site, name) for name in ("runs", "waits")]
    held = hold(site, "converting")
    with working(site, cluster, step=held_ingest, slots=1) as worker:
        runs, waits = (site.ingest(one) for one in ids)
        site.until(runs, lambda job: job.progress_text.startswith("converting"))
        worker.drain()
        held.unlink()
        assert site.ended(runs).state == "done"
        assert site.job(waits).state == "ready"
    held = hold(site, "converting")
    with working(site, cluster, step=held_ingest, slots=1) as worker:
        site.until(waits, lambda job: job.progress_text.startswith("converting"))
        worker.hurry()
        given_back = site.until(waits, lambda job: job.state == "waiting")

    assert given_back.reason == "its worker was ended before it was done"


def test_a_coordinator_that_is_away_is_waited_for_while_work_goes_on(tmp_path: Path, cluster: RayTasks) -> None:
    address = f"127.0.0.1:{lasting_port()}"
    with worker_site(tmp_path, listen=address) as site:
        site.create_dataset()
        site.push_profile_of("ada")
        one = session(site, "one")
        held = hold(site, "converting")
        away = threading.Event()
        found: list[pb.Job] = []
        with working(site, cluster, step=held_ingest):
            job = site.ingest(one)
            site.until(job, lambda now: now.progress_text.startswith("converting"))

            def restart(begin: Callable[[], None]) -> None:
                away.set()
                begin()

            site.restart(lambda: restart(held.unlink))
            found.append(site.ended(job))
    assert away.is_set()
    assert (found[0].state, found[0].attempts) == ("done", 1)


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def is_there(process: int) -> bool:
    path = Path(f"/proc/{process}/stat")
    try:
        return path.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def is_agent(process: int) -> bool:
    """One of Ray's own that holds nothing, and that stays for a minute to tell of its raylet's death."""
    try:
        return b"Agent" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def descendants_of(process: int) -> list[int]:
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = parent_of(int(path.name))
        except OSError:
            continue
    found, waiting = [], [process]
    while waiting:
        below = [one for one, parent in parents.items() if parent == waiting[0] and not is_agent(one)]
        found += below
        waiting = [*waiting[1:], *below]
    return found
