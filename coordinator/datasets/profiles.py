"""Mapping profiles that players have left here, so that workers can read what they did."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.dataset_tables import mapping_profiles
from coordinator.database.tables import players
from coordinator.errors import InvalidError, LimitError, UnknownError
from coordinator.ids import new_id
from coordinator.uploads.quota import lock_player
from playloom.mapping_profile import parse_mapping_profile
from playloom.yaml_files import DefinitionError

MAX_CONTENT = 256 * 1024
MAX_PROFILES = 200
"""That a player can keep."""

MAX_NAME = 200
_FILE = Path("the profile")


@dataclass(frozen=True, kw_only=True)
class MappingProfile:
    """How a player does what a game definition names. Attributes: content: the YAML."""

    id: str
    player_id: str
    player_name: str
    game_id: str
    profile_name: str
    content: str
    created_unix_ns: int


async def put_profile(connection: AsyncConnection, player_id: str, content: str, now_ns: int) -> MappingProfile:
    """Keep a profile; the player's earlier one of this game and name is replaced.

    Raises:
        InvalidError: the content is no profile.
        LimitError: the player has too many.
    """
    if len(content) > MAX_CONTENT:
        raise InvalidError("content", f"it has more than {MAX_CONTENT} characters")
    try:
        profile = parse_mapping_profile(content, _FILE)
    except DefinitionError as error:
        raise InvalidError("content", str(error)) from error
    if not 0 < len(profile.profile_name.strip()) <= MAX_NAME or not profile.profile_name.isprintable():
        raise InvalidError("content", f"the profile's name is empty or longer than {MAX_NAME} characters")
    await lock_player(connection, player_id)
    same = (
        (mapping_profiles.c.player_id == player_id)
        & (mapping_profiles.c.game_id == profile.game_id)
        & (mapping_profiles.c.profile_name == profile.profile_name)
    )
    await connection.execute(delete(mapping_profiles).where(same))
    count = select(func.count()).where(mapping_profiles.c.player_id == player_id)
    if (await connection.execute(count)).scalar_one() >= MAX_PROFILES:
        raise LimitError(f"a player keeps {MAX_PROFILES} profiles", remedy="Delete some")
    row = {
        "id": new_id("profile"),
        "player_id": player_id,
        "game_id": profile.game_id,
        "profile_name": profile.profile_name,
        "content": content,
        "created_unix_ns": now_ns,
    }
    await connection.execute(insert(mapping_profiles).values(row))
    return await get_profile(connection, str(row["id"]))


async def get_profile(connection: AsyncConnection, profile_id: str) -> MappingProfile:
    """Raises: UnknownError: there is none."""
    query = _select().where(mapping_profiles.c.id == profile_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise UnknownError("mapping profile", profile_id)
    return MappingProfile(**row._mapping)


async def list_profiles(
    connection: AsyncConnection, *, player_id: str | None = None, game_id: str = ""
) -> list[MappingProfile]:
    """Profiles by player, game and name.

    Args:
        connection: to the database.
        player_id: of this player only; None: everyone's.
        game_id: of this game only; empty: of all.
    """
    query = _select().order_by(players.c.name_key, mapping_profiles.c.game_id, mapping_profiles.c.profile_name)
    if player_id is not None:
        query = query.where(mapping_profiles.c.player_id == player_id)
    if game_id:
        query = query.where(mapping_profiles.c.game_id == game_id)
    return [MappingProfile(**row._mapping) for row in await connection.execute(query)]


async def delete_profile(connection: AsyncConnection, profile_id: str) -> None:
    """Delete one; one that is not there is no fault."""
    await connection.execute(delete(mapping_profiles).where(mapping_profiles.c.id == profile_id))


def _select() -> Select[Any]:
    return select(mapping_profiles, players.c.name.label("player_name")).join(
        players, players.c.id == mapping_profiles.c.player_id
    )
