"""What a node says of its uploads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UploadState(StrEnum):
    OFF = "off"  # not enrolled, or the settings say so
    IDLE = "idle"  # everything is sent
    SENDING = "sending"
    QUIET = "quiet"  # quiet hours
    RECORDING = "recording"  # waits until nothing is recorded
    WAITING = "waiting"  # the server is away; it tries again
    REFUSED = "refused"  # the server lets it in no more: a person has to do something


@dataclass(frozen=True, kw_only=True)
class UploadStatus:
    """One moment of a node's uploads.

    Attributes:
        state: what goes on.
        server: HOST:PORT; empty: none.
        connected: whether the stream by which the server tells this node what to do is open.
        waiting_sessions, waiting_bytes: finished ones that are not confirmed, the one being sent among them.
        session: the name of the one that is being sent.
        sent_bytes, size_bytes: of that one; what was there already counts as sent.
        bytes_per_s: as it was over the last seconds.
        uploaded_sessions: confirmed by the server since the node was started.
        problem: why sending waits, or why a session cannot be sent, for the player.
    """

    state: UploadState = UploadState.OFF
    server: str = ""
    connected: bool = False
    waiting_sessions: int = 0
    waiting_bytes: int = 0
    session: str | None = None
    sent_bytes: int = 0
    size_bytes: int = 0
    bytes_per_s: float = 0.0
    uploaded_sessions: int = 0
    problem: str | None = None
