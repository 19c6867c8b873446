"""Nodes as the database knows them: who they belong to, and what they said last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.clock import SECOND_NS
from coordinator.database.tables import nodes, players
from coordinator.errors import UnknownError

LOST_NS = 30 * SECOND_NS
"""A node reports every ten seconds; one that has said nothing for so long is lost."""

MAX_VERSION = 60


@dataclass(frozen=True, kw_only=True)
class Node:
    """A gaming PC.

    Attributes:
        id, name: the name is what its player calls it.
        player_id, player_name: whose it is.
        version: of Playloom there; empty: not known.
        connected_to: the coordinator process that holds its stream; None: none does. One that was killed stands here
            still.
        last_seen_unix_ns: when it reported last; None: never.
        status: what it said then; None: nothing.
    """

    id: str
    name: str
    player_id: str
    player_name: str
    version: str
    connected_to: str | None
    last_seen_unix_ns: int | None
    status: Mapping[str, Any] | None

    def is_connected(self, now_ns: int) -> bool:
        """Whether a process holds its stream and it has reported lately."""
        seen_ns = self.last_seen_unix_ns
        return self.connected_to is not None and seen_ns is not None and now_ns - seen_ns <= LOST_NS


@dataclass(frozen=True, kw_only=True)
class NodeSighting:
    """What is to be noted of a node. Attributes: status: None: nothing new."""

    node_id: str
    process_id: str
    seen_unix_ns: int
    status: Mapping[str, Any] | None
    version: str | None


async def list_nodes(connection: AsyncConnection, player_id: str | None) -> list[Node]:
    """A player's nodes by name; None: everyone's."""
    return await _select(connection, player_id=player_id)


async def get_node(connection: AsyncConnection, node_id: str) -> Node:
    """Raises: UnknownError: there is none."""
    found = await _select(connection, node_id=node_id)
    if not found:
        raise UnknownError("node", node_id)
    return found[0]


async def note_sightings(connection: AsyncConnection, sightings: Sequence[NodeSighting]) -> None:
    """Write down what nodes have said; in one order, so that two coordinators never wait for each other."""
    ordered = sorted(sightings, key=lambda sighting: sighting.node_id)
    told = [one for one in ordered if one.status is not None]
    silent = [one for one in ordered if one.status is None]
    seen = {"last_seen_unix_ns": bindparam("seen_ns"), "connected_to": bindparam("process")}
    this = nodes.c.id == bindparam("node")
    for some, values in (
        (silent, seen),
        (told, seen | {"status": bindparam("said"), "version": bindparam("of_version")}),
    ):
        if some:
            statement = update(nodes).where(this).values(values)
            await connection.execute(statement, [_parameters(one, whole=some is told) for one in some])


async def note_gone(connection: AsyncConnection, node_ids: Sequence[str], process_id: str) -> None:
    """Write down that this process holds these nodes' streams no longer; another one may hold them by now."""
    ours = nodes.c.id.in_(sorted(node_ids)) & (nodes.c.connected_to == process_id)
    await connection.execute(update(nodes).where(ours).values(connected_to=None))


def _parameters(sighting: NodeSighting, *, whole: bool) -> dict[str, Any]:
    values = {"node": sighting.node_id, "seen_ns": sighting.seen_unix_ns, "process": sighting.process_id}
    if whole:
        values |= {"said": sighting.status, "of_version": (sighting.version or "")[:MAX_VERSION]}
    return values


async def _select(
    connection: AsyncConnection, *, player_id: str | None = None, node_id: str | None = None
) -> list[Node]:
    query = (
        select(nodes, players.c.name.label("player_name"))
        .join(players, players.c.id == nodes.c.player_id)
        .order_by(nodes.c.name, nodes.c.id)
    )
    if player_id is not None:
        query = query.where(nodes.c.player_id == player_id)
    if node_id is not None:
        query = query.where(nodes.c.id == node_id)
    return [
        Node(
            id=row.id,
            name=row.name,
            player_id=row.player_id,
            player_name=row.player_name,
            version=row.version or "",
            connected_to=row.connected_to,
            last_seen_unix_ns=row.last_seen_unix_ns,
            status=row.status,
        )
        for row in await connection.execute(query)
    ]
