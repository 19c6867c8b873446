"""A first look at a session: what the dataset's shape depends on, and whether the session can be used at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playloom.environments.steps import STEPS_FILE
from playloom.errors import RecordingError
from playloom.recording.session import open_session
from workers.converted import Skipped
from workers.frame_times import average_fps
from workers.timeline import read_timeline


@dataclass(frozen=True, kw_only=True)
class SessionScan:
    """What the dataset's shape depends on.

    Attributes:
        frames: usable frames.
        fps: their average rate, None where too few show it.
        width, height: of the picture as shown.
        rewards: whether it has a steps.csv, which tells them.
        signature: changes when its files change.
    """

    frames: int
    fps: float | None
    width: int
    height: int
    rewards: bool
    signature: str


def session_signature(path: Path) -> str:
    """A value that changes when a session's files do: names, sizes and times of change."""
    return "\n".join(
        f"{file.name} {(status := file.stat()).st_size} {status.st_mtime_ns}"
        for file in sorted(path.iterdir())
        if file.is_file()
    )


def scan_session(path: Path, max_gap_ns: int, _progress: Callable[[int], None]) -> SessionScan | Skipped:
    """Look at one session without decoding anything."""
    try:
        session = open_session(path)
        timeline = read_timeline(session)
        width, height = timeline.shown_size
        return SessionScan(
            frames=len(timeline.frames),
            fps=average_fps(timeline.frames.times_ns, max_gap_ns),
            width=width,
            height=height,
            rewards=(path / STEPS_FILE).exists(),
            signature=session_signature(path),
        )
    except RecordingError as error:
        return Skipped(reason=str(error))
