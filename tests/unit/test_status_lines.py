from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from capture_node.inputs.input_source import PadDescription
from capture_node.recorder.status import Notice, NoticeKind, RecorderState, RecorderStatus
from capture_node.terminal.status_lines import Changes, status_line
from playloom.figures import (
    bytes_in_words,
    count_in_words,
    duration_in_words,
    percent_in_words,
    rough_duration_in_words,
)
from playloom.recording.session_info import EncoderInfo

RECORDING = RecorderStatus(
    state=RecorderState.RECORDING,
    session_id="a",
    session_path=Path("/recordings/a"),
    elapsed_s=61.0,
    fps=60,
    measured_fps=59.97,
    frames=3_660,
    dropped=2,
    late=1,
    encoder=EncoderInfo(name="libx264"),
    queue_frames=1,
    queue_capacity=60,
    written_bytes=20_500_000,
    disk_free_bytes=1_500_000_000_000,
    input_events=1,
)
BLACK = Notice(kind=NoticeKind.BLACK, text="The picture is black", since_monotonic_ns=0)


def test_a_moment_is_one_line() -> None:
    assert status_line(RECORDING) == (
        "recording 0:01:01, 60.0 of 60 fps, 3,660 frames, 2 dropped, 1 late, libx264, queue 1/60, 1 input, "
        "20.5 MB written, 1.5 TB free"
    )


def test_a_notice_is_said_when_it_begins_and_when_it_ends_and_not_between() -> None:
    changes = Changes()
    said = [
        list(changes.since_last(replace(RECORDING, notices=notices)))
        for notices in ((), (BLACK,), (BLACK,), (replace(BLACK, text="Still black"),), ())
    ]
    assert said == [
        [],
        [("The picture is black", True)],
        [],
        [("Still black", True)],
        [("there is a picture again", False)],
    ]


def test_pause_and_resume_are_said() -> None:
    changes = Changes()
    states = (RecorderState.RECORDING, RecorderState.PAUSED, RecorderState.RECORDING)
    assert [list(changes.since_last(replace(RECORDING, state=state))) for state in states] == [
        [],
        [("paused: nothing is recorded", False)],
        [("recording", False)],
    ]


def test_a_pad_that_comes_is_said() -> None:
    changes = Changes()
    pad = PadDescription(pad=0, name="Xbox\x1b Controller", guid="0")
    said = [list(changes.since_last(replace(RECORDING, pads=pads))) for pads in ((), (pad,), ())]
    assert said == [[], [("plugged in: Xbox  Controller", False)], []]


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (412_345_678, "412 MB"),
        (999_600_000, "1.0 GB"),
    ],
)
def test_sizes_in_words(size_bytes: int, words: str) -> None:
    assert bytes_in_words(size_bytes) == words


def test_spans_and_counts_in_words() -> None:
    assert duration_in_words(3_661.9) == "1:01:01"
    assert [rough_duration_in_words(s) for s in (59, 60, 3_600, 4_500, 40_000)] == [
        "under a minute",
        "1 min",
        "1 h",
        "1 h 15 min",
        "11 h",
    ]
    assert [count_in_words(n, "frame") for n in (0, 1, 2_310)] == ["0 frames", "1 frame", "2,310 frames"]
    assert [percent_in_words(part, 100_000) for part in (0, 1, 12, 4_000, 50_000)] == [
        "0 %",
        "under 0.01 %",
        "0.01 %",
        "4.0 %",
        "50 %",
    ]
