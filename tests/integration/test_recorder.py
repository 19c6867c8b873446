"""The recorder core on real files, real disks and real kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from playloom.errors import OutputError, RecordingError
from playloom.recording.input_stream import InputSnapshot, read_inputs
from playloom.recording.mp4_index import index_video
from playloom.recording.recovery import recover_session
from playloom.recording.session import open_session
from playloom.recording.session_info import ClockKind, FailedEncoder, file_record
from playloom.recording.sync_table import read_sync
from playloom.recording.video_encoder import VideoSettings
from playloom.recording.writer import SessionStart, SessionWriter, start_clock
from tests.support.sessions import frame_numbers, make_session, numbered_image, press

START = SessionStart(source="test", player="ada", game_id="test-game", profile_name="keys")
TICK_NS = 33_333_333


def settings(width: int = 64, height: int = 48, **more: object) -> VideoSettings:
    return VideoSettings(width=width, height=height, fps=30, crf=18, **more)  # pyright: ignore[reportArgumentType]


def record(writer: SessionWriter, frames: int, size: tuple[int, int] = (64, 48)) -> None:
    for k in range(frames):
        writer.add_inputs(press(1000 + k * TICK_NS, keys=[4 + k // 10]))
        writer.add_frame(numbered_image(k, size), 1000 + k * TICK_NS)


def test_what_is_recorded_reads_back(tmp_path: Path) -> None:
    clock = start_clock(ClockKind.SIMULATED, monotonic_ns=1000)
    start = SessionStart(source="test", player="ada", game_id="test-game", task="win", window="Pong", clock=clock)
    with SessionWriter.create(tmp_path / "new", name="Abend ünï 1", start=start, video=settings()) as writer:
        record(writer, 95)
        writer.mark("pause", begin_ns=5, end_ns=9, text="the door bell")
        (writer.path / "steps.csv").write_text("step\n")
        writer.add_file("steps.csv")
        session = writer.finish(dropped=2, late=1, sync={"jitter_ms": 0.5})
    assert session == open_session(tmp_path / "new" / "Abend ünï 1")
    assert sorted(path.name for path in session.path.iterdir()) == [
        "actions.bin",
        "capture.mp4",
        "session.json",
        "steps.csv",
        "sync.csv",
    ]
    assert frame_numbers(session.video_path) == list(range(95))
    table, damage = read_sync(session.sync_path)
    assert damage == []
    assert table.monotonic_ns.tolist() == [1000 + k * TICK_NS for k in range(95)]
    assert table.pts_ns.tolist() == [round(k * 1e9 / 30) for k in range(95)]
    inputs, damage = read_inputs(session.inputs_path)
    assert damage == []
    assert inputs.monotonic_ns.tolist() == [1000 + k * TICK_NS for k in range(0, 95, 10)]
    info = session.info
    assert info is not None
    assert (info.player, info.game_id, info.task, info.window, info.clock) == ("ada", "test-game", "win", "Pong", clock)
    assert (info.counts.frames, info.counts.dropped, info.counts.late, info.sync) == (95, 2, 1, {"jitter_ms": 0.5})
    assert [(mark.kind, mark.begin_ns, mark.end_ns, mark.text) for mark in info.marks] == [
        ("pause", 5, 9, "the door bell")
    ]
    assert info.files == {
        name: file_record(session.path / name) for name in ("capture.mp4", "sync.csv", "actions.bin", "steps.csv")
    }


def test_the_video_is_plain_h264_on_the_grid_in_fragments_with_its_colours_named(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, name="one", start=START, video=settings(keyframe_interval=60)) as writer:
        record(writer, 95)
    index = index_video(writer.path / "capture.mp4")
    assert (index.codec, index.pixel_format, index.has_b_frames, index.damage) == ("h264", "yuv420p", False, [])
    assert [pts * index.time_base * 30 for pts in index.pts.tolist()] == list(range(95))
    assert np.flatnonzero(index.keyframe).tolist() == [0, 60]
    assert (writer.path / "capture.mp4").read_bytes().count(b"moof") == 4
    context = av.open(str(writer.path / "capture.mp4")).streams.video[0].codec_context
    colours = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
    assert colours == (6, 1, 1, 1)


@pytest.mark.parametrize("size", [(64, 48), (160, 210)])
def test_colours_survive_whether_or_not_a_reader_heeds_the_tags(tmp_path: Path, size: tuple[int, int]) -> None:
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 160, 40]], np.uint8)
    image = np.repeat(np.repeat(colours[None], size[1], 0), size[0] // 4, 1)
    video = VideoSettings(width=size[0], height=size[1], fps=30, crf=10)
    with SessionWriter.create(tmp_path, name="one", start=START, video=video) as writer:
        writer.add_inputs(press(1))
        writer.add_frame(image, 1)
    video_path = str(writer.path / "capture.mp4")
    command = ["ffmpeg", "-v", "error", "-i", video_path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    heeding = subprocess.run(command, capture_output=True, check=True).stdout
    careless = next(av.open(video_path).decode(video=0)).to_ndarray(format="rgb24")
    for seen in (careless, np.frombuffer(heeding, np.uint8).reshape(image.shape)):
        middles = seen[size[1] // 2, [size[0] // 8 + quarter * size[0] // 4 for quarter in range(4)]].astype(int)
        assert np.abs(middles - colours.astype(int)).max() <= 8


def test_odd_sizes_are_padded_to_even_ones_and_said(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, name="odd", start=START, video=settings(65, 49)) as writer:
        record(writer, 5, (65, 49))
        frame = av.VideoFrame.from_ndarray(numbered_image(5, (65, 49)), format="rgb24")
        writer.add_frame(frame, 10**12)
    index = index_video(writer.path / "capture.mp4")
    assert (index.width, index.height, index.frames) == (66, 50, 6)
    profile = open_session(writer.path).info.capture_profile  # pyright: ignore[reportOptionalMemberAccess]
    assert profile is not None
    assert (profile.width, profile.height, profile.source_width, profile.source_height) == (66, 50, 65, 49)
    assert frame_numbers(writer.path / "capture.mp4") == [0, 1, 2, 3, 4, 5]


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="a picture of 32x32 came for a video of 64x48"),
        SessionWriter.create(tmp_path, name="one", start=START, video=settings()) as writer,
    ):
        writer.add_frame(numbered_image(0, (32, 32)), 1)


def test_only_changes_of_the_inputs_are_written(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, name="one", start=START, video=settings()) as writer:
        writer.add_frame(numbered_image(0), 1)
        for snapshot in (
            press(10),
            press(20),
            press(30, 0),
            press(40, 0),
            InputSnapshot(monotonic_ns=50, buttons=frozenset({0}), mouse_motion=(1.0, 0.0)),
            InputSnapshot(monotonic_ns=60, buttons=frozenset({0}), mouse_motion=(1.0, 0.0)),
            press(70, 0),
            press(80, pad=1),
            press(90, 0),
            press(85, 0, 1),
        ):
            writer.add_inputs(snapshot)
    table, damage = read_inputs(writer.path / "actions.bin")
    assert (table.monotonic_ns.tolist(), damage) == ([10, 30, 50, 60, 80, 85], [])
    session = open_session(writer.path)
    assert session.info is not None


def test_a_session_without_any_input_opens(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, name="one", start=START, video=settings()) as writer:
        writer.add_frame(numbered_image(0), 1)
    assert open_session(writer.path).inputs_path.read_bytes() == b""


def test_a_default_name_is_new_each_time(tmp_path: Path) -> None:
    names = set()
    for _ in range(3):
        with SessionWriter.create(tmp_path, start=START, video=settings()) as writer:
            writer.add_frame(numbered_image(0), 1)
        assert writer.path.name == writer.info.session_id
        names.add(writer.path.name)
    assert len(names) == 3


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with pytest.raises(OutputError, match="one: exists already"):
        SessionWriter.create(tmp_path, name="one", start=START, video=settings())


def test_encoders_are_tried_in_order_and_failures_are_kept(tmp_path: Path) -> None:
    video = settings(encoders=("no_such_encoder", "libx264"))
    with SessionWriter.create(tmp_path, name="one", start=START, video=video) as writer:
        writer.add_frame(numbered_image(0), 1)
    encoder = open_session(writer.path).info.encoder  # pyright: ignore[reportOptionalMemberAccess]
    assert encoder is not None
    assert (encoder.name, encoder.options) == ("libx264", {"crf": "18", "preset": "veryfast"})
    assert encoder.tried == (FailedEncoder(name="no_such_encoder", problem="is not in this FFmpeg"),)


def test_no_encoder_at_all_is_an_error_and_leaves_the_name_free(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"no video encoder works here \(no_such_encoder: is not in this FFmpeg\)"):
        SessionWriter.create(tmp_path, name="one", start=START, video=settings(encoders=("no_such_encoder",)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "makes"), [("mpeg4", "mpeg4"), ("aac", "aac")])
def test_an_encoder_of_something_else_is_not_used(tmp_path: Path, name: str, makes: str) -> None:
    video = settings(encoders=(name, "libx264"))
    with SessionWriter.create(tmp_path, name="one", start=START, video=video) as writer:
        writer.add_frame(numbered_image(0), 1)
    assert writer.info.encoder is not None
    assert writer.info.encoder.name == "libx264"
    assert writer.info.encoder.tried == (FailedEncoder(name=name, problem=f"makes {makes}, and H.264 is needed"),)


def interrupt(writer: SessionWriter) -> None:
    with writer:
        record(writer, 40)
        writer.mark("note", begin_ns=7)
        raise KeyboardInterrupt


def test_an_exception_leaves_the_files_and_recovery_makes_them_a_session(tmp_path: Path) -> None:
    writer = SessionWriter.create(tmp_path, name="one", start=START, video=settings())
    with pytest.raises(KeyboardInterrupt):
        interrupt(writer)
    assert not (writer.path / "session.json").exists()
    damage = recover_session(writer.path)
    assert [one.problem for one in damage] == ["was missing; the recording ends where it was cut off"]
    info = open_session(writer.path).info
    assert info is not None
    assert info.recovery is not None
    assert (info.player, info.counts.frames, [mark.kind for mark in info.marks]) == ("ada", 40, ["note"])
    assert info.session_id == writer.info.session_id
    assert recover_session(writer.path) == []


KILLED = """
import sys, time
from pathlib import Path
from tests.integration.test_recorder import START, TICK_NS, settings
from tests.support.sessions import numbered_image, press
from playloom.recording.writer import SessionWriter
with SessionWriter.create(Path(sys.argv[1]), name="killed", start=START, video=settings()) as writer:
    k = 0
    while True:
        writer.add_inputs(press(1000 + k * TICK_NS, keys=[4 + k // 10 % 50]))
        writer.add_frame(numbered_image(k % 65536), 1000 + k * TICK_NS)
        k += 1
        if k == 300:
            print("going", flush=True)
        time.sleep(0.0005)
"""


def test_a_killed_recorder_loses_no_more_than_the_last_second(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"going\n"
    path = tmp_path / "killed"
    with pytest.raises(RecordingError, match="is being recorded right now"):
        recover_session(path)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    rows = len((path / "sync.csv").read_bytes().splitlines()) - 1
    recover_session(path)
    session = open_session(path)
    numbers = frame_numbers(session.video_path)
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 240
    assert rows - len(numbers) <= 45  # a fragment of 30 frames and what the encoder held
    table, damage = read_sync(session.sync_path)
    assert (len(table), damage) == (len(numbers), [])
    inputs, damage = read_inputs(session.inputs_path)
    assert damage == []
    assert inputs.monotonic_ns[-1] >= table.monotonic_ns[-1] - 10 * TICK_NS
    assert session.info is not None
    assert session.info.recovery is not None
    assert session.info.recovery.lost
    assert (session.info.player, session.info.counts.frames) == ("ada", len(numbers))
    assert not list(path.glob(".*"))


def test_cut_off_ends_are_trimmed_and_said(tmp_path: Path) -> None:
    path = make_session(tmp_path, "cut", frames=60, fragmented=True, keyframe_interval=10)
    video = (path / "capture.mp4").read_bytes()
    (path / "capture.mp4").write_bytes(video[: video.rindex(b"moof") + 20])
    with (path / "sync.csv").open("ab") as file:
        file.write(b"60,12")
    whole = (path / "actions.bin").read_bytes()
    (path / "actions.bin").write_bytes(whole + whole[:7])
    damage = recover_session(path)
    problems = [f"{one.file.name}: {one.problem}" for one in damage]
    assert "sync.csv: the last row is cut short; left out" in problems
    assert "sync.csv: the last 10 frames did not reach the video" in problems
    assert "actions.bin: the last record is cut short; 7 bytes lost" in problems
    assert (path / "actions.bin").read_bytes() == whole
    session = open_session(path)
    assert session.info is not None
    assert (session.session_id, session.info.counts.frames, session.info.player) == ("cut", 50, None)
    assert len(read_sync(session.sync_path)[0]) == 50
    assert set(session.info.files) == {"capture.mp4", "sync.csv", "actions.bin"}


@pytest.mark.parametrize("name", ["capture.mp4", "sync.csv", "actions.bin"])
def test_without_one_of_the_files_nothing_is_recovered(tmp_path: Path, name: str) -> None:
    path = make_session(tmp_path, frames=5)
    (path / name).unlink()
    with pytest.raises(RecordingError, match="is missing"):
        recover_session(path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB; a directory in which files cannot grow beyond that, where mounting is not allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.name != "posix" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk; the limit on a file's size is tested beside this")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8)


def fill(root: Path) -> None:
    with SessionWriter.create(root, name="full", start=START, video=settings()) as writer:
        for k in range(5000):
            writer.add_inputs(press(1000 + k * TICK_NS, keys=[4 + k % 50]))
            writer.add_frame(noise(k), 1000 + k * TICK_NS)


def test_a_full_disk_is_named_and_what_fitted_is_recovered(small_disk: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: No space left on device") as caught:
        fill(small_disk)
    path = small_disk / "full"
    assert caught.value.file.parent == path
    assert not (path / "session.json").exists()
    with pytest.raises(OutputError, match=r"session\.json: cannot be written: No space left on device"):
        recover_session(path)
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert recover_session(path)
    session = open_session(path)
    assert session.info is not None
    assert session.info.counts.frames > 100
    assert len(read_sync(session.sync_path)[0]) == session.info.counts.frames
    assert index_video(session.video_path).frames >= session.info.counts.frames


LIMITED = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
from playloom.errors import OutputError
from tests.integration.test_recorder import fill
try:
    fill(Path(sys.argv[1]))
except OutputError as error:
    print(error)
"""


def test_a_file_that_may_not_grow_is_named_and_what_fitted_is_recovered(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "full/capture.mp4: cannot be written: File too large" in done.stdout
    assert (tmp_path / "full" / "capture.mp4").stat().st_size == 300_000
    assert recover_session(tmp_path / "full")
    info = open_session(tmp_path / "full").info
    assert info is not None
    assert info.counts.frames > 50


def test_a_file_where_sessions_shall_lie_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(OutputError, match=r"notes\.txt: is a file, not a directory"):
        SessionWriter.create(tmp_path / "notes.txt", name="one", start=START, video=settings())


def test_a_video_that_nobody_finishes_does_not_end_the_program(tmp_path: Path) -> None:
    program = """
import gc, sys
from pathlib import Path
import numpy as np
from playloom.recording.append_file import AppendFile
from playloom.recording.video_encoder import VideoEncoder, VideoSettings
encoder = VideoEncoder(AppendFile(Path(sys.argv[1])), VideoSettings(width=64, height=48, fps=30))
for number in range(50):
    encoder.add(np.full((48, 64, 3), number, np.uint8))
around = [encoder]
around.append(around)
del encoder, around
gc.collect()
print("goes on")
"""
    command = [sys.executable, "-c", program, str(tmp_path / "capture.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "goes on\n"), done.stderr
