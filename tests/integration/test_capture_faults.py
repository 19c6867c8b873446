"""The recorder when things go wrong: full disks, stalled encoders, kills."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import psutil
import pytest

from capture_node.clock import now_ns
from capture_node.node.spooled import recover_spool
from capture_node.recorder import keeper, parts
from capture_node.recorder.recorder import Recorder
from capture_node.recorder.session_series import SessionSeries
from capture_node.recorder.status import Notice, NoticeKind, RecorderState
from capture_node.sources.frame_source import Grab, PixelFormat
from playloom.errors import OutputError, PlayloomError, ProcessError
from playloom.recording.append_file import AppendFile
from playloom.recording.input_stream import read_inputs
from playloom.recording.mp4_index import index_video
from playloom.recording.recovery import recover_session
from playloom.recording.session import open_session
from playloom.recording.sync_table import read_sync
from playloom.recording.video_encoder import VideoEncoder
from playloom.recording.writer import SessionWriter
from tests.integration.test_capture_recorder import PROFILE, running, settings
from tests.support.fed_inputs import FedInputs
from tests.support.scripted_source import ScriptedSource, picture, wait_until
from tests.support.sessions import frame_numbers

MB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if os.name != "posix" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk; a fault of the disk is tested beside this")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def noise(number: int) -> Grab:
    grab = picture(number)
    image = np.random.default_rng(number).integers(0, 255, (192, 256, 4), dtype=np.uint8)
    return Grab(image=image, pixel_format=PixelFormat.BGRA, monotonic_ns=grab.monotonic_ns)


def test_a_disk_that_runs_low_ends_the_recording_in_good_order_before_it_is_full(small_disk: Path) -> None:
    told: list[Notice] = []
    recorder = Recorder(
        source=ScriptedSource(noise), settings=settings(small_disk, disk_reserve_bytes=2 * MB), notify=told.append
    )
    recorder.start()
    assert recorder.wait(30)
    assert (recorder.status().state, recorder.status().failure) == (RecorderState.IDLE, None)
    assert told[-1].kind is NoticeKind.DISK_LOW
    assert told[-1].text.startswith("The recording has ended: only ")
    assert "MB are left on the disk" in told[-1].text
    [session] = recorder.stop()
    assert len(read_sync(session.sync_path)[0]) == len(frame_numbers(session.video_path)) > 5
    with pytest.raises(OutputError, match="MB are left"):
        Recorder(source=ScriptedSource(), settings=settings(small_disk, disk_reserve_bytes=2 * MB)).start()


def test_a_disk_that_fills_up_all_the_same_is_told_and_what_fitted_is_recovered(small_disk: Path) -> None:
    recorder = Recorder(source=ScriptedSource(noise), settings=settings(small_disk))
    recorder.start()
    assert recorder.wait(30)
    status = recorder.status()
    assert status.state is RecorderState.FAILED
    assert status.failure is not None
    assert "No space left on device" in status.failure
    assert recorder.stop() == []
    [left] = [path for path in small_disk.iterdir() if path.is_dir()]
    moved = shutil.copytree(left, small_disk.parent / "moved")
    recover_session(moved)
    session = open_session(moved)
    assert len(read_sync(session.sync_path)[0]) == index_video(session.video_path).frames > 5


def test_a_fault_of_the_disk_fails_the_recording_and_leaves_a_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(source=ScriptedSource(), settings=settings(tmp_path, profile=replace(PROFILE, fps=60)))
    recorder.start()
    wait_until(lambda: recorder.status().written_bytes > 20_000 and recorder.status().frames > 80)

    def broken(file: AppendFile) -> None:
        raise OutputError(file.path, "cannot be written: Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(AppendFile, "flush", broken)
        assert recorder.wait(10)
    status = recorder.status()
    assert (status.state, recorder.stop()) == (RecorderState.FAILED, [])
    assert status.failure is not None
    assert "Input/output error" in status.failure
    [path] = tmp_path.iterdir()
    info = open_session(path).info
    assert info is not None
    assert info.recovery is not None
    assert info.counts.frames == len(frame_numbers(path / "capture.mp4")) > 20


def no_room(*_: object, **__: object) -> NoReturn:
    raise OutputError(Path("sync.csv"), "cannot be written: No space left on device")


def test_what_is_thrown_away_is_gone_though_no_session_can_follow_and_the_recording_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(source=ScriptedSource(), settings=settings(tmp_path, profile=replace(PROFILE, fps=60)))
    recorder.start()
    wait_until(lambda: recorder.status().frames > 150)
    monkeypatch.setattr(SessionSeries, "open", no_room)
    before_ns = now_ns()
    with pytest.raises(PlayloomError, match="the recording cannot go on, and ends: cannot be written: No space"):
        recorder.discard(1)
    assert recorder.wait(10)
    assert recorder.status().state is RecorderState.FAILED
    [path] = tmp_path.iterdir()
    assert read_sync(path / "sync.csv")[0].monotonic_ns[-1] < before_ns - 900_000_000


def test_what_is_thrown_away_does_not_come_back_with_a_session_that_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(source=ScriptedSource(), settings=settings(tmp_path, profile=replace(PROFILE, fps=60)))
    recorder.start()
    wait_until(lambda: recorder.status().frames > 150)
    before_ns = now_ns()
    with monkeypatch.context() as patch:
        patch.setattr(SessionWriter, "mark", no_room)
        recorder.discard(1)
    recorder.stop()
    sessions = [path for path in tmp_path.iterdir() if open_session(path).info is not None]
    times_ns = np.sort(np.concatenate([read_sync(path / "sync.csv")[0].monotonic_ns for path in sessions]))
    assert len(times_ns) > 60
    assert not ((before_ns - 900_000_000 < times_ns) & (times_ns < before_ns)).any()


def test_a_full_spool_stops_and_refuses_recordings(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old/capture.mp4").write_bytes(bytes(MB))
    told: list[Notice] = []
    quota = settings(tmp_path, quota_bytes=MB + 200_000)
    recorder = Recorder(source=ScriptedSource(noise), settings=quota, notify=told.append)
    recorder.start()
    assert recorder.wait(20)
    assert told[-1].kind is NoticeKind.SPOOL_FULL
    assert len(recorder.stop()) == 1
    with pytest.raises(OutputError, match="have reached their quota"):
        Recorder(source=ScriptedSource(), settings=quota).start()


def test_a_stalled_encoder_is_told_at_once_holds_up_nobody_and_fills_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "STALL_S", 0.5)
    stall, resume = threading.Event(), threading.Event()
    encode = VideoEncoder.add

    def stalling(encoder: VideoEncoder, frame: object) -> None:
        if stall.is_set():
            resume.wait(20)
        encode(encoder, frame)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(VideoEncoder, "add", stalling)
    told: list[Notice] = []
    pad = FedInputs()
    recorder = Recorder(
        source=ScriptedSource(),
        inputs=[pad],
        settings=settings(tmp_path, queue_frames=5),
        notify=told.append,
    )
    recorder.start()
    running(recorder, 3)
    stall.set()
    wait_until(lambda: recorder.status().dropped > 0)
    assert told[0].kind is NoticeKind.DROPPING
    pad.press(1)  # is in its file although no frame is
    status = recorder.status()
    assert status.session_path is not None
    assert read_inputs(status.session_path / "actions.bin")[0].buttons.tolist() == [1 << 1]
    wait_until(lambda: recorder.status().dropped > 20)
    assert recorder.status().queue_frames == 5
    wait_until(lambda: any(notice.kind is NoticeKind.ENCODER for notice in told))
    resume.set()
    running(recorder, 5)
    [session] = recorder.stop()
    assert session.info is not None
    times = read_sync(session.sync_path)[0].monotonic_ns
    assert np.diff(times).max() > 400_000_000
    lost = round(float((times[-1] - times[0]) * 30 / 1e9)) + 1 - len(times)
    assert session.info.counts.dropped == pytest.approx(lost, abs=3)
    assert len(frame_numbers(session.video_path)) == len(times)


def test_an_encoder_that_never_comes_back_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "STALLED_S", 0.3)
    resume = threading.Event()
    monkeypatch.setattr(VideoEncoder, "add", lambda encoder, frame: resume.wait(20))
    recorder = Recorder(source=ScriptedSource(), settings=settings(tmp_path))
    recorder.start()
    running(recorder, 2)
    with pytest.raises(ProcessError, match="the encoder has taken nothing"):
        recorder.stop()
    assert recorder.status().state is RecorderState.FAILED
    assert recorder.wait(0)
    resume.set()


KILLED = """
import sys, time
from pathlib import Path
from capture_node.recorder.recorder import Recorder
from tests.integration.test_capture_recorder import settings
from tests.support.fed_inputs import FedInputs
from tests.support.scripted_source import ScriptedSource
pad = FedInputs()
recorder = Recorder(source=ScriptedSource(), inputs=[pad], settings=settings(Path(sys.argv[1]), name="killed"))
recorder.start()
for k in range(10**6):
    (pad.press if k % 2 == 0 else pad.release)(0)
    print(k, recorder.status().state, recorder.status().frames, flush=True)
    time.sleep(0.02)
