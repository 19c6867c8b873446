"""Invitations: a code that is good once, with which a machine comes to have a token."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.clock import SECOND_NS
from coordinator.database.tables import invitations, nodes
from coordinator.errors import InvalidError, UnauthenticatedError
from coordinator.ids import new_id
from coordinator.players.player import check_name, find_player
from coordinator.players.scopes import Scope, parse_scopes, scope_text
from coordinator.players.secret import make_secret, split_secret
from coordinator.players.token import NewToken, make_token

MAX_INVITED_S = 30 * 24 * 3600
DEFAULT_INVITED_S = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """An invitation that was just made. Attributes: code: shown once; player_id; expires_unix_ns: its last moment."""

    code: str = field(repr=False)
    player_id: str
    expires_unix_ns: int


async def invite(
    connection: AsyncConnection, player: str, scopes: frozenset[Scope], now_ns: int, *, valid_s: int = DEFAULT_INVITED_S
) -> Invitation:
    """Make a code for a machine of the player.

    Raises:
        UnknownError: there is no such player.
        InvalidError: the time is none.
    """
    owner = await find_player(connection, player)
    if not 1 <= valid_s <= MAX_INVITED_S:
        raise InvalidError("valid_s", f"{valid_s} is not within 1 and {MAX_INVITED_S}")
    made = make_secret("invitation")
    expires_ns = now_ns + valid_s * SECOND_NS
    row = {
        "id": made.id,
        "player_id": owner.id,
        "code_hash": made.hash,
        "scopes": scope_text(scopes),
        "created_unix_ns": now_ns,
        "expires_unix_ns": expires_ns,
    }
    await connection.execute(insert(invitations).values(row))
    return Invitation(code=made.text, player_id=owner.id, expires_unix_ns=expires_ns)


async def enrol(
    connection: AsyncConnection, code: str, node_name: str, now_ns: int, *, version: str | None = None
) -> NewToken:
    """Take a machine in, and give it a token. The code is used up.

    Raises:
        UnauthenticatedError: the code is unknown, used or expired.
        InvalidError: no machine can be called so.
    """
    name = check_name("node_name", node_name)
    parts = split_secret(code, "invitation")
    refused = UnauthenticatedError(
        "the code is unknown, used up or has expired", remedy="Ask the operator for a new invitation"
    )
    if parts is None:
        raise refused
    # One statement decides: of two machines that come with one code, one is let in.
    usable = (
        (invitations.c.id == parts[0])
        & (invitations.c.code_hash == parts[1])
        & invitations.c.used_unix_ns.is_(None)
        & (invitations.c.expires_unix_ns >= now_ns)
    )
    statement = update(invitations).where(usable).values(used_unix_ns=now_ns)
    row = (await connection.execute(statement.returning(invitations.c.player_id, invitations.c.scopes))).one_or_none()
    if row is None or (await find_player(connection, row.player_id)).disabled_unix_ns is not None:
        raise refused
    node_id = new_id("node")
    await connection.execute(
        insert(nodes).values(
            id=node_id, player_id=row.player_id, name=name, version=(version or "")[:60], created_unix_ns=now_ns
        )
    )
    scopes = parse_scopes(row.scopes.split())
    return await make_token(connection, row.player_id, scopes, now_ns, label=name, node_id=node_id)
