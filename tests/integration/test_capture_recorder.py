"""The recorder over a source that does what the test says: real threads, encoder, files and disks."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from capture_node.clock import now_ns
from capture_node.inputs.events import PadAdded, PadRemoved
from capture_node.recorder import grid_thread
from capture_node.recorder.capture_profile import RecordingProfile
from capture_node.recorder.recorder import Recorder
from capture_node.recorder.settings import InputScope, Mask, RecorderSettings
from capture_node.recorder.status import Notice, NoticeKind, RecorderState
from capture_node.sources.frame_source import Grab, SourceLostError
from playloom.errors import CaptureError, OutputError, PlayloomError
from playloom.recording.input_stream import read_inputs
from playloom.recording.session import Session
from playloom.recording.session_info import file_record, read_session_info
from playloom.recording.sync_table import read_sync
from tests.support.fed_inputs import FedInputs
from tests.support.scripted_source import ScriptedSource, picture, wait_until
from tests.support.sessions import frame_numbers

PROFILE = RecordingProfile(name="test", fps=30, crf=18, preset="ultrafast", encoders=("libx264",), threads=1)


def settings(root: Path, **more: object) -> RecorderSettings:
    values = {"profile": PROFILE, "input_scope": InputScope.ALWAYS, "disk_reserve_bytes": 0, **more}
    return RecorderSettings(root=root, **values)


def test_a_session_says_where_the_game_is_in_its_video(tmp_path: Path) -> None:
    source = ScriptedSource()
    width, height = source.size
    profile = replace(PROFILE, width=height * 4, height=height * 4)
    recorder = Recorder(source=source, settings=settings(tmp_path, profile=profile))
    recorder.start()
    wait_until(lambda: recorder.status().frames >= 3)
    [session] = recorder.stop()
    place = read_session_info(session.info_path).picture
    assert place is not None
    assert (place.source_width, place.source_height) == (width, height)
    video = av.open(str(session.video_path))
    luma = next(video.decode(video=0)).to_ndarray(format="gray")
    video.close()
    rows = np.flatnonzero(luma.max(axis=1) > 40)
    assert abs(int(rows[0]) - place.y) <= 2
    assert abs(int(rows[-1]) + 1 - place.y - place.height) <= 2


def test_each_tick_of_the_grid_is_a_frame_with_its_own_time(tmp_path: Path) -> None:
    source = ScriptedSource()
    recorder = Recorder(source=source, settings=settings(tmp_path, name="one", player="ada"))
    assert recorder.status().state is RecorderState.IDLE
    recorder.start()
    wait_until(lambda: recorder.status().frames >= 20)
    status = recorder.status()
    assert (status.state, status.session_number, status.fps) == (RecorderState.RECORDING, 1, 30)
    [session] = recorder.stop()
    assert recorder.stop() == [session]
    assert recorder.status().state is RecorderState.IDLE
    assert not source.is_open
    assert session.info is not None
    assert (session.path.name, session.info.player, session.info.window) == ("one", "ada", "Game")
    numbers = frame_numbers(session.video_path)
    assert len(numbers) == session.info.counts.frames >= 20
    assert (np.diff(numbers) == 1).all()
    table, damage = read_sync(session.sync_path)
    assert damage == []
    steps_ms = np.diff(table.monotonic_ns) / 1e6
    assert 30 <= np.median(steps_ms) <= 37


def test_the_grid_moves_away_from_where_the_source_is_drawn(tmp_path: Path) -> None:
    tick_ns = 10_000_000
    first_ns = now_ns()
    after_ns: list[int] = []

    def drawn_by_the_same_clock(number: int) -> Grab:
        grab = picture(number)
        after_ns.append((grab.monotonic_ns - first_ns) % tick_ns)
        if number == 1:  # the grid begins now: the source is drawn half a millisecond before each of its ticks
            after_ns[:] = [(grab.monotonic_ns - first_ns - 500_000) % tick_ns]
        return replace(grab, drawn_ns=grab.monotonic_ns - (grab.monotonic_ns - first_ns - after_ns[0]) % tick_ns)

    source = ScriptedSource(script=drawn_by_the_same_clock)
    recorder = Recorder(source=source, settings=settings(tmp_path, profile=replace(PROFILE, fps=100)))
    recorder.start()
    wait_until(lambda: recorder.status().frames >= 150)
    recorder.stop()
    behind_ms = np.median([(one - after_ns[0]) % tick_ns for one in after_ns[-40:]]) / 1e6
    assert 2 < behind_ms < 8, "half a millisecond at first"


def test_control_of_what_does_not_run_is_refused(tmp_path: Path) -> None:
    recorder = Recorder(source=ScriptedSource(), settings=settings(tmp_path))
    for control in (recorder.pause, recorder.resume, recorder.mark, lambda: recorder.discard(1)):
        with pytest.raises(PlayloomError, match="nothing is being recorded"):
            control()
    assert recorder.stop() == []


def running(recorder: Recorder, frames: int = 10) -> None:
    """Wait for more frames of the current session."""
    enough = recorder.status().frames + frames
    wait_until(lambda: recorder.status().frames >= enough)


def times_of(session: Session) -> np.ndarray:
    return read_sync(session.sync_path)[0].monotonic_ns


def test_frames_that_did_not_change_are_marked_as_repeats(tmp_path: Path) -> None:
    still = ScriptedSource(lambda number: picture(min(number, 5), changed=number <= 5))
    recorder = Recorder(source=still, settings=settings(tmp_path))
    recorder.start()
    running(recorder, 20)
    [session] = recorder.stop()
    table = read_sync(session.sync_path)[0]
    assert table.repeated is not None
    # The first look only finds the size out.
    assert table.repeated.tolist() == [False] * 5 + [True] * (len(table) - 5)
    assert (np.diff(table.monotonic_ns) > 0).all()
    assert frame_numbers(session.video_path)[-1] == 5


def test_while_there_is_no_picture_the_last_one_is_repeated_and_that_is_said(tmp_path: Path) -> None:
    told: list[Notice] = []
    source = ScriptedSource(lambda number: picture(number) if number < 5 else None)
    recorder = Recorder(source=source, settings=settings(tmp_path), notify=told.append)
    recorder.start()
    wait_until(lambda: any(notice.kind is NoticeKind.NO_PICTURE for notice in told))
    [session] = recorder.stop()
    assert frame_numbers(session.video_path)[-1] == 4


def test_a_pause_is_in_none_of_the_files_but_as_a_mark(tmp_path: Path) -> None:
    pad = FedInputs()
    recorder = Recorder(source=ScriptedSource(), inputs=[pad], settings=settings(tmp_path))
    recorder.start()
    pad.press(0)
    running(recorder)
    recorder.pause()
    assert recorder.status().state is RecorderState.PAUSED
    begin_ns = now_ns()
    pad.press(1)
    frames = recorder.status().frames
    time.sleep(0.2)
    pad.release(1)
    assert recorder.status().frames == frames
    with pytest.raises(PlayloomError, match="is paused and cannot be paused"):
        recorder.pause()
    end_ns = now_ns()
    recorder.resume()
    with pytest.raises(PlayloomError, match="cannot be resumed"):
        recorder.resume()
    running(recorder)
    pad.press(2)
    [session] = recorder.stop()
    assert session.info is not None
    [mark] = session.info.marks
    assert mark.end_ns is not None
    assert (mark.kind, mark.begin_ns <= begin_ns, mark.end_ns >= end_ns) == ("pause", True, True)
    times = times_of(session)
    assert not ((times > mark.begin_ns) & (times < mark.end_ns)).any()
    inputs, damage = read_inputs(session.inputs_path)
    assert damage == []
    assert inputs.buttons.tolist() == [1 << 0, 0, 1 << 0, 1 << 0 | 1 << 2]
    assert mark.begin_ns - 50_000_000 <= inputs.monotonic_ns[1] <= mark.begin_ns
    assert inputs.monotonic_ns[2] >= mark.end_ns


def test_marks_are_in_the_session(tmp_path: Path) -> None:
    recorder = Recorder(source=ScriptedSource(), settings=settings(tmp_path))
    recorder.start()
    before_ns = now_ns()
    recorder.mark("a secret door")
    [session] = recorder.stop()
    assert session.info is not None
    [mark] = session.info.marks
    assert (mark.kind, mark.text, mark.begin_ns >= before_ns) == ("note", "a secret door", True)


def test_the_next_session_begins_with_the_frame_after_the_last_one_and_what_is_held(tmp_path: Path) -> None:
    pad = FedInputs()
    profile = replace(PROFILE, roll_over_minutes=0.5 / 60)
    recorder = Recorder(
        source=ScriptedSource(), inputs=[pad], settings=settings(tmp_path, profile=profile, name="long")
    )
    recorder.start()
    pad.press(3)
    wait_until(lambda: recorder.status().session_number >= 3 and recorder.status().frames > 1)
    sessions = recorder.stop()
    assert [session.path.name for session in sessions][:3] == ["long", "long-2", "long-3"]
    numbers = [number for session in sessions for number in frame_numbers(session.video_path)]
    dropped = sum(session.info.counts.dropped for session in sessions if session.info is not None)
    # No picture that was looked at is missing; a machine that is busy may have looked too late.
    assert numbers == list(range(1, 1 + len(numbers)))
    times = np.concatenate([times_of(session) for session in sessions])
    assert (np.diff(times) > 0).all()
    assert dropped or np.diff(times).max() < 250_000_000
    for session in sessions[1:]:
        inputs, _ = read_inputs(session.inputs_path)
        assert inputs.buttons[0] == 1 << 3
        assert inputs.monotonic_ns[0] == times_of(session)[0]


def test_what_is_thrown_away_is_in_no_file_of_any_session(tmp_path: Path) -> None:
    pad = FedInputs()
    profile = replace(PROFILE, roll_over_minutes=1.0 / 60)
    recorder = Recorder(source=ScriptedSource(), inputs=[pad], settings=settings(tmp_path, profile=profile))
    recorder.start()
    wait_until(lambda: recorder.status().elapsed_s > 0.5)
    secret_from_ns = now_ns()
    recorder.mark("secret")
    pad.press(7)
    wait_until(lambda: recorder.status().session_number == 3)
    running(recorder)
    thrown_ns = now_ns()
    recorder.discard((thrown_ns - secret_from_ns) / 1e9 + 0.25)  # who orders it may have to wait for his turn
    left = {path.name for path in tmp_path.iterdir()}
    pad.release(7)
    running(recorder)
    sessions = recorder.stop()
    assert {session.path.name for session in sessions} == left
    for session in sessions:
        assert session.info is not None
        assert session.info.files == {name: file_record(session.path / name) for name in session.info.files}
        times, inputs = times_of(session), read_inputs(session.inputs_path)[0]
        assert len(times) == session.info.counts.frames == len(frame_numbers(session.video_path))
        for found in (times, inputs.monotonic_ns):
            assert not ((found >= secret_from_ns) & (found < thrown_ns)).any()
        assert [mark.kind for mark in session.info.marks] in ([], ["discard"])
    assert read_inputs(sessions[-1].inputs_path)[0].buttons[0] == 1 << 7  # it began while the button was held


def test_a_session_that_lost_its_end_says_so_once(tmp_path: Path) -> None:
    recorder = Recorder(source=ScriptedSource(), settings=settings(tmp_path, name="one"))
    recorder.start()
    wait_until(lambda: recorder.status().elapsed_s > 1.5)
    recorder.discard(0.2)
    session = recorder.stop()[0]
    assert session.path.name == "one"
    assert session.info is not None
    assert [mark.kind for mark in session.info.marks] == ["discard"]


def test_a_session_that_is_thrown_away_whole_is_gone(tmp_path: Path) -> None:
    recorder = Recorder(source=ScriptedSource(), settings=settings(tmp_path, name="one"))
    recorder.start()
    running(recorder)
    recorder.discard(3600)
    assert [path.name for path in tmp_path.iterdir()] == ["one-2"]
    with pytest.raises(PlayloomError, match="cannot be thrown away"):
        recorder.discard(0)
    assert len(recorder.stop()) <= 1


def test_masked_pictures_are_what_is_recorded_and_shown(tmp_path: Path) -> None:
    recorder = Recorder(
        source=ScriptedSource(), settings=settings(tmp_path, masks=(Mask(x=0, y=0, width=1, height=1),))
    )
    assert recorder.preview() is None
    recorder.start()
    running(recorder)
    preview = recorder.preview(32)
    assert preview is not None
    with Image.open(io.BytesIO(preview)) as image:
        assert (image.format, image.size, np.asarray(image).max() <= 2) == ("JPEG", (32, 24), True)
    [session] = recorder.stop()
    with av.open(str(session.video_path)) as container:
        assert all(int(frame.to_ndarray(format="rgb24").max()) <= 2 for frame in container.decode(video=0))


def test_a_window_that_closes_ends_the_recording_in_good_order(tmp_path: Path) -> None:
    def until_closed(number: int) -> Grab:
        if number == 15:
            raise SourceLostError("'Game'", "the window was closed")
        return picture(number)

    told: list[Notice] = []
    source = ScriptedSource(until_closed)
    recorder = Recorder(source=source, settings=settings(tmp_path), notify=told.append)
    recorder.start()
    assert recorder.wait(10)
    status = recorder.status()
    assert (status.state, status.failure) == (RecorderState.IDLE, None)
    assert "the window was closed" in told[-1].text
    [session] = recorder.stop()
    assert frame_numbers(session.video_path) == list(range(1, 15))
    assert not source.is_open


def test_a_source_without_a_picture_or_a_name_that_is_taken_is_said_before_anything_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid_thread, "FIRST_PICTURE_S", 0.05)
    pad = FedInputs()
    source = ScriptedSource(lambda number: None)
    with pytest.raises(CaptureError, match="'Game': gives no picture"):
        Recorder(source=source, inputs=[pad], settings=settings(tmp_path)).start()
    assert (source.is_open, pad.is_listening, list(tmp_path.iterdir())) == (False, False, [])
    (tmp_path / "one").mkdir()
    source = ScriptedSource()
    with pytest.raises(OutputError, match="exists already"):
        Recorder(source=source, inputs=[pad], settings=settings(tmp_path, name="one")).start()
    assert (source.is_open, pad.is_listening) == (False, False)


def test_inputs_that_cannot_be_listened_to_are_told_and_the_rest_is_recorded(tmp_path: Path) -> None:
    told: list[Notice] = []
    recorder = Recorder(
        source=ScriptedSource(),
        inputs=[FedInputs(fault="SDL3 is missing")],
        settings=settings(tmp_path),
        notify=told.append,
    )
    recorder.start()
    running(recorder)
    assert [(notice.kind, notice.warning) for notice in told] == [(NoticeKind.INPUT, True)]
    assert "SDL3 is missing" in told[0].text
    assert len(recorder.stop()) == 1


def test_a_pad_that_is_unplugged_is_noticed_until_it_is_back(tmp_path: Path) -> None:
    pad = FedInputs()
    recorder = Recorder(source=ScriptedSource(), inputs=[pad], settings=settings(tmp_path))
    recorder.start()
    there = PadAdded(monotonic_ns=now_ns(), pad=0, name="Twin Stick", guid="00")
    pad.give(there)
    wait_until(lambda: [one.name for one in recorder.status().pads] == ["Twin Stick"])
    time.sleep(0.6)
    pad.give(PadRemoved(monotonic_ns=now_ns(), pad=0))
    wait_until(lambda: any("'Twin Stick': unplugged" in notice.text for notice in recorder.status().notices))
    pad.give(there)
    wait_until(lambda: not recorder.status().notices)
    recorder.stop()


def test_the_calendar_may_jump_and_times_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(source=ScriptedSource(), settings=settings(tmp_path))
    recorder.start()
    real_time_ns = time.time_ns
    for jump_s in (86_400, -86_400):
        monkeypatch.setattr(time, "time_ns", lambda jump_s=jump_s: real_time_ns() + jump_s * 1_000_000_000)
        monkeypatch.setattr(time, "time", lambda jump_s=jump_s: real_time_ns() / 1e9 + jump_s)
        running(recorder)
    [session] = recorder.stop()
    steps = np.diff(times_of(session))
    assert (steps > 0).all()
    assert np.median(steps) == pytest.approx(1e9 / 30, rel=0.05)


def test_two_recorders_at_once_keep_out_of_each_others_way(tmp_path: Path) -> None:
    recorders = [Recorder(source=ScriptedSource(), settings=settings(tmp_path)) for _ in range(2)]
    for recorder in recorders:
        recorder.start()
    for recorder in recorders:
        running(recorder)
    sessions = [session for recorder in recorders for session in recorder.stop()]
    assert len({session.path for session in sessions}) == 2
    for session in sessions:
        numbers = frame_numbers(session.video_path)
        assert numbers == list(range(1, 1 + len(numbers)))


def test_a_notice_that_is_nobodys_mistake_to_mend_stays(tmp_path: Path) -> None:
    profile = replace(PROFILE, encoders=("no_such_encoder", "libx264"))
    recorder = Recorder(
        source=ScriptedSource(),
        inputs=[FedInputs(fault="SDL3 is missing")],
        settings=settings(tmp_path, profile=profile),
    )
    recorder.start()
    time.sleep(1.1)  # the keeper has looked twice
    texts = {notice.kind: notice.text for notice in recorder.status().notices}
    assert "SDL3 is missing" in texts[NoticeKind.INPUT]
    assert texts[NoticeKind.ENCODER].startswith("libx264 encodes, because the others do not work: no_such_encoder: ")
    [session] = recorder.stop()
    assert session.info is not None
    assert session.info.encoder is not None
    assert [failed.name for failed in session.info.encoder.tried] == ["no_such_encoder"]


class SaidFocus:
    """A focus watch that a test speaks for."""

    def start(self, sink: Callable[[bool, int], None]) -> None:
        self.say = sink
        sink(True, now_ns())

    def stop(self) -> None:
        pass


def test_inputs_are_recorded_only_while_the_window_has_focus(tmp_path: Path) -> None:
    pad, focus = FedInputs(), SaidFocus()
    recorder = Recorder(
        source=ScriptedSource(), inputs=[pad], focus=focus, settings=settings(tmp_path, input_scope=InputScope.FOCUS)
    )
    recorder.start()
    pad.press(0)
    focus.say(False, now_ns())
    pad.press(1)
    assert recorder.status().focused is False
    wait_until(lambda: any(notice.kind is NoticeKind.UNFOCUSED for notice in recorder.status().notices))
    pad.release(1)
    focus.say(True, now_ns())
    pad.press(2)
    wait_until(lambda: not recorder.status().notices)
    [session] = recorder.stop()
    assert read_inputs(session.inputs_path)[0].buttons.tolist() == [1, 0, 1, 1 | 1 << 2]


def test_a_source_that_breaks_fails_the_recording_and_keeps_the_session(tmp_path: Path) -> None:
    def until_broken(number: int) -> Grab:
        if number == 15:
            raise CaptureError("The screen", "the connection to the X server is lost")
        return picture(number)

    recorder = Recorder(source=ScriptedSource(until_broken), settings=settings(tmp_path))
    recorder.start()
    assert recorder.wait(10)
    status = recorder.status()
    assert (status.state, status.failure) == (
        RecorderState.FAILED,
        "The screen: the connection to the X server is lost",
    )
    [session] = recorder.stop()
    assert len(frame_numbers(session.video_path)) == 14
