"""Datasets in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from coordinator.commands.players_words import quoted
from coordinator.commands.words import ago, moment, print_facts, print_rows
from playloom.documents import document_in
from playloom.figures import bytes_in_words, count_in_words, one_line
from protos import coordinator_pb2 as pb

KEPT = {"keyboard": "keyboard", "mouse": "mouse", "rewards": "rewards", "who_acted": "who acted"}
"""What a dataset can keep beside pictures and actions, by the name of its config."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a dataset holds of a player."""

    player: str
    sessions: int = 0
    episodes: int = 0
    frames: int = 0
    staged: int = 0

    def values(self) -> dict[str, Any]:
        return asdict(self)


def is_in(session: pb.DatasetSession) -> bool:
    """Whether the newest version holds a session."""
    return bool(session.added_version) and not session.HasField("removed_version")


def shares(sessions: Iterable[pb.DatasetSession]) -> list[Share]:
    """What a dataset holds of each player, and what waits; by the players' names."""
    found: dict[str, Share] = {}
    for one in sessions:
        inside, before = is_in(one), found.get(one.player_name, Share(player=one.player_name))
        found[one.player_name] = Share(
            player=one.player_name,
            sessions=before.sessions + inside,
            episodes=before.episodes + (one.episodes if inside else 0),
            frames=before.frames + (one.frames if inside else 0),
            staged=before.staged + one.staged,
        )
    return [found[name] for name in sorted(found) if found[name].sessions or found[name].staged]


def print_datasets(console: Console, found: Sequence[pb.Dataset], games: Mapping[str, Sequence[str]]) -> None:
    """A table."""
    rows = [
        (
            one.name,
            f"{one.version}" if one.version else "none",
            f"{one.sessions:,}",
            f"{one.episodes:,}",
            f"{one.frames:,}",
            bytes_in_words(one.size_bytes),
            _on_its_way(one),
            ", ".join(games[one.name]),
            _wish(document_in(one.wish)),
        )
        for one in found
    ]
    columns = ("dataset", "version", "sessions", "episodes", "frames", "size", "on its way", "takes games", "asks for")
    print_rows(console, columns, rows)


def print_dataset(console: Console, found: pb.Dataset, games: Sequence[str]) -> None:
    """All that there is to know of one."""
    config = document_in(found.config)
    fps = config.get("fps", 0)
    played = f", {found.frames / fps / 3600:.1f} h" if fps else ""
    facts = [
        ("dataset", found.name),
        ("id", found.id),
        ("since", moment(found.created_unix_ns)),
        ("takes games", ", ".join(games)),
        ("asks for", _wish(document_in(found.wish))),
        ("pictures", f"{config['width']}x{config['height']} at {fps} frames a second" if config else ""),
        ("videos", f"{config['codec']}, {config['video']}" if config else ""),
        ("actions of", ", ".join(config.get("class_ids", ()))),
        ("also keeps", ", ".join(text for name, text in KEPT.items() if config.get(name))),
        ("task", config.get("task") or ""),
        ("gates", ", ".join(f"{name}={_threshold(value)}" for name, value in config.get("gates", {}).items())),
        ("terms", config.get("terms", "")),
        ("version", f"{found.version}" if found.version else "none yet"),
        ("holds", f"{count_in_words(found.sessions, 'session')}, {count_in_words(found.episodes, 'episode')}"),
        ("frames", f"{found.frames:,}{played}, {bytes_in_words(found.size_bytes)}" if found.frames else ""),
        ("on its way", _on_its_way(found)),
    ]
    print_facts(console, facts)
    if not config:
        console.print("Nobody has decided what it is to be: no session can enter it.", style="yellow")


def print_shares(console: Console, by_player: Sequence[Share]) -> None:
    """Whose it is."""
    if not by_player:
        return
    console.print()
    rows = [
        (
            one.player,
            f"{one.sessions:,}",
            f"{one.episodes:,}",
            f"{one.frames:,}",
            f"{one.staged:,}" if one.staged else "",
        )
        for one in by_player
    ]
    print_rows(console, ("player", "sessions", "episodes", "frames", "waiting"), rows)


def print_versions(console: Console, found: Sequence[pb.DatasetVersion]) -> None:
    """A table, the newest first."""
    if not found:
        return
    console.print()
    rows = [
        (
            f"{one.number}",
            one.reason,
            _change(one),
            f"{one.episodes:,}",
            f"{one.frames:,}",
            bytes_in_words(one.size_bytes),
            f"{ago(one.created_unix_ns)} ago",
            Text("withdrawn", style="yellow") if one.HasField("withdrawn_unix_ns") else ", ".join(one.tags),
        )
        for one in found
    ]
    print_rows(console, ("version", "made by", "sessions", "episodes", "frames", "size", "age", ""), rows)


def print_members(console: Console, found: Sequence[pb.DatasetSession]) -> None:
    """A table."""
    rows = [
        (one.session_id, one.player_name, one.name, f"{one.episodes:,}", f"{one.frames:,}", _standing(one))
        for one in found
    ]
    print_rows(console, ("session", "player", "name", "episodes", "frames", ""), rows)


def print_checkpoints(console: Console, found: Sequence[pb.Checkpoint]) -> None:
    """A table, and below it why some are marked."""
    rows = [
        (
            one.id,
            one.name,
            ", ".join(f"{source.dataset} {source.version}" for source in one.sources) or "its parents' alone",
            f"{ago(one.created_unix_ns)} ago",
            Text("marked", style="yellow") if one.HasField("marked_unix_ns") else "",
            one.location,
        )
        for one in found
    ]
    print_rows(console, ("checkpoint", "name", "learned from", "age", "", "lies at"), rows)
    for one in found:
        if one.HasField("marked_unix_ns"):
            console.print(f"  {one.id}: {one_line(one.marked_reason)}", style="yellow", markup=False)


def next_of_dataset(found: pb.Dataset, games: Sequence[str]) -> str:
    """What to do when one has looked at it."""
    if found.version:
        return f"playloom datasets pull {found.name}"
    if found.pending or found.staged:
        return "playloom jobs list --kind ingest"
    if games:
        return f"playloom datasets ingest {found.name}, for sessions that are there already"
    return f"playloom datasets rules add {quoted(found.name)} GAME_ID"


def _on_its_way(found: pb.Dataset) -> str:
    parts = [
        (found.pending, f"{found.pending:,} queued"),
        (found.staged, f"{found.staged:,} converted"),
    ]
    return ", ".join(text for count, text in parts if count)


def _change(version: pb.DatasetVersion) -> str:
    added = f"+{version.sessions_added:,}" if version.sessions_added else ""
    removed = f"-{version.sessions_removed:,}" if version.sessions_removed else ""
    return " ".join(part for part in (added, removed) if part)


def _standing(session: pb.DatasetSession) -> str | Text:
    if session.HasField("removed_unix_ns"):
        if is_in(session):
            return Text(f"in it since version {session.added_version}, to be taken out", style="yellow")
        gone = f" with version {session.removed_version}" if session.HasField("removed_version") else ""
        return f"taken out{gone}, {ago(session.removed_unix_ns)} ago"
    if is_in(session):
        return f"since version {session.added_version}"
    if session.staged:
        return Text("converted, waits", style="cyan")
    return f"until version {session.removed_version}"


def _threshold(value: Any) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else f"{value:g}"


def _wish(wish: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in wish.items())
