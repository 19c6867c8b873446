"""Imports that are killed, stopped or run twice at once: what is whole stays, and a second run goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from playloom.recording.session import find_sessions, open_session
from playloom.recording.session_info import file_record
from tests.support.command import wait_until
from tests.support.dataset_videos import numbers_shown
from tests.support.importing import run_playloom
from tests.support.importing.nitrogen import LabelledChunk, write_shard
from tests.support.importing.vpt import write_vpt_recording
from tests.support.numbered_sessions import NumberedVideo, write_numbered_video
from workers.importing.session_output import locked_output

PLAYLOOM = str(Path(sys.executable).with_name("playloom"))


def hidden(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir() if path.name.startswith(".")]


def test_an_import_that_is_killed_goes_on_with_what_it_had_not_finished(tmp_path: Path) -> None:
    slow = NumberedVideo(width=320, height=192, b_frames=2, movflags="faststart")  # has to be encoded anew
    write_vpt_recording(tmp_path / "raw", "a-quick", {}, frames=20)
    write_vpt_recording(tmp_path / "raw", "b-slow", {}, frames=400, video=slow)
    output = tmp_path / "sessions"
    with subprocess.Popen(
        [PLAYLOOM, "import", "vpt", str(tmp_path / "raw"), "-o", str(output)], stdout=subprocess.DEVNULL
    ) as process:
        begun = lambda: any(  # noqa: E731
            (path / "capture.mp4").exists() for path in output.glob(".b-slow-*.importing")
        )
        wait_until(begun, "the second session is begun")
        process.kill()
    assert [path.name[:7] for path in find_sessions(output)] == ["a-quick"]
    first = find_sessions(output)[0]
    before = (first / "capture.mp4").stat().st_mtime_ns
    done = run_playloom("import", "vpt", tmp_path / "raw", "-o", output, "--json")
    assert [one["kept"] for one in json.loads(done.stdout)["imported"]] == [True, False]
    assert (first / "capture.mp4").stat().st_mtime_ns == before
    assert hidden(output) == []
    for path in find_sessions(output):
        info = open_session(path).info
        assert info is not None
        assert {name: file_record(path / name) for name in info.files} == info.files
    assert numbers_shown(find_sessions(output)[1] / "capture.mp4", 20) == list(range(400))


def test_ctrl_c_keeps_what_is_whole_and_says_how_to_go_on(tmp_path: Path) -> None:
    slow = NumberedVideo(width=320, height=192, b_frames=2, movflags="faststart")
    write_vpt_recording(tmp_path / "raw", "slow", {}, frames=400, video=slow)
    output = tmp_path / "sessions"
    with subprocess.Popen(
        [PLAYLOOM, "import", "vpt", str(tmp_path / "raw"), "-o", str(output)], stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: any(output.glob(".slow-*.importing/capture.mp4")), "the session is begun")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 130
    assert "next: run the same command again to go on" in said
    assert list(output.iterdir()) == []


def test_two_imports_into_one_directory_do_not_meet(tmp_path: Path) -> None:
    write_vpt_recording(tmp_path / "raw", "play", {}, frames=4)
    with locked_output(tmp_path / "sessions"):
        done = run_playloom("import", "vpt", tmp_path / "raw", "-o", tmp_path / "sessions")
    assert done.returncode == 1
    assert "another import is writing into it. Wait for it" in done.stderr
    assert run_playloom("import", "vpt", tmp_path / "raw", "-o", tmp_path / "sessions").returncode == 0


def test_a_session_that_was_changed_since_is_not_taken_for_whole(tmp_path: Path) -> None:
    write_vpt_recording(tmp_path / "raw", "play", {}, frames=4)
    run_playloom("import", "vpt", tmp_path / "raw", "-o", tmp_path / "sessions")
    [session] = find_sessions(tmp_path / "sessions")
    (session / "sync.csv").write_text("")
    done = run_playloom("import", "vpt", tmp_path / "raw", "-o", tmp_path / "sessions")
    assert done.returncode == 1
    assert "sync.csv: is not as it was imported. Remove" in done.stdout


def test_labels_that_were_sorted_before_a_stop_are_not_sorted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = "dQw4w9WgXcQ"
    (tmp_path / "videos").mkdir()
    times_ns = [number * 1_000_000_000 // 30 for number in range(30)]
    write_numbered_video(
        tmp_path / "videos" / f"{video}.mp4", range(30), times_ns, NumberedVideo(width=192, height=108), 30
    )
    shard = write_shard(tmp_path / "s.tar.gz", [LabelledChunk(video=video, end_s=1.0, rows=60)])
    command = ("import", "nitrogen", shard, "--videos", tmp_path / "videos", "-o", tmp_path / "sessions", "--json")

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("workers.importing.nitrogen.make_video", stopped)
        assert run_playloom(*command).returncode == 130
    assert hidden(tmp_path / "sessions") == [".nitrogen-labels"]
    with monkeypatch.context() as patched:
        patched.setattr("workers.importing.label_spool.members_of", lambda _: pytest.fail("sorted again"))
        done = run_playloom(*command)
    assert done.returncode == 0, done.stderr
    assert hidden(tmp_path / "sessions") == []


def test_a_full_disk_stops_the_import_and_leaves_nothing_half_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    write_vpt_recording(tmp_path / "raw", "a", {}, frames=4)
    write_vpt_recording(tmp_path / "raw", "b", {}, frames=4)

    def full(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("workers.importing.session_output.encode_snapshot", full)
    done = run_playloom("import", "vpt", tmp_path / "raw", "-o", tmp_path / "sessions")
    assert done.returncode == 1
    assert "actions.bin: cannot be written: No space left on device" in done.stderr
    assert list((tmp_path / "sessions").iterdir()) == []
