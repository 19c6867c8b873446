"""Things by the names that people give them."""

from __future__ import annotations

from playloom.client.connection import Connection
from playloom.errors import PlayloomError
from protos import coordinator_pb2 as pb


def find_node(server: Connection, node: str) -> pb.NodeInfo:
    """A node by its id, its name, or PLAYER/NAME.

    Where several machines have the name, the one that is connected is meant, if it is the only one: a PC that was
    enrolled anew leaves its older self behind.

    Raises:
        PlayloomError: there is none, or there are several.
    """
    nodes = list(server.call(server.nodes.ListNodes, pb.ListNodesRequest()).nodes)
    wanted = node.casefold()
    found = [one for one in nodes if one.id == node]
    found = found or [one for one in nodes if one.name.casefold() == wanted]
    found = found or [one for one in nodes if f"{one.player_name}/{one.name}".casefold() == wanted]
    if len(found) > 1:
        connected = [one for one in found if one.connected]
        found = connected if len(connected) == 1 else found
    if not found:
        raise PlayloomError(f"there is no machine '{node}'", remedy="See which there are: playloom nodes list")
    if len(found) > 1:
        ids = ", ".join(f"{one.id} of {one.player_name}" for one in found[:5])
        raise PlayloomError(f"several machines are called '{node}'", remedy=f"Name one by its id: {ids}")
    return found[0]
