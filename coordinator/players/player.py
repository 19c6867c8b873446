"""Players: people whose sessions are kept, and whose jobs take turns."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import player_rooms, players
from coordinator.errors import ConflictError, InvalidError, UnknownError
from coordinator.ids import new_id

MAX_NAME = 60
PAGE_LIMIT = 500


@dataclass(frozen=True, kw_only=True)
class Player:
    """A player.

    Attributes:
        id, name: the name is shown as it was given, and compared without case.
        quota_bytes: of all sessions together; None: no limit.
        used_bytes, sessions: what there is, without what is deleted.
        created_unix_ns: since when.
        disabled_unix_ns: since when no token opens anything; None while they do.
    """

    id: str
    name: str
    quota_bytes: int | None
    used_bytes: int
    sessions: int
    created_unix_ns: int
    disabled_unix_ns: int | None


async def create_player(
    connection: AsyncConnection, name: str, now_ns: int, *, quota_bytes: int | None = None
) -> Player:
    """Take a player in.

    Raises:
        InvalidError: nobody can be called so.
        ConflictError: somebody is called so.
    """
    shown = check_name("name", name)
    row = {
        "id": new_id("player"),
        "name": shown,
        "name_key": name_key(shown),
        "quota_bytes": _quota(quota_bytes),
        "created_unix_ns": now_ns,
    }
    try:
        await connection.execute(insert(players).values(row))
    except IntegrityError as error:
        raise ConflictError(f"there is a player '{shown}' already", remedy="Choose another name") from error
    return await find_player(connection, str(row["id"]))


async def find_player(connection: AsyncConnection, player: str) -> Player:
    """A player by id or name.

    Raises:
        UnknownError: there is none.
    """
    found = await _select(connection, player=player)
    if not found:
        raise UnknownError("player", player)
    return found[0]


async def list_players(connection: AsyncConnection, *, after: str = "", limit: int = PAGE_LIMIT) -> list[Player]:
    """Players by name, those behind the name key ``after``."""
    return await _select(connection, after=after, limit=limit)


async def update_player(
    connection: AsyncConnection,
    player: str,
    now_ns: int,
    *,
    quota_bytes: int | None = None,
    disabled: bool | None = None,
) -> Player:
    """Change what is given; a quota of 0 takes the quota away.

    Raises:
        UnknownError: there is none.
    """
    found = await find_player(connection, player)
    values: dict[str, int | None] = {}
    if quota_bytes is not None:
        values["quota_bytes"] = _quota(quota_bytes)
    if disabled is not None and disabled != (found.disabled_unix_ns is not None):
        values["disabled_unix_ns"] = now_ns if disabled else None
    if values:
        await connection.execute(update(players).where(players.c.id == found.id).values(values))
    return await find_player(connection, found.id)


def check_name(field: str, name: str) -> str:
    """A person's or a machine's name as it is shown.

    Raises:
        InvalidError: it is empty, too long, or holds what cannot be seen.
    """
    shown = unicodedata.normalize("NFC", " ".join(name.split()))
    if not shown or len(shown) > MAX_NAME:
        raise InvalidError(field, f"it is empty or longer than {MAX_NAME} characters")
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp") for sign in shown):
        raise InvalidError(field, "it holds characters that cannot be seen")
    return shown


def name_key(name: str) -> str:
    """A name as it is compared: "Ada" is "ada", and so is "Ａda"."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _quota(quota_bytes: int | None) -> int | None:
    return min(quota_bytes, 2**62) if quota_bytes else None


async def _select(
    connection: AsyncConnection, *, player: str | None = None, after: str | None = None, limit: int = 1
) -> list[Player]:
    query = (
        select(
            *(players.c[name] for name in ("id", "name", "quota_bytes", "created_unix_ns", "disabled_unix_ns")),
            func.coalesce(player_rooms.c.sessions, 0).label("sessions"),
            func.coalesce(player_rooms.c.used_bytes, 0).label("used_bytes"),
        )
        .join(player_rooms, player_rooms.c.player_id == players.c.id, isouter=True)
        .order_by(players.c.name_key)
        .limit(limit)
    )
    if player is not None:
        query = query.where(or_(players.c.id == player, players.c.name_key == name_key(player)))
    if after is not None:
        query = query.where(players.c.name_key > after)
    return [Player(**row._mapping) for row in await connection.execute(query)]
