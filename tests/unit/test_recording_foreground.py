from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from capture_node.recorder.status import RecorderState, RecorderStatus
from capture_node.terminal.foreground import Foreground
from capture_node.terminal.player_requests import Request, Requests
from capture_node.terminal.status_cells import Surroundings
from playloom.errors import CaptureError, OutputError, ProcessError
from playloom.recording.session import Session


class SlowRecorder:
    """A recorder that does what it is told and writes it down."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.state = RecorderState.RECORDING
        self.session_path = Path("/recordings/a")
        self.has_ended = False
        self.session: Callable[[], tuple[str, float]] = lambda: ("a", 0.03)
        self.may_stop = threading.Event()
        self.may_stop.set()

    def status(self) -> RecorderStatus:
        session_id, elapsed_s = self.session()
        return RecorderStatus(
            state=self.state,
            fps=60,
            session_id=session_id,
            session_path=self.session_path,
            elapsed_s=elapsed_s,
            queue_frames=3,
        )

    def pause(self) -> None:
        self.told.append("pause")
        self.state = RecorderState.PAUSED

    def resume(self) -> None:
        self.told.append("resume")
        self.state = RecorderState.RECORDING

    def mark(self, text: str | None = None) -> None:
        del text
        self.told.append("mark")

    def discard(self, seconds: float) -> None:
        if self.state is RecorderState.PAUSED:
            raise CaptureError("The recording", "is paused")
        self.told.append(f"discard {seconds:g} s")

    def stop(self) -> list[Session]:
        self.may_stop.wait(10)
        self.told.append("stop")
        return [Session(path=self.session_path, session_id="a", info=None)]

    def wait(self, timeout_s: float) -> bool:
        assert timeout_s == 0
        return self.has_ended


class WrittenDown:
    """A display that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.shown: list[tuple[RecorderStatus, Surroundings]] = []

    def show(self, status: RecorderStatus, around: Surroundings) -> None:
        self.shown.append((status, around))

    def say(self, text: str, *, warning: bool = False) -> None:
        self.said.append(f"warning: {text}" if warning else text)

    def close(self) -> None:
        pass


def requests_of(*asked: Request) -> Requests:
    requests: Requests = queue.SimpleQueue()
    for request in asked:
        requests.put(request)
    return requests


def test_what_the_player_asks_for_reaches_the_recorder_in_order() -> None:
    recorder, display = SlowRecorder(), WrittenDown()
    asked = requests_of(Request.MARK, Request.PAUSE, Request.PAUSE, Request.DISCARD, Request.STOP)
    Foreground(recorder, display, asked, discard_s=120).watch()
    assert recorder.told == ["mark", "pause", "resume", "discard 120 s"]
    assert display.said == ["marked"]


def test_a_key_that_is_easily_hit_throws_away_only_at_the_second_time() -> None:
    recorder, display = SlowRecorder(), WrittenDown()
    key = Request.DISCARD_ASKED_TWICE
    Foreground(recorder, display, requests_of(key, Request.MARK, key, key, Request.STOP), discard_s=120).watch()
    assert recorder.told == ["mark", "discard 120 s"]
    assert display.said == [
        "press it again to throw away the last 2 min",
        "marked",
        "press it again to throw away the last 2 min",
    ]


def test_what_cannot_be_done_now_is_told_and_recording_goes_on() -> None:
    recorder, display = SlowRecorder(), WrittenDown()
    asked = requests_of(Request.PAUSE, Request.DISCARD, Request.MARK, Request.HURRY)
    Foreground(recorder, display, asked, discard_s=120).watch()
    assert recorder.told == ["pause", "mark"]
    assert "warning: The recording: is paused" in display.said


def test_watching_ends_after_the_asked_span_and_when_the_recorder_ends_by_itself() -> None:
    recorder = SlowRecorder()
    Foreground(recorder, WrittenDown(), requests_of(), discard_s=120).watch(0.02)
    recorder.has_ended = True
    Foreground(recorder, WrittenDown(), requests_of(), discard_s=120).watch()
    assert recorder.told == []


def test_the_asked_span_is_of_recorded_time_over_all_sessions() -> None:
    recorder, display = SlowRecorder(), WrittenDown()
    sessions = iter([("a", 1.0), ("a", 2.0), ("b", 0.5), ("b", 1.0), ("b", 1.5)])
    recorder.session = lambda: next(sessions)
    Foreground(recorder, display, requests_of(*[Request.MARK] * 9), discard_s=120).watch(3.0)
    assert [status.session_id for status, _ in display.shown] == ["a", "a", "b", "b"]


def test_what_lies_in_the_folder_is_counted_again_for_each_session() -> None:
    recorder, display = SlowRecorder(), WrittenDown()
    counts = iter([1, 2])
    foreground = Foreground(
        recorder,
        display,
        requests_of(Request.STOP),
        discard_s=120,
        around=lambda session: Surroundings(sessions=next(counts)),
    )
    foreground.watch()
    recorder.session_path = Path("/recordings/b")
    foreground.finish()
    assert [around.sessions for _, around in (display.shown[0], display.shown[-1])] == [1, 2]


def test_a_second_interrupt_says_what_is_waited_for_and_the_files_are_closed_all_the_same() -> None:
    recorder, display = SlowRecorder(), WrittenDown()
    recorder.may_stop.clear()
    asked = requests_of(Request.HURRY)
    threading.Timer(0.2, recorder.may_stop.set).start()
    sessions = Foreground(recorder, display, asked, discard_s=120).finish()
    assert [session.session_id for session in sessions] == ["a"]
    assert display.said == [
        "warning: one moment: 3 frames to encode; Ctrl-C once more leaves them unfinished",
    ]


def test_what_is_asked_for_while_the_files_are_closed_is_not_passed_over() -> None:
    recorder, display = SlowRecorder(), WrittenDown()
    recorder.may_stop.clear()
    threading.Timer(0.2, recorder.may_stop.set).start()
    Foreground(recorder, display, requests_of(Request.DISCARD, Request.STOP), discard_s=120).finish()
    assert display.said == ["warning: too late: the recording is being closed"]


def test_a_third_interrupt_leaves_and_says_how_the_session_is_mended() -> None:
    recorder = SlowRecorder()
    recorder.may_stop.clear()
    asked = requests_of(Request.HURRY, Request.STOP, Request.HURRY)
    with pytest.raises(ProcessError, match="mends it"):
        Foreground(recorder, WrittenDown(), asked, discard_s=120).finish()
    recorder.may_stop.set()


def test_a_file_that_cannot_be_closed_is_an_error() -> None:
    class FullDisk(SlowRecorder):
        def stop(self) -> list[Session]:
            raise OutputError(Path("/recordings/a"), "the disk is full")

    with pytest.raises(OutputError, match="the disk is full"):
        Foreground(FullDisk(), WrittenDown(), requests_of(), discard_s=120).finish()
