from __future__ import annotations

import io
import os
import pty
import queue
import sys
import termios
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from capture_node.recorder.status import Notice, NoticeKind, RecorderState, RecorderStatus
from capture_node.terminal.display import DisplayThread, LineDisplay, LiveDisplay
from capture_node.terminal.input_lines import InputTail
from capture_node.terminal.key_reader import KeyReader, windows_reader
from capture_node.terminal.output import LastingOutput, lasting
from capture_node.terminal.player_requests import Request, Requests
from capture_node.terminal.status_cells import Surroundings
from playloom.recording.input_stream import InputSnapshot, encode_snapshot

RECORDING = RecorderStatus(state=RecorderState.RECORDING, fps=60, measured_fps=60.0, frames=120, elapsed_s=2.0)
BLACK = Notice(kind=NoticeKind.BLACK, text="The picture is black", since_monotonic_ns=0)


def test_lines_carry_their_time_and_come_at_the_interval_only() -> None:
    file = io.StringIO()
    display = LineDisplay(Console(file=file, width=60), interval_s=0.05)
    display.show(RECORDING, Surroundings())
    display.show(replace(RECORDING, notices=(BLACK,)), Surroundings())
    time.sleep(0.06)
    display.show(replace(RECORDING, notices=(BLACK,)), Surroundings())
    display.show(replace(RECORDING, notices=(BLACK,)), Surroundings())
    lines = file.getvalue().splitlines()
    assert [line[9:40] for line in lines] == ["warning: The picture is black", "recording 0:00:02, 60.0 of 60 f"]
    assert all(line[2] == line[5] == ":" for line in lines)


def test_a_line_is_never_wrapped_so_that_logs_can_be_searched() -> None:
    file = io.StringIO()
    LineDisplay(Console(file=file, width=20)).say("a long sentence that would not fit")
    assert file.getvalue().count("\n") == 1


def test_the_panel_is_drawn_over_and_what_happened_stays_above_it() -> None:
    file = io.StringIO()
    display = LiveDisplay(Console(file=file, width=80, height=40, force_terminal=True, color_system=None))
    display.show(RECORDING, Surroundings())
    display.show(replace(RECORDING, notices=(BLACK,)), Surroundings())
    display.close()
    drawn = file.getvalue()
    assert "● recording 0:00:02" in drawn
    assert "warning: The picture is black" in drawn
    assert drawn.endswith("\x1b[2K"), "the panel is wiped at the end"


def test_a_terminal_that_takes_nothing_holds_up_nobody() -> None:
    stuck = threading.Event()

    class StuckDisplay:
        def show(self, status: RecorderStatus, around: Surroundings) -> None:
            stuck.wait(10)

        def say(self, text: str, *, warning: bool = False) -> None:
            stuck.wait(10)

        def close(self) -> None:
            pass

    display = DisplayThread(StuckDisplay)
    before_s = time.monotonic()
    for _ in range(1_000):
        display.show(RECORDING, Surroundings())
    display.say("hello")
    assert time.monotonic() - before_s < 1
    stuck.set()
    display.close()


def test_a_display_on_its_own_thread_shows_the_newest_and_says_everything() -> None:
    file = io.StringIO()
    with DisplayThread(lambda: LineDisplay(Console(file=file, width=80))) as display:
        display.say("one")
        display.show(RECORDING, Surroundings())
        display.say("two", warning=True)
    assert [line[9:] for line in file.getvalue().splitlines()] == ["one", "warning: two"]


def test_output_whose_reader_has_left_is_taken_without_an_error() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stream:
        output = lasting(stream)
        assert isinstance(output, LastingOutput)
        Console(file=output).print("nobody reads this")
        output.flush()
        assert output.is_lost
        assert not output.isatty()
        print("nor this", file=output, flush=True)


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are Unix's")
def test_keys_in_the_terminal_are_requests_and_the_terminal_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp())
    requests: Requests = queue.SimpleQueue()
    before = termios.tcgetattr(theirs)
    with os.fdopen(theirs, "r") as terminal:
        keys = KeyReader(terminal, requests)
        assert keys.is_reading
        os.write(ours, b"\x1bOP\x1b[C")  # F1, which ends in a P, and an arrow
        time.sleep(0.05)
        os.write(ours, "é".encode())
        os.write(ours, b"xpMdq")
        got = [requests.get(timeout=5) for _ in range(4)]
        keys.close()
        assert termios.tcgetattr(theirs) == before
    os.close(ours)
    assert got == [Request.PAUSE, Request.MARK, Request.DISCARD_ASKED_TWICE, Request.STOP]


def test_keys_of_a_windows_console_are_told_from_arrows_whose_codes_are_letters() -> None:
    typed = list("\xe0P\x00Mm")
    console = SimpleNamespace(kbhit=lambda: bool(typed), getwch=lambda: typed.pop(0))
    is_closed = threading.Event()
    is_closed.set()
    read = windows_reader(console, is_closed)
    assert [read() for _ in range(4)] == ["", "", "m", ""]


def test_keys_are_not_read_from_a_pipe() -> None:
    read, write = os.pipe()
    with os.fdopen(read) as pipe:
        keys = KeyReader(pipe, queue.SimpleQueue())
        assert not keys.is_reading
        keys.close()
    os.close(write)


def test_inputs_are_told_as_they_reach_the_file(tmp_path: Path) -> None:
    file = tmp_path / "actions.bin"
    tail = InputTail()
    assert tail.new_lines(None) == []
    assert tail.new_lines(tmp_path) == []
    space = encode_snapshot(InputSnapshot(monotonic_ns=5_000_000_000, keys=frozenset({4, 44})))
    pad = encode_snapshot(
        InputSnapshot(monotonic_ns=5_500_000_000, axes=(0.5, 0, 0, 0, 0, 1.0), buttons=frozenset({0}), pad=1)
    )
    file.write_bytes(space + pad[:7])
    assert tail.new_lines(tmp_path) == ["input +0.000 s  a+space"]
    mouse = encode_snapshot(
        InputSnapshot(monotonic_ns=6_000_000_000, mouse_buttons=frozenset({1}), mouse_motion=(3, -1), wheel=(0, 1))
    )
    nothing = encode_snapshot(InputSnapshot(monotonic_ns=6_250_000_000))
    file.write_bytes(space + pad + mouse + nothing)
    assert tail.new_lines(tmp_path) == [
        "input +0.500 s  south  leftx +0.50  right_trigger +1.00",
        "input +1.000 s  mouse left  mouse +3 -1  wheel +0 +1",
        "input +1.250 s  nothing held",
    ]


def test_of_many_inputs_at_once_the_first_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    moves = [InputSnapshot(monotonic_ns=k * 1_000_000, mouse_motion=(1, 0)) for k in range(1_050)]
    (tmp_path / "actions.bin").write_bytes(b"".join(encode_snapshot(move) for move in moves))
    lines = InputTail().new_lines(tmp_path)
    assert lines[49:] == ["input +0.049 s  mouse +1 +0", "input and 1,000 more"]
