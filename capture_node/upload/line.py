"""What sessions are sent over, and how far one is."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from capture_node.upload.part_sender import PartSender
from playloom.client.connection import Connection


@dataclass(frozen=True, kw_only=True)
class UploadProgress:
    """How far a session is.

    Attributes:
        sent_bytes: what is there and what has left.
        size_bytes: of the whole session.
        problem: why a part has to be sent again; None: the last one arrived.
    """

    sent_bytes: int
    size_bytes: int
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class UploadLine:
    """What sessions are sent over.

    Attributes:
        connection: with the server.
        sender: of parts.
        parts_at_once: how many are on their way together.
        server_id: the server's own name for itself.
        ahead_ns: how far its clock is ahead of this machine's.
        stop: ends it, between two pieces of a part.
    """

    connection: Connection
    sender: PartSender
    parts_at_once: int
    server_id: str
    ahead_ns: int
    stop: threading.Event
