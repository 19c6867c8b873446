"""The server's sessions for people and, as JSON, for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console

from capture_node.node.words import print_rows
from playloom.figures import bytes_in_words, count_in_words, duration_in_words, one_line
from protos import coordinator_pb2 as pb


def sessions_json(sessions: Sequence[pb.Session]) -> str:
    return json.dumps([_values(one) for one in sessions], indent=2, ensure_ascii=False)


def session_json(session: pb.Session) -> str:
    return json.dumps(_values(session), indent=2, ensure_ascii=False)


def print_sessions(console: Console, sessions: Sequence[pb.Session]) -> None:
    """A table, and what they are together."""
    players = {one.player_id for one in sessions}
    columns = ("session", "recorded", "length", "size", "game", *(("player",) if len(players) > 1 else ()), "id")
    rows = [
        (
            one.name,
            f"{moment(one.recorded_unix_ns):%Y-%m-%d %H:%M}",
            duration_in_words(one.duration_s),
            bytes_in_words(one.size_bytes),
            one.game_id,
            *((one.player_name,) if len(players) > 1 else ()),
            one.id,
        )
        for one in sessions
    ]
    print_rows(console, columns, rows)
    total = sum(one.size_bytes for one in sessions)
    length = duration_in_words(sum(one.duration_s for one in sessions))
    console.print(f"{count_in_words(len(sessions), 'session')}, {length}, {bytes_in_words(total)}", style="dim")


def print_session(console: Console, session: pb.Session) -> None:
    """All that the server says of one."""
    facts = [
        ("session", session.name),
        ("id", session.id),
        ("player", session.player_name),
        ("recorded", f"{moment(session.recorded_unix_ns):%Y-%m-%d %H:%M:%S}"),
        ("length", f"{duration_in_words(session.duration_s)}, {count_in_words(session.frames, 'frame')}"),
        ("game", session.game_id),
        ("profile", session.profile_name),
        ("task", session.task),
        ("size", bytes_in_words(session.size_bytes)),
    ]
    if session.HasField("deleted_unix_ns"):
        facts.append(("deleted", f"{moment(session.deleted_unix_ns):%Y-%m-%d %H:%M}"))
    for name, value in facts:
        if value:
            console.print(f"{name:10} {one_line(value)}", markup=False)
    rows = [(file.name, bytes_in_words(file.size_bytes), file.sha256) for file in session.files]
    print_rows(console, ("file", "size", "SHA-256"), rows)


def moment(unix_ns: int) -> datetime:
    """This machine's local time."""
    return datetime.fromtimestamp(unix_ns / 1e9)


def _values(session: pb.Session) -> dict[str, Any]:
    """The message's fields by their names, with numbers as numbers."""
    values: dict[str, Any] = {}
    for descriptor in pb.Session.DESCRIPTOR.fields:
        name = descriptor.name
        if name == "files":
            values[name] = [
                {"name": file.name, "size_bytes": file.size_bytes, "sha256": file.sha256} for file in session.files
            ]
        elif descriptor.has_presence and not session.HasField(name):
            values[name] = None
        else:
            value = getattr(session, name)
            values[name] = value if isinstance(value, str | int | float) else list(value)
    return values