"""


def test_a_killed_recorder_is_recovered_up_to_its_last_fragment(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if int(line.split()[2]) >= 80:
            break
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().splitlines(keepends=True)
    given = 1 + max(int(line.split()[0]) for line in lines if line.endswith("\n"))
    process.wait()
    process.stdout.close()
    fragments = (tmp_path / "killed/capture.mp4").read_bytes().count(b"moof")
    [recovered] = recover_spool(tmp_path)
    assert (recovered.path, recovered.problem) == (tmp_path / "killed", None)
    assert recovered.lost
    session = open_session(tmp_path / "killed")
    numbers = frame_numbers(session.video_path)
    assert numbers == list(range(1, 1 + len(numbers)))
    assert len(numbers) >= 30 * (fragments - 1) > 0
    times = read_sync(session.sync_path)[0].monotonic_ns
    inputs, damage = read_inputs(session.inputs_path)
    assert (len(times), damage) == (len(numbers), [])
    assert len(inputs) >= given
    assert recover_spool(tmp_path) == []


def test_memory_stays_flat(tmp_path: Path) -> None:
    profile = replace(PROFILE, fps=240, roll_over_minutes=0.4 / 60)
    pad = FedInputs()
    recorder = Recorder(source=ScriptedSource(), inputs=[pad], settings=settings(tmp_path, profile=profile))
    recorder.start()
    process = psutil.Process()

    def play(session_number: int) -> int:
        while recorder.status().session_number < session_number:
            pad.press(0)
            pad.release(0)
            time.sleep(0.002)
        return process.memory_info().rss

    warm, later = play(3), play(7)
    recorder.stop()
    assert later - warm < 24 * MB
