"""What a node says of itself: its recorder, and the spool behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from capture_node.recorder.status import RecorderStatus
from capture_node.upload.status import UploadStatus


@dataclass(frozen=True, kw_only=True)
class NodeFacts:
    """The program that answers.

    Attributes:
        version: of Playloom.
        pid: of its process.
        player: who plays, unless a recording says otherwise.
        spool: where sessions wait.
        spool_bytes: what they take.
        spool_quota_bytes: no new recording begins beyond it; None: no limit.
        spool_sessions: how many there are.
    """

    version: str
    pid: int
    player: str | None
    spool: Path
    spool_bytes: int
    spool_quota_bytes: int | None
    spool_sessions: int


@dataclass(frozen=True, kw_only=True)
class NodeStatus:
    """One moment of a node.

    Attributes:
        monotonic_ns: when, on the node's clock: `RecorderStatus` speaks of times on it.
        uploads: how far sending sessions to the server is.
    """

    monotonic_ns: int
    recorder: RecorderStatus
    node: NodeFacts
    uploads: UploadStatus = field(default_factory=UploadStatus)


@dataclass(frozen=True, kw_only=True)
class SpooledSession:
    """A session in the spool.

    Attributes:
        name: of its directory.
        path: of its directory, on the node's machine.
        bytes: of all its files.
        finished: whether its session.json is there.
        recording: whether it is being recorded right now.
        session_id, frames, duration_s, started_unix_ns, player, game_id, window: None where not known.
        lost: what is missing or was repaired, of a session that was cut off and recovered.
        server_session_id: its id on the server that has confirmed it; None: none has.
    """

    name: str
    path: Path
    bytes: int
    finished: bool
    recording: bool = False
    session_id: str | None = None
    frames: int | None = None
    duration_s: float | None = None
    started_unix_ns: int | None = None
    player: str | None = None
    game_id: str | None = None
    window: str | None = None
    lost: tuple[str, ...] = ()
    server_session_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecoveredSession:
    """A session that was cut off.

    Attributes:
        path: of its directory, on the node's machine.
        lost: what is missing or was repaired, a sentence each.
        problem: why it could not be recovered; None where it was.
    """

    path: Path
    lost: tuple[str, ...] = ()
    problem: str | None = None

    def __str__(self) -> str:
        if self.problem is not None:
            return f"{self.path.name} was cut off and could not be recovered: {self.problem}"
        return f"{self.path.name} was cut off and is recovered: {'; '.join(self.lost)}"
