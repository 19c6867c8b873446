"""A one-time code becomes this machine's token."""

from __future__ import annotations

import socket
from dataclasses import replace
from importlib.metadata import version

from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.errors import PlayloomError
from protos import coordinator_pb2 as pb

MAX_CODE = 200


def enrol_machine(access: ServerAccess, code: str, name: str | None = None) -> ServerAccess:
    """Enrol with a server; returns the access with its token, which nobody has kept yet.

    Args:
        access: the server, see `server_at`.
        code: from its operator; used up afterwards.
        name: what the machine is called there; None: its own name.

    Raises:
        ServerError: it is away, is not trusted, or refuses the code.
        PlayloomError: that is no code.
    """
    if not code or len(code) > MAX_CODE or not code.isascii() or not code.isprintable():
        raise PlayloomError("that is no code", remedy="Copy it whole, as the server's operator gave it")
    with Connection(replace(access, token=None)) as connection:
        # Asked first, and as often as it takes: the code itself must not be sent twice.
        info = connection.call(connection.server.GetInfo, pb.GetServerInfoRequest())
        request = pb.EnrolRequest(
            code=code, node_name=name or socket.gethostname() or "gaming PC", version=version("playloom")
        )
        answer = connection.call(connection.enrolment.Enrol, request, patience_s=0)
    return replace(
        access,
        token=answer.token,
        server_id=info.server_id,
        player=answer.caller.player_name,
        node=request.node_name,
    )
