"""Conversions that are killed, stopped, raced or run out of disk: a whole dataset or none, and --resume goes on."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from playloom.errors import OutputError
from tests.support.conversions import convert, options_for, read_episodes, tree, write_definitions
from tests.support.numbered_sessions import NumberedVideo, write_numbered_session
from workers.convert import VideoPath, convert_sessions
from workers.working_directory import working_path

SESSIONS = 5
LONG = 3000
"""Frames of a session that is still being transcoded whenever the test comes to stop it."""


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five sessions, their definitions and the dataset of an uninterrupted conversion."""
    directory = tmp_path_factory.mktemp("batch")
    for number in range(SESSIONS):
        write_numbered_session(directory / "sessions" / f"session-{number}", 40 + number)
    convert(directory, video=VideoPath.TRANSCODE, task="count", jobs=2)
    return directory


def command(batch: Path, output: Path, *more: str) -> list[str]:
    game, profile = write_definitions(batch)
    return [
        str(Path(sys.executable).with_name("playloom")),
        "convert",
        *("--session-root", str(batch / "sessions"), "--game-definition", str(game), "--action-mapping", str(profile)),
        *("--output-root", str(output), "--repo-id", "local/test", "--task", "count", "--video", "transcode"),
        *("--jobs", "1", *more),
    ]


def sessions_done(output: Path) -> int:
    return len(list((working_path(output) / "sessions").glob("*/session.json")))


