"""A machine is invited: the code, and what is to be typed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playloom.client.access import is_loopback
from playloom.client.connection import Connection
from playloom.client.errors import NotThereError
from playloom.client.finding import FoundAccess
from playloom.errors import OutputError, PlayloomError
from protos import coordinator_pb2 as pb

AUTHORITY_HERE = Path("tls") / "ca.pem"
"""In a server's own directory."""


@dataclass(frozen=True, kw_only=True)
class Invited:
    """An invitation, and what to do with it.

    Attributes:
        invitation: as the server gave it.
        server: where the machine finds the server, HOST:PORT.
        command: what is to be typed there.
        hints: what has to be done before, a sentence each.
    """

    invitation: pb.Invitation
    server: str
    command: str
    hints: tuple[str, ...]


def invite_machine(
    server: Connection, found: FoundAccess, player: str, scopes: Sequence[str], valid_s: int, ca_to: Path | None
) -> Invited:
    """Ask the server for a code.

    Args:
        server: connected.
        found: how it was found.
        player: a name or an id.
        scopes: of the machine's token; none: the player's.
        valid_s: how long the code is good for.
        ca_to: where the server's certificate is written; None: nowhere.

    Raises:
        PlayloomError: there is no such player.
        ServerError: the caller is no operator, or the server is away.
        OutputError: the certificate cannot be written.
    """
    authority = found.access.authority
    if ca_to is not None:
        _write_authority(ca_to, authority)
    request = pb.InviteRequest(player=player, scopes=scopes, valid_s=valid_s)
    try:
        invitation = server.call(server.players.Invite, request)
    except NotThereError as error:
        raise PlayloomError(error.problem, remedy="Take a new player in with: playloom players add NAME") from error
    address = _address_for_others(found)
    command = f"playloom enrol {invitation.code} --server {address}"
    hints: list[str] = []
    if authority is not None:
        ca = ca_to or (None if found.server_root is None else found.server_root / AUTHORITY_HERE)
        command += f" --ca {'ca.pem' if ca is None else ca.name}"
        hints.append(
            f"Copy {ca} to that machine first; it is no secret."
            if ca is not None
            else "It needs the server's certificate: add --ca-to ca.pem here, and copy that file to it."
        )
    if is_loopback(address.rpartition(":")[0].strip("[]")):
        hints.append("This server is open to its own machine only; for others see playloom coordinator init --help.")
    return Invited(invitation=invitation, server=address, command=command, hints=tuple(hints))


def _address_for_others(found: FoundAccess) -> str:
    """On the server itself its settings say how others reach it; elsewhere it is as it was reached from here."""
    if found.server_root is None:
        return found.access.address
    from coordinator.settings_file import load_settings

    names = load_settings(found.server_root).names
    if not names:
        return found.access.address
    port = found.access.address.rpartition(":")[2]
    return f"[{names[0]}]:{port}" if ":" in names[0] else f"{names[0]}:{port}"


def _write_authority(path: Path, authority: str | None) -> None:
    if authority is None:
        raise OutputError(
            path,
            "there is nothing to write: this server's certificate is vouched for by an authority that machines know",
            remedy="Leave --ca-to out",
        )
    try:
        path.write_text(authority, encoding="ascii")
    except OSError as error:
        raise OutputError(path, f"cannot be written: {error.strerror or error}") from error
