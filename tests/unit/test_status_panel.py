from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from capture_node.inputs.input_source import PadDescription
from capture_node.recorder.status import Notice, NoticeKind, RecorderState, RecorderStatus
from capture_node.sources.frame_source import SourceDescription, SourceKind
from capture_node.terminal.status_cells import Surroundings
from capture_node.terminal.status_panel import StatusPanel
from playloom.recording.session_info import EncoderInfo, FailedEncoder

NS_PER_S = 1_000_000_000

PLAYING = RecorderStatus(
    state=RecorderState.RECORDING,
    session_id="20261121T093000Z-1a2b3c4d",
    session_path=Path("/home/ada/recordings/20261121T093000Z-1a2b3c4d"),
    source=SourceDescription(
        kind=SourceKind.WINDOW, key="77", title="SuperTuxKart", width=1920, height=1080, process="supertuxkart"
    ),
    elapsed_s=754.2,
    fps=60,
    measured_fps=59.9,
    frames=45_240,
    repeated=4_210,
    encoder=EncoderInfo(name="h264_qsv", tried=(FailedEncoder(name="h264_nvenc", problem="no device"),)),
    queue_frames=2,
    queue_capacity=60,
    written_bytes=412_000_000,
    disk_free_bytes=84_000_000_000,
    input_events=8_123,
    last_input_monotonic_ns=95 * NS_PER_S,
    input_delay_ms=0.34,
    focused=True,
    pads=(PadDescription(pad=0, name="Xbox Wireless Controller", guid="0"),),
    session_number=1,
)


def drawn(
    status: RecorderStatus,
    *,
    around: Surroundings | None = None,
    width: int = 80,
    height: int = 40,
    encoding: str = "utf-8",
    colour: bool = False,
) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=file, width=width, height=height, force_terminal=colour, no_color=not colour)
    console.print(StatusPanel(status=status, around=around or Surroundings(), now_monotonic_ns=100 * NS_PER_S))
    file.seek(0)
    return file.read()


def row(picture: str, name: str) -> str:
    """The words beside a name."""
    return next(line.strip("│| \n").removeprefix(name).strip() for line in picture.splitlines() if f" {name} " in line)


def test_the_panel_says_what_is_recorded_and_how_well() -> None:
    picture = drawn(PLAYING)
    assert "● recording 0:12:34" in picture
    assert row(picture, "source") == "SuperTuxKart (supertuxkart)  1920x1080"
    assert row(picture, "video") == "59.9 of 60 fps, 45,240 frames, 9.3 % repeated"
    assert row(picture, "lost") == "no frame dropped"
    assert row(picture, "sync") == "no frame late, inputs 0.3 ms to the file"
    assert row(picture, "encoder") == "h264_qsv (not usable: h264_nvenc)  queue ━─────── 2/60"
    assert row(picture, "input") == "8,123 events, the last 5 s ago"
    assert row(picture, "focus") == "the game's window has it"
    assert row(picture, "pads") == "Xbox Wireless Controller"
    assert row(picture, "disk") == "412 MB written, 84.0 GB free, room for 42 h"
    assert row(picture, "session") == "/home/ada/recordings/20261121T093000Z-1a2b3c4d"


def test_a_loss_is_said_in_words_too_where_there_is_no_colour() -> None:
    picture = drawn(replace(PLAYING, dropped=12, late=3, measured_fps=31.5, focused=False))
    assert row(picture, "video").startswith("31.5 of 60 fps, slow, ")
    assert row(picture, "lost") == "12 frames dropped (0.03 %)"
    assert row(picture, "sync").startswith("3 frames late, ")
    assert row(picture, "focus") == "elsewhere: inputs are not recorded"
    assert "\x1b" not in picture


def test_notices_stand_below_the_figures_with_what_to_do() -> None:
    notice = Notice(
        kind=NoticeKind.BLACK, text="The picture is black. Is the right window chosen?", since_monotonic_ns=0
    )
    picture = drawn(replace(PLAYING, notices=(notice,)))
    assert "▲ The picture is black. Is the right window chosen?" in picture


def test_every_line_fits_in_sixty_columns() -> None:
    around = Surroundings(
        hotkeys=(("ctrl+alt+f9", "stop"), ("ctrl+alt+f10", "pause"), ("ctrl+alt+f12", "throw away 2 min")),
        sessions=4,
        sessions_bytes=3_200_000_000,
        quota_bytes=50_000_000_000,
        calibrated_ms=21.4,
    )
    lines = drawn(replace(PLAYING, session_number=2), around=around, width=60).splitlines()
    assert {len(line) for line in lines} == {60}
    assert any(line.rstrip("│ ").endswith("093000Z-1a2b3c4d  (no. 2 of this run)") for line in lines), "the name stays"
    assert any("ctrl+alt+f12 throw away 2 min" in line for line in lines), "keys are not torn from their words"


def test_a_low_terminal_gets_lines_that_never_scroll() -> None:
    notice = Notice(kind=NoticeKind.BLACK, text="The picture is black, " + "really " * 20, since_monotonic_ns=0)
    lines = drawn(replace(PLAYING, notices=(notice,)), height=12).splitlines()
    assert lines[0] == "● recording 0:12:34  59.9 of 60 fps  no frame dropped"
    assert len(lines) == 2
    assert all(len(line) <= 80 for line in lines)


def test_a_terminal_of_ascii_gets_ascii() -> None:
    notice = Notice(kind=NoticeKind.BLACK, text="The picture is black.", since_monotonic_ns=0)
    picture = drawn(replace(PLAYING, notices=(notice,)), encoding="ascii")
    assert "* recording 0:12:34" in picture
    assert "! The picture is black." in picture
    assert picture.isascii()


def test_a_title_cannot_steer_the_terminal() -> None:
    source = SourceDescription(kind=SourceKind.WINDOW, key="1", title="\x1b[2Jgame\r\n[red]", width=1, height=1)
    picture = drawn(replace(PLAYING, source=source))
    assert "\x1b" not in picture
    assert row(picture, "source") == "[2Jgame  [red]  1x1"


def test_before_the_first_frame_nothing_is_claimed() -> None:
    picture = drawn(RecorderStatus(state=RecorderState.IDLE))
    assert row(picture, "source") == "none"
    assert row(picture, "encoder") == "not opened yet"
    assert row(picture, "input") == "nothing pressed yet"
    assert row(picture, "pads") == "no gamepad plugged in"
    assert row(picture, "session") == "none"


def test_a_failure_is_shown() -> None:
    assert "▲ The disk is full" in drawn(replace(PLAYING, state=RecorderState.FAILED, failure="The disk is full"))


def test_what_is_no_warning_is_shown_for_a_while_only() -> None:
    news = Notice(
        kind=NoticeKind.SESSION, text="The recording goes on", since_monotonic_ns=90 * NS_PER_S, warning=False
    )
    assert "· The recording goes on" in drawn(replace(PLAYING, notices=(news,)))
    assert "goes on" not in drawn(replace(PLAYING, notices=(replace(news, since_monotonic_ns=60 * NS_PER_S),)))


def test_a_lost_focus_is_no_trouble_where_inputs_are_always_recorded() -> None:
    picture = drawn(replace(PLAYING, focused=False), around=Surroundings(needs_focus=False))
    assert row(picture, "focus") == "elsewhere; inputs are recorded all the same"
