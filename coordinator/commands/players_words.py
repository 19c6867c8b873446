"""Players, tokens and invitations in words."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable
from typing import Any

from coordinator.commands.inviting import Invited
from coordinator.commands.words import ago, console_of_command, moment, plain, print_next, print_rows
from playloom.figures import bytes_in_words
from protos import coordinator_pb2 as pb


def quota_in_words(player: pb.Player) -> str:
    """What a player may fill."""
    return f"a quota of {bytes_in_words(player.quota_bytes)}" if player.HasField("quota_bytes") else "no quota"


def print_tokens(tokens: Iterable[pb.Token]) -> None:
    """A table of tokens, without their secrets."""
    rows = [
        (
            token.id,
            token.label,
            " ".join(token.scopes),
            f"{ago(token.used_unix_ns)} ago" if token.HasField("used_unix_ns") else "never",
            _token_state(token),
        )
        for token in tokens
    ]
    if not rows:
        console_of_command().print("No machine of this player has a token.")
        return
    print_rows(console_of_command(), ("token", "machine", "good for", "used", ""), rows)


def _token_state(token: pb.Token) -> str:
    if token.HasField("revoked_unix_ns"):
        return "revoked"
    expired = token.HasField("expires_unix_ns") and token.expires_unix_ns < time.time_ns()
    return "expired" if expired else ""


def invitation_values(invited: Invited) -> dict[str, Any]:
    """An invitation for scripts."""
    return plain(invited.invitation) | {"server": invited.server, "command": invited.command}


def print_invitation(invited: Invited) -> None:
    """An invitation, and what to do with it."""
    console = console_of_command()
    console.print(
        f"The code is good once, until {moment(invited.invitation.expires_unix_ns)}, and is shown only now.",
        markup=False,
    )
    for line in invited.hints:
        console.print(line, markup=False)
    print_next(console, f"on that machine: {invited.command}")


def quoted(name: str) -> str:
    """A name as it can be pasted into a shell."""
    return shlex.quote(name)
