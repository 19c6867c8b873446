"""Whose things a caller may see: one's own, and as an operator everyone's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import sessions
from coordinator.datasets.ingest import INGEST
from coordinator.errors import ForbiddenError, UnknownError
from coordinator.ids import is_id
from coordinator.players.player import find_player, name_key
from coordinator.players.scopes import Caller

DATASET_KINDS = "dataset."
"""So begin the kinds of jobs that make versions of datasets."""

PROGRAM_KINDS = frozenset({"train", "label"})
"""Kinds of jobs that run a program of ours for hours with settings of the submitter's, and read every player's data."""


def see_that_own(caller: Caller, player_id: str, what: str, row_id: str) -> None:
    """See that a thing of this player is the caller's business.

    Raises:
        UnknownError: it is not; the answer is the one for a thing that is not there.
    """
    if not caller.is_operator and player_id != caller.player_id:
        raise UnknownError(what, row_id)


def see_that_may_submit(caller: Caller, kind: str) -> None:
    """See that a caller may submit jobs of a kind: those that change datasets or train on them are for operators.

    (A player's sessions are queued by rules, and removed by `RemoveFromDataset`.)

    Raises:
        ForbiddenError: the kind is not for them.
    """
    if not caller.is_operator and (kind == INGEST or kind.startswith(DATASET_KINDS) or kind in PROGRAM_KINDS):
        raise ForbiddenError(f"jobs of the kind '{kind[:80]}' are for operators", remedy="Ask the operator")


async def whose(connection: AsyncConnection, caller: Caller, player: str) -> str | None:
    """The id of the player whose things a listing shows; None: everyone's.

    Args:
        player: an id or a name; empty: one's own, and for operators everyone's.

    Raises:
        UnknownError: there is no such player, or it is another than the caller.
    """
    if caller.is_operator:
        return (await find_player(connection, player)).id if player else None
    if player and player != caller.player_id and name_key(player) != name_key(caller.player_name):
        raise UnknownError("player", player)
    return caller.player_id


async def see_that_sessions_are_own(connection: AsyncConnection, caller: Caller, document: object) -> None:
    """See that every session that a document names, wherever in it, is the caller's business.

    Raises:
        UnknownError: one is not, or is not there.
    """
    named = sorted({text for text in _texts(document) if is_id(text, "session")})
    if caller.is_operator or not named:
        return
    query = select(sessions.c.id).where(sessions.c.id.in_(named), sessions.c.player_id == caller.player_id)
    own = set((await connection.execute(query)).scalars())
    for session_id in named:
        if session_id not in own:
            raise UnknownError("session", session_id)


def _texts(document: object) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, Mapping):
        for key, value in document.items():
            yield from (key, *_texts(value))
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value)
