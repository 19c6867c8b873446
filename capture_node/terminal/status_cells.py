"""What stands in the rows of the status panel: a recorder's figures as words, and the signs beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from capture_node.recorder.status import RecorderState, RecorderStatus
from playloom.figures import (
    bytes_in_words,
    count_in_words,
    duration_in_words,
    one_line,
    percent_in_words,
    rough_duration_in_words,
)

SLOW_SHARE = 0.97
"""Below this part of the rate the rate is shown as slow."""

SETTLED_S = 3.0
"""So long after its beginning a recording's rate means something."""

_QUEUE_CELLS = 8


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What is shown beside the recorder's own figures.

    Attributes:
        hotkeys: (keys, what they do) that work from within the game.
        terminal_keys: (key, what it does) that work in the terminal itself.
        sessions, sessions_bytes: that lie in the output directory, without the one being recorded.
        quota_bytes: how much may lie there; None: no limit.
        needs_focus: whether inputs are recorded only while the window has the focus.
        calibrated_ms: from an input to the picture that shows it, as measured on this machine; None: never measured.
        uploads: how far sending sessions to the server is; empty: nothing is sent.
    """

    hotkeys: tuple[tuple[str, str], ...] = ()
    terminal_keys: tuple[tuple[str, str], ...] = ()
    sessions: int = 0
    sessions_bytes: int = 0
    quota_bytes: int | None = None
    needs_focus: bool = True
    calibrated_ms: float | None = None
    uploads: str = ""


@dataclass(frozen=True, kw_only=True)
class Signs:
    state: dict[RecorderState, str]
    warning: str
    note: str
    full: str
    empty: str
    cut: str


UNICODE = Signs(
    state={
        RecorderState.IDLE: "○",
        RecorderState.RECORDING: "●",
        RecorderState.PAUSED: "‖",
        RecorderState.STOPPING: "■",
        RecorderState.FAILED: "✗",
    },
    warning="▲",
    note="·",
    full="━",
    empty="─",
    cut="…",
)
ASCII = Signs(
    state={
        RecorderState.IDLE: "-",
        RecorderState.RECORDING: "*",
        RecorderState.PAUSED: "=",
        RecorderState.STOPPING: "#",
        RecorderState.FAILED: "x",
    },
    warning="!",
    note="-",
    full="#",
    empty=".",
    cut="...",
)


def elapsed(status: RecorderStatus) -> str:
    return duration_in_words(status.elapsed_s)


def source(status: RecorderStatus) -> Text:
    source = status.source
    if source is None:
        return Text("none", style="dim")
    program = f" ({one_line(source.process)})" if source.process else ""
    line = Text.assemble(
        (one_line(source.title) or source.key, "bold"), program, (f"  {source.width}x{source.height}", "dim")
    )
    line.overflow = "ellipsis"
    return line


def rate(status: RecorderStatus) -> Text:
    is_recording = status.state is RecorderState.RECORDING
    if not is_recording or (not status.measured_fps and status.elapsed_s < SETTLED_S):
        return Text(f"{status.fps} fps")
    rate = f"{status.measured_fps:.1f} of {status.fps} fps"
    if status.elapsed_s >= SETTLED_S and status.measured_fps < status.fps * SLOW_SHARE:
        return Text(f"{rate}, slow", style="yellow")
    return Text(rate)


def frames(status: RecorderStatus) -> str:
    words = count_in_words(status.frames, "frame")
    if status.repeated:
        words += f", {percent_in_words(status.repeated, status.frames)} repeated"
    return words


def losses(status: RecorderStatus) -> Text:
    if not status.dropped:
        return Text("no frame dropped")
    share = percent_in_words(status.dropped, status.dropped + status.frames)
    return Text(f"{count_in_words(status.dropped, 'frame')} dropped ({share})", style="yellow")


def sync(status: RecorderStatus, around: Surroundings) -> Text:
    words = f"{count_in_words(status.late, 'frame')} late" if status.late else "no frame late"
    ways = []
    if status.input_delay_ms is not None:
        ways.append(f"{status.input_delay_ms:.1f} ms to the file")
    if around.calibrated_ms is not None:
        ways.append(f"{around.calibrated_ms:.0f} ms to the picture")
    return Text(f"{words}, inputs {', '.join(ways)}" if ways else words)


def encoder(status: RecorderStatus) -> Text:
    if status.encoder is None:
        return Text("not opened yet", style="dim")
    failed = ", ".join(one.name for one in status.encoder.tried)
    return Text.assemble(status.encoder.name, (f" (not usable: {failed})" if failed else "", "dim"))


def queue(status: RecorderStatus, signs: Signs) -> Text:
    if not status.queue_capacity:
        return Text()
    cells = _QUEUE_CELLS
    filled = min(cells, -(-status.queue_frames * cells // status.queue_capacity))
    style = "red" if filled == cells else "yellow" if filled > cells // 2 else "green"
    return Text.assemble(
        ("queue ", "dim"),
        (signs.full * filled, style),
        (signs.empty * (cells - filled), "dim"),
        f" {status.queue_frames}/{status.queue_capacity}",
    )


def inputs(status: RecorderStatus, now_monotonic_ns: int) -> Text:
    if not status.input_events or status.last_input_monotonic_ns is None:
        return Text("nothing pressed yet", style="dim")
    words = count_in_words(status.input_events, "event")
    ago_s = int(max(0, now_monotonic_ns - status.last_input_monotonic_ns) / 1e9)
    words += ", the last just now" if ago_s < 2 else f", the last {_ago(ago_s)} ago"
    return Text(words)


def _ago(span_s: int) -> str:
    return f"{span_s} s" if span_s < 60 else rough_duration_in_words(span_s)


def focus(status: RecorderStatus, around: Surroundings) -> Text:
    if status.focused:
        return Text("the game's window has it")
    if not around.needs_focus:
        return Text("elsewhere; inputs are recorded all the same")
    return Text("elsewhere: inputs are not recorded", style="yellow")


def disk(status: RecorderStatus) -> Text:
    words = f"{bytes_in_words(status.written_bytes)} written, {bytes_in_words(status.disk_free_bytes)} free"
    if status.written_bytes and status.elapsed_s >= 10:
        bytes_per_s = status.written_bytes / status.elapsed_s
        words += f", room for {rough_duration_in_words(status.disk_free_bytes / bytes_per_s)}"
    return Text(words)


def path(path: Path | None, width: int, signs: Signs, number: int) -> Text:
    if path is None:
        return Text("none", style="dim")
    of_run = f"  (no. {number} of this run)" if number > 1 else ""
    room = max(12, width - len(of_run))
    text = str(path)
    if len(text) > room:
        text = signs.cut + text[-(room - len(signs.cut)) :]
    line = Text.assemble(text, (of_run, "dim"))
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def spool(around: Surroundings) -> Text:
    words = f"{count_in_words(around.sessions, 'session')} here, {bytes_in_words(around.sessions_bytes)}"
    if around.quota_bytes is not None:
        words += f" of {bytes_in_words(around.quota_bytes)} allowed"
    return Text(words)
