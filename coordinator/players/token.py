"""Tokens: what a machine or a person shows with every call."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.clock import SECOND_NS
from coordinator.database.tables import players, tokens
from coordinator.errors import InvalidError, UnauthenticatedError, UnknownError
from coordinator.players.player import check_name, find_player
from coordinator.players.scopes import Caller, Scope, parse_scopes, scope_text
from coordinator.players.secret import make_secret, same_hash, split_secret

MAX_VALID_S = 10 * 365 * 24 * 3600
USED_EVERY_NS = 60 * SECOND_NS
"""When a token was used last is noted no more often than this."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token, without its secret; see the table for the meaning."""

    id: str
    player_id: str
    player_name: str
    node_id: str | None
    label: str
    scopes: frozenset[Scope]
    created_unix_ns: int
    expires_unix_ns: int | None
    revoked_unix_ns: int | None
    used_unix_ns: int | None


@dataclass(frozen=True, kw_only=True)
class NewToken:
    """A token that was just made. Attributes: secret: shown to its owner once."""

    token: Token
    secret: str = field(repr=False)


async def make_token(
    connection: AsyncConnection,
    player: str,
    scopes: frozenset[Scope],
    now_ns: int,
    *,
    label: str,
    node_id: str | None = None,
    valid_s: int | None = None,
) -> NewToken:
    """Make a token for a player.

    Raises:
        UnknownError: there is no such player.
        InvalidError: the label or the time is none.
    """
    owner = await find_player(connection, player)
    if valid_s is not None and not 1 <= valid_s <= MAX_VALID_S:
        raise InvalidError("valid_s", f"{valid_s} is not within 1 and {MAX_VALID_S}")
    made = make_secret("token")
    row = {
        "id": made.id,
        "player_id": owner.id,
        "node_id": node_id,
        "secret_hash": made.hash,
        "scopes": scope_text(scopes),
        "label": check_name("label", label),
        "created_unix_ns": now_ns,
        "expires_unix_ns": None if valid_s is None else now_ns + valid_s * SECOND_NS,
    }
    await connection.execute(insert(tokens).values(row))
    (token,) = await _select(connection, token_id=made.id)
    return NewToken(token=token, secret=made.text)


async def authenticate(connection: AsyncConnection, secret: str, now_ns: int) -> Caller:
    """Who shows this secret.

    Raises:
        UnauthenticatedError: nobody: it is none, unknown, expired, revoked, or its player is disabled.
    """
    parts = split_secret(secret, "token")
    if parts is None:
        raise UnauthenticatedError("this is no token", remedy="Enrol this machine again")
    query = (
        select(tokens, players.c.name.label("player_name"), players.c.disabled_unix_ns)
        .join(players, players.c.id == tokens.c.player_id)
        .where(tokens.c.id == parts[0])
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None or not same_hash(row.secret_hash, parts[1]):
        raise UnauthenticatedError("the token is unknown", remedy="Enrol this machine again")
    if row.revoked_unix_ns is not None:
        raise UnauthenticatedError("the token was revoked", remedy="Ask the operator for a new invitation")
    if row.expires_unix_ns is not None and row.expires_unix_ns < now_ns:
        raise UnauthenticatedError("the token has expired", remedy="Ask the operator for a new invitation")
    if row.disabled_unix_ns is not None:
        raise UnauthenticatedError("the player is disabled", remedy="Ask the operator")
    return Caller(
        player_id=row.player_id,
        player_name=row.player_name,
        scopes=parse_scopes(row.scopes.split()),
        token_id=row.id,
        node_id=row.node_id,
    )


async def note_use(connection: AsyncConnection, token_id: str, now_ns: int) -> None:
    """Note that a token was used just now."""
    statement = update(tokens).where(tokens.c.id == token_id).values(used_unix_ns=now_ns)
    await connection.execute(statement)


async def list_tokens(connection: AsyncConnection, player: str) -> list[Token]:
    """A player's tokens, the newest first.

    Raises:
        UnknownError: there is no such player.
    """
    return await _select(connection, player_id=(await find_player(connection, player)).id)


async def revoke_token(connection: AsyncConnection, token_id: str, now_ns: int) -> Token:
    """Let a token open nothing any more.

    Raises:
        UnknownError: there is none.
    """
    unrevoked = (tokens.c.id == token_id) & tokens.c.revoked_unix_ns.is_(None)
    await connection.execute(update(tokens).where(unrevoked).values(revoked_unix_ns=now_ns))
    found = await _select(connection, token_id=token_id)
    if not found:
        raise UnknownError("token", token_id)
    return found[0]


async def _select(
    connection: AsyncConnection, *, token_id: str | None = None, player_id: str | None = None
) -> list[Token]:
    query = (
        select(tokens, players.c.name.label("player_name"))
        .join(players, players.c.id == tokens.c.player_id)
        .order_by(tokens.c.id.desc())
    )
    if token_id is not None:
        query = query.where(tokens.c.id == token_id)
    if player_id is not None:
        query = query.where(tokens.c.player_id == player_id)
    return [
        Token(
            id=row.id,
            player_id=row.player_id,
            player_name=row.player_name,
            node_id=row.node_id,
            label=row.label,
            scopes=parse_scopes(row.scopes.split()),
            created_unix_ns=row.created_unix_ns,
            expires_unix_ns=row.expires_unix_ns,
            revoked_unix_ns=row.revoked_unix_ns,
            used_unix_ns=row.used_unix_ns,
        )
        for row in await connection.execute(query)
    ]
