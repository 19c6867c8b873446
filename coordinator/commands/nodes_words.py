"""Nodes in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf import json_format
from rich.console import Console
from rich.text import Text

from coordinator.commands.words import ago, print_rows
from playloom.figures import bytes_in_words, count_in_words, one_line
from protos import coordinator_pb2 as pb


def print_nodes(console: Console, nodes: Sequence[pb.NodeInfo]) -> None:
    """A table, and below it what a player there should know; ids stand in --json only."""
    rows = [(node.name, node.player_name, _state(node), _does(node), _spool(node)) for node in nodes]
    print_rows(console, ("node", "player", "", "does", "spool"), rows)
    for node in nodes:
        for problem in _problems(node):
            console.print(f"  {one_line(node.name)}: {one_line(problem)}", style="yellow", markup=False)


def _state(node: pb.NodeInfo) -> Text:
    if node.connected:
        return Text("connected", style="green")
    if not node.HasField("last_seen_unix_ns"):
        return Text("never seen", style="dim")
    return Text(f"away {ago(node.last_seen_unix_ns)}", style="yellow")


def _does(node: pb.NodeInfo) -> str:
    """What its recorder does; a node that is away does something else by now."""
    state, source = _said(node, "state"), _said(node, "source")
    if not node.connected or not isinstance(state, str):
        return ""
    return f"{state}: {source}" if isinstance(source, str) and state in ("recording", "paused") else state


def _spool(node: pb.NodeInfo) -> str:
    sessions, size_bytes = _said(node, "spool_sessions"), _said(node, "spool_bytes")
    if not isinstance(sessions, (int, float)) or not isinstance(size_bytes, (int, float)):
        return ""
    return f"{count_in_words(int(sessions), 'session')}, {bytes_in_words(int(size_bytes))}" if sessions else "empty"


def _problems(node: pb.NodeInfo) -> list[str]:
    notices = _said(node, "notices")
    found = [*notices] if isinstance(notices, list) else []
    found += [_said(node, "failure"), _said(node, "uploads", "problem")]
    return [one for one in found if isinstance(one, str) and one] if node.connected else []


def _said(node: pb.NodeInfo, *keys: str) -> Any:
    """A part of what the node said last; None where it did not say that. Another version may say other things."""
    found: Any = json_format.MessageToDict(node.status)
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found