def start_and_wait_for(batch: Path, output: Path, sessions: int, *more: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        command(batch, output, *more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while sessions_done(output) < sessions and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    return process


@pytest.mark.slow
@pytest.mark.parametrize("sessions", [0, 1, 3, SESSIONS])
def test_a_conversion_that_is_killed_goes_on_to_the_same_dataset(batch: Path, tmp_path: Path, sessions: int) -> None:
    output = tmp_path / "dataset"
    process = start_and_wait_for(batch, output, sessions)
    process.kill()  # SIGKILL: nothing of ours runs after it
    process.communicate()

    finished = subprocess.run(command(batch, output, "--resume"), capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stderr
    assert tree(output) == tree(batch / "dataset")
    assert [entry.name for entry in tmp_path.iterdir()] == ["dataset"]


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_conversion_that_is_stopped_leaves_no_dataset_says_how_to_go_on_and_does(
    tmp_path: Path, stop: signal.Signals
) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 40)
    write_numbered_session(tmp_path / "sessions" / "b", LONG)
    output = tmp_path / "dataset"
    process = start_and_wait_for(tmp_path, output, 1)
    os.killpg(process.pid, stop)  # as a terminal does: to the whole group
    _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "No dataset was written" in said
    assert "--resume" in said
    assert not output.exists()

    finished = subprocess.run(command(tmp_path, output, "--resume"), capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stderr
    assert [len(episode.numbers) for episode in read_episodes(output)] == [40, LONG]


def interrupted(directory: Path) -> Path:
    """An output whose conversion was interrupted after some progress."""
    write_numbered_session(directory / "sessions" / "a", 20)
    write_numbered_session(directory / "sessions" / "b", 20)

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_sessions(options_for(directory), stop)
    return directory / "dataset"


def test_an_interrupted_conversion_is_not_thrown_away_unasked(tmp_path: Path) -> None:
    interrupted(tmp_path)

    with pytest.raises(OutputError, match=r"an earlier conversion into it was interrupted. Add --resume"):
        convert(tmp_path)

    assert convert(tmp_path, overwrite=True).episodes == 2


def test_going_on_with_other_options_is_refused_and_the_option_named(tmp_path: Path) -> None:
    interrupted(tmp_path)

    with pytest.raises(OutputError, match=r"another --crf \(23, now 30\)"):
        convert(tmp_path, resume=True, crf=30)
    write_numbered_session(tmp_path / "sessions" / "c", 20)
    with pytest.raises(OutputError, match="another list of sessions"):
        convert(tmp_path, resume=True)


def test_going_on_with_what_is_finished_already_changes_nothing(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 20)
    first = convert(tmp_path)
    before = tree(tmp_path / "dataset")

    again = convert(tmp_path, resume=True)

    assert again == first
    assert tree(tmp_path / "dataset") == before


def test_a_session_that_changed_meanwhile_is_converted_again(tmp_path: Path) -> None:
    interrupted(tmp_path)
    shutil.rmtree(tmp_path / "sessions" / "a")
    write_numbered_session(tmp_path / "sessions" / "a", 26)

    convert(tmp_path, resume=True)

    assert [len(episode.numbers) for episode in read_episodes(tmp_path / "dataset")] == [26, 20]


def test_a_session_that_is_in_a_shard_already_need_not_be_there_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 20)
    write_numbered_session(tmp_path / "sessions" / "b", 20, video=NumberedVideo(b_frames=2))  # needs its own file

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("workers.convert.write_metadata", stop)
        with pytest.raises(KeyboardInterrupt):
            convert(tmp_path, video=VideoPath.COPY)
    (tmp_path / "sessions" / "a" / "actions.bin").unlink()

    report = convert(tmp_path, video=VideoPath.COPY, resume=True)

    assert report.converted == ("a", "b")
    assert [episode.numbers for episode in read_episodes(tmp_path / "dataset")] == [list(range(20))] * 2


def test_files_of_a_shard_that_was_not_finished_are_cleared_away(tmp_path: Path) -> None:
    interrupted(tmp_path)
    leftover = working_path(tmp_path / "dataset") / "dataset/data/chunk-000/file-007.parquet"
    leftover.parent.mkdir(parents=True, exist_ok=True)
    leftover.write_bytes(b"half of it")

    convert(tmp_path, resume=True)

    assert [path.name for path in (tmp_path / "dataset/data/chunk-000").iterdir()] == ["file-000.parquet"]


def test_what_stands_at_the_output_is_never_touched_unasked(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 20)
    convert(tmp_path)
    (tmp_path / "dataset" / "notes.txt").write_text("mine")
    before = tree(tmp_path / "dataset")

    with pytest.raises(OutputError, match="exists already"):
        convert(tmp_path)
    assert tree(tmp_path / "dataset") == before

    convert(tmp_path, overwrite=True)
    assert "notes.txt" not in tree(tmp_path / "dataset")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["dataset", "game.yaml", "profile.yaml", "sessions"]


def test_overwriting_replaces_datasets_only(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 20)
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "thesis.txt").write_text("mine")

    with pytest.raises(OutputError, match="is not a dataset"):
        convert(tmp_path, overwrite=True)

    assert (tmp_path / "dataset" / "thesis.txt").read_text() == "mine"


def test_a_failed_overwrite_leaves_the_dataset_that_was_there(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 20)
    convert(tmp_path)
    before = tree(tmp_path / "dataset")

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_sessions(options_for(tmp_path, overwrite=True, crf=40), stop)

    assert tree(tmp_path / "dataset") == before


def test_an_empty_directory_may_become_the_dataset(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 20)
    (tmp_path / "dataset").mkdir()

    assert convert(tmp_path).episodes == 1


def test_of_two_conversions_into_one_output_the_second_is_refused(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 20)
    working = working_path(tmp_path / "dataset")
    working.mkdir()
    with (working / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="another conversion is writing it"):
            convert(tmp_path)

    assert convert(tmp_path).episodes == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    path = tmp_path / "small"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


@pytest.mark.parametrize("video", [VideoPath.COPY, VideoPath.TRANSCODE])
def test_a_full_disk_is_named_and_leaves_no_half_dataset(tmp_path: Path, small_disk: Path, video: VideoPath) -> None:
    for number in range(3):
        write_numbered_session(tmp_path / "sessions" / f"session-{number}", 60)
    (small_disk / "other files").write_bytes(b"x" * ((1 << 20) - 48 * 1024))

    with pytest.raises(OutputError, match="No space left on device") as raised:
        convert(tmp_path, output_root=small_disk / "dataset", video=video)

    assert str(small_disk) in str(raised.value)
    assert not (small_disk / "dataset").exists()

    (small_disk / "other files").unlink()
    report = convert(tmp_path, output_root=small_disk / "dataset", video=video, resume=True)

    assert report.episodes == 3
    assert [episode.numbers for episode in read_episodes(small_disk / "dataset")] == [list(range(60))] * 3
