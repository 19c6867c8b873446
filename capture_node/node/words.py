"""A node's answers for people and, as JSON, for programs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from capture_node.node.status import NodeStatus, SpooledSession
from capture_node.recorder.status import RecorderState
from capture_node.terminal.status_cells import Surroundings
from capture_node.terminal.status_panel import StatusPanel
from capture_node.upload.words import uploads_in_words
from playloom.figures import bytes_in_words, count_in_words, duration_in_words, one_line


def console_of_command() -> Console:
    """Where a command's answer goes; into a pipe as wide as it comes."""
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 200
    return console


def as_json(value: Any) -> str:
    """A dataclass, or a list of them, as JSON with the attributes' names as keys."""
    plain = [asdict(one) for one in value] if isinstance(value, list) else asdict(value)
    return json.dumps(plain, indent=2, ensure_ascii=False, default=str)


def surroundings(status: NodeStatus) -> Surroundings:
    """What the panel shows of the spool."""
    node = status.node
    return Surroundings(
        sessions=node.spool_sessions,
        sessions_bytes=node.spool_bytes,
        quota_bytes=node.spool_quota_bytes,
        uploads=uploads_in_words(status.uploads),
    )


def print_status(console: Console, status: NodeStatus) -> None:
    """How things stand, and what can be done next."""
    recorder, node = status.recorder, status.node
    console.print(f"node {node.version}, process {node.pid}", style="dim", markup=False)
    if recorder.state in (RecorderState.IDLE, RecorderState.FAILED):
        console.print(f"{recorder.state}: nothing is being recorded", markup=False)
        if recorder.failure is not None:
            console.print(f"  the last recording failed: {one_line(recorder.failure)}", style="red", markup=False)
        for notice in recorder.notices:
            style = "yellow" if notice.warning else ""
            console.print(f"  {one_line(notice.text)}", style=style, markup=False)
    else:
        console.print(StatusPanel(status=recorder, around=Surroundings(), now_monotonic_ns=status.monotonic_ns))
    quota = "" if node.spool_quota_bytes is None else f" of {bytes_in_words(node.spool_quota_bytes)}"
    console.print(
        f"spool: {count_in_words(node.spool_sessions, 'session')}, {bytes_in_words(node.spool_bytes)}{quota}, "
        f"in {node.spool}",
        markup=False,
    )
    uploads = uploads_in_words(status.uploads)
    if uploads:
        here = "" if status.uploads.connected else ", which does not reach this node"
        console.print(f"upload: {uploads}", markup=False)
        console.print(f"server: {status.uploads.server}{here}", style="dim", markup=False)
    print_next(console, _next_of(recorder.state))


def _next_of(state: RecorderState) -> str:
    match state:
        case RecorderState.RECORDING:
            return "playloom node stop"
        case RecorderState.PAUSED:
            return "playloom node resume"
        case RecorderState.STOPPING:
            return "playloom node sessions"
        case _:
            return "playloom node start --window TITLE"


def print_sessions(console: Console, sessions: Sequence[SpooledSession]) -> None:
    """A table, and below it what is missing of sessions that were cut off."""
    table = _table("session", "when", "length", "size", "game", "player", "state")
    for session in sessions:
        table.add_row(
            one_line(session.name),
            "" if session.started_unix_ns is None else f"{_moment(session.started_unix_ns):%Y-%m-%d %H:%M}",
            "" if session.duration_s is None else duration_in_words(session.duration_s),
            bytes_in_words(session.bytes),
            one_line(session.game_id or session.window or ""),
            one_line(session.player or ""),
            _state_of(session),
        )
    console.print(table)
    for session in sessions:
        for sentence in session.lost:
            console.print(f"  {one_line(session.name)}: {one_line(sentence)}", style="yellow", markup=False)


def _state_of(session: SpooledSession) -> Text:
    if session.recording:
        return Text("recording", style="red")
    if not session.finished:
        return Text("cut off", style="yellow")
    words = "recovered" if session.lost else "finished"
    return Text(words if session.server_session_id is None else f"{words}, sent")


def _moment(unix_ns: int) -> datetime:
    return datetime.fromtimestamp(unix_ns / 1e9)


def print_rows(console: Console, columns: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    """A table of texts that other programs may have chosen."""
    table = _table(*columns)
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    console.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def print_next(console: Console, command: str) -> None:
    """What to do next."""
    console.print(f"Next: {command}", style="bold", markup=False)


def shell_path(path: Path) -> str:
    """A path as it can be pasted into a shell."""
    return shlex.quote(str(path))
