"""The parts of a worker that need neither a server nor Ray."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from playloom.errors import PlayloomError
from playloom.game_definition import parse_game_definition
from playloom.manifest.config import DatasetConfig
from playloom.manifest.staged import StagedSession
from playloom.objects.directory_store import DirectoryStore
from playloom.objects.errors import ObjectDamagedError, ObjectMissingError
from playloom.objects.object_store import put_file, read_object
from playloom.recording.session_info import file_record
from tests.support.numbered_sessions import GAME_YAML, PROFILE_YAML, write_numbered_session
from workers.jobs.fetching import RANGE_BYTES, SessionFile, bring_session
from workers.jobs.gates import GATES, check_gates, thresholds_of, told
from workers.jobs.ingest_step import IngestOrder, NotStaged, Staged, StoredProfile, choose_stored_profile, ingest
from workers.jobs.leased_job import JobStoppedError, LeasedJob, Stop
from workers.jobs.ray_tasks import ClusterError, RaySettings, RayTasks
from workers.jobs.scratch import attempt_directory, remove_left_attempts
from workers.jobs.watched_task import TaskDied, TaskDone, TaskLimits, TaskProgress, WatchedProcess

GAME = parse_game_definition(GAME_YAML, Path("game.yaml"))
CONFIG = DatasetConfig(
    game_definition=GAME_YAML, class_ids=("default",), fps=30, width=96, height=64, task="count the frames"
)


class Ranged:
    """A store that can only be read in ranges, and that notes them."""

    def __init__(self, store: DirectoryStore) -> None:
        self._store = store
        self.url = store.url
        self.read: list[tuple[int, int | None]] = []

    def stream(self, key: str, *, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
        self.read.append((begin, end))
        return self._store.stream(key, begin=begin, end=end)


def stored(store: DirectoryStore, session: Path) -> tuple[SessionFile, ...]:
    files = []
    for path in sorted(session.iterdir()):
        put_file(store, f"sessions/a/{path.name}", path)
        record = file_record(path)
        files.append(
            SessionFile(name=path.name, key=f"sessions/a/{path.name}", size_bytes=record.bytes, sha256=record.sha256)
        )
    return tuple(files)


def order_for(root: Path, session: Path, **changes: Any) -> IngestOrder:
    values: dict[str, Any] = {
        "store": str(root / "store"),
        "scratch": root / "scratch",
        "dataset_id": "dataset-1",
        "config": CONFIG,
        "session_id": "session-1",
        "session": session.name,
        "player_id": "player-1",
        "player": "ada",
        "recorded_unix_ns": 7,
        "game_id": "test_game",
        "profile_name": "",
        "task": "",
        "files": stored(DirectoryStore(root / "store"), session),
        "profiles": (StoredProfile(profile_name="pad", content=PROFILE_YAML),),
    }
    return IngestOrder(**values | changes)


def test_a_converted_session_lies_in_the_store_and_again_under_the_same_names(tmp_path: Path) -> None:
    order = order_for(tmp_path, write_numbered_session(tmp_path / "one", 60))
    heard: list[tuple[float, str]] = []

    staged = ingest(order, heard.append)
    assert isinstance(staged, Staged)
    assert ingest(order, lambda _: None) == staged

    store = DirectoryStore(tmp_path / "store")
    session = StagedSession.from_bytes(read_object(store, staged.key), staged.key)
    assert (session.session_id, session.player, session.task, session.copied) == (
        "session-1",
        "ada",
        "count the frames",
        True,
    )
    (piece,) = session.pieces
    assert piece.length == 60
    assert read_object(store, piece.video.key)[4:8] == b"ftyp"
    rows = pq.read_table(tmp_path / "store" / "objects" / piece.rows.key)
    assert rows.column_names == ["action", "controller"]
    assert rows.column("action")[3].as_py() == [3 / 256, 0.0, 1.0, 0.75]
    shares = [share for share, _ in heard]
    assert shares == sorted(shares)
    assert [text for _, text in heard][-1] == "sending the last episodes to the store"
    assert list((tmp_path / "scratch").iterdir()) == []


def test_an_object_that_is_gone_or_damaged_is_told(tmp_path: Path) -> None:
    order = order_for(tmp_path, write_numbered_session(tmp_path / "one", 60))
    video = tmp_path / "store" / "objects" / "sessions" / "a" / "capture.mp4"
    video.write_bytes(b"short")
    damaged = ingest(order, lambda _: None)
    assert isinstance(damaged, NotStaged)
    assert (damaged.retry, "has 5 bytes, not " in damaged.reason) == (True, True)
    video.unlink()
    gone = ingest(order, lambda _: None)
    assert isinstance(gone, NotStaged)
    assert (gone.retry, "there is no object 'sessions/a/capture.mp4'" in gone.reason) == (False, True)


@pytest.mark.parametrize(
    ("profiles", "named", "problem"),
    [
        ((), "", "ada has stored no mapping profile for 'test_game'"),
        (("pad", "keys"), "", "the session names no mapping profile, and ada has stored several: 'pad', 'keys'"),
        (("pad",), "keys", "was played with the mapping profile 'keys', and ada has stored only 'pad'"),
    ],
)
def test_no_profile_is_guessed(tmp_path: Path, profiles: tuple[str, ...], named: str, problem: str) -> None:
    own = tuple(StoredProfile(profile_name=name, content=PROFILE_YAML) for name in profiles)
    order = order_for(tmp_path, write_numbered_session(tmp_path / "one", 2), profiles=own, profile_name=named)
    with pytest.raises(PlayloomError, match=problem):
        choose_stored_profile(order, GAME)


def test_a_session_takes_the_profile_that_it_names(tmp_path: Path) -> None:
    own = tuple(
        StoredProfile(profile_name=name, content=PROFILE_YAML.replace("profile_name: pad", f"profile_name: {name}"))
        for name in ("pad", "keys")
    )
    order = order_for(tmp_path, write_numbered_session(tmp_path / "one", 2), profiles=own, profile_name="keys")
    assert choose_stored_profile(order, GAME).profile_name == "keys"


def test_a_directory_is_linked_and_another_store_is_read_in_ranges(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    content = os.urandom(RANGE_BYTES + 1000)
    (tmp_path / "one" / "capture.mp4").write_bytes(content)
    store = DirectoryStore(tmp_path / "store")
    (file,) = stored(store, tmp_path / "one")
    for name in ("linked", "read"):
        (tmp_path / name).mkdir()

    bring_session(store, [file], tmp_path / "linked", lambda _: None)
    assert (tmp_path / "linked" / "capture.mp4").stat().st_nlink == 2
    ranged: Any = Ranged(store)
    shares: list[float] = []
    bring_session(ranged, [file], tmp_path / "read", shares.append)
    assert (tmp_path / "read" / "capture.mp4").read_bytes() == content
    assert sorted(ranged.read) == [(0, RANGE_BYTES), (RANGE_BYTES, RANGE_BYTES + 1000)]
    assert shares == [1.0]

    other = SessionFile(name="capture.mp4", key=file.key, size_bytes=file.size_bytes, sha256="0" * 64)
    with pytest.raises(ObjectDamagedError, match="has the SHA-256"):
        bring_session(ranged, [other], tmp_path / "read", shares.append)
    missing = SessionFile(name="capture.mp4", key="nowhere", size_bytes=1, sha256="0" * 64)
    with pytest.raises(ObjectMissingError):
        bring_session(store, [missing], tmp_path / "linked", shares.append)


@pytest.mark.parametrize(
    ("session", "gates", "gate", "reason"),
    [
        ({"count": 20}, {}, "too_short", "it lasts 0.6 s, and 1 s is the least"),
        (
            {"count": 60, "time_ns": lambda number: round((number + 40 * (number > 30)) * 1e9 / 30)},
            {},
            "gaps",
            "40 of 100 frames are missing (40%, at most 20%), the longest gap 1.4 s after frame 30",
        ),
        ({"count": 60, "first_input": 60}, {}, "no_input", "no button, key or stick was ever touched"),
        (
            {"count": 60},
            {"no_input": 100},
            "no_input",
            "the inputs change 30.508 times a second, and 100 is the least",
        ),
    ],
)
def test_each_gate_says_why_it_is_shut(
    tmp_path: Path, session: dict[str, Any], gates: dict[str, Any], gate: str, reason: str
) -> None:
    path = write_numbered_session(tmp_path / "one", **session)
    if session.get("first_input") == session["count"]:
        _say_no_input(path)
    refusals, accepted = check_gates(path, GAME, gates, frozenset())
    assert [(one.gate, one.reason) for one in refusals] == [(gate, reason)]
    assert accepted == []
    assert check_gates(path, GAME, gates, frozenset({gate})) == ([], [f"accepted although {reason}"])
    assert check_gates(path, GAME, gates | {gate: False}, frozenset()) == ([], [])
    assert told(refusals) == (
        f"the session does not enter the dataset: {reason} ({gate}). "
        f"If it is good all the same: playloom jobs retry JOB --accept {gate}"
    )


def test_thresholds_are_the_datasets_or_the_defaults() -> None:
    assert thresholds_of({}) == {name: gate.default for name, gate in GATES.items()}
    changed = thresholds_of({"too_short": 5, "frozen": False, "wrong_window": True})
    assert (changed["too_short"], changed["frozen"], changed["wrong_window"]) == (5.0, None, 1.0)
    with pytest.raises(PlayloomError, match="there is no quality gate 'too_long'"):
        thresholds_of({"too_long": 1})
    with pytest.raises(PlayloomError, match="'much' is no threshold of the quality gate 'drops'"):
        thresholds_of({"drops": "much"})


def test_only_what_a_dead_attempt_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "attempt-dead").mkdir()
    (tmp_path / "attempt-dead" / "lock").touch()
    with attempt_directory(tmp_path) as alive:
        assert remove_left_attempts(tmp_path) == 1
        assert list(tmp_path.iterdir()) == [alive]
    assert list(tmp_path.iterdir()) == []


def test_a_wish_to_cancel_comes_too_late_when_others_may_finish_the_job() -> None:
    job = LeasedJob(id="job-1", kind="ingest", payload={}, fence=1, attempts=1)
    stopped: list[str] = []
    job.while_running(lambda: stopped.append("stopped"))
    job.keep_from_cancelling()
    job.stop(Stop.CANCELLED)
    job.checkpoint()
    assert stopped == []
    job.stop(Stop.RETURNED)
    job.stop(Stop.LOST)
    assert stopped == ["stopped", "stopped"]
    with pytest.raises(JobStoppedError) as found:
        job.checkpoint()
    assert found.value.why is Stop.LOST


def test_a_job_that_was_cancelled_before_is_not_handed_on() -> None:
    job = LeasedJob(id="job-1", kind="ingest", payload={}, fence=1, attempts=1)
    job.stop(Stop.CANCELLED)
    with pytest.raises(JobStoppedError, match="cancelled"):
        job.keep_from_cancelling()


def grow(size_bytes: int, tell: Callable[[Any], None]) -> int:
    tell("growing")
    held = bytearray(size_bytes)
    held[:: 1 << 12] = b"x" * len(held[:: 1 << 12])
    time.sleep(0.5)
    return len(held)


def process_number(_: Callable[[Any], None]) -> int:
    return os.getpid()


def crash(tell: Callable[[Any], None]) -> None:
    tell("frame 7")
    os.kill(os.getpid(), signal.SIGSEGV)


def test_a_process_is_kept_from_task_to_task_until_it_dies_or_takes_too_much(tmp_path: Path) -> None:
    limits = TaskLimits(memory_bytes=256 << 20, silence_s=10)
    process = WatchedProcess(tmp_path)

    def done(task: Callable[..., Any]) -> Any:
        (event,) = process.run(task, limits)
        assert isinstance(event, TaskDone)
        return event.result

    first = done(process_number)
    assert done(process_number) == first
    greedy = list(process.run(partial(grow, 512 << 20), limits))
    assert greedy == [
        TaskProgress(what="growing"),
        TaskDied(reason="it needed more than 256 MiB of memory", over_limit=True),
    ]
    second = done(process_number)
    assert second != first
    assert list(process.run(crash, limits)) == [
        TaskProgress(what="frame 7"),
        TaskDied(reason="its process was ended by SIGSEGV: Fatal Python error: Segmentation fault"),
    ]
    silent = process.run(partial(grow, 1), TaskLimits(memory_bytes=256 << 20, silence_s=0.1))
    assert list(silent)[-1] == TaskDied(reason="it did not go on for 0 s", over_limit=True)
    process.close()
    assert list(tmp_path.iterdir()) == []


def test_rays_client_is_refused_before_anything_begins() -> None:
    with pytest.raises(ClusterError, match="is for Ray's client, which hands on no progress of tasks"):
        RayTasks(RaySettings(address="ray://games.lan:10001")).start()


def _say_no_input(path: Path) -> None:
    """A session.json that says that there was no input at all."""
    records = {name: file_record(path / name) for name in ("capture.mp4", "sync.csv", "actions.bin")}
    values = {
        "format_version": 1,
        "session_id": "one",
        "source": "test",
        "clock": {"kind": "monotonic", "started_unix_ns": 0, "started_monotonic_ns": 0},
        "counts": {"frames": 60, "repeated": 0, "dropped": 0, "late": 0},
        "marks": [],
        "files": {name: {"bytes": one.bytes, "sha256": one.sha256} for name, one in records.items()},
    }
    (path / "session.json").write_text(json.dumps(values))
